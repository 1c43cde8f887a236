//! A likelihood of your own: the logistic distribution, with tails between a Gaussian's and a
//! Laplace's.
//!
//! ```text
//! −log p(x) = log s + z + 2 log(1 + e^−z) ,   z = (x − μ) / s
//! ```
//! The decoder gives μ; one log s for each column is learned. The model file keeps the name alone:
//! a program that loads such a model registers the distribution first, as `main` does. Run it with
//! `cargo run --example own_likelihood`.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::distribution::{CustomLikelihood, Distribution, register};
use diabolo::random::{RngExt, Stream};
use diabolo::tensor::{Tensor, softplus, to_host};
use diabolo::{Config, FitJob, Predictor};

struct Logistic {
    /// μ: batch × width.
    mean: Tensor<2>,
    /// log s: 1 × width.
    log_scale: Tensor<2>,
}

impl Logistic {
    fn new(mean: Tensor<2>, raw_log_scale: Tensor<2>) -> Self {
        // A column that is always predicted exactly would take s to 0: tanh keeps log s in (−5, 5).
        Logistic { mean, log_scale: (raw_log_scale * 0.2).tanh() * 5.0 }
    }
}

impl Distribution for Logistic {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let z = (x - self.mean.clone()) * self.log_scale.clone().neg().exp();
        softplus(z.clone().neg()) * 2.0 + z + self.log_scale.clone()
    }

    fn mean(&self) -> Tensor<2> {
        self.mean.clone()
    }

    /// By the inverse of the distribution function: μ + s log(u / (1 − u)), u uniform on (0, 1).
    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let scales = to_host::<2>(self.log_scale.clone().exp().expand(self.mean.dims()));
        let mut logit = || {
            let u = noise.random::<f64>().clamp(1e-12, 1.0 - 1e-12);
            (u / (1.0 - u)).ln() as f32
        };
        to_host(self.mean.clone()).into_iter().zip(scales).map(|(mean, s)| mean + s * logit()).collect()
    }
}

fn main() -> diabolo::Result<()> {
    let logistic = CustomLikelihood {
        outputs: 1,
        learned: 1,
        is_density: true,
        distribution: |mut outputs, mut learned| {
            Box::new(Logistic::new(outputs.remove(0), learned.remove(0)))
        },
    };
    register("logistic", logistic)?;
    for likelihood in ["gaussian", "custom:logistic"] {
        let mut config = Config::default();
        config.set(&format!("model.likelihood.pixels=\"{likelihood}\""))?;
        config.set("training.epochs=5")?;
        let fitted = FitJob::input("digits").config(config).run()?;
        let nats = fitted.metrics.reconstruction;
        println!("{likelihood}: −log p(x|z) is {nats:.2} nats per held-out digit");
        // The file says "custom:logistic", and this program knows what that is.
        Predictor::from_bytes(&fitted.predictor.to_bytes()?)?;
    }
    Ok(())
}
