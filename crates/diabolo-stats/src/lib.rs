//! The statistics that Diabolo uses for evaluation, on plain numbers: no tensors, no models.
//!
//! Matrices are row-major slices of `f32` or `f64` with a width. All randomness comes from
//! the counter-based streams of [`random`].

// The platform's `exp`, `ln` and the like have other bits on other processors.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod alignment;
mod autocorrelation;
pub mod boosting;
mod cancel;
mod central;
mod chi_square;
mod cholesky;
mod clusters;
pub mod elementary;
mod equal_bins;
mod error;
mod histogram;
mod image_quality;
mod labelled;
mod lag_moments;
mod lbfgs;
mod matrix;
mod neighbours;
mod percent;
mod preservation;
mod principal_subspace;
mod probe;
mod projection;
pub mod random;
mod ranking;
mod sample_quality;
mod student_t;
mod t_sne;

pub use alignment::{alignment, geometry};
pub use autocorrelation::{autocorrelation, season};
pub use cancel::{Cancel, CurrentCancel, end_if_cancelled};
pub use central::central_rows;
pub use cholesky::Cholesky;
pub use clusters::{KMeans, adjusted_rand_index, k_means, normalized_mutual_information};
pub use equal_bins::EqualBins;
pub use error::{Result, StatsError};
pub use histogram::{
    Difference, Direction, Histogram, difference, difference_of_categories, direction, holm,
};
pub use image_quality::{ImageQuality, image_quality};
pub use labelled::{Labelled, accuracy, share_interval};
pub use lag_moments::LagMoments;
pub use neighbours::{NEIGHBOUR_COUNTS, NearestNeighbours, nearest_distances, nearest_other_distances};
pub use percent::percent;
pub use preservation::{Preservation, preservation};
pub use principal_subspace::PrincipalSubspace;
pub use probe::{LogisticProbe, PROBE_PENALTIES};
pub use projection::{Projection, principal_components};
pub use ranking::Ranking;
pub use sample_quality::{SampleQuality, sample_quality};
pub use student_t::student_t_quantile;
pub use t_sne::t_sne;
