//! The gated recurrent unit over the steps of a sequence, and products with its Jacobian.
//!
//! ```text
//! r = σ(W_r x_t + b_r + U_r h)                 z = σ(W_z x_t + b_z + U_z h)
//! q = U_n h + c                                n = tanh(W_n x_t + b_n + r ⊙ q)
//! h ← (1 − z) ⊙ n + z ⊙ h                      h = 0 at first
//! ```
//! Cho et al. 2014, eqs. 5–8, with the reset gate after the product, as in cuDNN, PyTorch, and
//! Keras' `reset_after`. A row is steps × features, step by step.
//!
//! A step has the Jacobians, D_i the diagonal matrices of its [trace](Layer::trace),
//! ```text
//! ∂h_t/∂x_t = D_r W_r + D_z W_z + D_n W_n
//! ∂h_t/∂h_{t−1} = D_r U_r + D_z U_z + D_q U_n + diag(z)
//! D_n = (1 − z)(1 − n²)    D_q = D_n r    D_r = D_n q r (1 − r)    D_z = (h_{t−1} − n) z (1 − z)
//! ```

use crate::module;

use super::linear::affine;
use super::{Activation, Layer, LayerTrace, scale_block};
use crate::random::{RngExt, Stream};
use crate::tensor::{Device, Param, Tensor, fused};

/// How often a step's numbers are kept, see the module: D_r, D_z, D_n, D_q, z.
const KEPT: usize = 5;

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

/// A gated recurrent unit.
#[derive(Clone, Debug)]
pub struct Gru {
    /// W: 3H × features; reset, update, candidate.
    pub weight: Param<2>,
    /// b: 3H.
    pub bias: Param<1>,
    /// U: 3H × H.
    pub recurrent_weight: Param<2>,
    /// c: H.
    pub recurrent_bias: Param<1>,
    steps: usize,
    kind: Steps,
}
module!(Gru { weight, bias, recurrent_weight, recurrent_bias });

impl Gru {
    /// Uniform weights, of W as by Glorot & Bengio (2010), of U with variance 1/H, that of an
    /// orthogonal matrix; zero biases.
    pub fn new(
        features: usize,
        width: usize,
        steps: usize,
        kind: Steps,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut uniform = |columns: usize, limit: f32| {
            let values = (0..3 * width * columns).map(|_| noise.random_range(-limit..limit)).collect();
            device.tensor::<2>(values, [3 * width, columns])
        };
        let weight = uniform(features, (6.0 / (features + width) as f32).sqrt());
        let recurrent = uniform(width, (3.0 / width as f32).sqrt());
        let zeros = |count: usize| device.tensor(vec![0.0; count], [count]);
        Self::from_parts(weight, zeros(3 * width), recurrent, zeros(width), steps, kind)
    }

    /// A unit with given weights and biases.
    pub fn from_parts(
        weight: Tensor<2>,
        bias: Tensor<1>,
        recurrent_weight: Tensor<2>,
        recurrent_bias: Tensor<1>,
        steps: usize,
        kind: Steps,
    ) -> Self {
        Gru {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(bias),
            recurrent_weight: Param::from_tensor(recurrent_weight),
            recurrent_bias: Param::from_tensor(recurrent_bias),
            steps,
            kind,
        }
    }

    /// The same unit with new random weights.
    pub fn fresh(&self, noise: &mut Stream, device: &Device) -> Self {
        Self::new(self.features(), self.width(), self.steps, self.kind, noise, device)
    }

    /// H.
    fn width(&self) -> usize {
        self.recurrent_bias.dims()[0]
    }

    /// Numbers of a step of the input.
    fn features(&self) -> usize {
        self.weight.dims()[1]
    }

    fn is_repeated(&self) -> bool {
        self.kind == Steps::Repeated
    }

    /// W x_t + b at every step: batch × (steps · 3H).
    fn projections(&self, x: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
        let (rows, gates) = (x.dims()[0], 3 * self.width());
        let by_step = |rows: usize, x: Tensor<2>| {
            affine(x.reshape([rows, self.features()]), self.weight.val(), bias, Activation::Identity, false)
        };
        if !self.is_repeated() {
            return by_step(rows * self.steps, x).reshape([rows, self.steps * gates]);
        }
        let each = by_step(rows, x).unsqueeze_dim::<3>(1);
        each.expand([rows, self.steps, gates]).reshape([rows, self.steps * gates])
    }

    /// h_1 … h_T, or h_T.
    fn states(&self, x: Tensor<2>) -> Tensor<2> {
        let projections = self.projections(x, self.bias.val());
        let states = match fused::is_supported(&projections) {
            true => fused::gru(projections, self.recurrent_weight.val(), self.recurrent_bias.val()),
            false => self.walk(projections).output,
        };
        self.returned(states)
    }

    /// The states that are returned.
    fn returned(&self, states: Tensor<2>) -> Tensor<2> {
        let width = self.width();
        match self.kind {
            Steps::Last => states.narrow(1, (self.steps - 1) * width, width),
            Steps::Each | Steps::Repeated => states,
        }
    }

    /// All states, and the numbers of every step: batch × (steps · 5H).
    fn walk(&self, projections: Tensor<2>) -> LayerTrace {
        let (rows, width) = (projections.dims()[0], self.width());
        let recurrent = self.recurrent_weight.val().transpose();
        let c = self.recurrent_bias.val().unsqueeze_dim::<2>(0);
        let mut h = projections.device().tensor(vec![0.0; rows * width], [rows, width]);
        let (mut states, mut kept) = (vec![], vec![]);
        for p in projections.split(3 * width, 1) {
            let u = h.clone().matmul(recurrent.clone());
            let part = |t: &Tensor<2>, k: usize| t.clone().narrow(1, k * width, width);
            let r = (part(&p, 0) + part(&u, 0)).sigmoid();
            let z = (part(&p, 1) + part(&u, 1)).sigmoid();
            let q = part(&u, 2) + c.clone();
            let n = (part(&p, 2) + r.clone() * q.clone()).tanh();
            let of_n = rest(z.clone()) * rest(n.clone().square());
            let of_r = of_n.clone() * q * r.clone() * rest(r.clone());
            let of_z = (h.clone() - n.clone()) * z.clone() * rest(z.clone());
            kept.extend([of_r, of_z, of_n.clone(), of_n * r, z.clone()]);
            h = rest(z.clone()) * n + z * h;
            states.push(h.clone());
        }
        LayerTrace { output: Tensor::cat(states, 1), derivative: Tensor::cat(kept, 1) }
    }

    /// The numbers of step t of a trace: D_r, D_z, D_n, D_q, z.
    fn of_step(&self, derivative: &Tensor<2>, t: usize) -> [Tensor<2>; KEPT] {
        let width = self.width();
        std::array::from_fn(|k| derivative.clone().narrow(1, (t * KEPT + k) * width, width))
    }
}

/// 1 − x.
fn rest(x: Tensor<2>) -> Tensor<2> {
    x.neg() + 1.0
}

impl Layer for Gru {
    fn inputs(&self) -> usize {
        if self.is_repeated() { self.features() } else { self.steps * self.features() }
    }

    fn outputs(&self) -> usize {
        if self.kind == Steps::Last { self.width() } else { self.steps * self.width() }
    }

    /// That of the candidate.
    fn activation(&self) -> Activation {
        Activation::Tanh
    }

    fn multiplications(&self) -> usize {
        let projected = if self.is_repeated() { 1 } else { self.steps };
        3 * self.width() * (projected * self.features() + self.steps * self.width())
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.states(x)
    }

    /// `derivative`: batch × (steps · 5H), see the module.
    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let LayerTrace { output, derivative } = self.walk(self.projections(x, self.bias.val()));
        LayerTrace { output: self.returned(output), derivative }
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let [batch, k, _] = cotangents.dims();
        let (width, rows) = (self.width(), batch * k);
        let zeros = || cotangents.device().tensor(vec![0.0; rows * width], [batch, k, width]);
        let product = |blocks: [Tensor<3>; 3], weight: Tensor<2>| {
            let columns = weight.dims()[1];
            let blocks = Tensor::cat(blocks.into(), 2).reshape([rows, 3 * width]);
            blocks.matmul(weight).reshape([batch, k, columns])
        };
        let mut carried = zeros();
        let mut of_inputs = vec![];
        for t in (0..self.steps).rev() {
            carried = match self.kind {
                Steps::Last if t + 1 == self.steps => cotangents.clone(),
                Steps::Last => carried,
                _ => carried + cotangents.clone().narrow(2, t * width, width),
            };
            let [r, z, n, q, kept] = self.of_step(&derivative, t);
            let scaled = |by: Tensor<2>| scale_block(carried.clone(), by);
            let (r, z) = (scaled(r), scaled(z));
            of_inputs.push(product([r.clone(), z.clone(), scaled(n)], self.weight.val()));
            if t > 0 {
                let through = product([r, z, scaled(q)], self.recurrent_weight.val());
                carried = scaled(kept) + through;
            }
        }
        if self.is_repeated() {
            return of_inputs.into_iter().reduce(|sum, more| sum + more).unwrap_or_else(zeros);
        }
        of_inputs.reverse();
        Tensor::cat(of_inputs, 2)
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        let (rows, width) = (tangent.dims()[0], self.width());
        let device = tangent.device();
        let along = self.projections(tangent, device.tensor(vec![0.0; 3 * width], [3 * width]));
        let recurrent = self.recurrent_weight.val().transpose();
        let mut h = device.tensor(vec![0.0; rows * width], [rows, width]);
        let mut states = vec![];
        for (t, p) in along.split(3 * width, 1).into_iter().enumerate() {
            let u = h.clone().matmul(recurrent.clone());
            let part = |t: &Tensor<2>, k: usize| t.clone().narrow(1, k * width, width);
            let [r, z, n, q, kept] = self.of_step(&derivative, t);
            h = r * (part(&p, 0) + part(&u, 0))
                + z * (part(&p, 1) + part(&u, 1))
                + n * part(&p, 2)
                + q * part(&u, 2)
                + kept * h;
            states.push(h.clone());
        }
        self.returned(Tensor::cat(states, 1))
    }

    fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
        let (batch, outputs) = (derivative.dims()[0], self.outputs());
        let mut unit = vec![0.0; outputs * outputs];
        unit.iter_mut().step_by(outputs + 1).for_each(|one| *one = 1.0);
        let unit = derivative.device().tensor::<3>(unit, [1, outputs, outputs]);
        self.vjp(unit.expand([batch, outputs, outputs]), derivative)
    }
}
