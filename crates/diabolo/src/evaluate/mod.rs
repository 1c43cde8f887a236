//! What a model is worth on rows it did not train on.

mod columns;
mod field;
mod latent;
mod metrics;
mod moments;
mod sample_quality;
mod spectrum;

pub use columns::{ColumnScore, ColumnScores};
pub use field::reconstruction_field;
pub use latent::{Projection, principal_components};
pub use metrics::{Evaluation, Metrics, evaluate};
pub use moments::LatentMoments;
pub use sample_quality::{SampleQuality, sample_quality};
pub use spectrum::{JacobianSpectrum, jacobian_spectrum};
