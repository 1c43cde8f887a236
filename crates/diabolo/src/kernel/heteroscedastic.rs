//! −log N(x; μ, e^v), summed over a row, with gradients for μ and v = log σ².
//!
//! ```text
//! L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² e^−v_bj + v_bj + log 2π]
//! ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) e^−v_bj        ∂L_b/∂v_bj = o_bj ½ [1 − (x_bj − μ_bj)² e^−v_bj]
//! ```
//! v is a matrix like μ, or one row for all rows, or one number; its gradient is summed
//! accordingly.

use super::element_loss::Observations;
use super::{LANES, dispatch_simd, filled_up};
use diabolo_stats::elementary::single::exp;

/// −log N(x; μ, e^v) of each row, in nats, over the cells that are observed.
///
/// `mean`: (batch · K) × width, K rows for each row of x; `log_variance`: the same, or one row, or
/// one number. Result: batch · K. The derivatives with respect to each μ and each v are written to
/// `slopes`, row-major, if they have as many numbers; to one row that is written again and again
/// otherwise.
pub(crate) fn gaussian_negative_log_likelihood(
    mean: &[f32],
    log_variance: &[f32],
    rows: Observations,
    [of_mean, of_v]: [&mut [f32]; 2],
) -> Vec<f32> {
    let width = rows.width.max(1);
    let count = mean.len() / width;
    let every_row = of_mean.len() == mean.len();
    let mut shared = Shared::new(log_variance, width);
    let loss = |k: usize| {
        let own = k * width..(k + 1) * width;
        if log_variance.len() == mean.len() {
            shared.set_scales(&log_variance[own.clone()]);
        }
        shared.set_example(rows, k, count);
        let slopes = if every_row { own.clone() } else { 0..width };
        row(&mean[own], &shared, [&mut of_mean[slopes.clone()], &mut of_v[slopes]])
    };
    (0..count).map(loss).collect()
}

/// What several rows of means share, filled up with zeros to whole lanes: those cells count as not
/// observed.
struct Shared {
    v: Vec<[f32; LANES]>,
    /// e^−v.
    precision: Vec<[f32; LANES]>,
    x: Vec<[f32; LANES]>,
    observed: Vec<[f32; LANES]>,
    example: Option<usize>,
}

impl Shared {
    fn new(log_variance: &[f32], width: usize) -> Self {
        let zeros = vec![[0.0; LANES]; width.div_ceil(LANES)];
        let mut shared = Shared {
            v: zeros.clone(),
            precision: zeros.clone(),
            x: zeros.clone(),
            observed: zeros,
            example: None,
        };
        shared.observed.as_flattened_mut()[..width].fill(1.0);
        match log_variance {
            [one] => shared.set_scales(&vec![*one; width]),
            each if each.len() == width => shared.set_scales(each),
            _ => {}
        }
        shared
    }

    fn set_scales(&mut self, v: &[f32]) {
        self.v.as_flattened_mut()[..v.len()].copy_from_slice(v);
        let numbers = self.precision.as_flattened_mut().iter_mut().zip(self.v.as_flattened());
        dispatch_simd(
            #[inline(always)]
            || numbers.for_each(|(precision, v)| *precision = exp(-v)),
        );
    }

    /// The example of row k of `count` rows of means.
    fn set_example(&mut self, rows: Observations, k: usize, count: usize) {
        let example = rows.example(k, count);
        if self.example.replace(example) != Some(example) {
            let (x, observed) = rows.row(k, count);
            self.x.as_flattened_mut()[..x.len()].copy_from_slice(x);
            if let Some(observed) = observed {
                self.observed.as_flattened_mut()[..x.len()].copy_from_slice(observed);
            }
        }
    }
}

/// The loss of a row of means; its derivatives with respect to μ and v are written.
fn row(mean: &[f32], shared: &Shared, [of_mean, of_v]: [&mut [f32]; 2]) -> f32 {
    dispatch_simd(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (mean, rest) = mean.as_chunks::<LANES>();
            let (of_mean, of_mean_rest) = of_mean.as_chunks_mut::<LANES>();
            let (of_v, of_v_rest) = of_v.as_chunks_mut::<LANES>();
            for (k, ((mean, of_mean), of_v)) in mean.iter().zip(of_mean).zip(of_v).enumerate() {
                cells(&mut lanes, mean, shared, k, [of_mean, of_v]);
            }
            if !rest.is_empty() {
                let mut slopes = [[0.0; LANES]; 2];
                cells(&mut lanes, &filled_up(rest), shared, mean.len(), slopes.each_mut());
                of_mean_rest.copy_from_slice(&slopes[0][..rest.len()]);
                of_v_rest.copy_from_slice(&slopes[1][..rest.len()]);
            }
            lanes.iter().sum()
        },
    )
}

/// Adds the losses of the k-th cells of a row.
#[inline(always)]
fn cells(
    lanes: &mut [f32; LANES],
    mean: &[f32; LANES],
    shared: &Shared,
    k: usize,
    [of_mean, of_v]: [&mut [f32; LANES]; 2],
) {
    const LOG_TWO_PI: f32 = 1.837_877_1;
    let (v, precision, x, o) = (&shared.v[k], &shared.precision[k], &shared.x[k], &shared.observed[k]);
    for i in 0..LANES {
        // As in the tensor operations, so that squares stay finite.
        let away = (mean[i] - x[i]).clamp(-1e12, 1e12);
        let square = away * away * precision[i];
        lanes[i] += o[i] * 0.5 * (square + v[i] + LOG_TWO_PI);
        of_mean[i] = o[i] * away * precision[i];
        of_v[i] = o[i] * 0.5 * (1.0 - square);
    }
}
