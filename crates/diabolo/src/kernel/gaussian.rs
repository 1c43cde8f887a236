//! The diagonal Gaussian of a posterior, element by element. Values and slopes replace the inputs.
//!
//! ```text
//! draw:    z = μ + σ ε,  σ = e^{v/2}              ∂z/∂μ = 1      ∂z/∂v = ½ σ ε
//! KL:      ½ (μ² + e^v − v − 1)                   ∂/∂μ = μ       ∂/∂v = ½ (e^v − 1)
//! bound:   lo + softplus(r − lo) − softplus(r − hi)              ∂/∂r = σ(r − lo) − σ(r − hi)
//! ```

use super::dispatch_simd;
use diabolo_stats::elementary::single::{exp, sigmoid_softplus};

/// μ ← z = μ + e^{v/2} ε, and v ← ∂z/∂v.
pub(crate) fn gaussian_draw(mean: &mut [f32], log_variance: &mut [f32], epsilon: &[f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for ((z, v), epsilon) in mean.iter_mut().zip(log_variance).zip(epsilon) {
                let noise = exp(0.5 * *v) * epsilon;
                *z += noise;
                *v = 0.5 * noise;
            }
        },
    );
}

/// μ ← KL(N(μ, e^v) ‖ N(0, 1)) of each element, in nats, and v ← its derivative with respect to v.
pub(crate) fn gaussian_kl(mean: &mut [f32], log_variance: &mut [f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for (mean, v) in mean.iter_mut().zip(log_variance) {
                let variance = exp(*v);
                *mean = 0.5 * (*mean * *mean + variance - *v - 1.0);
                *v = 0.5 * (variance - 1.0);
            }
        },
    );
}

/// Smooth clamping of r to `low` and `high`, the identity well inside: r ← its value, and `slope` ←
/// its derivative.
pub(crate) fn bound(raw: &mut [f32], slope: &mut [f32], (low, high): (f64, f64)) {
    let (low, high) = (low as f32, high as f32);
    dispatch_simd(
        #[inline(always)]
        || {
            for (value, slope) in raw.iter_mut().zip(slope) {
                // Far above, the difference of two large numbers would lose precision.
                let raw = if *value > high + 40.0 { high + 40.0 } else { *value };
                let ((above_low, from_low), (above_high, from_high)) =
                    (sigmoid_softplus(raw - low), sigmoid_softplus(raw - high));
                *value = from_low - from_high + low;
                *slope = above_low - above_high;
            }
        },
    );
}
