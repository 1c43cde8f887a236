//! A dense layer h = φ(x Wᵀ + b), or φ(x W + b) for a transposed weight.
//!
//! Forward: the product; b and φ in one pass. Backward, with g = ∂L/∂h:
//! ```text
//! d = g ⊙ φ′(a)        ∂L/∂W = dᵀ x        ∂L/∂b = Σ_rows d        ∂L/∂x = d W
//! ```

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use super::operation::{Operation, Recorded, record};
use super::product::Matrix;
use super::{Activation, Primitive, contiguous, dispatch_simd, shape, tensor, values};

/// φ(x Wᵀ + b): `x` batch × inputs, `weight` outputs × inputs, `bias` outputs; result batch ×
/// outputs.
///
/// With `transposed`, φ(x W + b): `weight` is inputs × outputs.
pub fn affine(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    activation: Activation,
    transposed: bool,
) -> Tensor<2> {
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::affine(x, weight, bias, activation, transposed))
}

#[backend_extension(Flex, Autodiff)]
trait AffineKernel: Backend {
    fn affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
        transposed: bool,
    ) -> FloatTensor<Self>;
}

impl AffineKernel for Flex {
    fn affine(
        x: Primitive,
        weight: Primitive,
        bias: Primitive,
        activation: Activation,
        transposed: bool,
    ) -> Primitive {
        Affine::value([x, weight, bias], Layer { activation, transposed })
    }
}

impl<C: CheckpointStrategy> AffineKernel for Autodiff<Flex, C> {
    fn affine(
        x: Recorded<C>,
        weight: Recorded<C>,
        bias: Recorded<C>,
        activation: Activation,
        transposed: bool,
    ) -> Recorded<C> {
        record::<Affine, C, 3>([x, weight, bias], Layer { activation, transposed })
    }
}

/// The settings of the layer.
struct Layer {
    activation: Activation,
    transposed: bool,
}

/// The operation on (x, W, b).
#[derive(Debug)]
struct Affine;

/// The state of the backward pass.
#[derive(Debug, Clone)]
struct State {
    x: Primitive,
    weight: Primitive,
    /// φ′(a), unless it is 1 everywhere.
    slope: Option<Primitive>,
    transposed: bool,
}

impl Operation<3> for Affine {
    type Settings = Layer;
    type State = State;

    fn value([x, weight, bias]: [Primitive; 3], layer: Layer) -> Primitive {
        let (mut a, shape) = product(&x, &weight, layer.transposed);
        layer.activation.apply(&mut a, &values(&bias));
        tensor(a, shape)
    }

    fn value_and_state([x, weight, bias]: [Primitive; 3], layer: Layer) -> (Primitive, State) {
        let (mut a, shape) = product(&x, &weight, layer.transposed);
        let slope =
            layer.activation.apply_with_slope(&mut a, &values(&bias)).map(|slope| tensor(slope, shape));
        (tensor(a, shape), State { x, weight, slope, transposed: layer.transposed })
    }

    fn gradients(state: State, gradient: Primitive, wanted: [bool; 3]) -> [Option<Primitive>; 3] {
        let (x, weight) = (values(&state.x), values(&state.weight));
        let outputs = shape(&gradient)[1];
        let mut d = contiguous(gradient);
        let bias = scale_and_sum(d.storage_mut(), state.slope.as_ref(), outputs);
        let d = Matrix::new(d.storage(), shape(&d));
        let (x, weight) = (Matrix::new(&x, shape(&state.x)), Matrix::new(&weight, shape(&state.weight)));
        let of_weight = || match state.transposed {
            true => x.transposed().times(d),
            false => d.transposed().times(x),
        };
        let of_x = || d.times(if state.transposed { weight.transposed() } else { weight });
        [
            wanted[0].then(|| tensor(of_x(), shape(&state.x))),
            wanted[1].then(|| tensor(of_weight(), shape(&state.weight))),
            wanted[2].then(|| tensor(bias, [outputs])),
        ]
    }
}

/// x Wᵀ, row-major, and its shape.
fn product(x: &Primitive, weight: &Primitive, transposed: bool) -> (Vec<f32>, [usize; 2]) {
    let (x_values, weight_values) = (values(x), values(weight));
    let weight = Matrix::new(&weight_values, shape(weight));
    let used = if transposed { weight } else { weight.transposed() };
    let x = Matrix::new(&x_values, shape(x));
    (x.times(used), [x.rows(), used.columns()])
}

/// d ← d ⊙ slope; returns the sum of its rows.
fn scale_and_sum(d: &mut [f32], slope: Option<&Primitive>, width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    if width == 0 {
        return sums;
    }
    match slope.map(values) {
        Some(slope) => dispatch_simd(
            #[inline(always)]
            || {
                for (row, slopes) in d.chunks_exact_mut(width).zip(slope.chunks_exact(width)) {
                    for ((sum, value), slope) in sums.iter_mut().zip(row).zip(slopes) {
                        *value *= slope;
                        *sum += *value;
                    }
                }
            },
        ),
        None => dispatch_simd(
            #[inline(always)]
            || {
                for row in d.chunks_exact(width) {
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            },
        ),
    }
    sums
}
