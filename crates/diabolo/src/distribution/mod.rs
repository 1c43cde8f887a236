//! What a decoder's outputs mean: one distribution per block of columns.
//!
//! | family | values | outputs a column | learned beside them |
//! |---|---|---|---|
//! | [Bernoulli](Family::Bernoulli) | 0 or 1, intensities | 1 | – |
//! | [continuous Bernoulli](Family::ContinuousBernoulli) | density on [0, 1] | 1 | – |
//! | [Gaussian](Family::Gaussian) | real | 1, or 2 with `variance = "decoder"` | log σ², if so configured |
//! | [Student's t](Family::StudentT) | real, heavy tails | 1 | log s, log(ν − 2) per column |
//! | [Laplace](Family::Laplace) | real | 1 | log b per column |
//! | [categorical](Family::Categorical) | one-hot | 1 | – |
//! | [ordinal](Family::Ordinal) | one-hot, ordered | 1 for the block | K − 1 thresholds |
//! | [Poisson](Family::Poisson) | log(1 + count) | 1 | – |
//! | [negative binomial](Family::NegativeBinomial) | log(1 + count) | 1 | log r per column |
//! | [beta-binomial](Family::BetaBinomial) | k/255 | 2 | – |
//! | [discretised logistics](Family::DiscretizedLogistic) | k/255 | 3 · components | – |
//!
//! Every negative log-likelihood here is in **nats per example**: summed over the block's features,
//! one number for each row. Missing cells (observed = 0) contribute exactly nothing.
//! No finite outputs and no legal value make it, or its gradient, infinite or NaN.

mod bernoulli;
mod beta_binomial;
mod categorical;
mod continuous_bernoulli;
mod count;
mod discretized_logistic;
mod family;
mod gaussian;
mod laplace;
mod likelihood;
mod negative_binomial;
mod ordinal;
mod poisson;
mod posterior;
mod smooth_bounds;
mod student_t;

pub use family::{Family, LikelihoodBlock, Variance};
pub use gaussian::{LOG_VARIANCE_BOUNDS, bound_log_variance};
pub use likelihood::Likelihood;
pub use posterior::{Posterior, gaussian_log_density, mixture_log_density, standard_normal_log_density};

use crate::tensor::Tensor;

use crate::random::Stream;
use crate::tensor::repeat_rows;

/// The distribution of one block, given the decoder's outputs for a batch.
pub(crate) trait Distribution {
    /// −log p(x), element by element, in nats; only sums over a block need have a meaning. batch × width.
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2>;

    /// −log p(x) summed over the cells that are `observed` (1, else 0), in nats: rows of the decoder's outputs, of which
    /// there are `times` for each row of `x` and `observed`.
    fn summed(&self, x: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
        let cells = self.negative_log_likelihood(repeat_rows(x, times));
        masked_sum(cells, observed, times)
    }

    /// E[x], in encoded units: batch × width.
    fn mean(&self) -> Tensor<2>;

    /// One draw, on the host, in encoded units: batch × width, row by row.
    fn sample(&self, noise: &mut Stream) -> Vec<f32>;
}

/// The sum of each row over the cells that are observed.
fn masked_sum(cells: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
    let cells = match observed {
        Some(observed) => cells * repeat_rows(observed, times),
        None => cells,
    };
    cells.sum_dim(1).squeeze_dim::<1>(1)
}
