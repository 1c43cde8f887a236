//! −log p(x) of independent features, summed over a row.
//!
//! ```text
//! Bernoulli, p = σ(l):     L_b = Σ_j o_bj (softplus(l_bj) − x_bj l_bj)
//!                          ∂L_b/∂l_bj = o_bj (σ(l_bj) − x_bj)
//! Gaussian, known σ²:      L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² / σ² + log 2πσ²]
//!                          ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) / σ²
//! ```
//! Value and gradient are computed in one pass; the backward pass only multiplies.

use rayon::prelude::*;

use diabolo_stats::elementary::{double::ln, single::sigmoid_softplus};

use super::threads::rows_per_thread;
use super::{LANES, dispatch_simd, filled_up};

/// The distribution of a feature, given one output of the decoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ElementLoss {
    /// Outputs are logits.
    Bernoulli,
    /// Outputs are means.
    Gaussian {
        /// σ².
        variance: f64,
    },
}

/// The rows that are scored: `x` and `observed`, batch × width.
#[derive(Clone, Copy)]
pub(crate) struct Observations<'a> {
    pub x: &'a [f32],
    /// 1 where a cell was observed, else 0; `None` if every cell was.
    pub observed: Option<&'a [f32]>,
    pub width: usize,
}

impl Observations<'_> {
    /// The number of rows.
    fn rows(&self) -> usize {
        self.x.len() / self.width.max(1)
    }

    /// The row here of row k of `count`, which are several, consecutively, for each row here.
    pub(super) fn example(&self, k: usize, count: usize) -> usize {
        k / (count / self.rows().max(1))
    }

    /// x and o of row k of `count`.
    pub(super) fn row(&self, k: usize, count: usize) -> (&[f32], Option<&[f32]>) {
        let example = self.example(k, count);
        let own = example * self.width..(example + 1) * self.width;
        (&self.x[own.clone()], self.observed.map(|observed| &observed[own]))
    }
}

/// −log p(x) of each row, in nats, over the cells that are observed.
///
/// `outputs`: (batch · K) × width, K rows for each row of x. Result: batch · K. The derivatives
/// with respect to the outputs are written to `gradient`, row-major, if it has as many numbers; to
/// one row that is written again and again otherwise.
pub(crate) fn negative_log_likelihood(
    cell: ElementLoss,
    outputs: &[f32],
    rows: Observations,
    gradient: &mut [f32],
) -> Vec<f32> {
    let width = rows.width.max(1);
    let count = outputs.len() / width;
    let loss = |k: usize, gradient: &mut [f32]| {
        let outputs = &outputs[k * width..(k + 1) * width];
        match rows.row(k, count) {
            (x, Some(observed)) => row::<true>(cell, outputs, x, observed, gradient),
            (x, None) => row::<false>(cell, outputs, x, &[], gradient),
        }
    };
    if gradient.len() != outputs.len() {
        return (0..count).map(|k| loss(k, gradient)).collect();
    }
    let mut losses = vec![0.0; count];
    let part = rows_per_thread(count, width);
    let parts = losses.par_chunks_mut(part).zip(gradient.par_chunks_mut(part * width)).enumerate();
    let of_part = |(number, (losses, gradient)): (usize, (&mut [f32], &mut [f32]))| {
        for (k, (value, gradient)) in losses.iter_mut().zip(gradient.chunks_exact_mut(width)).enumerate() {
            *value = loss(number * part + k, gradient);
        }
    };
    match parts.len() {
        1 => of_part((0, (&mut losses, gradient))),
        _ => parts.for_each(of_part),
    }
    losses
}

/// The loss of a row, and its gradient; without a mask `observed` is not read.
fn row<const MASKED: bool>(
    cell: ElementLoss,
    outputs: &[f32],
    x: &[f32],
    observed: &[f32],
    gradient: &mut [f32],
) -> f32 {
    match cell {
        ElementLoss::Bernoulli => dispatch_simd(
            #[inline(always)]
            || {
                sum_cells::<MASKED>(outputs, x, observed, gradient, |l, x| {
                    let (sigmoid, softplus) = sigmoid_softplus(l);
                    (softplus - x * l, sigmoid - x)
                })
            },
        ),
        ElementLoss::Gaussian { variance } => {
            let precision = variance.recip() as f32;
            let constant = (0.5 * ln(std::f64::consts::TAU * variance)) as f32;
            dispatch_simd(
                #[inline(always)]
                || {
                    sum_cells::<MASKED>(outputs, x, observed, gradient, |mean, x| {
                        // As in the tensor operations, so that squares stay finite.
                        let away = (mean - x).clamp(-1e12, 1e12);
                        (0.5 * precision * away * away + constant, precision * away)
                    })
                },
            )
        }
    }
}

/// The sum of the elements' losses; `cell` gives the loss and its derivative from an output and a
/// value.
#[inline(always)]
fn sum_cells<const MASKED: bool>(
    outputs: &[f32],
    x: &[f32],
    observed: &[f32],
    gradient: &mut [f32],
    cell: impl Fn(f32, f32) -> (f32, f32),
) -> f32 {
    // The same length, so that both cases share one loop.
    let observed = if MASKED { observed } else { x };
    let (outputs, outputs_rest) = outputs.as_chunks::<LANES>();
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (observed, observed_rest) = observed.as_chunks::<LANES>();
    let (gradient, gradient_rest) = gradient.as_chunks_mut::<LANES>();
    let cells = |outputs: &[f32; LANES], x: &[f32; LANES], observed: &[f32; LANES]| {
        let (mut losses, mut slopes) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let (loss, slope) = cell(outputs[i], x[i]);
            let weight = if MASKED { observed[i] } else { 1.0 };
            losses[i] = weight * loss;
            slopes[i] = weight * slope;
        }
        (losses, slopes)
    };
    let mut lanes = [0.0; LANES];
    for (((outputs, x), observed), gradient) in outputs.iter().zip(x).zip(observed).zip(gradient) {
        let (losses, slopes) = cells(outputs, x, observed);
        lanes.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss);
        *gradient = slopes;
    }
    if !x_rest.is_empty() {
        let (losses, slopes) = cells(&filled_up(outputs_rest), &filled_up(x_rest), &filled_up(observed_rest));
        lanes.iter_mut().zip(losses).take(x_rest.len()).for_each(|(sum, loss)| *sum += loss);
        gradient_rest.copy_from_slice(&slopes[..x_rest.len()]);
    }
    lanes.iter().sum()
}
