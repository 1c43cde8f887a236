//! Shared code of the distributions of counts: the column contains log(1 + count), the rate is
//! bounded.

use crate::tensor::Tensor;

use super::smooth_bounds::bound;
use crate::stats::elementary::double::ln_1p;

/// The smooth bounds of a log rate: between 6·10⁻⁶ and 6·10⁷. In single precision log(1 + count)
/// distinguishes counts up to about a million.
pub(crate) const LOG_RATE_BOUNDS: (f64, f64) = (-12.0, 18.0);

/// The log rate from a decoder output.
pub(super) fn log_rate(raw: Tensor<2>) -> Tensor<2> {
    bound(raw, LOG_RATE_BOUNDS)
}

/// The counts of `x` = log(1 + count).
pub(super) fn counts(x: Tensor<2>) -> Tensor<2> {
    (x.detach().exp() - 1.0).round().clamp_min(0.0)
}

/// log(1 + the expected count).
pub(super) fn encoded_mean(log_rate: Tensor<2>) -> Tensor<2> {
    log_rate.exp().log1p()
}

/// log(1 + a drawn count).
pub(super) fn encoded(count: f64) -> f32 {
    ln_1p(count) as f32
}
