//! Fused CPU operations in single precision. Only this module uses `unsafe`; only it and `tensor`
//! use Burn.
//!
//! | kernel | one pass instead of | written out in |
//! |---|---|---|
//! | [`affine`] | product, bias, activation, and their backward passes | `nn::Linear` |
//! | [`negative_log_likelihood`], [`gaussian_negative_log_likelihood`] | −log p(x) element by element, mask, sum, and the gradient | `distribution` |
//! | [`gaussian_draw`], [`gaussian_kl`], [`bound`] | the posterior's ten element-wise operations | `distribution` |
//! | [`contraction`] | Σ_j φ′(a_j)² ‖W_j‖² and its gradient | `objective::contraction` |
//! | [`adam`], [`add`] | the moments and the step; sums of gradients | `train::optimizer` |
//!
//! Each kernel is equivalent to tensor operations elsewhere in the library, which other devices and
//! double precision use (see [`is_supported`]), and is tested against them. The forward pass
//! computes the state of the backward pass, which then only scales or multiplies. Loops are plain
//! Rust, compiled for several instruction sets and selected at run time (`dispatch_simd`); the
//! order of summation does not depend on the processor.

#![allow(unsafe_code, reason = "what a processor's instructions need")]

mod activation;
mod affine;
mod element_loss;
mod gaussian;
mod heteroscedastic;
mod layer_contraction;
mod math;
mod operation;
mod product;
mod threads;
mod update;

pub use activation::Activation;
pub use affine::affine;
pub use element_loss::{ElementLoss, negative_log_likelihood};
pub use gaussian::{bound, gaussian_draw, gaussian_kl};
pub use heteroscedastic::gaussian_negative_log_likelihood;
pub use layer_contraction::contraction;
pub(crate) use threads::{in_parallel, is_in_place};
pub use threads::{in_place, on_one_thread};
pub use update::{AdamStep, adam, add};

use std::borrow::Cow;

use burn::backend::tensor::FloatTensor;
use burn::backend::{DispatchDevice, Flex};
use burn::tensor::{DType, Tensor, TensorData};

/// A CPU tensor.
type Primitive = FloatTensor<Flex>;

/// Whether the kernels support `tensor`: single precision on the CPU.
pub fn is_supported<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && matches!(tensor.device().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// Runs `work` as compiled for this processor. Everything it calls must be inlined.
#[inline(always)]
fn dispatch_simd<R>(work: impl FnOnce() -> R) -> R {
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

/// The values in row-major order, copied only if necessary.
fn values(tensor: &Primitive) -> Cow<'_, [f32]> {
    match tensor.as_slice() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(tensor.to_contiguous().storage::<f32>().to_vec()),
    }
}

/// The tensor with contiguous row-major storage, copied only if necessary.
fn contiguous(tensor: Primitive) -> Primitive {
    let whole =
        tensor.is_contiguous() && tensor.storage::<f32>().len() == tensor.layout().shape().num_elements();
    if whole { tensor } else { tensor.to_contiguous() }
}

/// A tensor of these row-major values.
fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Primitive {
    Primitive::from_data(TensorData::new(values, shape))
}

/// A matrix's rows and columns.
fn shape(tensor: &Primitive) -> [usize; 2] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1]]
}

/// Row b of the matrix times factor b.
fn scale_rows(values: &mut [f32], width: usize, factors: &[f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for (row, factor) in values.chunks_exact_mut(width.max(1)).zip(factors) {
                row.iter_mut().for_each(|value| *value *= factor);
            }
        },
    );
}

/// Number of partial sums, the same on every processor, so that the result is the same on all.
const LANES: usize = 16;

/// Σ_i f(a_i, b_i).
#[inline(always)]
fn sum_of_pairs(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
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
