//! Fused CPU operations in single precision, on slices.
//!
//! | kernel | one pass instead of | written out in |
//! |---|---|---|
//! | `product`, `skip_zeros` | | products of matrices, with one order of summation |
//! | `rows` | | products with categories by their positions |
//! | `affine` | product, bias, activation, and their backward passes | `nn::Linear` |
//! | `window`, `convolution` | patches of images, and products with them | `nn::Convolution` |
//! | `element_loss`, `heteroscedastic` | −log p(x) element by element, mask, sum, and the gradient | `distribution` |
//! | `categorical` | log-softmax of every category, choice of the level, sum, and the gradient | `distribution` |
//! | `gaussian` | the posterior's ten element-wise operations | `distribution` |
//! | `gram` | ‖B W‖²_F by W Wᵀ, blocks of cotangents times slopes, and their gradients | `objective::contraction` |
//! | `layer_contraction` | Σ_j φ′(a_j)² ‖W_j‖² and its gradient | `objective::contraction` |
//! | `update` | the moments and the step; sums of gradients | `tensor::optimizer` |
//!
//! `tensor::fused` makes them operations on tensors. Each is equivalent to tensor operations
//! elsewhere in the library, which other devices and double precision use, and is tested against
//! them. The forward pass computes the state of the backward pass, which then only scales or
//! multiplies. Loops are plain Rust, compiled for several instruction sets and selected at run time
//! (`dispatch_simd`); the order of summation does not depend on the processor.

mod activation;
mod affine;
pub(crate) mod buffer;
mod categorical;
mod convolution;
mod element_loss;
mod gaussian;
mod gram;
mod heteroscedastic;
mod layer_contraction;
mod matrix;
mod product;
mod recurrent;
mod rows;
mod skip_zeros;
mod threads;
mod update;
mod window;

pub use activation::Activation;
pub(crate) use affine::{affine, affine_with_slope, scale_and_sum};
pub(crate) use categorical::{Category, Logits, categorical, categorical_gradient};
pub(crate) use convolution::{Convolution, correlate};
pub use element_loss::ElementLoss;
pub(crate) use element_loss::{Observations, negative_log_likelihood};
pub(crate) use gaussian::{bound, gaussian_draw, gaussian_kl};
pub(crate) use gram::{GramNorm, scale_block, scale_block_gradient};
pub(crate) use heteroscedastic::gaussian_negative_log_likelihood;
pub(crate) use layer_contraction::{LayerContraction, scaled_rows};
pub(crate) use matrix::{Matrix, transposed};
pub(crate) use recurrent::{Cell, Gru, Lstm, Recurrent};
pub(crate) use rows::{rows_times, transposed_rows_times};
pub(crate) use threads::{in_parallel, is_in_place, with_pool};
pub use threads::{in_place, on_one_thread};
pub(crate) use update::{AdamStep, adam, add};
pub use window::{Axis, Window};
pub(crate) use window::{fold, gather};

/// Runs `work` as compiled for this processor. Everything it calls must be inlined.
#[inline(always)]
pub(crate) fn dispatch_simd<R>(work: impl FnOnce() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnOnce() -> R> pulp::NullaryFnOnce for Work<F> {
        type Output = R;
        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }
    pulp::Arch::new().dispatch(Work(work))
}

/// Row b of the matrix times factor b.
pub(crate) fn scale_rows(values: &mut [f32], width: usize, factors: &[f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for (row, factor) in values.chunks_exact_mut(width.max(1)).zip(factors) {
                row.iter_mut().for_each(|value| *value *= factor);
            }
        },
    );
}

/// f of all numbers, in [`LANES`] partial results from `start`.
#[inline(always)]
pub(crate) fn fold_lanes<T: Copy>(numbers: &[T], start: T, f: impl Fn(T, T) -> T) -> T {
    let (whole, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for numbers in whole {
        for i in 0..LANES {
            lanes[i] = f(lanes[i], numbers[i]);
        }
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, number)| *lane = f(*lane, *number));
    lanes[1..].iter().fold(lanes[0], |a, b| f(a, *b))
}

/// The last numbers of a row, filled up with zeros, so that they are computed together.
#[inline(always)]
fn filled_up(rest: &[f32]) -> [f32; LANES] {
    let mut all = [0.0; LANES];
    all[..rest.len()].copy_from_slice(rest);
    all
}

/// Number of partial sums, the same on every processor, so that the result is the same on all.
const LANES: usize = 16;

/// Σ_i f(a_i, b_i).
#[inline(always)]
pub(crate) fn sum_of_pairs(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += f(a[i], b[i]);
        }
    }
    lanes.iter_mut().zip(a_rest).zip(b_rest).for_each(|((sum, a), b)| *sum += f(*a, *b));
    lanes.iter().sum()
}
