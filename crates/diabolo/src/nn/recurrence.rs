//! What recurrent layers share: steps in, states out.

use super::Activation;
use super::linear::affine;
use crate::random::{RngExt, Stream};
use crate::tensor::{Device, Tensor};

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

/// The cotangents of a step.
pub(super) struct StepBack {
    /// Of the projection: batch × k × gates · H.
    pub projection: Tensor<3>,
    /// Of U h: the same.
    pub recurrent: Tensor<3>,
    /// Of the state before, what does not pass U: batch × k × H; `None` if all does.
    pub straight: Option<Tensor<3>>,
}

impl Recurrence {
    /// Initial W and U for this number of gates: uniform, W as by Glorot & Bengio (2010), U with
    /// variance 1/H, that of an orthogonal matrix.
    pub fn initial(
        gates: usize,
        features: usize,
        width: usize,
        noise: &mut Stream,
        device: &Device,
    ) -> [Tensor<2>; 2] {
        let mut uniform = |columns: usize, limit: f32| {
            let values = (0..gates * width * columns).map(|_| noise.random_range(-limit..limit)).collect();
            device.tensor::<2>(values, [gates * width, columns])
        };
        let weight = uniform(features, (6.0 / (features + width) as f32).sqrt());
        [weight, uniform(width, (3.0 / width as f32).sqrt())]
    }

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

    /// Number k of the gates of a step: batch × H.
    pub fn gate(&self, gates: &Tensor<2>, k: usize) -> Tensor<2> {
        gates.clone().narrow(1, k * self.width, self.width)
    }

    /// The states of all steps, from `step` with t, the projection, U h, and h, the state before.
    /// `projections`: batch × (steps · gates · H); result: batch × (steps · H).
    pub fn scan(
        &self,
        projections: Tensor<2>,
        recurrent_weight: Tensor<2>,
        mut step: impl FnMut(usize, Tensor<2>, Tensor<2>, Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        let recurrent = recurrent_weight.transpose();
        let mut h = self.zeros(&projections);
        let mut states = vec![];
        for (t, p) in projections.split(self.gates * self.width, 1).into_iter().enumerate() {
            let u = h.clone().matmul(recurrent.clone());
            h = step(t, p, u, h);
            states.push(h.clone());
        }
        Tensor::cat(states, 1)
    }

    /// A state of zeros for each row.
    pub fn zeros(&self, rows: &Tensor<2>) -> Tensor<2> {
        let count = rows.dims()[0];
        rows.device().tensor(vec![0.0; count * self.width], [count, self.width])
    }

    /// [`projections`](Self::projections) of a tangent, which has no bias.
    pub fn tangents(&self, tangent: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
        let width = self.gates * self.width;
        let none = tangent.device().tensor(vec![0.0; width], [width]);
        self.projections(tangent, weight, none)
    }

    /// Vector-Jacobian product of the whole sequence, from the last step to the first. `back` has
    /// the step t and the cotangents of its state, batch × k × H. `weight`: gates · H × features.
    pub fn pull(
        &self,
        cotangents: Tensor<3>,
        weight: Tensor<2>,
        recurrent_weight: Tensor<2>,
        mut back: impl FnMut(usize, Tensor<3>) -> StepBack,
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
            let StepBack { projection, recurrent, straight } = back(t, carried.clone());
            of_inputs.push(product(projection, weight.clone()));
            if t > 0 {
                let through = product(recurrent, recurrent_weight.clone());
                carried = match straight {
                    Some(straight) => straight + through,
                    None => through,
                };
            }
        }
        if self.is_repeated() {
            return of_inputs.into_iter().reduce(|sum, more| sum + more).expect("at least one step");
        }
        of_inputs.reverse();
        Tensor::cat(of_inputs, 2)
    }
}

/// A block of k rows for each example times a matrix: batch × k × any → batch × k × columns.
fn product(block: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let ([batch, k, width], [_, columns]) = (block.dims(), weight.dims());
    block.reshape([batch * k, width]).matmul(weight).reshape([batch, k, columns])
}

/// 1 − x.
pub(super) fn rest(x: Tensor<2>) -> Tensor<2> {
    x.neg() + 1.0
}
