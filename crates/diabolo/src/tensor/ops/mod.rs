//! The operations on tensors, each with its gradient beside it.
//!
//! Notation: y is the result, g = ∂L/∂y; the comment of an operation gives ∂L/∂x.

mod arithmetic;
mod functions;
mod index;
mod layout;
mod mask;
mod product;
mod reduce;

pub use index::Indices;
pub use mask::Mask;

use std::sync::Arc;

use super::Tensor;
use super::data::Data;
use super::tape::{Node, record};

/// The node of the gradient of an operation with one input.
fn node(
    parent: Option<Arc<Node>>,
    gradient: impl FnOnce(Data) -> Data + Send + 'static,
) -> Option<Arc<Node>> {
    record([parent], |g, _| [Some(gradient(g))])
}

impl<const D: usize> Tensor<D> {
    /// An operation whose gradient needs neither x nor y.
    fn linear<const E: usize>(
        self,
        value: impl FnOnce(Data) -> Data,
        gradient: impl FnOnce(Data) -> Data + Send + 'static,
    ) -> Tensor<E> {
        Tensor { data: value(self.data), node: node(self.node, gradient) }
    }

    /// An operation with `gradient(x, g)`.
    fn of_input<const E: usize>(
        self,
        value: impl FnOnce(Data) -> Data,
        gradient: impl FnOnce(Data, Data) -> Data + Send + 'static,
    ) -> Tensor<E> {
        match self.node {
            None => Tensor { data: value(self.data), node: None },
            parent => {
                let (x, data) = (self.data.clone(), value(self.data));
                Tensor { data, node: node(parent, |g| gradient(x, g)) }
            }
        }
    }

    /// An operation with `gradient(y, g)`.
    fn of_result<const E: usize>(
        self,
        value: impl FnOnce(Data) -> Data,
        gradient: impl FnOnce(Data, Data) -> Data + Send + 'static,
    ) -> Tensor<E> {
        let data = value(self.data);
        let y = self.node.is_some().then(|| data.clone());
        let node = y.and_then(|y| node(self.node, |g| gradient(y, g)));
        Tensor { data, node }
    }

    /// An operation without gradient.
    fn constant<const E: usize>(self, value: impl FnOnce(Data) -> Data) -> Tensor<E> {
        Tensor { data: value(self.data), node: None }
    }
}

#[cfg(test)]
mod tests;
