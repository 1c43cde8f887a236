//! ```text
//! r = σ(p_r + U_r h)     z = σ(p_z + U_z h)     q = U_n h + c     n = tanh(p_n + r ⊙ q)
//! h ← (1 − z) ⊙ n + z ⊙ h
//! ```

use super::{Cell, Step, parts, parts_mut};
use diabolo_stats::elementary::single::{sigmoid, tanh};

/// A gated recurrent unit: reset, update, candidate.
pub(crate) enum Gru {}

impl Cell for Gru {
    const GATES: usize = 3;
    const MEMORY: usize = 0;
    /// The derivatives of h with respect to the reset gate's argument, the update gate's, the
    /// candidate's, to q, and to h before, each without U.
    const KEPT: usize = 5;

    #[inline(always)]
    fn forward(row: Step, h: &mut [f32], _memory: &mut [f32], kept: Option<&mut [f32]>) {
        match kept {
            Some(kept) => step_with_slopes(row, h, kept),
            None => step(row, h),
        }
    }

    #[inline(always)]
    fn backward(kept: &[f32], carried: &mut [f32], _memory: &mut [f32], p: &mut [f32], u: &mut [f32]) {
        let width = carried.len();
        let [of_r, of_z, of_n, of_q, of_h] = parts(kept, width);
        let ([pr, pz, pn], [ur, uz, un]) = (parts_mut(p, width), parts_mut(u, width));
        for j in 0..width {
            let g = carried[j];
            (pr[j], pz[j], pn[j]) = (g * of_r[j], g * of_z[j], g * of_n[j]);
            (ur[j], uz[j], un[j]) = (pr[j], pz[j], g * of_q[j]);
            carried[j] = g * of_h[j];
        }
    }
}

#[inline(always)]
fn step(Step { p, u, bias }: Step, h: &mut [f32]) {
    let width = h.len();
    let bias = &bias[..width];
    let ([pr, pz, pn], [ur, uz, un]) = (parts(p, width), parts(u, width));
    for (j, h) in h.iter_mut().enumerate() {
        let (r, z) = (sigmoid(pr[j] + ur[j]), sigmoid(pz[j] + uz[j]));
        let n = tanh(pn[j] + r * (un[j] + bias[j]));
        *h = (1.0 - z) * n + z * *h;
    }
}

#[inline(always)]
fn step_with_slopes(Step { p, u, bias }: Step, h: &mut [f32], kept: &mut [f32]) {
    let width = h.len();
    let bias = &bias[..width];
    let ([pr, pz, pn], [ur, uz, un]) = (parts(p, width), parts(u, width));
    let [of_r, of_z, of_n, of_q, of_h] = parts_mut(kept, width);
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
