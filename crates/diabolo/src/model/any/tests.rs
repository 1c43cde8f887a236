//! Methods that a family overrides are called through [`Model`].

use std::sync::{Arc, Mutex};

use super::*;
use crate::distribution::{Family, LikelihoodBlock};
use crate::nn::Activation;

/// A family that overrides every method and records its name.
struct Recorder {
    inner: Plain,
    called: Arc<Mutex<Vec<&'static str>>>,
}

impl Recorder {
    fn note(&self, method: &'static str) {
        self.called.lock().expect("no other thread").push(method);
    }
}

#[deny(clippy::missing_trait_methods)]
impl Trainable for Recorder {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        self.note("loss");
        self.inner.loss(batch, context)
    }

    fn is_row_separable(&self) -> bool {
        self.note("is_row_separable");
        self.inner.is_row_separable()
    }

    fn max_batch_rows(&self, width: usize) -> usize {
        self.note("max_batch_rows");
        self.inner.max_batch_rows(width)
    }

    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        self.note("health");
        self.inner.health(batch)
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.note("before_training");
        self.inner.before_training(rows, device);
    }

    fn warmup_epochs(&self) -> f64 {
        self.note("warmup_epochs");
        self.inner.warmup_epochs()
    }

    fn after_step(&mut self, batch: &Batch, context: &mut Context) {
        self.note("after_step");
        self.inner.after_step(batch, context);
    }

    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        self.note("likelihood_of_levels");
        self.inner.likelihood_of_levels()
    }

    fn after_training(&mut self, rows: &Encoded, seed: u64, device: &Device) {
        self.note("after_training");
        self.inner.after_training(rows, seed, device);
    }
}

#[deny(clippy::missing_trait_methods)]
impl Autoencoder for Recorder {
    fn network(&self) -> &dyn Network {
        self.note("network");
        self.inner.network()
    }

    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.note("encode");
        self.inner.encode(x)
    }

    fn reconstruct(&self, batch: &Batch) -> Tensor<2> {
        self.note("reconstruct");
        self.inner.reconstruct(batch)
    }

    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        self.note("reconstruct_from");
        self.inner.reconstruct_from(batch, code)
    }

    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        self.note("reconstructions");
        self.inner.reconstructions(batch)
    }

    fn expected_reconstruction(&self, batch: &Batch) -> Tensor<2> {
        self.note("expected_reconstruction");
        self.inner.expected_reconstruction(batch)
    }

    fn has_posterior(&self) -> bool {
        self.note("has_posterior");
        self.inner.has_posterior()
    }

    fn posterior(&self, x: Tensor<2>) -> Option<Posterior> {
        self.note("posterior");
        self.inner.posterior(x)
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.note("decode");
        self.inner.decode(z)
    }

    fn likelihood(&self) -> &Likelihood {
        self.note("likelihood");
        self.inner.likelihood()
    }

    fn encoder(&self) -> Layers<'_> {
        self.note("encoder");
        self.inner.encoder()
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        self.note("trace");
        self.inner.trace(x)
    }

    fn draw_posterior(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<PosteriorDraws> {
        self.note("draw_posterior");
        self.inner.draw_posterior(batch, samples, noise, device)
    }

    fn log_weights(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<Tensor<2>> {
        self.note("log_weights");
        self.inner.log_weights(batch, samples, noise, device)
    }

    fn kl_draws(&self) -> Option<usize> {
        self.note("kl_draws");
        self.inner.kl_draws()
    }

    fn codebook(&self) -> Option<&Codebook> {
        self.note("codebook");
        self.inner.codebook()
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, device: &Device) -> Option<Tensor<2>> {
        self.note("sample_prior");
        self.inner.sample_prior(rows, noise, device)
    }

    fn latent_dim(&self) -> usize {
        self.note("latent_dim");
        self.inner.latent_dim()
    }

    fn contraction(&self, x: Tensor<2>) -> Tensor<1> {
        self.note("contraction");
        self.inner.contraction(x)
    }
}

/// Calls every method once through the trait.
fn call_all<M: Autoencoder>(model: &mut M, device: &Device) {
    let x = device.tensor::<2>(vec![0.5; 4], [1, 4]);
    let z = device.tensor::<2>(vec![0.5; 8], [1, 8]);
    let batch = Batch::new(x.clone());
    let rows = Encoded::from_values(vec![0.5; 4], 4);
    let noise = &mut stream(0, Purpose::Train, 0, 0);
    let context = &mut Context { noise, epochs: 0.0, training: true, rows: 1, device };
    model.loss(&batch, context);
    model.is_row_separable();
    model.max_batch_rows(2);
    model.health(&batch);
    model.before_training(&rows, device);
    model.warmup_epochs();
    model.after_step(&batch, context);
    model.likelihood_of_levels();
    model.after_training(&rows, 0, device);
    model.network();
    model.encode(x.clone());
    model.reconstruct(&batch);
    model.reconstruct_from(&batch, z.clone());
    model.reconstructions(&batch);
    model.expected_reconstruction(&batch);
    model.has_posterior();
    model.posterior(x.clone());
    model.decode(z);
    model.likelihood();
    model.encoder();
    model.trace(x.clone());
    model.draw_posterior(&batch, 1, &mut RowNoise::Own(context.noise), device);
    model.log_weights(&batch, 1, &mut RowNoise::Own(context.noise), device);
    model.kl_draws();
    model.codebook();
    model.sample_prior(1, context.noise, device);
    model.latent_dim();
    model.contraction(x);
}

#[test]
fn overridden_methods_are_called() {
    let device = Device::cpu();
    let architecture = Architecture {
        family: FamilyConfig::Plain { tied: false },
        inputs: 4,
        condition: 0,
        stem: None,
        hidden: vec![],
        latent_dim: 8,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..4)],
    };
    let Model::Plain(inner) = Model::new(&architecture, 0, &device) else { unreachable!() };
    let called = Arc::default();
    let mut model: Box<dyn Autoencoder> = Box::new(Recorder { inner, called: Arc::clone(&called) });
    // The impl that forwards for `Model` also forwards for a box.
    call_all(&mut model, &device);
    let expected = [
        "loss",
        "is_row_separable",
        "max_batch_rows",
        "health",
        "before_training",
        "warmup_epochs",
        "after_step",
        "likelihood_of_levels",
        "after_training",
        "network",
        "encode",
        "reconstruct",
        "reconstruct_from",
        "reconstructions",
        "expected_reconstruction",
        "has_posterior",
        "posterior",
        "decode",
        "likelihood",
        "encoder",
        "trace",
        "draw_posterior",
        "log_weights",
        "kl_draws",
        "codebook",
        "sample_prior",
        "latent_dim",
        "contraction",
    ];
    assert_eq!(*called.lock().expect("no other thread"), expected);
}
