//! What a model is worth on rows it did not train on.

mod columns;
mod diagnostics;
mod jacobian;
mod latent;
mod metrics;
mod robustness;
mod sensitivity;
mod spectrum;

#[cfg(test)]
mod testing;

pub use columns::{ColumnScore, ColumnScores};
pub use diagnostics::{Diagnostics, Sample, diagnose};
pub use latent::{Projection, principal_components};
pub use metrics::{Evaluation, Metrics, evaluate};
pub use robustness::{
    ContractionRatio, NoiseResponse, contraction_ratios, default_deviations, default_radii, noise_responses,
    typical_distance,
};
pub use sensitivity::{ColumnSensitivity, column_sensitivity, input_sensitivity};
pub use spectrum::{JacobianSpectrum, Tangents, effective_rank, jacobian_spectrum, tangents};
