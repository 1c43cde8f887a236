//! ```text
//! i, f, o = σ(p + U h) of their gates      g = tanh(p_g + U_g h)
//! m ← f ⊙ m + i ⊙ g                        h = o ⊙ tanh(m)            m = 0 at first
//! ```

use super::{Cell, Step, parts, parts_mut};
use diabolo_stats::elementary::single::{sigmoid, tanh};

/// A unit with long short-term memory: input, forget, candidate, output.
pub(crate) enum Lstm {}

impl Cell for Lstm {
    const GATES: usize = 4;
    /// m.
    const MEMORY: usize = 1;
    /// The derivatives of m with respect to the arguments of i, f and g, of h to that of o, of h to
    /// m, and f.
    const KEPT: usize = 6;

    #[inline(always)]
    fn forward(row: Step, h: &mut [f32], memory: &mut [f32], kept: Option<&mut [f32]>) {
        match kept {
            Some(kept) => step_with_slopes(row, h, memory, kept),
            None => step(row, h, memory),
        }
    }

    #[inline(always)]
    fn backward(kept: &[f32], carried: &mut [f32], memory: &mut [f32], p: &mut [f32], u: &mut [f32]) {
        let width = carried.len();
        let [of_i, of_f, of_g, of_o, of_m, forget] = parts(kept, width);
        let [pi, pf, pg, po] = parts_mut(p, width);
        for (j, (carried, memory)) in carried.iter_mut().zip(memory).enumerate() {
            let m = *memory + *carried * of_m[j];
            (pi[j], pf[j], pg[j]) = (m * of_i[j], m * of_f[j], m * of_g[j]);
            po[j] = *carried * of_o[j];
            *memory = m * forget[j];
            *carried = 0.0;
        }
        u.copy_from_slice(p);
    }
}

#[inline(always)]
fn step(Step { p, u, .. }: Step, h: &mut [f32], memory: &mut [f32]) {
    let width = h.len();
    let ([pi, pf, pg, po], [ui, uf, ug, uo]) = (parts(p, width), parts(u, width));
    for (j, (h, memory)) in h.iter_mut().zip(memory).enumerate() {
        let (i, f, o) = (sigmoid(pi[j] + ui[j]), sigmoid(pf[j] + uf[j]), sigmoid(po[j] + uo[j]));
        *memory = f * *memory + i * tanh(pg[j] + ug[j]);
        *h = o * tanh(*memory);
    }
}

#[inline(always)]
fn step_with_slopes(Step { p, u, .. }: Step, h: &mut [f32], memory: &mut [f32], kept: &mut [f32]) {
    let width = h.len();
    let ([pi, pf, pg, po], [ui, uf, ug, uo]) = (parts(p, width), parts(u, width));
    let [of_i, of_f, of_g, of_o, of_m, forget] = parts_mut(kept, width);
    for (j, (h, memory)) in h.iter_mut().zip(memory).enumerate() {
        let (i, f, o) = (sigmoid(pi[j] + ui[j]), sigmoid(pf[j] + uf[j]), sigmoid(po[j] + uo[j]));
        let g = tanh(pg[j] + ug[j]);
        of_i[j] = g * (i * (1.0 - i));
        of_f[j] = *memory * (f * (1.0 - f));
        of_g[j] = i * (1.0 - g * g);
        forget[j] = f;
        *memory = f * *memory + i * g;
        let s = tanh(*memory);
        of_o[j] = s * (o * (1.0 - o));
        of_m[j] = o * (1.0 - s * s);
        *h = o * s;
    }
}
