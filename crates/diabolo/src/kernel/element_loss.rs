//! −log p(x) of independent features, summed over a row.
//!
//! ```text
//! Bernoulli, p = σ(l):     L_b = Σ_j o_bj (softplus(l_bj) − x_bj l_bj)
//!                          ∂L_b/∂l_bj = o_bj (σ(l_bj) − x_bj)
//! Gaussian, known σ²:      L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² / σ² + log 2πσ²]
//!                          ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) / σ²
//! ```
//! Value and gradient are computed in one pass; the backward pass only multiplies.

use std::ops::Range;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use super::math::sigmoid_softplus;
use super::operation::{Operation, Recorded, record};
use super::{LANES, Primitive, contiguous, dispatch_simd, scale_rows, shape, tensor, values};

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

/// −log p(x) of each row, in nats, over the cells that are `observed`.
///
/// `outputs`: (batch · K) × width, K rows for each row of `x` and `observed` (batch × width).
/// Result: batch · K.
pub fn negative_log_likelihood(
    cell: ElementLoss,
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

#[backend_extension(Flex, Autodiff)]
trait LikelihoodKernel: Backend {
    fn likelihood(outputs: FloatTensor<Self>, x: FloatTensor<Self>, cell: ElementLoss) -> FloatTensor<Self>;

    fn likelihood_observed(
        outputs: FloatTensor<Self>,
        x: FloatTensor<Self>,
        observed: FloatTensor<Self>,
        cell: ElementLoss,
    ) -> FloatTensor<Self>;
}

impl LikelihoodKernel for Flex {
    fn likelihood(outputs: Primitive, x: Primitive, cell: ElementLoss) -> Primitive {
        Likelihood::value([outputs], Observation { x, observed: None, cell })
    }

    fn likelihood_observed(
        outputs: Primitive,
        x: Primitive,
        observed: Primitive,
        cell: ElementLoss,
    ) -> Primitive {
        Likelihood::value([outputs], Observation { x, observed: Some(observed), cell })
    }
}

impl<C: CheckpointStrategy> LikelihoodKernel for Autodiff<Flex, C> {
    fn likelihood(outputs: Recorded<C>, x: Recorded<C>, cell: ElementLoss) -> Recorded<C> {
        let rows = Observation { x: x.into_primitive(), observed: None, cell };
        record::<Likelihood, C, 1>([outputs], rows)
    }

    fn likelihood_observed(
        outputs: Recorded<C>,
        x: Recorded<C>,
        observed: Recorded<C>,
        cell: ElementLoss,
    ) -> Recorded<C> {
        let observed = Some(observed.into_primitive());
        record::<Likelihood, C, 1>([outputs], Observation { x: x.into_primitive(), observed, cell })
    }
}

/// The rows and the distribution of the loss.
struct Observation {
    x: Primitive,
    observed: Option<Primitive>,
    cell: ElementLoss,
}

/// The operation on the decoder's outputs.
#[derive(Debug)]
struct Likelihood;

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

/// The loss of each row of outputs; its gradient is written to `gradient`, at `slot`.
fn each_row(
    outputs: &Primitive,
    rows: &Observation,
    slot: impl Fn(usize) -> Range<usize>,
    gradient: &mut [f32],
) -> Vec<f32> {
    let ([count, width], [examples, _]) = (shape(outputs), shape(&rows.x));
    let (outputs, x) = (values(outputs), values(&rows.x));
    let observed = rows.observed.as_ref().map(values);
    let times = count / examples.max(1);
    let loss = |k: usize| {
        let example = k / times * width..(k / times + 1) * width;
        let (outputs, gradient) = (&outputs[k * width..(k + 1) * width], &mut gradient[slot(k)]);
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
            let constant = (0.5 * (std::f64::consts::TAU * variance).ln()) as f32;
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
