//! Registration of kernels with Burn: called directly on the CPU, and recorded for autodiff.
//!
//! The file of a kernel has an [`Operation`] and a trait with `backend_extension`, through which
//! Burn finds it. Extensions do not accept optional tensors, so that masks need separate methods.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::Primitive;

/// An operation on N differentiable inputs, with its derivative.
pub(super) trait Operation<const N: usize>: Send + Debug + 'static {
    /// The other arguments of the operation.
    type Settings;
    /// The state of the backward pass.
    type State: Clone + Send + Debug + 'static;

    /// The result only.
    fn value(inputs: [Primitive; N], settings: Self::Settings) -> Primitive;

    /// The result, and the state for [`gradients`](Self::gradients).
    fn value_and_state(inputs: [Primitive; N], settings: Self::Settings) -> (Primitive, Self::State);

    /// ∂L/∂input for each `wanted` input, from `gradient` = ∂L/∂result.
    fn gradients(state: Self::State, gradient: Primitive, wanted: [bool; N]) -> [Option<Primitive>; N];
}

/// A tensor whose operations are recorded.
pub(super) type Recorded<C> = FloatTensor<Autodiff<Flex, C>>;

/// The operation's result, as a node of the graph.
pub(super) fn record<O: Operation<N>, C: CheckpointStrategy, const N: usize>(
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
