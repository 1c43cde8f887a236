//! ‖J‖²_F of one layer, from its outputs h = φ(a) and its weight, for activations whose derivative
//! is a function of the output.
//!
//! ```text
//! C_b = Σ_j s_bj² n_j,  s = φ′(a),  n_j = ‖W_j‖²     ∂C_b/∂h_bj = 2 s_bj n_j ∂s/∂h
//!                       ∂C/∂W_j = 2 W_j Σ_b g_b s_bj²
//!
//! sigmoid: s = h (1 − h), ∂s/∂h = 1 − 2h             tanh: s = 1 − h², ∂s/∂h = −2h
//! softplus: s = 1 − e^−h, ∂s/∂h = 1 − s              identity: s = 1, ∂s/∂h = 0
//! ```

use rayon::prelude::*;

use super::threads::rows_per_thread;
use super::{Activation, buffer, dispatch_simd, sum_of_pairs};
use diabolo_stats::elementary::single::exp;

/// C = Σ_j s_j² ‖W_j‖² of each row, and what its gradient needs.
pub(crate) struct LayerContraction {
    /// C of each row.
    pub value: Vec<f32>,
    /// s² and 2 s n ∂s/∂h, row-major.
    squares: Vec<f32>,
    of_output: Vec<f32>,
}

impl Activation {
    /// Whether φ′(a) is a function of φ(a).
    pub fn slope_is_of_output(self) -> bool {
        matches!(self, Activation::Sigmoid | Activation::Tanh | Activation::Softplus | Activation::Identity)
    }

    /// f(s, ∂s/∂h) of each output.
    fn map(self, outputs: &[f32], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        match self {
            Activation::Sigmoid => each(outputs, |h| f(h * (1.0 - h), 1.0 - 2.0 * h)),
            Activation::Tanh => each(outputs, |h| f(1.0 - h * h, -2.0 * h)),
            Activation::Softplus => each(outputs, |h| f(1.0 - exp(-h), exp(-h))),
            _ => vec![f(1.0, 0.0); outputs.len()],
        }
    }
}

/// f of each number.
fn each(numbers: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut out = buffer::take(numbers.len());
    dispatch_simd(
        #[inline(always)]
        || out.iter_mut().zip(numbers).for_each(|(out, number)| *out = f(*number)),
    );
    out
}

impl LayerContraction {
    /// `output`: batch × outputs; `weight`: outputs × inputs.
    ///
    /// # Panics
    /// If the activation's slope is not [a function of its output](Activation::slope_is_of_output).
    pub fn new(output: &[f32], weight: &[f32], outputs: usize, activation: Activation) -> Self {
        assert!(activation.slope_is_of_output(), "the slope of {activation:?} needs its input");
        let norms = squared_norms(weight, outputs);
        let squares = activation.map(output, |s, _| s * s);
        let mut of_output = activation.map(output, |s, change| 2.0 * s * change);
        let rows = squares.chunks_exact(outputs.max(1)).zip(of_output.chunks_exact_mut(outputs.max(1)));
        let value = rows.map(|(squares, slopes)| {
            dispatch_simd(
                #[inline(always)]
                || {
                    slopes.iter_mut().zip(&norms).for_each(|(slope, n)| *slope *= n);
                    sum_of_pairs(squares, &norms, |square, n| square * n)
                },
            )
        });
        LayerContraction { value: value.collect(), squares, of_output }
    }

    /// ∂L/∂h, and the factors of the rows of W in ∂L/∂W, from `gradient` = ∂L/∂C of each row.
    pub fn backward(self, outputs: usize, gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let LayerContraction { squares, mut of_output, .. } = self;
        let outputs = outputs.max(1);
        let mut twice = vec![0.0; outputs];
        let rows = squares.chunks_exact(outputs).zip(of_output.chunks_exact_mut(outputs));
        for ((squares, slopes), scale) in rows.zip(gradient) {
            dispatch_simd(
                #[inline(always)]
                || {
                    for ((sum, square), slope) in twice.iter_mut().zip(squares).zip(slopes) {
                        *sum += 2.0 * scale * square;
                        *slope *= scale;
                    }
                },
            );
        }
        buffer::give(squares);
        (of_output, twice)
    }
}

/// ‖W_j‖² of each row.
fn squared_norms(weight: &[f32], outputs: usize) -> Vec<f32> {
    let norm = |row: &[f32]| {
        dispatch_simd(
            #[inline(always)]
            || sum_of_pairs(row, row, |w, _| w * w),
        )
    };
    weight.chunks_exact((weight.len() / outputs.max(1)).max(1)).map(norm).collect()
}

/// `sum` + row j of the matrix times factor j.
pub(crate) fn scaled_rows(matrix: &[f32], factors: &[f32], sum: Option<Vec<f32>>) -> Vec<f32> {
    let continues = sum.is_some();
    let mut out = sum.unwrap_or_else(|| buffer::take(matrix.len()));
    let width = (matrix.len() / factors.len().max(1)).max(1);
    let rows = rows_per_thread(factors.len(), width);
    let part = |((out, matrix), factors): ((&mut [f32], &[f32]), &[f32])| {
        dispatch_simd(
            #[inline(always)]
            || {
                let rows = out.chunks_exact_mut(width).zip(matrix.chunks_exact(width));
                for ((out, row), factor) in rows.zip(factors) {
                    match continues {
                        true => out.iter_mut().zip(row).for_each(|(out, w)| *out += w * factor),
                        false => out.iter_mut().zip(row).for_each(|(out, w)| *out = w * factor),
                    }
                }
            },
        );
    };
    match rows < factors.len() {
        true => {
            let parts = out.par_chunks_mut(rows * width).zip(matrix.par_chunks(rows * width));
            parts.zip(factors.par_chunks(rows)).for_each(part);
        }
        false => part(((&mut out, matrix), factors)),
    }
    out
}
