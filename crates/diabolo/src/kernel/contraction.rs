//! ‖J‖²_F of one layer, from its slopes s = φ′(a) and its weight.
//!
//! ```text
//! C_b = Σ_j s_bj² n_j,  n_j = ‖W_j‖²        ∂C_b/∂s_bj = 2 s_bj n_j        ∂C/∂W_j = 2 W_j Σ_b g_b s_bj²
//! ```

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{Kernels, Operation};
use super::{Primitive, fast, shape, sum_of_pairs, tensor, values};

/// Σ_j slope_j² ‖W_j‖² for each row. `slope`: batch × outputs; `weight`: outputs × inputs. Result: batch.
pub fn contraction(slope: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::contraction(slope.into_dispatch(), weight.into_dispatch()))
}

/// The operation on (s, W).
#[derive(Debug)]
pub(super) struct Contraction;

/// What the backward pass needs.
#[derive(Debug, Clone)]
pub(super) struct State {
    slope: Primitive,
    weight: Primitive,
    norms: Vec<f32>,
}

impl Operation<2> for Contraction {
    type Settings = ();
    type State = State;

    fn value(inputs: [Primitive; 2], (): ()) -> Primitive {
        Self::value_and_state(inputs, ()).0
    }

    fn value_and_state([slope, weight]: [Primitive; 2], (): ()) -> (Primitive, State) {
        let norms = squared_norms(&weight);
        let [rows, outputs] = shape(&slope);
        let slopes = values(&slope);
        let of_row = |row: &[f32]| {
            fast(
                #[inline(always)]
                || sum_of_pairs(row, &norms, |s, n| s * s * n),
            )
        };
        let sums: Vec<f32> = (0..rows).map(|b| of_row(&slopes[b * outputs..(b + 1) * outputs])).collect();
        drop(slopes);
        (tensor(sums, [rows]), State { slope, weight, norms })
    }

    fn gradients(state: State, gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let State { slope, weight, norms } = state;
        let (scales, outputs) = (values(&gradient), norms.len());
        let slopes = values(&slope);
        let of_weight = wanted[1].then(|| {
            let mut twice = vec![0.0; outputs];
            for (row, scale) in slopes.chunks_exact(outputs.max(1)).zip(scales.iter()) {
                fast(
                    #[inline(always)]
                    || twice.iter_mut().zip(row).for_each(|(sum, s)| *sum += 2.0 * scale * s * s),
                );
            }
            scaled_rows(&weight, &twice)
        });
        let of_slope = wanted[0].then(|| {
            let mut out = Vec::with_capacity(slopes.len());
            for (row, scale) in slopes.chunks_exact(outputs.max(1)).zip(scales.iter()) {
                fast(
                    #[inline(always)]
                    || out.extend(row.iter().zip(&norms).map(|(s, n)| 2.0 * scale * s * n)),
                );
            }
            tensor(out, shape(&slope))
        });
        [of_slope, of_weight]
    }
}

/// ‖W_j‖² of each row.
fn squared_norms(weight: &Primitive) -> Vec<f32> {
    let [outputs, inputs] = shape(weight);
    let weights = values(weight);
    let of_row = |row: &[f32]| {
        fast(
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
        fast(
            #[inline(always)]
            || out.extend(row.iter().map(|w| w * factor)),
        );
    }
    tensor(out, shape(matrix))
}
