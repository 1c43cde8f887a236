//! −log N(x; μ, e^v), summed over a row, with gradients for μ and v = log σ².
//!
//! ```text
//! L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² e^−v_bj + v_bj + log 2π]
//! ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) e^−v_bj        ∂L_b/∂v_bj = o_bj ½ [1 − (x_bj − μ_bj)² e^−v_bj]
//! ```
//! v is a matrix like μ, or one row for all rows, or one number; its gradient is summed
//! accordingly.

use std::borrow::Cow;

use super::element_loss::Observations;
use super::{LANES, buffer, dispatch_simd};
use diabolo_stats::elementary::single::exp;

/// −log N(x; μ, e^v) of each row, in nats, over the cells that are observed, and its derivatives
/// with respect to each μ and each v, row-major.
///
/// `mean`: (batch · K) × width, K rows for each row of x; `log_variance`: the same, or one row, or
/// one number. Result: batch · K.
pub(crate) fn gaussian_negative_log_likelihood(
    mean: &[f32],
    log_variance: &[f32],
    rows: Observations,
) -> (Vec<f32>, [Vec<f32>; 2]) {
    let width = rows.width.max(1);
    let count = mean.len() / width;
    let spread = each_column(log_variance, width);
    let everything = vec![1.0; if rows.observed.is_none() { width } else { 0 }];
    let mut slopes = [buffer::take(mean.len()), buffer::take(mean.len())];
    let losses = (0..count).map(|k| {
        let own = k * width..(k + 1) * width;
        let v = if spread.len() == width { &spread[..] } else { &spread[own.clone()] };
        let (x, observed) = rows.row(k, count);
        let [of_mean, of_v] = &mut slopes;
        row(
            [&mean[own.clone()], v, x, observed.unwrap_or(&everything)],
            [&mut of_mean[own.clone()], &mut of_v[own]],
        )
    });
    (losses.collect(), slopes)
}

/// v of every cell, or of one row if the rows share it.
fn each_column(log_variance: &[f32], width: usize) -> Cow<'_, [f32]> {
    match log_variance {
        [shared] => Cow::Owned(vec![*shared; width]),
        each => Cow::Borrowed(each),
    }
}

/// The loss of one row from its (μ, v, x, o); its derivatives with respect to μ and v are written.
fn row([mean, v, x, observed]: [&[f32]; 4], [of_mean, of_v]: [&mut [f32]; 2]) -> f32 {
    const LOG_TWO_PI: f32 = 1.837_877_1;
    dispatch_simd(
        #[inline(always)]
        || {
            let cell = |mean: f32, v: f32, x: f32, o: f32| {
                // As in the tensor operations, so that squares stay finite.
                let away = (mean - x).clamp(-1e12, 1e12);
                let precision = exp(-v);
                let square = away * away * precision;
                (o * 0.5 * (square + v + LOG_TWO_PI), o * away * precision, o * 0.5 * (1.0 - square))
            };
            let (mean, mean_rest) = mean.as_chunks::<LANES>();
            let (v, v_rest) = v.as_chunks::<LANES>();
            let (x, x_rest) = x.as_chunks::<LANES>();
            let (o, o_rest) = observed.as_chunks::<LANES>();
            let (of_mean, of_mean_rest) = of_mean.as_chunks_mut::<LANES>();
            let (of_v, of_v_rest) = of_v.as_chunks_mut::<LANES>();
            let mut lanes = [0.0; LANES];
            for (((((mean, v), x), o), of_mean), of_v) in
                mean.iter().zip(v).zip(x).zip(o).zip(of_mean).zip(of_v)
            {
                for i in 0..LANES {
                    let (loss, mean_slope, v_slope) = cell(mean[i], v[i], x[i], o[i]);
                    lanes[i] += loss;
                    of_mean[i] = mean_slope;
                    of_v[i] = v_slope;
                }
            }
            for i in 0..mean_rest.len() {
                let (loss, mean_slope, v_slope) = cell(mean_rest[i], v_rest[i], x_rest[i], o_rest[i]);
                lanes[i] += loss;
                of_mean_rest[i] = mean_slope;
                of_v_rest[i] = v_slope;
            }
            lanes.iter().sum()
        },
    )
}
