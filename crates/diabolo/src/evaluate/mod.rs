//! What a model is worth on rows it did not train on.

mod chi_square;
mod choices;
mod clusters;
mod columns;
mod detector;
mod diagnostics;
mod disentanglement;
mod field;
mod histogram;
mod image_quality;
mod importance;
mod jacobian;
mod labelled;
mod latent;
mod lbfgs;
mod metrics;
mod neighbours;
mod preservation;
mod probe;
mod product;
mod ranking;
mod reference;
mod robustness;
mod sample_quality;
mod sensitivity;
mod spectrum;
mod subspace;
mod summary;
mod units;

#[cfg(test)]
mod testing;

use choices::Choices;
pub use clusters::{KMeans, adjusted_rand_index, k_means, normalized_mutual_information};
pub use columns::{ColumnScore, ColumnScores};
pub use detector::{Detector, Scorer};
pub use diagnostics::{Diagnostics, Sample, affordable_spectrum, diagnose};
pub use disentanglement::{Disentanglement, FactorGap, mutual_information_gap};
pub use field::reconstruction_field;
pub use histogram::{
    Difference, Direction, Histogram, difference, difference_of_categories, direction, holm,
};
pub use image_quality::{ImageQuality, image_quality};
pub use importance::{LogLikelihood, common_log_likelihoods, log_likelihoods};
pub use labelled::{Labelled, accuracy};
pub use latent::{Projection, principal_components};
pub use metrics::{Evaluation, Metrics, evaluate};
pub use neighbours::{NEIGHBOUR_COUNTS, NearestNeighbours, nearest_distances};
pub use preservation::{Preservation, preservation};
pub use probe::{LogisticProbe, PROBE_PENALTIES};
pub use ranking::Ranking;
pub use reference::Reference;
pub use robustness::{
    ContractionRatio, NoiseResponse, contraction_ratios, default_deviations, default_radii, noise_responses,
    typical_distance,
};
pub use sample_quality::{SampleQuality, sample_quality};
pub use sensitivity::{ColumnSensitivity, column_sensitivity, input_sensitivity};
pub use spectrum::{JacobianSpectrum, Tangents, effective_rank, jacobian_spectrum, tangents};
pub use subspace::PrincipalSubspace;
pub use summary::LatentSummary;
pub use units::{UnitStatistics, unit_statistics};
