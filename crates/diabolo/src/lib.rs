//! Contractive and variational autoencoders for real data.
//!
//! ```
//! use diabolo::{Config, data, model::{Autoencoder, Model}, tensor::Device, train};
//!
//! let mut config = Config::default();
//! config.set("training.epochs=2")?;
//! let prepared = data::prepare("digits", &config.data, 0)?;
//! let architecture = config.resolve(&prepared)?;
//! let device = Device::cpu();
//! let rows = train::TrainingData { train: &prepared.train, validation: &prepared.validation };
//! let model = Model::new(&architecture, 0, &device);
//! let fitted = train::fit(model, None, &rows, &config.training, &device, &mut ())?;
//! assert_eq!(fitted.model.latent_dim(), 10);
//! # Ok::<(), diabolo::Error>(())
//! ```
//!
//! # Modules
//! Dependencies: `kernel ← tensor ← nn · distribution ← objective ← model ← train · evaluate`, then
//! `config ← artifact ← task · codec · export ← pipeline ← report`; all use [`data`] and [`stats`].
//!
//! # Symbols
//! | here | in the papers |
//! |---|---|
//! | `x` (batch × encoded width) | x |
//! | `encode(x)`, the code | h = f(x), or the mean μ(x) of q(z given x) |
//! | `posterior.mean`, `posterior.log_variance` | μ, log σ² |
//! | `contraction` | ‖J_f(x)‖²_F, J = ∂f/∂x |
//! | `contraction_weight`, `kl_weight` | λ, β |
//! | `kl_divergence`, `negative_elbo` | KL(q(z given x) ‖ p(z)), −ELBO |
//!
//! Losses are nats per example: summed over features, averaged over examples.

// The platform's `exp`, `ln` and the like have other bits on other processors.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod artifact;
#[cfg(feature = "formats")]
pub mod codec;
pub mod config;
pub mod distribution;
pub mod evaluate;
pub mod export;
pub mod kernel;
pub mod model;
pub mod nn;
pub mod objective;
pub mod pipeline;
pub mod report;
pub mod sources;
pub mod task;
pub mod tensor;
pub mod train;

pub use config::{Config, Preset};
pub use diabolo_data as data;
pub use diabolo_data::{Error, ErrorClass, Result};
pub use diabolo_stats as stats;
pub use diabolo_stats::random;
pub use pipeline::{FitJob, Forecaster, Predictor, Synthesizer};

/// The version of this crate, which model files name.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Arrow types that rows come in: the versions to build [`RecordBatch`](arrow::RecordBatch)es
/// with.
pub mod arrow {
    pub use arrow_array::*;
    pub use arrow_schema as schema;
}

/// The README's code is run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
