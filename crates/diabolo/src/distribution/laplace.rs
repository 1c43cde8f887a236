//! Laplace: absolute instead of squared errors.
//!
//! ```text
//! −log p(x) = |x − μ| / b + log 2b
//! ```
//! The decoder gives μ, the median and mean. One log b per feature is learned, smoothly bounded to
//! (−5, 5).

use crate::tensor::Tensor;

use super::Distribution;
use super::cumulative::{Cumulative, Law, spread};
use super::smooth_bounds::{LOG_SCALE_BOUNDS, bound, residual};
use crate::random::{RngExt, Stream};
use crate::stats::elementary::double::{ln, powi};
use crate::tensor::to_host;

pub(super) struct Laplace {
    /// μ: batch × width.
    location: Tensor<2>,
    /// log b: 1 × width.
    log_scale: Tensor<2>,
}

impl Laplace {
    /// From the learned log b before its bound, 1 × width.
    pub fn new(location: Tensor<2>, raw_log_scale: Tensor<2>) -> Self {
        Laplace { location, log_scale: bound(raw_log_scale, LOG_SCALE_BOUNDS) }
    }
}

impl Distribution for Laplace {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let log_scale = self.log_scale.clone();
        residual(x, self.location.clone()).abs() * log_scale.clone().neg().exp()
            + log_scale
            + std::f64::consts::LN_2
    }

    fn mean(&self) -> Tensor<2> {
        self.location.clone()
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let location = to_host(self.location.clone());
        let law = Law::Laplace { location, log_scale: spread(&self.log_scale, &self.location) };
        Some(Cumulative::new(self.location.dims()[1], law))
    }

    /// By the inverse of the distribution function: sign(v) b log(1 − |v|), v uniform on (−1, 1).
    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let scales = to_host::<2>(self.log_scale.clone().exp().expand(self.location.dims()));
        let draw = |(location, scale): (f32, f32)| {
            let v: f64 = noise.random::<f64>() * 2.0 - 1.0;
            // 2⁻⁶⁰ keeps the logarithm finite at v = −1, which is drawn once in 2⁵³.
            let deviate = -ln((1.0 - v.abs()).max(powi(2.0, -60))) * v.signum();
            location + scale * deviate as f32
        };
        to_host(self.location.clone()).into_iter().zip(scales).map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn the_standard_laplace_as_worked_by_hand() {
        let row = |value| Device::cpu_f64().tensor(vec![value], [1, 1]);
        let found = to_host(Laplace::new(row(1.0), row(0.0)).negative_log_likelihood(row(-2.0)))[0];
        assert!((found - (3.0 + 2f32.ln())).abs() < 1e-6, "{found}");
    }
}
