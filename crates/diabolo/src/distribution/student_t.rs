//! Student's t: heavy tails for columns with outliers (Lange, Little & Taylor 1989).
//!
//! ```text
//! −log p(x) = ½ (ν+1) log(1 + z²/ν) + log s + log[√(νπ) Γ(ν/2) / Γ((ν+1)/2)],   z = (x − μ) / s
//! ```
//! The decoder gives μ. One log s and one log(ν − 2) per feature are learned, smoothly bounded to
//! (−5, 5) and (−5, 7): ν > 2, so that mean and variance exist; ν = 1100 is practically a Gaussian.
//! By Stirling's formula in both Γ, with a = ν/2, the last term is ½ log 2π + ½ − a log(1 + 1/2a) +
//! δ(a) − δ(a + ½).

use crate::tensor::Tensor;

use super::Distribution;
use super::cumulative::{Cumulative, Law, spread};
use super::gaussian::LOG_TWO_PI;
use super::smooth_bounds::{LOG_SCALE_BOUNDS, bound, residual};
use crate::random::{Stream, student_t};
use crate::tensor::{stirling_remainder, to_host};

/// The smooth bounds of log(ν − 2).
const LOG_FREEDOM_BOUNDS: (f64, f64) = (-5.0, 7.0);

pub(super) struct StudentT {
    /// μ: batch × width.
    location: Tensor<2>,
    /// log s: 1 × width.
    log_scale: Tensor<2>,
    /// ν: 1 × width.
    freedom: Tensor<2>,
}

impl StudentT {
    /// From the learned vectors before their bounds, 1 × width each.
    pub fn new(location: Tensor<2>, raw_log_scale: Tensor<2>, raw_log_freedom: Tensor<2>) -> Self {
        StudentT {
            location,
            log_scale: bound(raw_log_scale, LOG_SCALE_BOUNDS),
            freedom: bound(raw_log_freedom, LOG_FREEDOM_BOUNDS).exp() + 2.0,
        }
    }
}

impl Distribution for StudentT {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let z = residual(x, self.location.clone()) * self.log_scale.clone().neg().exp();
        let nu = self.freedom.clone();
        let half = nu.clone() * 0.5;
        let constant = half.clone() * (half.clone() * 2.0).recip().log1p() - stirling_remainder(half.clone())
            + stirling_remainder(half + 0.5);
        let tail = (nu.clone() + 1.0) * 0.5 * (z.square() / nu).log1p();
        tail + (self.log_scale.clone() - constant + 0.5 * (LOG_TWO_PI + 1.0))
    }

    fn mean(&self) -> Tensor<2> {
        self.location.clone()
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let law = Law::StudentT {
            location: to_host(self.location.clone()),
            log_scale: spread(&self.log_scale, &self.location),
            freedom: spread(&self.freedom, &self.location),
        };
        Some(Cumulative::new(self.location.dims()[1], law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let [rows, width] = self.location.dims();
        let scales = to_host::<2>(self.log_scale.clone().exp().expand([rows, width]));
        let freedoms = to_host::<2>(self.freedom.clone().expand([rows, width]));
        let locations = to_host(self.location.clone());
        let draw = |((location, scale), nu): ((f32, f32), f32)| {
            location + scale * student_t(noise, f64::from(nu)) as f32
        };
        locations.into_iter().zip(scales).zip(freedoms).map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn three_degrees_of_freedom_as_worked_by_hand() {
        let row = |value| Device::cpu_f64().tensor(vec![value], [1, 1]);
        let t = StudentT { location: row(1.0), log_scale: row(0.0), freedom: row(3.0) };
        // z = 2: p = 6√3 / (π (3 + z²)²)
        let found = to_host(t.negative_log_likelihood(row(3.0)))[0];
        assert!((found - (std::f32::consts::PI * 49.0 / (6.0 * 3f32.sqrt())).ln()).abs() < 1e-6, "{found}");
    }
}
