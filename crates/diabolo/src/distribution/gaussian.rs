//! Gaussian with diagonal covariance, as a likelihood.
//!
//! ```text
//! −log N(x; μ, σ²) = ½ [ log 2π + log σ² + (x − μ)² / σ² ]
//! ```
//!
//! The decoder gives μ, and with `variance = "decoder"` also log σ² (μ of all features first).
//! Otherwise σ² is fixed or learned. Log-variances are smoothly bounded to [`LOG_VARIANCE_BOUNDS`],
//! so that neither a constant column (σ → 0) nor a large step (σ → ∞) gives infinite values.

use crate::tensor::Tensor;

use super::cumulative::{Cumulative, Law, spread};
use super::smooth_bounds::{bound, residual};
use super::{Distribution, masked_sum};
use crate::kernel::ElementLoss;
use crate::random::{Stream, standard_normal};
use crate::stats::elementary::double::ln;
use crate::tensor::{fused, repeat_rows, to_host};

/// The smooth bounds of every learned log σ²: σ between 0.0067 and 148.
pub const LOG_VARIANCE_BOUNDS: (f64, f64) = (-10.0, 10.0);

pub(super) const LOG_TWO_PI: f64 = 1.837_877_066_409_345_3;

/// Maps an unconstrained value smoothly into [`LOG_VARIANCE_BOUNDS`]:
/// `log σ² = lo + softplus(r − lo) − softplus(r − hi)`, which is r itself well inside the bounds.
pub fn bound_log_variance<const D: usize>(raw: Tensor<D>) -> Tensor<D> {
    bound(raw, LOG_VARIANCE_BOUNDS)
}

/// A Gaussian with one fixed variance.
pub(super) struct FixedGaussian {
    /// μ: batch × width.
    pub mean: Tensor<2>,
    /// σ².
    pub variance: f64,
}

impl Distribution for FixedGaussian {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let squares = residual(x, self.mean.clone()).square();
        squares * (0.5 / self.variance) + 0.5 * (LOG_TWO_PI + ln(self.variance))
    }

    fn summed(&self, x: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
        if fused::is_supported(&self.mean) {
            let cell = ElementLoss::Gaussian { variance: self.variance };
            return fused::negative_log_likelihood(cell, self.mean.clone(), x, observed);
        }
        masked_sum(self.negative_log_likelihood(repeat_rows(x, times)), observed, times)
    }

    fn mean(&self) -> Tensor<2> {
        self.mean.clone()
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let log_variance = to_host(self.mean.full_like(ln(self.variance)));
        let law = Law::Normal { mean: to_host(self.mean.clone()), log_variance };
        Some(Cumulative::new(self.mean.dims()[1], law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let deviation = self.mean.full_like(self.variance.sqrt());
        draw_gaussian(self.mean.clone(), deviation, noise)
    }
}

/// A Gaussian with a variance that is learned or given by the decoder.
pub(super) struct Gaussian {
    /// μ: batch × width.
    pub mean: Tensor<2>,
    /// log σ², within its bounds: batch × width, or a shape that broadcasts to it.
    pub log_variance: Tensor<2>,
}

impl Distribution for Gaussian {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let log_variance = self.log_variance.clone();
        let squares = residual(x, self.mean.clone()).square();
        (squares * log_variance.clone().neg().exp() + log_variance + LOG_TWO_PI) * 0.5
    }

    fn summed(&self, x: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
        if fused::is_supported(&self.mean) {
            let (mean, log_variance) = (self.mean.clone(), self.log_variance.clone());
            return fused::gaussian_negative_log_likelihood(mean, log_variance, x, observed);
        }
        masked_sum(self.negative_log_likelihood(repeat_rows(x, times)), observed, times)
    }

    fn mean(&self) -> Tensor<2> {
        self.mean.clone()
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let log_variance = spread(&self.log_variance, &self.mean);
        let law = Law::Normal { mean: to_host(self.mean.clone()), log_variance };
        Some(Cumulative::new(self.mean.dims()[1], law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let deviation: Tensor<2> = (self.log_variance.clone() * 0.5).exp().expand(self.mean.dims());
        draw_gaussian(self.mean.clone(), deviation, noise)
    }
}

fn draw_gaussian(mean: Tensor<2>, deviation: Tensor<2>, noise: &mut Stream) -> Vec<f32> {
    let (mean, deviation) = (to_host(mean), to_host(deviation));
    let draws = standard_normal(noise, mean.len());
    mean.iter().zip(&deviation).zip(draws).map(|((m, s), e)| m + s * e).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    fn row(values: &[f32]) -> Tensor<2> {
        Device::cpu_f64().tensor(values.to_vec(), [1, values.len()])
    }

    #[test]
    fn the_standard_normal_at_its_mean_costs_half_log_two_pi() {
        let standard = Gaussian { mean: row(&[0.0]), log_variance: row(&[0.0]) };
        let nll = standard.negative_log_likelihood(row(&[0.0]));
        assert!((to_host(nll)[0] - 0.918_938_5).abs() < 1e-6);
        let fixed = FixedGaussian { mean: row(&[1.0]), variance: 4.0 };
        // ½(log 2π + log 4 + 16/4)
        assert!((to_host(fixed.negative_log_likelihood(row(&[5.0])))[0] - 3.612_086).abs() < 1e-5);
    }
}
