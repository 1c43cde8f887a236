//! −log N(x; μ, e^v), summed over a row, with gradients for μ and v = log σ².
//!
//! ```text
//! L_b = Σ_j o_bj ½ [(x_bj − μ_bj)² e^−v_bj + v_bj + log 2π]
//! ∂L_b/∂μ_bj = o_bj (μ_bj − x_bj) e^−v_bj        ∂L_b/∂v_bj = o_bj ½ [1 − (x_bj − μ_bj)² e^−v_bj]
//! ```
//! v is a matrix like μ, or one row for all rows, or one number; its gradient is summed
//! accordingly.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use super::math::exp;
use super::operation::{Operation, Recorded, record};
use super::{LANES, Primitive, dispatch_simd, scale_rows, shape, tensor, values};

/// −log N(x; μ, e^v) of each row, in nats, over the cells that are `observed`.
///
/// `mean`: (batch · K) × width, K rows for each row of `x` and `observed` (batch × width);
/// `log_variance`: the same, or 1 × width, or 1 × 1. Result: batch · K.
pub fn gaussian_negative_log_likelihood(
    mean: Tensor<2>,
    log_variance: Tensor<2>,
    x: Tensor<2>,
    observed: Option<Tensor<2>>,
) -> Tensor<1> {
    let [mean, log_variance, x] = [mean, log_variance, x].map(|t| t.into_dispatch());
    Tensor::from_dispatch(match observed {
        Some(observed) => Dispatch::gaussian_observed(mean, log_variance, x, observed.into_dispatch()),
        None => Dispatch::gaussian(mean, log_variance, x),
    })
}

#[backend_extension(Flex, Autodiff)]
trait HeteroscedasticKernel: Backend {
    fn gaussian(
        mean: FloatTensor<Self>,
        log_variance: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn gaussian_observed(
        mean: FloatTensor<Self>,
        log_variance: FloatTensor<Self>,
        x: FloatTensor<Self>,
        observed: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl HeteroscedasticKernel for Flex {
    fn gaussian(mean: Primitive, log_variance: Primitive, x: Primitive) -> Primitive {
        Gaussian::value([mean, log_variance], Rows { x, observed: None })
    }

    fn gaussian_observed(
        mean: Primitive,
        log_variance: Primitive,
        x: Primitive,
        observed: Primitive,
    ) -> Primitive {
        Gaussian::value([mean, log_variance], Rows { x, observed: Some(observed) })
    }
}

impl<C: CheckpointStrategy> HeteroscedasticKernel for Autodiff<Flex, C> {
    fn gaussian(mean: Recorded<C>, log_variance: Recorded<C>, x: Recorded<C>) -> Recorded<C> {
        record::<Gaussian, C, 2>([mean, log_variance], Rows { x: x.into_primitive(), observed: None })
    }

    fn gaussian_observed(
        mean: Recorded<C>,
        log_variance: Recorded<C>,
        x: Recorded<C>,
        observed: Recorded<C>,
    ) -> Recorded<C> {
        let observed = Some(observed.into_primitive());
        record::<Gaussian, C, 2>([mean, log_variance], Rows { x: x.into_primitive(), observed })
    }
}

/// The rows that are scored.
struct Rows {
    x: Primitive,
    observed: Option<Primitive>,
}

/// The operation on (μ, v).
#[derive(Debug)]
struct Gaussian;

/// The state of the backward pass.
#[derive(Debug, Clone)]
struct State {
    /// ∂L_b/∂μ_bj and ∂L_b/∂v_bj, row-major.
    slopes: [Vec<f32>; 2],
    /// Of μ.
    shape: [usize; 2],
    /// Of v.
    shared: [usize; 2],
}

impl Operation<2> for Gaussian {
    type Settings = Rows;
    type State = State;

    fn value(inputs: [Primitive; 2], rows: Rows) -> Primitive {
        Self::value_and_state(inputs, rows).0
    }

    fn value_and_state([mean, log_variance]: [Primitive; 2], rows: Rows) -> (Primitive, State) {
        let ([count, width], [examples, _]) = (shape(&mean), shape(&rows.x));
        let (means, x) = (values(&mean), values(&rows.x));
        let shared = shape(&log_variance);
        let spread = each_column(&log_variance, width);
        let observed = rows.observed.as_ref().map(values);
        let everything = vec![1.0; if observed.is_none() { width } else { 0 }];
        let mut slopes = [vec![0.0; count * width], vec![0.0; count * width]];
        let times = count / examples.max(1);
        let losses = (0..count).map(|k| {
            let (own, example) = (k * width..(k + 1) * width, k / times * width..(k / times + 1) * width);
            let v = if shared[0] == 1 { &spread[..width] } else { &spread[own.clone()] };
            let observed = observed.as_ref().map_or(&everything[..], |observed| &observed[example.clone()]);
            let [of_mean, of_v] = &mut slopes;
            row([&means[own.clone()], v, &x[example], observed], [&mut of_mean[own.clone()], &mut of_v[own]])
        });
        (tensor(losses.collect(), [count]), State { slopes, shape: [count, width], shared })
    }

    fn gradients(state: State, gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let State { slopes: [mut of_mean, mut of_v], shape, shared } = state;
        let scales = values(&gradient);
        scale_rows(&mut of_mean, shape[1], &scales);
        let of_v = wanted[1].then(|| {
            scale_rows(&mut of_v, shape[1], &scales);
            tensor(summed_to(of_v, shape, shared), shared)
        });
        [wanted[0].then(|| tensor(of_mean, shape)), of_v]
    }
}

/// v of every cell, or of one row if the rows share it.
fn each_column(log_variance: &Primitive, width: usize) -> Vec<f32> {
    let given = values(log_variance);
    match shape(log_variance) {
        [1, 1] => vec![given[0]; width],
        _ => given.into_owned(),
    }
}

/// The loss of one row from its (μ, v, x, o); its derivatives with respect to μ and v are written.
fn row([mean, v, x, observed]: [&[f32]; 4], [of_mean, of_v]: [&mut [f32]; 2]) -> f32 {
    const LOG_TWO_PI: f32 = 1.837_877_1;
    dispatch_simd(
        #[inline(always)]
        || {
            let cell = |mean: f32, v: f32, x: f32, o: f32| {
                // As in the tensor operations, so that squares stay finite.
                let away = (mean - x).clamp(-1e12, 1e12);
                let precision = exp(-v);
                let square = away * away * precision;
                (o * 0.5 * (square + v + LOG_TWO_PI), o * away * precision, o * 0.5 * (1.0 - square))
            };
            let (mean, mean_rest) = mean.as_chunks::<LANES>();
            let (v, v_rest) = v.as_chunks::<LANES>();
            let (x, x_rest) = x.as_chunks::<LANES>();
            let (o, o_rest) = observed.as_chunks::<LANES>();
            let (of_mean, of_mean_rest) = of_mean.as_chunks_mut::<LANES>();
            let (of_v, of_v_rest) = of_v.as_chunks_mut::<LANES>();
            let mut lanes = [0.0; LANES];
            for (((((mean, v), x), o), of_mean), of_v) in
                mean.iter().zip(v).zip(x).zip(o).zip(of_mean).zip(of_v)
            {
                for i in 0..LANES {
                    let (loss, mean_slope, v_slope) = cell(mean[i], v[i], x[i], o[i]);
                    lanes[i] += loss;
                    of_mean[i] = mean_slope;
                    of_v[i] = v_slope;
                }
            }
            for i in 0..mean_rest.len() {
                let (loss, mean_slope, v_slope) = cell(mean_rest[i], v_rest[i], x_rest[i], o_rest[i]);
                lanes[i] += loss;
                of_mean_rest[i] = mean_slope;
                of_v_rest[i] = v_slope;
            }
            lanes.iter().sum()
        },
    )
}

/// Sums a matrix over the dimensions along which the variance is shared.
fn summed_to(cells: Vec<f32>, [rows, width]: [usize; 2], shared: [usize; 2]) -> Vec<f32> {
    if shared == [rows, width] {
        return cells;
    }
    let mut sums = vec![0.0; width];
    for row in cells.chunks_exact(width.max(1)) {
        dispatch_simd(
            #[inline(always)]
            || sums.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell),
        );
    }
    if shared[1] == 1 { vec![sums.iter().sum()] } else { sums }
}
