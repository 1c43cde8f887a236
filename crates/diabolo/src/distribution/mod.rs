//! What a decoder's outputs mean: one distribution per block of columns.
//!
//! Every negative log-likelihood here is in **nats per example**: summed over the block's features,
//! one number for each row. Missing cells (observed = 0) contribute exactly nothing.

mod bernoulli;
mod categorical;
mod gaussian;
mod likelihood;

pub use gaussian::{LOG_VARIANCE_BOUNDS, Posterior, bound_log_variance};
pub use likelihood::{Family, Likelihood, LikelihoodBlock, Variance};
