//! Numbers in another order, perhaps without the last ones.

use crate::module;

use super::{Activation, Layer, LayerTrace};
use crate::tensor::Tensor;

/// h_i = x_{order_i}, without weights: from columns one after the other to the steps of a window.
#[derive(Clone, Debug)]
pub struct Permutation {
    order: Vec<usize>,
    inverse: Vec<usize>,
    /// Numbers behind these, which are left out.
    ignored: usize,
}
module!(Permutation {});

impl Permutation {
    /// # Panics
    /// If a position of 0 … `order.len()` − 1 is missing.
    pub fn new(order: Vec<usize>) -> Self {
        let mut inverse = vec![usize::MAX; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        assert!(!inverse.contains(&usize::MAX), "a permutation has every position");
        Permutation { order, inverse, ignored: 0 }
    }

    /// The same order of rows with `ignored` numbers more, which are left out.
    pub fn ignoring(self, ignored: usize) -> Self {
        Permutation { ignored, ..self }
    }

    /// For every number of the result its position in a row.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The numbers of each row in this order.
    pub(super) fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        x.select(1, &self.order)
    }

    /// Back from this order.
    pub(super) fn undo(&self, h: Tensor<2>) -> Tensor<2> {
        h.select(1, &self.inverse)
    }
}

impl Layer for Permutation {
    fn inputs(&self) -> usize {
        self.order.len() + self.ignored
    }

    fn outputs(&self) -> usize {
        self.order.len()
    }

    fn activation(&self) -> Activation {
        Activation::Identity
    }

    fn multiplications(&self) -> usize {
        0
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.apply(x)
    }

    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        LayerTrace::of(Activation::Identity, |_| self.apply(x))
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let block = (cotangents * derivative.unsqueeze_dim::<3>(1)).select(2, &self.inverse);
        let [batch, k, _] = block.dims();
        if self.ignored == 0 {
            return block;
        }
        let zeros = block.device().tensor(vec![0.0; batch * k * self.ignored], [batch, k, self.ignored]);
        Tensor::cat(vec![block, zeros], 2)
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        derivative * self.apply(tangent)
    }

    fn squared_jacobian(&self, derivative: Tensor<2>) -> Tensor<1> {
        derivative.square().sum_dim(1).squeeze_dim::<1>(1)
    }
}
