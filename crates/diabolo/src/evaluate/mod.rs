//! Evaluation of a model on rows that it was not trained on.

mod aggregate_posterior;
pub mod audit;
mod cells;
mod choices;
mod columns;
mod confusion;
mod data_profile;
mod detector;
mod diagnostics;
mod disentanglement;
mod drift_reference;
mod evaluation;
pub mod forecast;
mod importance;
mod jacobian;
mod metrics;
mod objective_terms;
mod reconstruction_field;
mod robustness;
mod sensitivity;
mod spectrum;
mod summary;
mod units;

#[cfg(test)]
mod testing;

pub use aggregate_posterior::AggregatePosterior;
pub(crate) use cells::squared_error;
use choices::Choices;
pub use columns::{ColumnScore, ColumnScores};
pub use confusion::confusion;
pub use data_profile::{CountedValues, DataProfile, ProfiledColumn};
pub(crate) use detector::{ALPHA, ROUNDING};
pub use detector::{Detector, Scorer};
pub use diagnostics::{Diagnostics, Reservoir, affordable_spectrum, diagnose};
pub use disentanglement::{Disentanglement, FactorGap, mutual_information_gap};
pub use drift_reference::Reference;
pub use evaluation::{Evaluation, evaluate};
pub use importance::{
    LEAST_EFFECTIVE, LogLikelihood, RowLikelihood, common_log_likelihoods, log_likelihoods,
};
pub use metrics::Metrics;
pub use objective_terms::objective_terms;
pub use reconstruction_field::reconstruction_field;
pub use robustness::{
    ContractionRatio, NoiseResponse, contraction_ratios, default_deviations, default_radii, noise_responses,
    typical_distance,
};
pub use sensitivity::{ColumnSensitivity, column_sensitivity, input_sensitivity};
pub use spectrum::{JacobianSpectrum, Tangents, effective_rank, jacobian_spectrum, tangents};
pub use summary::LatentSummary;
pub use units::{UnitStatistics, unit_statistics};
