//! What recurrent layers share: steps in, states out.

use super::Activation;
use super::linear::affine;
use crate::tensor::Tensor;

/// What a unit reads and returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// A sequence, returning the state after every step.
    Each,
    /// A sequence, returning the last state.
    Last,
    /// The same vector at every step, returning the state after every step.
    Repeated,
}

/// The layout of a layer of H units over the steps of a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recurrence {
    pub steps: usize,
    pub kind: Steps,
    /// Numbers of a step of the input.
    pub features: usize,
    /// H.
    pub width: usize,
    /// Numbers of a unit in a projection.
    pub gates: usize,
}

impl Recurrence {
    fn is_repeated(&self) -> bool {
        self.kind == Steps::Repeated
    }

    pub fn inputs(&self) -> usize {
        if self.is_repeated() { self.features } else { self.steps * self.features }
    }

    pub fn outputs(&self) -> usize {
        if self.kind == Steps::Last { self.width } else { self.steps * self.width }
    }

    pub fn multiplications(&self) -> usize {
        let projected = if self.is_repeated() { 1 } else { self.steps };
        self.gates * self.width * (projected * self.features + self.steps * self.width)
    }

    /// W x_t + b at every step: batch × (steps · gates · H). `weight`: gates · H × features.
    pub fn projections(&self, x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
        let (rows, gates) = (x.dims()[0], self.gates * self.width);
        let by_step = |rows: usize, x: Tensor<2>| {
            affine(x.reshape([rows, self.features]), weight, bias, Activation::Identity, false)
        };
        if !self.is_repeated() {
            return by_step(rows * self.steps, x).reshape([rows, self.steps * gates]);
        }
        let each = by_step(rows, x).unsqueeze_dim::<3>(1);
        each.expand([rows, self.steps, gates]).reshape([rows, self.steps * gates])
    }

    /// The states that are returned.
    pub fn returned(&self, states: Tensor<2>) -> Tensor<2> {
        match self.kind {
            Steps::Last => states.narrow(1, (self.steps - 1) * self.width, self.width),
            Steps::Each | Steps::Repeated => states,
        }
    }

    /// Number k of those that a step keeps, each batch × H, of `kept`: batch × (steps · N · H).
    pub fn kept<const N: usize>(&self, kept: &Tensor<2>, t: usize) -> [Tensor<2>; N] {
        std::array::from_fn(|k| kept.clone().narrow(1, (t * N + k) * self.width, self.width))
    }

    /// Vector-Jacobian product of the whole sequence, from the last step to the first. `back` has
    /// the step t and the cotangents of its state, batch × k × H, and gives those of the
    /// projections, batch × k × gates · H, and of the state before. `weight`: gates · H × features.
    pub fn pull(
        &self,
        cotangents: Tensor<3>,
        weight: Tensor<2>,
        mut back: impl FnMut(usize, Tensor<3>) -> (Tensor<3>, Tensor<3>),
    ) -> Tensor<3> {
        let [batch, k, _] = cotangents.dims();
        let zeros = vec![0.0; batch * k * self.width];
        let mut carried = cotangents.device().tensor(zeros, [batch, k, self.width]);
        let mut of_inputs = vec![];
        for t in (0..self.steps).rev() {
            carried = match self.kind {
                Steps::Last if t + 1 == self.steps => cotangents.clone(),
                Steps::Last => carried,
                _ => carried + cotangents.clone().narrow(2, t * self.width, self.width),
            };
            let (projections, before) = back(t, carried);
            of_inputs.push(product(projections, weight.clone()));
            carried = before;
        }
        if self.is_repeated() {
            return of_inputs.into_iter().reduce(|sum, more| sum + more).expect("at least one step");
        }
        of_inputs.reverse();
        Tensor::cat(of_inputs, 2)
    }
}

/// A block of k rows for each example times a matrix: batch × k × any → batch × k × columns.
pub(super) fn product(block: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let ([batch, k, width], [_, columns]) = (block.dims(), weight.dims());
    block.reshape([batch * k, width]).matmul(weight).reshape([batch, k, columns])
}

/// 1 − x.
pub(super) fn rest(x: Tensor<2>) -> Tensor<2> {
    x.neg() + 1.0
}
