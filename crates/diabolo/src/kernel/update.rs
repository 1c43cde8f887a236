//! In-place updates after a backward pass, on all cores: sums of gradients, and one step of Adam
//! (Kingma & Ba 2015, algorithm 1).
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
//! θ ← θ − η (m̂ / (√v̂ + ε) + w θ),     m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
//! ```
//! The weight decay w is decoupled from the gradient (AdamW, Loshchilov & Hutter 2019, algorithm
//! 2); 0 is Adam.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::{Primitive, contiguous, dispatch_simd};

/// The settings of one step.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// η.
    pub learning_rate: f64,
    /// (β₁, β₂).
    pub betas: (f64, f64),
    /// ε.
    pub epsilon: f64,
    /// w.
    pub weight_decay: f64,
    /// t, from 1.
    pub time: usize,
}

/// Burn's tensors of any rank, as primitives.
#[backend_extension(Flex)]
trait Updates: Backend {
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn add(sum: FloatTensor<Self>, term: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Number of elements per task; smaller tensors use one core, since waking others takes longer.
const BLOCK: usize = 1 << 14;

/// The sum, in place if `sum` is not shared.
pub fn add<const D: usize>(sum: Tensor<D>, term: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::add(sum.into_dispatch(), term.into_dispatch()))
}

/// The parameter and both moments (m, v) after the step, in place if they are not shared.
pub fn adam<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    (first, second): (Tensor<D>, Tensor<D>),
    step: AdamStep,
) -> (Tensor<D>, (Tensor<D>, Tensor<D>)) {
    let [parameter, gradient, first, second] =
        [parameter, gradient, first, second].map(|tensor| tensor.into_dispatch());
    let (parameter, first, second) = Dispatch::adam(parameter, gradient, first, second, step);
    let [parameter, first, second] = [parameter, first, second].map(Tensor::from_dispatch);
    (parameter, (first, second))
}

impl Updates for Flex {
    fn adam(
        parameter: Primitive,
        gradient: Primitive,
        first: Primitive,
        second: Primitive,
        step: AdamStep,
    ) -> (Primitive, Primitive, Primitive) {
        let gradient = contiguous(gradient);
        let [mut parameter, mut first, mut second] = [parameter, first, second].map(contiguous);
        let (p, g) = (parameter.storage_mut::<f32>(), gradient.storage::<f32>());
        let (m, v) = (first.storage_mut::<f32>(), second.storage_mut::<f32>());
        if p.len() <= BLOCK {
            update(p, g, m, v, &step);
        } else {
            let blocks = p.par_chunks_mut(BLOCK).zip(g.par_chunks(BLOCK));
            let blocks = blocks.zip(m.par_chunks_mut(BLOCK)).zip(v.par_chunks_mut(BLOCK));
            blocks.for_each(|(((p, g), m), v)| update(p, g, m, v, &step));
        }
        (parameter, first, second)
    }

    fn add(sum: Primitive, term: Primitive) -> Primitive {
        let (mut sum, term) = (contiguous(sum), contiguous(term));
        let (s, t) = (sum.storage_mut::<f32>(), term.storage::<f32>());
        let onto = |(s, t): (&mut [f32], &[f32])| {
            dispatch_simd(
                #[inline(always)]
                || s.iter_mut().zip(t).for_each(|(s, t)| *s += t),
            );
        };
        match s.len() <= BLOCK {
            true => onto((s, t)),
            false => s.par_chunks_mut(BLOCK).zip(t.par_chunks(BLOCK)).for_each(onto),
        }
        sum
    }
}

fn update(parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], step: &AdamStep) {
    let correction = |beta: f64| 1.0 - beta.powi(step.time.min(i32::MAX as usize) as i32);
    let (beta_1, beta_2) = (step.betas.0 as f32, step.betas.1 as f32);
    let (rest_1, rest_2) = ((1.0 - step.betas.0) as f32, (1.0 - step.betas.1) as f32);
    let rate = (step.learning_rate / correction(step.betas.0)) as f32;
    let spread = correction(step.betas.1).sqrt().recip() as f32;
    let epsilon = step.epsilon as f32;
    let kept = (1.0 - step.learning_rate * step.weight_decay) as f32;
    dispatch_simd(
        #[inline(always)]
        || {
            for (((p, g), m), v) in parameter.iter_mut().zip(gradient).zip(first).zip(second) {
                *m = beta_1 * *m + rest_1 * g;
                *v = beta_2 * *v + rest_2 * g * g;
                *p = kept * *p - rate * *m / (v.sqrt() * spread + epsilon);
            }
        },
    );
}
