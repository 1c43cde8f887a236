//! Negative binomial counts: a Poisson whose rate has a Gamma distribution with mean λ and shape r
//! (Hilbe 2011). The column contains log(1 + count), and the mass is that of the count n.
//!
//! ```text
//! −log p(n) = −log[Γ(n+r) / (Γ(r) n!)] + r log(1 + λ/r) + n log(1 + r/λ),   λ = e^η
//! ```
//! with mean λ and variance λ + λ²/r. The decoder gives η, smoothly bounded to (−12, 18). One log r
//! per feature is learned, smoothly bounded to (−7, 7): r is the inverse dispersion, and r → ∞
//! gives the Poisson. The mean is log(1 + λ), in the units of the column.

use crate::tensor::Tensor;

use super::Distribution;
use super::count::{counts, encoded, encoded_mean, log_rate};
use super::cumulative::{Cumulative, Law, spread};
use super::smooth_bounds::bound;
use crate::random::{Stream, gamma, poisson};
use crate::tensor::{log_multichoose, to_host};

/// The smooth bounds of log r.
const LOG_DISPERSION_BOUNDS: (f64, f64) = (-7.0, 7.0);

pub(super) struct NegativeBinomial {
    /// η: batch × width.
    log_rate: Tensor<2>,
    /// log r: 1 × width.
    log_shape: Tensor<2>,
}

impl NegativeBinomial {
    /// From the decoder's outputs (batch × width) and the learned log r before its bound (1 ×
    /// width).
    pub fn new(outputs: Tensor<2>, raw_log_dispersion: Tensor<2>) -> Self {
        let log_shape = bound(raw_log_dispersion, LOG_DISPERSION_BOUNDS);
        NegativeBinomial { log_rate: log_rate(outputs), log_shape }
    }
}

impl Distribution for NegativeBinomial {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let n = counts(x);
        let shape = self.log_shape.clone().exp();
        let log_ratio = self.log_rate.clone() - self.log_shape.clone();
        let beyond =
            shape.clone() * log_ratio.clone().exp().log1p() + n.clone() * log_ratio.neg().exp().log1p();
        beyond - log_multichoose(shape, n)
    }

    fn mean(&self) -> Tensor<2> {
        encoded_mean(self.log_rate.clone())
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let log_shape = spread(&self.log_shape, &self.log_rate);
        let law = Law::NegativeBinomial { log_rate: to_host(self.log_rate.clone()), log_shape };
        Some(Cumulative::new(self.log_rate.dims()[1], law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let rates = to_host(self.log_rate.clone().exp());
        let shapes = to_host::<2>(self.log_shape.clone().exp().expand(self.log_rate.dims()));
        let draw = |(rate, shape): (f32, f32)| {
            let (rate, shape) = (f64::from(rate), f64::from(shape));
            let rate = gamma(noise, shape) * rate / shape;
            encoded(poisson(noise, rate))
        };
        rates.into_iter().zip(shapes).map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn a_geometric_distribution_as_worked_by_hand() {
        for device in [Device::cpu(), Device::cpu_f64()] {
            // r = 1, λ = 3: p(n) = ¼ (¾)ⁿ.
            let one = |value| device.tensor(vec![value], [1, 1]);
            let geometric = NegativeBinomial::new(one(3f32.ln()), one(0.0));
            for (count, expected) in [(0.0, 4f32.ln()), (5.0, 4f32.ln() + 5.0 * (4f32 / 3.0).ln())] {
                let found = to_host(geometric.negative_log_likelihood(one(f32::ln_1p(count))))[0];
                assert!((found - expected).abs() < 2e-5, "{count}: {found} {expected}");
            }
        }
    }
}
