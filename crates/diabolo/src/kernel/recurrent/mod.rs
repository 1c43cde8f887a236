//! The steps of recurrent units, in single precision.
//!
//! With the projections p_t of the input (batch × steps × gates · H), U: gates · H × H and a bias
//! c: H of the last gate, a [`Cell`] makes h_t of p_t, U h_{t−1} and c; h = 0 at first. Rows are
//! independent: they are computed by chunks, and a result does not depend on threads.

mod gru;
mod lstm;

use std::marker::PhantomData;

use rayon::prelude::*;

use super::matrix::{Matrix, transposed};
use super::threads::uses_threads;
use super::{buffer, dispatch_simd};

pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;

/// Rows whose steps are computed together, so that their state stays in the nearest caches.
const ROWS: usize = 128;

/// A step of a kind of unit, of one row: H units.
pub(crate) trait Cell: Sync {
    /// Numbers of a unit in a projection.
    const GATES: usize;
    /// Numbers of a unit that are kept beside h from step to step.
    const MEMORY: usize;
    /// Numbers of a unit that [`backward`](Self::backward) needs.
    const KEPT: usize;

    /// h and memory after the step, from those before it; with `kept`, also its derivatives. `u`:
    /// U h.
    fn forward(row: Step, h: &mut [f32], memory: &mut [f32], kept: Option<&mut [f32]>);

    /// From `carried` = ∂L/∂h and `memory` = ∂L/∂memory after the step: the gradients of the
    /// projections `p` and of U h, and both before it, ∂L/∂h without the part that passes U.
    fn backward(kept: &[f32], carried: &mut [f32], memory: &mut [f32], p: &mut [f32], u: &mut [f32]);
}

/// What a step reads of a row.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The projection.
    pub p: &'a [f32],
    /// U h.
    pub u: &'a [f32],
    /// c; empty for units without.
    pub bias: &'a [f32],
}

/// The recurrent weights of units of width H.
pub(crate) struct Recurrent<'a, C> {
    /// U: gates · H × H.
    weight: &'a [f32],
    /// c: H, or empty.
    bias: &'a [f32],
    steps: usize,
    width: usize,
    cell: PhantomData<C>,
}

/// The gradients of [`Recurrent::backward`].
pub(crate) struct RecurrentGradients {
    /// batch × steps × gates · H.
    pub projections: Vec<f32>,
    /// gates · H × H.
    pub weight: Vec<f32>,
    /// H.
    pub bias: Vec<f32>,
}

/// Some rows: projections, states, and what is kept.
type ForwardRows<'a> = ((&'a [f32], &'a mut [f32]), Option<&'a mut [f32]>);

/// Some rows: ∂L/∂states, what was kept, and the gradients of projections and of U h.
type BackwardRows<'a> = (((&'a [f32], &'a [f32]), &'a mut [f32]), &'a mut [f32]);

impl<'a, C: Cell> Recurrent<'a, C> {
    /// `weight`: gates · H × H, H > 0; `bias`: H, or empty.
    pub fn new(weight: &'a [f32], bias: &'a [f32], steps: usize, width: usize) -> Self {
        debug_assert_eq!(weight.len(), C::GATES * width * width);
        Recurrent { weight, bias, steps, width, cell: PhantomData }
    }

    /// Rows of a chunk.
    fn chunk(&self, batch: usize) -> usize {
        match uses_threads(batch * self.steps * self.weight.len()) {
            true => batch.div_ceil(rayon::current_num_threads()).clamp(1, ROWS),
            false => ROWS,
        }
    }

    /// The states h_1 … h_T: batch × steps × H; with `keeps`, also what
    /// [`backward`](Self::backward) needs.
    pub fn forward(&self, projections: &[f32], keeps: bool) -> (Vec<f32>, Vec<f32>) {
        let (width, of_row) = (self.width, self.steps * self.width);
        let batch = projections.len() / (C::GATES * of_row).max(1);
        let weight = transposed(self.weight, [C::GATES * width, width]);
        let mut states = buffer::take(batch * of_row);
        let mut kept = buffer::take(if keeps { batch * of_row * C::KEPT } else { 0 });
        let rows = self.chunk(batch);
        let part = |((p, states), kept): ForwardRows| {
            self.forward_rows(p, &weight, states, kept);
        };
        let of_kept: Vec<Option<&mut [f32]>> = match keeps {
            true => kept.chunks_mut(rows * of_row * C::KEPT).map(Some).collect(),
            false => (0..batch.div_ceil(rows)).map(|_| None).collect(),
        };
        match batch > rows {
            true => {
                let states = states.par_chunks_mut(rows * of_row);
                projections.par_chunks(C::GATES * rows * of_row).zip(states).zip(of_kept).for_each(part);
            }
            false => of_kept.into_iter().for_each(|kept| part(((projections, &mut states), kept))),
        }
        (states, kept)
    }

    fn forward_rows(&self, p: &[f32], weight: &[f32], states: &mut [f32], mut kept: Option<&mut [f32]>) {
        let (width, gates, of_row) = (self.width, C::GATES * self.width, self.steps * self.width);
        let rows = states.len() / of_row.max(1);
        let mut h = vec![0.0; rows * width];
        let mut memory = vec![0.0; rows * width * C::MEMORY];
        let mut u = vec![0.0; rows * gates];
        for t in 0..self.steps {
            Matrix::new(&h, [rows, width]).times_rows_here(weight, gates, &mut u);
            dispatch_simd(
                #[inline(always)]
                || {
                    for row in 0..rows {
                        let at = row * self.steps + t;
                        let step = Step {
                            p: &p[at * gates..][..gates],
                            u: &u[row * gates..][..gates],
                            bias: self.bias,
                        };
                        let h = &mut h[row * width..][..width];
                        let memory = &mut memory[row * width * C::MEMORY..][..width * C::MEMORY];
                        let size = C::KEPT * width;
                        C::forward(step, h, memory, kept.as_mut().map(|kept| &mut kept[at * size..][..size]));
                        states[at * width..][..width].copy_from_slice(h);
                    }
                },
            );
        }
    }

    /// The gradients from `gradient` = ∂L/∂states, and the results of [`forward`](Self::forward).
    pub fn backward(&self, gradient: &[f32], states: &[f32], kept: &[f32]) -> RecurrentGradients {
        let (width, of_row) = (self.width, self.steps * self.width);
        let batch = states.len() / of_row.max(1);
        let mut projections = buffer::take(C::GATES * batch * of_row);
        let mut recurrent = buffer::take(C::GATES * batch * of_row);
        let rows = self.chunk(batch);
        let part = |(((g, kept), p), u): BackwardRows| {
            self.backward_rows(g, kept, p, u);
        };
        match batch > rows {
            true => gradient
                .par_chunks(rows * of_row)
                .zip(kept.par_chunks(rows * of_row * C::KEPT))
                .zip(projections.par_chunks_mut(C::GATES * rows * of_row))
                .zip(recurrent.par_chunks_mut(C::GATES * rows * of_row))
                .for_each(part),
            false => part((((gradient, kept), &mut projections), &mut recurrent)),
        }
        let before = self.before(states);
        let [all, of_gates] = [batch * self.steps, C::GATES * width];
        let recurrent_rows = Matrix::new(&recurrent, [all, of_gates]);
        let weight = recurrent_rows.transposed().times(Matrix::new(&before, [all, width]));
        let of_bias = match self.bias {
            [] => vec![],
            _ => super::scale_and_sum(&mut recurrent, None, of_gates)[(C::GATES - 1) * width..].to_vec(),
        };
        buffer::give(before);
        buffer::give(recurrent);
        RecurrentGradients { projections, weight, bias: of_bias }
    }

    /// The gradients of the projections, and of U h + (0, …, c), of some rows.
    fn backward_rows(&self, gradient: &[f32], kept: &[f32], projections: &mut [f32], recurrent: &mut [f32]) {
        let (width, gates, of_row) = (self.width, C::GATES * self.width, self.steps * self.width);
        let rows = gradient.len() / of_row.max(1);
        // ∂L/∂h by way of later steps, and the part of it that passes U.
        let mut carried = vec![0.0; rows * width];
        let mut through = vec![0.0; rows * width];
        let mut memory = vec![0.0; rows * width * C::MEMORY];
        let mut arguments = vec![0.0; rows * gates];
        for t in (0..self.steps).rev() {
            dispatch_simd(
                #[inline(always)]
                || {
                    for row in 0..rows {
                        let at = row * self.steps + t;
                        let own = row * width..(row + 1) * width;
                        let carried = &mut carried[own.clone()];
                        let later = carried.iter_mut().zip(&through[own]).zip(&gradient[at * width..]);
                        later.for_each(|((sum, through), g)| *sum += through + g);
                        let memory = &mut memory[row * width * C::MEMORY..][..width * C::MEMORY];
                        let kept = &kept[at * C::KEPT * width..][..C::KEPT * width];
                        let p = &mut projections[at * gates..][..gates];
                        let u = &mut arguments[row * gates..][..gates];
                        C::backward(kept, carried, memory, p, u);
                        recurrent[at * gates..][..gates].copy_from_slice(u);
                    }
                },
            );
            if t > 0 {
                let arguments = Matrix::new(&arguments, [rows, gates]);
                arguments.times_rows_here(self.weight, width, &mut through);
            }
        }
    }

    /// The states before each step: 0, h_1 … h_{T−1}.
    fn before(&self, states: &[f32]) -> Vec<f32> {
        let (width, of_row) = (self.width, self.steps * self.width);
        let mut before = buffer::take(states.len());
        for (before, states) in before.chunks_exact_mut(of_row).zip(states.chunks_exact(of_row)) {
            before[..width].fill(0.0);
            before[width..].copy_from_slice(&states[..of_row - width]);
        }
        before
    }
}

/// The first N · `width` numbers, in parts of `width`: so long that loops have no checks of bounds.
#[inline(always)]
fn parts<const N: usize>(values: &[f32], width: usize) -> [&[f32]; N] {
    std::array::from_fn(|k| &values[k * width..][..width])
}

/// See [`parts`].
#[inline(always)]
fn parts_mut<const N: usize>(values: &mut [f32], width: usize) -> [&mut [f32]; N] {
    let mut rest = values;
    std::array::from_fn(|_| {
        let (part, others) = std::mem::take(&mut rest).split_at_mut(width);
        rest = others;
        part
    })
}
