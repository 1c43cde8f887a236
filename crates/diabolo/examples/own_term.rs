//! An objective with a term of your own: codes whose units do not repeat each other (DeCov,
//! Cogswell et al. 2016, eq. 1).
//!
//! ```text
//! loss = the model's own + weight · ½ Σ_{i≠j} C²_ij ,
//!     C the covariance of the code's units over the batch
//! ```
//! The wrapper is trained; the model in it is used like any other.
//! Run it with `cargo run --example own_term`.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::model::{Autoencoder, Batch, Context, HealthStats, Model, Trainable};
use diabolo::module;
use diabolo::objective::Term;
use diabolo::tensor::{Device, Tensor, to_host};
use diabolo::{Config, data, train};

/// A model whose objective has one term more.
#[derive(Clone, Debug)]
struct Decorrelated {
    model: Model,
    weight: f64,
}
module!(Decorrelated { model });

/// ½ Σ_{i≠j} C²_ij of codes: rows × units; result: 1.
fn decov(code: Tensor<2>) -> Tensor<1> {
    let [rows, _] = code.dims();
    let centred = code.clone() - code.mean_dim(0);
    let covariance = centred.clone().transpose().matmul(centred.clone()) * (rows as f64).recip();
    let variances = centred.square().mean_dim(0);
    (covariance.square().sum() - variances.square().sum()) * 0.5
}

impl Trainable for Decorrelated {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let mut terms = self.model.loss(batch, context);
        // A term has one value for each row; this one is the same for all.
        let value = decov(self.model.encode(batch.input())).expand([batch.x.dims()[0]]);
        terms.push(Term::new("decov", value).weighted(self.weight));
        terms
    }

    /// A covariance is one of the whole batch, which must not be cut into parts.
    fn is_row_separable(&self) -> bool {
        false
    }

    // The rest is the model's own.
    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        self.model.health(batch)
    }

    fn after_step(&mut self, batch: &Batch, context: &mut Context) {
        self.model.after_step(batch, context);
    }
}

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    for setting in ["model.family={kind=\"plain\"}", "model.latent_dim=8", "training.epochs=5"] {
        config.set(setting)?;
    }
    let prepared = data::prepare("digits", &config.data, 0)?;
    let architecture = config.resolve(&prepared)?;
    let device = Device::cpu();
    let rows = train::TrainingData { train: &prepared.train, validation: &prepared.validation };
    let all: Vec<usize> = (0..prepared.validation.rows).collect();
    let held_out = Batch::gather(&prepared.validation, &all, &device);
    for weight in [0.0, 1.0] {
        let wrapped = Decorrelated { model: Model::new(&architecture, 0, &device), weight };
        let model = train::fit(wrapped, None, &rows, &config.training, &device, &mut ())?.model.model;
        let decov = to_host(decov(model.encode(held_out.input())))[0];
        println!("weight {weight}: ½ Σ C² of the held-out codes is {decov:.3}");
    }
    Ok(())
}
