//! How Burn calls the kernels: directly on the CPU, and recorded where a backward pass will follow.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use super::affine::{Affine, Layer};
use super::contraction::Contraction;
use super::gaussian::{Bound, Divergence, Draw};
use super::heteroscedastic::{Gaussian, Rows};
use super::likelihood::{Likelihood, Observation};
use super::{Cell, Primitive};
use crate::nn::Activation;

/// An operation on N differentiable inputs, with its derivative beside it.
pub(super) trait Operation<const N: usize>: Send + Debug + 'static {
    /// What else the operation depends on.
    type Settings;
    /// What the backward pass needs.
    type State: Clone + Send + Debug + 'static;

    /// The result alone.
    fn value(inputs: [Primitive; N], settings: Self::Settings) -> Primitive;

    /// The result, and what [`gradients`](Self::gradients) needs.
    fn value_and_state(inputs: [Primitive; N], settings: Self::Settings) -> (Primitive, Self::State);

    /// ∂L/∂input for each input that is `wanted`, from `gradient` = ∂L/∂result.
    fn gradients(state: Self::State, gradient: Primitive, wanted: [bool; N]) -> [Option<Primitive>; N];
}

/// The kernels as an extension of Burn's backends. Extensions take no optional tensors: a mask makes a method of its own.
#[backend_extension(Flex, Autodiff)]
pub(super) trait Kernels: Backend {
    fn affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
        transposed: bool,
    ) -> FloatTensor<Self>;

    fn likelihood(outputs: FloatTensor<Self>, x: FloatTensor<Self>, cell: Cell) -> FloatTensor<Self>;

    fn likelihood_observed(
        outputs: FloatTensor<Self>,
        x: FloatTensor<Self>,
        observed: FloatTensor<Self>,
        cell: Cell,
    ) -> FloatTensor<Self>;

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

    fn gaussian_draw(
        mean: FloatTensor<Self>,
        log_variance: FloatTensor<Self>,
        epsilon: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn gaussian_kl(mean: FloatTensor<Self>, log_variance: FloatTensor<Self>) -> FloatTensor<Self>;

    fn bound(raw: FloatTensor<Self>, low: f64, high: f64) -> FloatTensor<Self>;

    fn contraction(
        output: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl Kernels for Flex {
    fn affine(
        x: Primitive,
        weight: Primitive,
        bias: Primitive,
        activation: Activation,
        transposed: bool,
    ) -> Primitive {
        Affine::value([x, weight, bias], Layer { activation, transposed })
    }

    fn likelihood(outputs: Primitive, x: Primitive, cell: Cell) -> Primitive {
        Likelihood::value([outputs], Observation { x, observed: None, cell })
    }

    fn likelihood_observed(outputs: Primitive, x: Primitive, observed: Primitive, cell: Cell) -> Primitive {
        Likelihood::value([outputs], Observation { x, observed: Some(observed), cell })
    }

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

    fn gaussian_draw(mean: Primitive, log_variance: Primitive, epsilon: Primitive) -> Primitive {
        Draw::value([mean, log_variance], epsilon)
    }

    fn gaussian_kl(mean: Primitive, log_variance: Primitive) -> Primitive {
        Divergence::value([mean, log_variance], ())
    }

    fn bound(raw: Primitive, low: f64, high: f64) -> Primitive {
        Bound::value([raw], (low, high))
    }

    fn contraction(output: Primitive, weight: Primitive, activation: Activation) -> Primitive {
        Contraction::value([output, weight], activation)
    }
}

type Recorded<C> = FloatTensor<Autodiff<Flex, C>>;

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn affine(
        x: Recorded<C>,
        weight: Recorded<C>,
        bias: Recorded<C>,
        activation: Activation,
        transposed: bool,
    ) -> Recorded<C> {
        record::<Affine, C, 3>([x, weight, bias], Layer { activation, transposed })
    }

    fn likelihood(outputs: Recorded<C>, x: Recorded<C>, cell: Cell) -> Recorded<C> {
        let rows = Observation { x: x.into_primitive(), observed: None, cell };
        record::<Likelihood, C, 1>([outputs], rows)
    }

    fn likelihood_observed(
        outputs: Recorded<C>,
        x: Recorded<C>,
        observed: Recorded<C>,
        cell: Cell,
    ) -> Recorded<C> {
        let observed = Some(observed.into_primitive());
        record::<Likelihood, C, 1>([outputs], Observation { x: x.into_primitive(), observed, cell })
    }

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

    fn gaussian_draw(mean: Recorded<C>, log_variance: Recorded<C>, epsilon: Recorded<C>) -> Recorded<C> {
        record::<Draw, C, 2>([mean, log_variance], epsilon.into_primitive())
    }

    fn gaussian_kl(mean: Recorded<C>, log_variance: Recorded<C>) -> Recorded<C> {
        record::<Divergence, C, 2>([mean, log_variance], ())
    }

    fn bound(raw: Recorded<C>, low: f64, high: f64) -> Recorded<C> {
        record::<Bound, C, 1>([raw], (low, high))
    }

    fn contraction(output: Recorded<C>, weight: Recorded<C>, activation: Activation) -> Recorded<C> {
        record::<Contraction, C, 2>([output, weight], activation)
    }
}

/// The operation's result, as a node of the graph.
fn record<O: Operation<N>, C: CheckpointStrategy, const N: usize>(
    inputs: [Recorded<C>; N],
    settings: O::Settings,
) -> Recorded<C> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive());
    match Step::<O>(PhantomData).prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(node) => {
            let (value, state) = O::value_and_state(inputs, settings);
            node.finish(state, value)
        }
        OpsKind::UnTracked(node) => node.finish(O::value(inputs, settings)),
    }
}

/// The backward pass of an operation.
#[derive(Debug)]
struct Step<O>(PhantomData<O>);

impl<O: Operation<N>, const N: usize> Backward<Flex, N> for Step<O> {
    type State = O::State;

    fn backward(self, ops: Ops<O::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        for (parent, gradient) in ops.parents.into_iter().zip(O::gradients(ops.state, gradient, wanted)) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}
