//! What a model is worth on rows it did not train on.

mod clusters;
mod columns;
mod labelled;
mod latent;
mod lbfgs;
mod metrics;
mod neighbours;
mod probe;
mod product;
mod spectrum;

pub use clusters::{KMeans, adjusted_rand_index, k_means, normalized_mutual_information};
pub use columns::{ColumnScore, ColumnScores};
pub use labelled::{Labelled, accuracy};
pub use latent::{Projection, principal_components};
pub use metrics::{Evaluation, Metrics, evaluate};
pub use neighbours::{NEIGHBOUR_COUNTS, NearestNeighbours, nearest_distances};
pub use probe::{LogisticProbe, PROBE_PENALTIES};
pub use spectrum::{JacobianSpectrum, jacobian_spectrum};
