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

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use super::math::exp;
use super::operation::{Operation, Recorded, record};
use super::{Activation, Primitive, dispatch_simd, shape, sum_of_pairs, tensor, values};

/// Σ_j s_j² ‖W_j‖² for each row. `output`: batch × outputs; `weight`: outputs × inputs. Result:
/// batch.
///
/// # Panics
/// If the activation's slope is not [a function of its output](Activation::slope_is_of_output).
pub fn contraction(output: Tensor<2>, weight: Tensor<2>, activation: Activation) -> Tensor<1> {
    assert!(activation.slope_is_of_output(), "the slope of {activation:?} needs its input");
    Tensor::from_dispatch(Dispatch::contraction(output.into_dispatch(), weight.into_dispatch(), activation))
}

#[backend_extension(Flex, Autodiff)]
trait ContractionKernel: Backend {
    fn contraction(
        output: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl ContractionKernel for Flex {
    fn contraction(output: Primitive, weight: Primitive, activation: Activation) -> Primitive {
        Contraction::value([output, weight], activation)
    }
}

impl<C: CheckpointStrategy> ContractionKernel for Autodiff<Flex, C> {
    fn contraction(output: Recorded<C>, weight: Recorded<C>, activation: Activation) -> Recorded<C> {
        record::<Contraction, C, 2>([output, weight], activation)
    }
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
    let mut out = Vec::with_capacity(numbers.len());
    dispatch_simd(
        #[inline(always)]
        || out.extend(numbers.iter().map(|number| f(*number))),
    );
    out
}

/// The operation on (h, W).
#[derive(Debug)]
struct Contraction;

/// The state of the backward pass.
#[derive(Debug, Clone)]
struct State {
    /// s² and 2 s n ∂s/∂h, row-major.
    squares: Vec<f32>,
    of_output: Primitive,
    weight: Primitive,
}

impl Operation<2> for Contraction {
    type Settings = Activation;
    type State = State;

    fn value(inputs: [Primitive; 2], activation: Activation) -> Primitive {
        Self::value_and_state(inputs, activation).0
    }

    fn value_and_state([output, weight]: [Primitive; 2], activation: Activation) -> (Primitive, State) {
        let (norms, [rows, outputs]) = (squared_norms(&weight), shape(&output));
        let squares = activation.map(&values(&output), |s, _| s * s);
        let mut of_output = activation.map(&values(&output), |s, change| 2.0 * s * change);
        let mut sums = Vec::with_capacity(rows);
        for b in 0..rows {
            let own = b * outputs..(b + 1) * outputs;
            dispatch_simd(
                #[inline(always)]
                || of_output[own.clone()].iter_mut().zip(&norms).for_each(|(slope, n)| *slope *= n),
            );
            sums.push(dispatch_simd(
                #[inline(always)]
                || sum_of_pairs(&squares[own], &norms, |square, n| square * n),
            ));
        }
        (tensor(sums, [rows]), State { squares, of_output: tensor(of_output, [rows, outputs]), weight })
    }

    fn gradients(state: State, gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let State { squares, mut of_output, weight } = state;
        let (scales, outputs) = (values(&gradient), shape(&weight)[0].max(1));
        let mut twice = vec![0.0; outputs];
        let rows =
            squares.chunks_exact(outputs).zip(of_output.storage_mut::<f32>().chunks_exact_mut(outputs));
        for ((squares, slopes), scale) in rows.zip(scales.iter()) {
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
        [wanted[0].then_some(of_output), wanted[1].then(|| scaled_rows(&weight, &twice))]
    }
}

/// ‖W_j‖² of each row.
fn squared_norms(weight: &Primitive) -> Vec<f32> {
    let [outputs, inputs] = shape(weight);
    let weights = values(weight);
    let of_row = |row: &[f32]| {
        dispatch_simd(
            #[inline(always)]
            || sum_of_pairs(row, row, |w, _| w * w),
        )
    };
    (0..outputs).map(|j| of_row(&weights[j * inputs..(j + 1) * inputs])).collect()
}

/// Row j of the matrix times factor j.
fn scaled_rows(matrix: &Primitive, factors: &[f32]) -> Primitive {
    let all = values(matrix);
    let mut out = Vec::with_capacity(all.len());
    for (row, factor) in all.chunks_exact(shape(matrix)[1].max(1)).zip(factors) {
        dispatch_simd(
            #[inline(always)]
            || out.extend(row.iter().map(|w| w * factor)),
        );
    }
    tensor(out, shape(matrix))
}
