//! In-place updates after a backward pass, on all cores: sums of gradients, and one step of Adam
//! (Kingma & Ba 2015, algorithm 1).
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
//! θ ← θ − η (m̂ / (√v̂ + ε) + w θ),     m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
//! ```
//! The weight decay w is decoupled from the gradient (AdamW, Loshchilov & Hutter 2019, algorithm
//! 2); 0 is Adam.

use diabolo_stats::elementary::double::powi;
use rayon::prelude::*;

use super::dispatch_simd;

/// The settings of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
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

/// Number of elements per task; smaller tensors use one core, since waking others takes longer.
const BLOCK: usize = 1 << 14;

/// The parameter θ and both moments (m, v) after the step, in place.
pub(crate) fn adam(
    parameter: &mut [f32],
    gradient: &[f32],
    (first, second): (&mut [f32], &mut [f32]),
    step: AdamStep,
) {
    if parameter.len() <= BLOCK {
        return update(parameter, gradient, first, second, &step);
    }
    let blocks = parameter.par_chunks_mut(BLOCK).zip(gradient.par_chunks(BLOCK));
    let blocks = blocks.zip(first.par_chunks_mut(BLOCK)).zip(second.par_chunks_mut(BLOCK));
    blocks.for_each(|(((p, g), m), v)| update(p, g, m, v, &step));
}

/// The sum, in place.
pub(crate) fn add(sum: &mut [f32], term: &[f32]) {
    let onto = |(sum, term): (&mut [f32], &[f32])| {
        dispatch_simd(
            #[inline(always)]
            || sum.iter_mut().zip(term).for_each(|(s, t)| *s += t),
        );
    };
    match sum.len() <= BLOCK {
        true => onto((sum, term)),
        false => sum.par_chunks_mut(BLOCK).zip(term.par_chunks(BLOCK)).for_each(onto),
    }
}

fn update(parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], step: &AdamStep) {
    let correction = |beta: f64| 1.0 - powi(beta, step.time.min(i32::MAX as usize) as i32);
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
