//! The steps of a gated recurrent unit, in single precision.
//!
//! With the projections p_t of the input (batch × steps × 3H: reset, update, candidate), U: 3H × H
//! and c: H,
//! ```text
//! r = σ(p_r + U_r h)     z = σ(p_z + U_z h)     q = U_n h + c     n = tanh(p_n + r ⊙ q)
//! h ← (1 − z) ⊙ n + z ⊙ h                                                  h = 0 at first
//! ```
//! Rows are independent: they are computed by chunks, and a result does not depend on threads.

use rayon::prelude::*;

use super::matrix::{Matrix, transposed};
use super::threads::uses_threads;
use super::{buffer, dispatch_simd};
use diabolo_stats::elementary::single::{sigmoid, tanh};

/// Rows whose steps are computed together, so that their state stays in the nearest caches.
const ROWS: usize = 128;

/// Numbers kept for each unit of a step: the derivatives of h with respect to the reset gate's
/// argument, the update gate's, the candidate's, to q, and to h before, each without U.
const KEPT: usize = 5;

/// The recurrent weights of a unit of width H.
#[derive(Clone, Copy)]
pub(crate) struct Gru<'a> {
    /// U: 3H × H.
    pub weight: &'a [f32],
    /// c: H.
    pub bias: &'a [f32],
    pub steps: usize,
}

/// The gradients of [`Gru::backward`].
pub(crate) struct GruGradients {
    /// batch × steps × 3H.
    pub projections: Vec<f32>,
    /// 3H × H.
    pub weight: Vec<f32>,
    /// H.
    pub bias: Vec<f32>,
}

/// Some rows: projections, states, and what is kept.
type ForwardRows<'a> = ((&'a [f32], &'a mut [f32]), Option<&'a mut [f32]>);

/// Some rows: ∂L/∂states, what was kept, and the gradients of projections and of U h.
type BackwardRows<'a> = (((&'a [f32], &'a [f32]), &'a mut [f32]), &'a mut [f32]);

impl Gru<'_> {
    fn width(&self) -> usize {
        self.bias.len()
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
        let (width, of_row) = (self.width(), self.steps * self.width());
        let batch = projections.len() / (3 * of_row).max(1);
        let weight = transposed(self.weight, [3 * width, width]);
        let mut states = buffer::take(batch * of_row);
        let mut kept = buffer::take(if keeps { batch * of_row * KEPT } else { 0 });
        let rows = self.chunk(batch);
        let part = |((p, states), kept): ForwardRows| {
            self.forward_rows(p, &weight, states, kept);
        };
        let of_kept: Vec<Option<&mut [f32]>> = match keeps {
            true => kept.chunks_mut(rows * of_row * KEPT).map(Some).collect(),
            false => (0..batch.div_ceil(rows)).map(|_| None).collect(),
        };
        match batch > rows {
            true => {
                let states = states.par_chunks_mut(rows * of_row);
                projections.par_chunks(3 * rows * of_row).zip(states).zip(of_kept).for_each(part);
            }
            false => of_kept.into_iter().for_each(|kept| part(((projections, &mut states), kept))),
        }
        (states, kept)
    }

    fn forward_rows(&self, p: &[f32], weight: &[f32], states: &mut [f32], mut kept: Option<&mut [f32]>) {
        let (width, of_row) = (self.width(), self.steps * self.width());
        let rows = states.len() / of_row.max(1);
        let mut h = vec![0.0; rows * width];
        let mut u = vec![0.0; rows * 3 * width];
        for t in 0..self.steps {
            Matrix::new(&h, [rows, width]).times_rows_here(weight, 3 * width, &mut u);
            dispatch_simd(
                #[inline(always)]
                || {
                    for row in 0..rows {
                        let at = row * self.steps + t;
                        let p = &p[at * 3 * width..][..3 * width];
                        let u = &u[row * 3 * width..][..3 * width];
                        let h = &mut h[row * width..][..width];
                        match &mut kept {
                            Some(kept) => step_with_slopes(
                                p,
                                u,
                                self.bias,
                                h,
                                &mut kept[at * KEPT * width..][..KEPT * width],
                            ),
                            None => step(p, u, self.bias, h),
                        }
                        states[at * width..][..width].copy_from_slice(h);
                    }
                },
            );
        }
    }

    /// The gradients from `gradient` = ∂L/∂states, and the results of [`forward`](Self::forward).
    pub fn backward(&self, gradient: &[f32], states: &[f32], kept: &[f32]) -> GruGradients {
        let (width, of_row) = (self.width(), self.steps * self.width());
        let batch = states.len() / of_row.max(1);
        let mut projections = buffer::take(batch * 3 * of_row);
        let mut recurrent = buffer::take(batch * 3 * of_row);
        let rows = self.chunk(batch);
        let part = |(((g, kept), p), u): BackwardRows| {
            self.backward_rows(g, kept, p, u);
        };
        match batch > rows {
            true => gradient
                .par_chunks(rows * of_row)
                .zip(kept.par_chunks(rows * of_row * KEPT))
                .zip(projections.par_chunks_mut(3 * rows * of_row))
                .zip(recurrent.par_chunks_mut(3 * rows * of_row))
                .for_each(part),
            false => part((((gradient, kept), &mut projections), &mut recurrent)),
        }
        let before = self.before(states);
        let [all, of_gates] = [batch * self.steps, 3 * width];
        let recurrent_rows = Matrix::new(&recurrent, [all, of_gates]);
        let weight = recurrent_rows.transposed().times(Matrix::new(&before, [all, width]));
        let sums = super::scale_and_sum(&mut recurrent, None, of_gates);
        buffer::give(before);
        buffer::give(recurrent);
        GruGradients { projections, weight, bias: sums[2 * width..].to_vec() }
    }

    /// The gradients of the projections, and of U h + (0, 0, c), of some rows.
    fn backward_rows(&self, gradient: &[f32], kept: &[f32], projections: &mut [f32], recurrent: &mut [f32]) {
        let (width, of_row) = (self.width(), self.steps * self.width());
        let rows = gradient.len() / of_row.max(1);
        // ∂L/∂h by way of later steps, and the part of it that passes U.
        let mut carried = vec![0.0; rows * width];
        let mut through = vec![0.0; rows * width];
        let mut arguments = vec![0.0; rows * 3 * width];
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
                        let kept = &kept[at * KEPT * width..][..KEPT * width];
                        let p = &mut projections[at * 3 * width..][..3 * width];
                        let u = &mut arguments[row * 3 * width..][..3 * width];
                        step_backward(kept, carried, p, u);
                        recurrent[at * 3 * width..][..3 * width].copy_from_slice(u);
                    }
                },
            );
            if t > 0 {
                let arguments = Matrix::new(&arguments, [rows, 3 * width]);
                arguments.times_rows_here(self.weight, width, &mut through);
            }
        }
    }

    /// The states before each step: 0, h_1 … h_{T−1}.
    fn before(&self, states: &[f32]) -> Vec<f32> {
        let (width, of_row) = (self.width(), self.steps * self.width());
        let mut before = buffer::take(states.len());
        for (before, states) in before.chunks_exact_mut(of_row).zip(states.chunks_exact(of_row)) {
            before[..width].fill(0.0);
            before[width..].copy_from_slice(&states[..of_row - width]);
        }
        before
    }
}

/// The three parts of equal length.
#[inline(always)]
fn gates(values: &[f32]) -> [&[f32]; 3] {
    let (first, rest) = values.split_at(values.len() / 3);
    let (second, third) = rest.split_at(first.len());
    [first, second, third]
}

#[inline(always)]
fn step(p: &[f32], u: &[f32], bias: &[f32], h: &mut [f32]) {
    let ([pr, pz, pn], [ur, uz, un]) = (gates(p), gates(u));
    for (j, h) in h.iter_mut().enumerate() {
        let (r, z) = (sigmoid(pr[j] + ur[j]), sigmoid(pz[j] + uz[j]));
        let n = tanh(pn[j] + r * (un[j] + bias[j]));
        *h = (1.0 - z) * n + z * *h;
    }
}

#[inline(always)]
fn step_with_slopes(p: &[f32], u: &[f32], bias: &[f32], h: &mut [f32], kept: &mut [f32]) {
    let width = h.len();
    let ([pr, pz, pn], [ur, uz, un]) = (gates(p), gates(u));
    let (of_r, rest) = kept.split_at_mut(width);
    let (of_z, rest) = rest.split_at_mut(width);
    let (of_n, rest) = rest.split_at_mut(width);
    let (of_q, of_h) = rest.split_at_mut(width);
    for j in 0..width {
        let (r, z) = (sigmoid(pr[j] + ur[j]), sigmoid(pz[j] + uz[j]));
        let q = un[j] + bias[j];
        let n = tanh(pn[j] + r * q);
        let slope = (1.0 - z) * (1.0 - n * n);
        of_r[j] = slope * q * (r * (1.0 - r));
        of_z[j] = (h[j] - n) * (z * (1.0 - z));
        of_n[j] = slope;
        of_q[j] = slope * r;
        of_h[j] = z;
        h[j] = (1.0 - z) * n + z * h[j];
    }
}

/// From `carried` = ∂L/∂h after the step: the gradients of the projections `p` and of the arguments
/// `u`, and ∂L/∂h before it without the part that passes U.
#[inline(always)]
fn step_backward(kept: &[f32], carried: &mut [f32], p: &mut [f32], u: &mut [f32]) {
    let width = carried.len();
    let part = |k: usize| &kept[k * width..][..width];
    let (of_r, of_z, of_n, of_q, of_h) = (part(0), part(1), part(2), part(3), part(4));
    let (pr, rest) = p.split_at_mut(width);
    let (pz, pn) = rest.split_at_mut(width);
    let (ur, rest) = u.split_at_mut(width);
    let (uz, un) = rest.split_at_mut(width);
    for j in 0..width {
        let g = carried[j];
        (pr[j], pz[j], pn[j]) = (g * of_r[j], g * of_z[j], g * of_n[j]);
        (ur[j], uz[j], un[j]) = (pr[j], pz[j], g * of_q[j]);
        carried[j] = g * of_h[j];
    }
}
