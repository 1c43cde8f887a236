//! The distributions of decoder outputs: one per block of columns.
//!
//! | family | values | outputs per column | other parameters |
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
//! | [discretized logistic mixture](Family::DiscretizedLogistic) | k/255 | 3 · components | – |
//! | [input only](Family::InputOnly) | inputs that are not described | 1, not used | – |
//! | [custom](register) | one number per column | as registered | as registered |
//!
//! Every negative log-likelihood here is in **nats per example**: summed over the block's features,
//! one number for each row. Missing cells (observed = 0) contribute exactly 0.
//! It and its gradient are finite for all finite outputs and valid values.

mod bernoulli;
mod beta_binomial;
mod categorical;
mod constant;
mod continuous_bernoulli;
mod count;
mod cumulative;
mod discretized_logistic;
mod family;
mod gaussian;
mod input_only;
mod laplace;
mod likelihood;
mod moments;
mod negative_binomial;
mod ordinal;
mod poisson;
mod posterior;
mod registry;
mod smooth_bounds;
mod student_t;

pub use constant::Constant;
pub(crate) use count::LOG_RATE_BOUNDS;
pub use cumulative::Cumulative;
pub(crate) use discretized_logistic::{BESIDE, LOG_LEVEL_SCALE_BOUNDS};
pub use family::{Family, LikelihoodBlock, Variance, register};
pub use gaussian::{LOG_VARIANCE_BOUNDS, bound_log_variance};
pub use likelihood::Likelihood;
pub(crate) use ordinal::LEAST_GAP;
pub use posterior::{Posterior, gaussian_log_density, mixture_log_density, standard_normal_log_density};
pub use registry::{CustomLikelihood, CustomName};
pub(crate) use smooth_bounds::{FARTHEST, FLAT, LOG_SCALE_BOUNDS};

use crate::tensor::Tensor;

use crate::random::Stream;
use crate::tensor::repeat_rows;

/// The distribution of one block of columns, given the decoder's outputs for a batch.
///
/// Implement it for a custom likelihood, and [`register`] it. Example: the logistic distribution
/// with mean μ and scale s, z = (x − μ) / s:
///
/// ```text
/// −log p(x) = log s + z + 2 log(1 + e^−z)
/// ```
/// ```
/// use diabolo::distribution::{CustomLikelihood, Distribution, register};
/// use diabolo::random::{RngExt, Stream};
/// use diabolo::tensor::{Device, Tensor, softplus, to_host};
///
/// struct Logistic {
///     mean: Tensor<2>,      // μ: batch × width
///     log_scale: Tensor<2>, // log s: 1 × width
/// }
///
/// impl Distribution for Logistic {
///     fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
///         let z = (x - self.mean.clone()) * self.log_scale.clone().neg().exp();
///         softplus(z.clone().neg()) * 2.0 + z + self.log_scale.clone()
///     }
///     fn mean(&self) -> Tensor<2> {
///         self.mean.clone()
///     }
///     fn sample(&self, noise: &mut Stream) -> Vec<f32> {
///         let scale = to_host::<2>(self.log_scale.clone().exp().expand(self.mean.dims()));
///         let mut logit = || {
///             let u = noise.random::<f64>().clamp(1e-12, 1.0 - 1e-12);
///             (u / (1.0 - u)).ln() as f32
///         };
///         let means = to_host(self.mean.clone()).into_iter();
///         means.zip(scale).map(|(mean, s)| mean + s * logit()).collect()
///     }
/// }
///
/// // At its mean, with s = 1: −log ¼.
/// let at = |value| Device::cpu().tensor::<2>(vec![value], [1, 1]);
/// let logistic = Logistic { mean: at(3.0), log_scale: at(0.0) };
/// assert!((to_host(logistic.negative_log_likelihood(at(3.0)))[0] - 4f32.ln()).abs() < 1e-6);
///
/// // From now on `model.likelihood` accepts "custom:logistic".
/// let family = register("logistic", CustomLikelihood {
///     outputs: 1,
///     learned: 1,
///     is_density: true,
///     distribution: |mut outputs, mut learned| {
///         Box::new(Logistic { mean: outputs.remove(0), log_scale: learned.remove(0) })
///     },
/// })?;
/// assert_eq!(family.to_string(), "custom:logistic");
/// # Ok::<(), diabolo::Error>(())
/// ```
/// It must be finite for every finite output: bound learned scales smoothly, and avoid overflow of
/// differences.
pub trait Distribution {
    /// −log p(x), element by element, in nats; only sums over a block must be meaningful. `x` and
    /// result: batch × width.
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2>;

    /// −log p(x) summed over the `observed` cells (1, else 0), in nats: one value per row of the
    /// decoder outputs, with `times` rows for each row of `x` and `observed`.
    fn summed(&self, x: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
        let cells = self.negative_log_likelihood(repeat_rows(x, times));
        masked_sum(cells, observed, times)
    }

    /// The mean `E[x]`, in encoded units: batch × width.
    fn mean(&self) -> Tensor<2>;

    /// One draw, on the host, in encoded units: batch × width, row-major.
    fn sample(&self, noise: &mut Stream) -> Vec<f32>;

    /// P(X ≤ x) on the host, for codecs; none if it is not known.
    fn cumulative(&self) -> Option<Cumulative> {
        None
    }
}

/// The sum of each row over its observed cells.
fn masked_sum(cells: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
    let cells = match observed {
        Some(observed) => cells * repeat_rows(observed, times),
        None => cells,
    };
    cells.sum_dim(1).squeeze_dim::<1>(1)
}
