//! Smooth bounds of parameters that must stay finite.
//!
//! ```text
//! bound(r) = lo + softplus(r − lo) − softplus(r − hi)
//! ```
//! which is r itself well inside (lo, hi), and flat outside.

use crate::tensor::{Tensor, fused, softplus};

/// Above `hi` by this much, the bound is constant to 17 digits; further out, the difference of both
/// softplus would lose precision.
pub(crate) const FLAT: f64 = 40.0;

/// The smooth bounds of a learned log scale: between 0.0067 and 148, like those of a Gaussian's σ.
pub(crate) const LOG_SCALE_BOUNDS: (f64, f64) = (-5.0, 5.0);

/// Maps an unconstrained value smoothly into (lo, hi).
pub(super) fn bound<const D: usize>(raw: Tensor<D>, (low, high): (f64, f64)) -> Tensor<D> {
    if fused::is_supported(&raw) {
        return fused::bound(raw, (low, high));
    }
    let raw = raw.clamp_max(high + FLAT);
    softplus(raw.clone() - low) - softplus(raw - high) + low
}

/// Differences x − location are clamped to this, so that their squares are finite.
pub(crate) const FARTHEST: f64 = 1e12;

/// x − location, clamped to ±10¹².
pub(super) fn residual(x: Tensor<2>, location: Tensor<2>) -> Tensor<2> {
    (x - location).clamp(-FARTHEST, FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Device, to_host};

    #[test]
    fn bound_is_the_identity_inside_and_constant_outside() {
        let raw = vec![-1e30, -1e4, -1.0, 0.0, 2.0, 1e4, 1e8, 1e30];
        let bounded = to_host(bound(Device::cpu().tensor(raw, [8]), (-10.0, 10.0)));
        for (found, expected) in bounded.iter().zip([-10.0, -10.0, -1.0, 0.0, 2.0, 10.0, 10.0, 10.0]) {
            assert!((found - expected).abs() < 1e-3, "{bounded:?}");
        }
    }
}
