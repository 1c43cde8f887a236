//! A model family of your own: an autoencoder whose decoder has a linear part, as PCA has, beside a
//! network that corrects it.
//!
//! ```text
//! h = f(x)        parameters = W h + b + g(h)
//!                 loss = −log p(x | parameters), nats per example
//! ```
//! Run it with `cargo run --example own_family`.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::distribution::Likelihood;
use diabolo::model::{Architecture, Autoencoder, Batch, Context, Network, Trainable};
use diabolo::module;
use diabolo::nn::{Activation, Layer, Layers, Linear, Sequential};
use diabolo::objective::Term;
use diabolo::random::{Purpose, stream};
use diabolo::tensor::{Device, Tensor};
use diabolo::{Config, FitJob};

#[derive(Clone, Debug)]
struct LinearAndMore {
    encoder: Sequential,
    linear: Linear,
    correction: Sequential,
    likelihood: Likelihood,
}
module!(LinearAndMore { encoder, linear, correction, likelihood });

impl LinearAndMore {
    fn new(architecture: &Architecture, seed: u64, device: &Device) -> Self {
        let Architecture { inputs, latent_dim, .. } = *architecture;
        let noise = &mut stream(seed, Purpose::Initialize, 0, 0);
        let likelihood = Likelihood::new(architecture.likelihood.clone(), device);
        let outputs = likelihood.parameters();
        let (silu, none) = (Activation::Silu, Activation::Identity);
        LinearAndMore {
            encoder: Sequential::new(&[inputs, 64, latent_dim], silu, none, noise, device),
            linear: Linear::new(latent_dim, outputs, none, noise, device),
            correction: Sequential::new(&[latent_dim, 64, outputs], silu, none, noise, device),
            likelihood,
        }
    }
}

impl Network for LinearAndMore {
    fn encoder(&self) -> Layers<'_> {
        self.encoder.layers()
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.linear.forward(z.clone()) + self.correction.forward(z)
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }
}

impl Autoencoder for LinearAndMore {
    fn network(&self) -> &dyn Network {
        self
    }
}

impl Trainable for LinearAndMore {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let (x, observed) = (batch.x.clone(), batch.observed.as_ref());
        let loss = self.likelihood.negative_log_likelihood(self.reconstruct(batch), x, observed);
        vec![Term::new("reconstruction", loss)]
    }
}

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    config.set("training.epochs=5")?;
    let job = FitJob::input("digits").config(config).prepare()?;
    let model = LinearAndMore::new(job.architecture(), 0, &Device::cpu());
    let found = job.run_with(model)?.metrics;
    println!("{:.2} nats per held-out digit, ‖J‖²_F {:.2}", found.reconstruction, found.contraction);
    Ok(())
}
