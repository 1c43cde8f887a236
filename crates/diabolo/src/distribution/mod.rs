//! What a decoder's outputs mean: one distribution per block of columns.
//!
//! Every negative log-likelihood here is in **nats per example**: summed over the block's features,
//! one number for each row. Missing cells (observed = 0) contribute exactly nothing.

mod bernoulli;
mod categorical;
mod gaussian;
mod likelihood;
mod posterior;

pub use gaussian::{LOG_VARIANCE_BOUNDS, bound_log_variance};
pub use likelihood::{Family, Likelihood, LikelihoodBlock, Variance};
pub use posterior::{Posterior, gaussian_log_density, mixture_log_density, standard_normal_log_density};
