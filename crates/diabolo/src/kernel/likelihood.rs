//! −log p(x) of independent features, summed over a row.
//!
//! ```text
//! Bernoulli, p = σ(l):     L_b = Σ_j o_bj (softplus(l_bj) − x_bj l_bj)             ∂L_b/∂l_bj = o_bj (σ(l_bj) − x_bj)
//! Gaussian, known σ²:      L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² / σ² + log 2πσ²]       ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) / σ²
//! ```
//! Value and gradient are computed in one pass; the backward pass only multiplies.

use std::ops::Range;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{Kernels, Operation};
use super::math::sigmoid_softplus;
use super::{LANES, Primitive, contiguous, fast, scale_rows, shape, tensor, values};

/// The distribution of a feature, given one output of the decoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Outputs are logits.
    Bernoulli,
    /// Outputs are means.
    Gaussian {
        /// σ².
        variance: f64,
    },
}

/// −log p(x) of each row, in nats, over the cells that are `observed`.
///
/// `outputs`: (batch · K) × width, K rows for each row of `x` and `observed` (batch × width). Result: batch · K.
pub fn negative_log_likelihood(
    cell: Cell,
    outputs: Tensor<2>,
    x: Tensor<2>,
    observed: Option<Tensor<2>>,
) -> Tensor<1> {
    let (outputs, x) = (outputs.into_dispatch(), x.into_dispatch());
    Tensor::from_dispatch(match observed {
        Some(observed) => Dispatch::likelihood_observed(outputs, x, observed.into_dispatch(), cell),
        None => Dispatch::likelihood(outputs, x, cell),
    })
}

/// The rows that are judged, and how.
pub(super) struct Observation {
    pub x: Primitive,
    pub observed: Option<Primitive>,
    pub cell: Cell,
}

/// The operation on the decoder's outputs.
#[derive(Debug)]
pub(super) struct Likelihood;

impl Operation<1> for Likelihood {
    type Settings = Observation;
    /// ∂L_b/∂output.
    type State = Primitive;

    fn value([outputs]: [Primitive; 1], rows: Observation) -> Primitive {
        let [count, width] = shape(&outputs);
        let mut unused = vec![0.0; width];
        tensor(each_row(&outputs, &rows, |_| 0..width, &mut unused), [count])
    }

    fn value_and_state([outputs]: [Primitive; 1], rows: Observation) -> (Primitive, Primitive) {
        let [count, width] = shape(&outputs);
        let mut gradient = vec![0.0; count * width];
        let losses = each_row(&outputs, &rows, |k| k * width..(k + 1) * width, &mut gradient);
        (tensor(losses, [count]), tensor(gradient, [count, width]))
    }

    fn gradients(state: Primitive, gradient: Primitive, _: [bool; 1]) -> [Option<Primitive>; 1] {
        let mut state = contiguous(state);
        let width = shape(&state)[1];
        scale_rows(state.storage_mut(), width, &values(&gradient));
        [Some(state)]
    }
}

/// The loss of each row of outputs; its gradient is written to `gradient`, where `place` says.
fn each_row(
    outputs: &Primitive,
    rows: &Observation,
    place: impl Fn(usize) -> Range<usize>,
    gradient: &mut [f32],
) -> Vec<f32> {
    let ([count, width], [examples, _]) = (shape(outputs), shape(&rows.x));
    let (outputs, x) = (values(outputs), values(&rows.x));
    let observed = rows.observed.as_ref().map(values);
    let times = count / examples.max(1);
    let loss = |k: usize| {
        let example = k / times * width..(k / times + 1) * width;
        let (outputs, gradient) = (&outputs[k * width..(k + 1) * width], &mut gradient[place(k)]);
        match &observed {
            Some(observed) => {
                row::<true>(rows.cell, outputs, &x[example.clone()], &observed[example], gradient)
            }
            None => row::<false>(rows.cell, outputs, &x[example], &[], gradient),
        }
    };
    (0..count).map(loss).collect()
}

/// The loss of a row, and its gradient; without a mask `observed` is not read.
fn row<const MASKED: bool>(
    cell: Cell,
    outputs: &[f32],
    x: &[f32],
    observed: &[f32],
    gradient: &mut [f32],
) -> f32 {
    match cell {
        Cell::Bernoulli => fast(
            #[inline(always)]
            || {
                sum_cells::<MASKED>(outputs, x, observed, gradient, |l, x| {
                    let (sigmoid, softplus) = sigmoid_softplus(l);
                    (softplus - x * l, sigmoid - x)
                })
            },
        ),
        Cell::Gaussian { variance } => {
            let precision = variance.recip() as f32;
            let constant = (0.5 * (std::f64::consts::TAU * variance).ln()) as f32;
            fast(
                #[inline(always)]
                || {
                    sum_cells::<MASKED>(outputs, x, observed, gradient, |mean, x| {
                        // As the tensor operations do: squares stay finite.
                        let away = (mean - x).clamp(-1e12, 1e12);
                        (0.5 * precision * away * away + constant, precision * away)
                    })
                },
            )
        }
    }
}

/// Σ of the cells' losses; `cell` gives the loss and its derivative from an output and a value.
#[inline(always)]
fn sum_cells<const MASKED: bool>(
    outputs: &[f32],
    x: &[f32],
    observed: &[f32],
    gradient: &mut [f32],
    cell: impl Fn(f32, f32) -> (f32, f32),
) -> f32 {
    // Of the same length, so that both cases are one loop.
    let observed = if MASKED { observed } else { x };
    let (outputs, outputs_rest) = outputs.as_chunks::<LANES>();
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (observed, observed_rest) = observed.as_chunks::<LANES>();
    let (gradient, gradient_rest) = gradient.as_chunks_mut::<LANES>();
    let mut lanes = [0.0; LANES];
    for (((outputs, x), observed), gradient) in outputs.iter().zip(x).zip(observed).zip(gradient) {
        for i in 0..LANES {
            let (loss, slope) = cell(outputs[i], x[i]);
            let weight = if MASKED { observed[i] } else { 1.0 };
            lanes[i] += weight * loss;
            gradient[i] = weight * slope;
        }
    }
    for i in 0..outputs_rest.len() {
        let (loss, slope) = cell(outputs_rest[i], x_rest[i]);
        let weight = if MASKED { observed_rest[i] } else { 1.0 };
        lanes[i] += weight * loss;
        gradient_rest[i] = weight * slope;
    }
    lanes.iter().sum()
}
