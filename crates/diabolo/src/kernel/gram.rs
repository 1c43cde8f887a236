//! Blocks of cotangents: B, k rows for each example.
//!
//! ```text
//! n_b = ‖B_b W‖²_F = Σ (B_b G) ⊙ B_b,  G = W Wᵀ
//! ∂n_b/∂B_b = 2 B_b G        ∂L/∂W = 2 (Σ_b g_b B_bᵀ B_b) W
//! ```
//! B G is the one large product of the forward pass, and the gradient of B; the sum in brackets and
//! G are symmetric, so that half of each is computed.

use rayon::prelude::*;

use super::matrix::Matrix;
use super::threads::rows_per_thread;
use super::{buffer, dispatch_simd, scale_rows, sum_of_pairs};

/// ‖B_b W‖²_F of each example, and what its gradient needs.
pub(crate) struct GramNorm {
    /// n of each example.
    pub value: Vec<f32>,
    /// B G.
    product: Vec<f32>,
}

impl GramNorm {
    /// `block`: (examples · k) × outputs; `weight`: outputs × inputs.
    pub fn new(block: Matrix, weight: Matrix, k: usize) -> Self {
        let gram = weight.times_symmetric(weight.transposed());
        let product = block.times(Matrix::new(&gram, [weight.rows, weight.rows]));
        buffer::give(gram);
        let size = (k * block.columns).max(1);
        let norm = |(b, product): (&[f32], &[f32])| {
            dispatch_simd(
                #[inline(always)]
                || sum_of_pairs(b, product, |b, p| b * p),
            )
        };
        let value = block.values.chunks(size).zip(product.chunks(size)).map(norm).collect();
        GramNorm { value, product }
    }

    /// `sum` + ∂L/∂W, from `gradient` = ∂L/∂n.
    pub fn weight_gradient(
        &self,
        block: Matrix,
        weight: Matrix,
        gradient: &[f32],
        sum: Option<Vec<f32>>,
    ) -> Vec<f32> {
        let mut scaled = buffer::take(block.values.len());
        scaled.copy_from_slice(block.values);
        scale_examples(&mut scaled, gradient);
        let scaled_block = Matrix::new(&scaled, [block.rows, block.columns]);
        let squares = block.transposed().times_symmetric(scaled_block);
        buffer::give(scaled);
        let of_weight = Matrix::new(&squares, [block.columns; 2]).times_onto(weight, sum);
        buffer::give(squares);
        of_weight
    }

    /// ∂L/∂B, from `gradient` = ∂L/∂n.
    pub fn block_gradient(mut self, gradient: &[f32]) -> Vec<f32> {
        scale_examples(&mut self.product, gradient);
        self.product
    }
}

/// 2 g_b times the numbers of example b.
fn scale_examples(numbers: &mut [f32], gradient: &[f32]) {
    let twice: Vec<f32> = gradient.iter().map(|g| 2.0 * g).collect();
    let size = numbers.len() / gradient.len().max(1);
    scale_rows(numbers, size, &twice);
}

/// B_b ⊙ s_b for each of the k rows of each example. `block`: examples × k × width; `slopes`:
/// examples × width.
pub(crate) fn scale_block(block: &[f32], slopes: &[f32], width: usize) -> Vec<f32> {
    let mut out = buffer::take(block.len());
    let size = (block.len() / (slopes.len() / width.max(1)).max(1)).max(1);
    let rows = rows_per_thread(block.len() / size, size);
    let part = |((out, block), slopes): ((&mut [f32], &[f32]), &[f32])| {
        dispatch_simd(
            #[inline(always)]
            || {
                let examples = out.chunks_exact_mut(size).zip(block.chunks_exact(size));
                for ((out, block), slopes) in examples.zip(slopes.chunks_exact(width)) {
                    for (out, block) in out.chunks_exact_mut(width).zip(block.chunks_exact(width)) {
                        out.iter_mut().zip(block).zip(slopes).for_each(|((out, b), s)| *out = b * s);
                    }
                }
            },
        );
    };
    if rows * size >= block.len() {
        part(((&mut out, block), slopes));
    } else {
        let parts = out.par_chunks_mut(rows * size).zip(block.par_chunks(rows * size));
        parts.zip(slopes.par_chunks(rows * width)).for_each(part);
    }
    out
}

/// The gradient of [`scale_block`]: ∂L/∂s, and ∂L/∂B in place of `gradient`.
pub(crate) fn scale_block_gradient(
    gradient: &mut [f32],
    block: &[f32],
    slopes: &[f32],
    width: usize,
) -> Vec<f32> {
    let mut of_slopes = vec![0.0; slopes.len()];
    let size = (block.len() / (slopes.len() / width.max(1)).max(1)).max(1);
    let rows = rows_per_thread(block.len() / size, size);
    let part = |g: &mut [f32], block: &[f32], slopes: &[f32], sums: &mut [f32]| {
        dispatch_simd(
            #[inline(always)]
            || {
                let examples = g.chunks_exact_mut(size).zip(block.chunks_exact(size));
                let slopes = slopes.chunks_exact(width).zip(sums.chunks_exact_mut(width));
                for ((g, block), (slopes, sums)) in examples.zip(slopes) {
                    for (g, block) in g.chunks_exact_mut(width).zip(block.chunks_exact(width)) {
                        for (((g, b), s), sum) in g.iter_mut().zip(block).zip(slopes).zip(&mut *sums) {
                            *sum += *g * b;
                            *g *= s;
                        }
                    }
                }
            },
        );
    };
    if rows * size >= block.len() {
        part(gradient, block, slopes, &mut of_slopes);
    } else {
        let parts = gradient.par_chunks_mut(rows * size).zip(block.par_chunks(rows * size));
        let parts = parts.zip(slopes.par_chunks(rows * width));
        let parts = parts.zip(of_slopes.par_chunks_mut(rows * width));
        parts.for_each(|(((g, block), slopes), sums)| part(g, block, slopes, sums));
    }
    of_slopes
}
