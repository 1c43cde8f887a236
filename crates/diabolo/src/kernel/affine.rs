//! A dense layer h = φ(x W + b): the product; b and φ in one pass.
//!
//! Backward, with g = ∂L/∂h:
//! ```text
//! d = g ⊙ φ′(a)        ∂L/∂W = xᵀ d        ∂L/∂b = Σ_rows d        ∂L/∂x = d Wᵀ
//! ```

use rayon::prelude::*;

use super::threads::{OPERATIONS, uses_threads};
use super::{Activation, dispatch_simd};

/// φ(a + b) of the product a = x W: batch × outputs.
pub(crate) fn affine(mut a: Vec<f32>, bias: &[f32], activation: Activation) -> Vec<f32> {
    activation.apply(&mut a, bias);
    a
}

/// The same, and φ′(a) unless it is 1 everywhere.
pub(crate) fn affine_with_slope(
    mut a: Vec<f32>,
    bias: &[f32],
    activation: Activation,
) -> (Vec<f32>, Option<Vec<f32>>) {
    let slope = activation.apply_with_slope(&mut a, bias);
    (a, slope)
}

/// Rows whose sums are added first: the order of summation does not depend on threads.
const BLOCK: usize = 64;

/// g ← d = g ⊙ φ′(a); returns the sum of its rows, which have `width` numbers.
pub(crate) fn scale_and_sum(gradient: &mut [f32], slope: Option<&[f32]>, width: usize) -> Vec<f32> {
    if width == 0 || gradient.len() <= BLOCK * width {
        return of_block(gradient, slope, width);
    }
    let size = BLOCK * width;
    let block = |(k, gradient): (usize, &mut [f32])| {
        let own = k * size..k * size + gradient.len();
        of_block(gradient, slope.map(|slope| &slope[own]), width)
    };
    let blocks: Vec<Vec<f32>> = match uses_threads(gradient.len() * OPERATIONS) {
        true => gradient.par_chunks_mut(size).enumerate().map(block).collect(),
        false => gradient.chunks_mut(size).enumerate().map(block).collect(),
    };
    let add = |mut sums: Vec<f32>, more: Vec<f32>| {
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sums
    };
    blocks.into_iter().reduce(add).unwrap_or_default()
}

fn of_block(gradient: &mut [f32], slope: Option<&[f32]>, width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    if width == 0 {
        return sums;
    }
    dispatch_simd(
        #[inline(always)]
        || match slope {
            Some(slope) => {
                for (row, slopes) in gradient.chunks_exact_mut(width).zip(slope.chunks_exact(width)) {
                    for ((sum, value), slope) in sums.iter_mut().zip(row).zip(slopes) {
                        *value *= slope;
                        *sum += *value;
                    }
                }
            }
            None => {
                for row in gradient.chunks_exact(width) {
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
        },
    );
    sums
}
