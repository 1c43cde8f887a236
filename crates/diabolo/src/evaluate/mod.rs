//! What a model is worth on rows it did not train on.

mod columns;
mod latent;
mod metrics;
mod spectrum;

pub use columns::{ColumnScore, ColumnScores};
pub use latent::{Projection, principal_components};
pub use metrics::{Evaluation, Metrics, evaluate};
pub use spectrum::{JacobianSpectrum, jacobian_spectrum};
