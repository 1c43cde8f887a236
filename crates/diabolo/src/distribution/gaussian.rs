//! Gaussian with diagonal covariance, as a likelihood.
//!
//! ```text
//! −log N(x; μ, σ²) = ½ [ log 2π + log σ² + (x − μ)² / σ² ]
//! ```
//!
//! Learned log-variances are bounded smoothly to [`LOG_VARIANCE_BOUNDS`], so that neither a constant
//! column (σ → 0) nor a wild step (σ → ∞) can reach infinity:
//! `log σ² = lo + softplus(r − lo) − softplus(r − hi)`, which is r itself well inside the bounds.

use burn::tensor::Tensor;

use crate::nn::softplus;

/// The smooth limits of every learned log σ²: σ between 0.0067 and 148.
pub const LOG_VARIANCE_BOUNDS: (f64, f64) = (-10.0, 10.0);

pub(super) const LOG_TWO_PI: f64 = 1.837_877_066_409_345_3;

/// Maps an unconstrained value smoothly into [`LOG_VARIANCE_BOUNDS`].
pub fn bound_log_variance<const D: usize>(raw: Tensor<D>) -> Tensor<D> {
    let (low, high) = LOG_VARIANCE_BOUNDS;
    softplus(raw.clone() - low) - softplus(raw - high) + low
}

/// −log N(x; mean, e^log_variance), element by element, in nats.
pub(super) fn negative_log_likelihood(mean: Tensor<2>, log_variance: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    ((x - mean).square() * log_variance.clone().neg().exp() + log_variance + LOG_TWO_PI) * 0.5
}

/// −log N(x; mean, variance) for one fixed variance.
pub(super) fn negative_log_likelihood_fixed(mean: Tensor<2>, variance: f64, x: Tensor<2>) -> Tensor<2> {
    (x - mean).square() * (0.5 / variance) + 0.5 * (LOG_TWO_PI + variance.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Place, to_host};

    fn row(values: &[f32]) -> Tensor<2> {
        Place::cpu_f64().tensor(values.to_vec(), [1, values.len()])
    }

    #[test]
    fn the_standard_normal_at_its_mean_costs_half_log_two_pi() {
        let nll = negative_log_likelihood(row(&[0.0]), row(&[0.0]), row(&[0.0]));
        assert!((to_host(nll)[0] - 0.918_938_5).abs() < 1e-6);
        let fixed = negative_log_likelihood_fixed(row(&[1.0]), 4.0, row(&[5.0]));
        // ½(log 2π + log 4 + 16/4)
        assert!((to_host(fixed)[0] - 3.612_086).abs() < 1e-5);
    }

    #[test]
    fn the_bound_is_the_identity_inside_and_flat_outside() {
        let bounded = to_host(bound_log_variance(row(&[-1e4, -1.0, 0.0, 2.0, 1e4])));
        for (found, expected) in bounded.iter().zip([-10.0, -1.0, 0.0, 2.0, 10.0]) {
            assert!((found - expected).abs() < 1e-3, "{bounded:?}");
        }
    }
}
