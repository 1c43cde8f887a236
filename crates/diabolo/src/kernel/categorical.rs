//! −log p(x) of categories, from the logits of all levels and the position of x.
//!
//! ```text
//! L_b = Σ_blocks [log Σ_k e^(l_k − m) − (l_x − m)],  m = max_k l_k
//! ∂L_b/∂l_k = e^(l_k − m) / Σ_k e^(l_k − m) − [k = x]
//! ```
//! A missing category adds nothing. The order of operations is that of `tensor::activation`'s
//! log_softmax, and of sums over blocks from the first to the last.

use rayon::prelude::*;

use diabolo_stats::elementary::single::{exp, ln};

use super::threads::rows_per_thread;
use super::{dispatch_simd, fold_lanes};
use crate::data::rows::{Bits, Codes};

/// One category: its first logit, and its positions.
#[derive(Clone, Copy)]
pub(crate) struct Category<'a> {
    pub start: usize,
    pub levels: usize,
    pub codes: &'a Codes,
    /// Whether each row is counted; all if `None`.
    pub observed: Option<&'a Bits>,
}

impl Category<'_> {
    /// The position of x in a row, if it is counted.
    #[inline(always)]
    fn code(&self, row: usize) -> Option<usize> {
        let code = self.codes.at(row);
        (code < self.levels && self.observed.is_none_or(|flags| flags.at(row))).then_some(code)
    }
}

/// Rows of `logits`, of which `times` belong to each row of the categories.
#[derive(Clone, Copy)]
pub(crate) struct Logits<'a> {
    pub values: &'a [f32],
    pub width: usize,
    pub times: usize,
}

/// Some rows: their losses, weights and sums.
type PartRows<'a> = ((&'a mut [f32], &'a mut [f32]), &'a mut [f32]);

/// Adds the losses of all categories to `losses`, one for each row of logits. `weights` receives
/// the numerators e^(l − m) of the softmax in the place of their logits, 0 for a category that is
/// not counted; `sums` their sums: rows × categories.
pub(crate) fn categorical(
    all: &[Category],
    logits: Logits,
    losses: &mut [f32],
    weights: &mut [f32],
    sums: &mut [f32],
) {
    let (count, width) = (losses.len(), logits.width.max(1));
    let part = rows_per_thread(count, all.iter().map(|category| category.levels).sum());
    let of_part = |(number, ((losses, weights), sums)): (usize, PartRows)| {
        let rows =
            losses.iter_mut().zip(weights.chunks_exact_mut(width)).zip(sums.chunks_exact_mut(all.len()));
        for (k, ((loss, weights), sums)) in rows.enumerate() {
            let row = number * part + k;
            let logits_of_row = &logits.values[row * width..(row + 1) * width];
            for (category, sum) in all.iter().zip(sums) {
                let own = category.start..category.start + category.levels;
                let code = category.code(row / logits.times);
                let (own_loss, own_sum) = of_category(code, &logits_of_row[own.clone()], &mut weights[own]);
                *loss += own_loss;
                *sum = own_sum;
            }
        }
    };
    let parts = losses.par_chunks_mut(part).zip(weights.par_chunks_mut(part * width));
    let parts = parts.zip(sums.par_chunks_mut(part * all.len())).enumerate();
    match parts.len() {
        1 => of_part((0, ((losses, weights), sums))),
        _ => parts.for_each(of_part),
    }
}

/// The loss of a category, and the sum of its weights.
fn of_category(code: Option<usize>, logits: &[f32], weights: &mut [f32]) -> (f32, f32) {
    let Some(code) = code else {
        weights.fill(0.0);
        return (0.0, 1.0);
    };
    dispatch_simd(
        #[inline(always)]
        || {
            let larger = |a: f32, b: f32| if a >= b || a.is_nan() { a } else { b };
            let largest = fold_lanes(logits, f32::NEG_INFINITY, larger);
            for (weight, logit) in weights.iter_mut().zip(logits) {
                *weight = exp(logit - largest);
            }
            let sum = fold_lanes(weights, 0.0, |a, b| a + b);
            (ln(sum) - (logits[code] - largest), sum)
        },
    )
}

/// The gradient with respect to the logits, in place of the weights, from that of the losses.
pub(crate) fn categorical_gradient(
    all: &[Category],
    times: usize,
    of_loss: &[f32],
    sums: &[f32],
    weights: &mut [f32],
) {
    let count = of_loss.len();
    let width = weights.len() / count.max(1);
    let part = rows_per_thread(count, all.iter().map(|category| category.levels).sum());
    let of_part = |(number, weights): (usize, &mut [f32])| {
        for (k, weights) in weights.chunks_exact_mut(width).enumerate() {
            let row = number * part + k;
            for (category, sum) in all.iter().zip(&sums[row * all.len()..]) {
                let Some(code) = category.code(row / times) else { continue };
                let own = &mut weights[category.start..category.start + category.levels];
                let scale = of_loss[row] / sum;
                dispatch_simd(
                    #[inline(always)]
                    || own.iter_mut().for_each(|weight| *weight *= scale),
                );
                own[code] -= of_loss[row];
            }
        }
    };
    match part >= count {
        true => of_part((0, weights)),
        false => weights.par_chunks_mut(part * width).enumerate().for_each(of_part),
    }
}
