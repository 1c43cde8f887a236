//! The diagonal Gaussian of a posterior, element by element.
//!
//! ```text
//! draw:    z = μ + σ ε,  σ = e^{v/2}              ∂z/∂μ = 1      ∂z/∂v = ½ σ ε
//! KL:      ½ (μ² + e^v − v − 1)                   ∂/∂μ = μ       ∂/∂v = ½ (e^v − 1)
//! bound:   lo + softplus(r − lo) − softplus(r − hi)              ∂/∂r = σ(r − lo) − σ(r − hi)
//! ```

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use super::math::{exp, sigmoid_softplus};
use super::operation::{Operation, Recorded, record};
use super::{Primitive, contiguous, dispatch_simd, values};

/// μ + e^{v/2} ε; all of the same shape.
pub fn gaussian_draw(mean: Tensor<2>, log_variance: Tensor<2>, epsilon: Tensor<2>) -> Tensor<2> {
    let (mean, log_variance) = (mean.into_dispatch(), log_variance.into_dispatch());
    Tensor::from_dispatch(Dispatch::gaussian_draw(mean, log_variance, epsilon.into_dispatch()))
}

/// KL(N(μ, e^v) ‖ N(0, 1)) of each element, in nats.
pub fn gaussian_kl(mean: Tensor<2>, log_variance: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::gaussian_kl(mean.into_dispatch(), log_variance.into_dispatch()))
}

/// Smooth clamping to `low` and `high`, the identity well inside.
pub fn bound<const D: usize>(raw: Tensor<D>, (low, high): (f64, f64)) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::bound(raw.into_dispatch(), low, high))
}

#[backend_extension(Flex, Autodiff)]
trait GaussianKernels: Backend {
    fn gaussian_draw(
        mean: FloatTensor<Self>,
        log_variance: FloatTensor<Self>,
        epsilon: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn gaussian_kl(mean: FloatTensor<Self>, log_variance: FloatTensor<Self>) -> FloatTensor<Self>;

    fn bound(raw: FloatTensor<Self>, low: f64, high: f64) -> FloatTensor<Self>;
}

impl GaussianKernels for Flex {
    fn gaussian_draw(mean: Primitive, log_variance: Primitive, epsilon: Primitive) -> Primitive {
        Draw::value([mean, log_variance], epsilon)
    }

    fn gaussian_kl(mean: Primitive, log_variance: Primitive) -> Primitive {
        Divergence::value([mean, log_variance], ())
    }

    fn bound(raw: Primitive, low: f64, high: f64) -> Primitive {
        Bound::value([raw], (low, high))
    }
}

impl<C: CheckpointStrategy> GaussianKernels for Autodiff<Flex, C> {
    fn gaussian_draw(mean: Recorded<C>, log_variance: Recorded<C>, epsilon: Recorded<C>) -> Recorded<C> {
        record::<Draw, C, 2>([mean, log_variance], epsilon.into_primitive())
    }

    fn gaussian_kl(mean: Recorded<C>, log_variance: Recorded<C>) -> Recorded<C> {
        record::<Divergence, C, 2>([mean, log_variance], ())
    }

    fn bound(raw: Recorded<C>, low: f64, high: f64) -> Recorded<C> {
        record::<Bound, C, 1>([raw], (low, high))
    }
}

/// z from (μ, v).
#[derive(Debug)]
struct Draw;

impl Operation<2> for Draw {
    /// ε.
    type Settings = Primitive;
    /// ½ σ ε.
    type State = Primitive;

    fn value(inputs: [Primitive; 2], epsilon: Primitive) -> Primitive {
        Self::value_and_state(inputs, epsilon).0
    }

    fn value_and_state([mean, log_variance]: [Primitive; 2], epsilon: Primitive) -> (Primitive, Primitive) {
        // Both results reuse the memory of inputs that are not shared.
        let (mut z, mut slope) = (contiguous(mean), contiguous(log_variance));
        let epsilon = values(&epsilon);
        let cells = z.storage_mut::<f32>().iter_mut().zip(slope.storage_mut::<f32>()).zip(epsilon.iter());
        dispatch_simd(
            #[inline(always)]
            || {
                cells.for_each(|((z, v), epsilon)| {
                    let noise = exp(0.5 * *v) * epsilon;
                    *z += noise;
                    *v = 0.5 * noise;
                })
            },
        );
        (z, slope)
    }

    fn gradients(slope: Primitive, gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let of_log_variance = wanted[1].then(|| times(slope, &gradient));
        [wanted[0].then_some(gradient), of_log_variance]
    }
}

/// The KL divergence from (μ, v).
#[derive(Debug)]
struct Divergence;

impl Operation<2> for Divergence {
    type Settings = ();
    /// Both derivatives.
    type State = [Primitive; 2];

    fn value(inputs: [Primitive; 2], (): ()) -> Primitive {
        Self::value_and_state(inputs, ()).0
    }

    fn value_and_state([mean, log_variance]: [Primitive; 2], (): ()) -> (Primitive, [Primitive; 2]) {
        let (mut kl, mut slope) = (contiguous(mean.clone()), contiguous(log_variance));
        let cells = kl.storage_mut::<f32>().iter_mut().zip(slope.storage_mut::<f32>());
        dispatch_simd(
            #[inline(always)]
            || {
                cells.for_each(|(mean, v)| {
                    let variance = exp(*v);
                    *mean = 0.5 * (*mean * *mean + variance - *v - 1.0);
                    *v = 0.5 * (variance - 1.0);
                })
            },
        );
        (kl, [mean, slope])
    }

    fn gradients(state: [Primitive; 2], gradient: Primitive, wanted: [bool; 2]) -> [Option<Primitive>; 2] {
        let [mean, slope] = state;
        [wanted[0].then(|| times(mean, &gradient)), wanted[1].then(|| times(slope, &gradient))]
    }
}

/// Smooth clamping.
#[derive(Debug)]
struct Bound;

impl Operation<1> for Bound {
    type Settings = (f64, f64);
    /// The derivative.
    type State = Primitive;

    fn value(inputs: [Primitive; 1], limits: (f64, f64)) -> Primitive {
        Self::value_and_state(inputs, limits).0
    }

    fn value_and_state([raw]: [Primitive; 1], (low, high): (f64, f64)) -> (Primitive, Primitive) {
        let (low, high) = (low as f32, high as f32);
        let (mut bounded, mut slope) = (contiguous(raw.clone()), contiguous(raw));
        let cells = bounded.storage_mut::<f32>().iter_mut().zip(slope.storage_mut::<f32>());
        dispatch_simd(
            #[inline(always)]
            || {
                cells.for_each(|(value, slope)| {
                    // Far above, the difference of two large numbers would lose precision.
                    let raw = if *value > high + 40.0 { high + 40.0 } else { *value };
                    let ((above_low, from_low), (above_high, from_high)) =
                        (sigmoid_softplus(raw - low), sigmoid_softplus(raw - high));
                    *value = from_low - from_high + low;
                    *slope = above_low - above_high;
                })
            },
        );
        (bounded, slope)
    }

    fn gradients(slope: Primitive, gradient: Primitive, _: [bool; 1]) -> [Option<Primitive>; 1] {
        [Some(times(slope, &gradient))]
    }
}

/// The product, element by element.
fn times(factor: Primitive, gradient: &Primitive) -> Primitive {
    let (mut product, gradient) = (contiguous(factor), values(gradient));
    let cells = product.storage_mut::<f32>().iter_mut().zip(gradient.iter());
    dispatch_simd(
        #[inline(always)]
        || cells.for_each(|(factor, gradient)| *factor *= gradient),
    );
    product
}
