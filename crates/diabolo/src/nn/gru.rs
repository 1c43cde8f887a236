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

use super::recurrence::{Recurrence, StepBack, Steps, rest};
use super::{Activation, Layer, LayerTrace, scale_block};
use crate::random::Stream;
use crate::tensor::{Device, Param, Tensor, fused};

/// How often a step's numbers are kept, see the module: D_r, D_z, D_n, D_q, z.
const KEPT: usize = 5;

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
    /// Random weights and zero biases.
    pub fn new(
        features: usize,
        width: usize,
        steps: usize,
        kind: Steps,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let [weight, recurrent] = Recurrence::initial(3, features, width, noise, device);
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
        let Recurrence { features, width, .. } = self.layout();
        Self::new(features, width, self.steps, self.kind, noise, device)
    }

    fn layout(&self) -> Recurrence {
        let (width, features) = (self.recurrent_bias.dims()[0], self.weight.dims()[1]);
        Recurrence { steps: self.steps, kind: self.kind, features, width, gates: 3 }
    }

    /// W x_t + b at every step: batch × (steps · 3H).
    fn projections(&self, x: Tensor<2>) -> Tensor<2> {
        self.layout().projections(x, self.weight.val(), self.bias.val())
    }

    /// All states, and the numbers of every step: batch × (steps · 5H).
    fn walk(&self, projections: Tensor<2>) -> LayerTrace {
        let layout = self.layout();
        let c = self.recurrent_bias.val().unsqueeze_dim::<2>(0);
        let mut kept = vec![];
        let output = layout.scan(projections, self.recurrent_weight.val(), |_, p, u, h| {
            let r = (layout.gate(&p, 0) + layout.gate(&u, 0)).sigmoid();
            let z = (layout.gate(&p, 1) + layout.gate(&u, 1)).sigmoid();
            let q = layout.gate(&u, 2) + c.clone();
            let n = (layout.gate(&p, 2) + r.clone() * q.clone()).tanh();
            let of_n = rest(z.clone()) * rest(n.clone().square());
            let of_r = of_n.clone() * q * r.clone() * rest(r.clone());
            let of_z = (h.clone() - n.clone()) * z.clone() * rest(z.clone());
            kept.extend([of_r, of_z, of_n.clone(), of_n * r, z.clone()]);
            rest(z.clone()) * n + z * h
        });
        LayerTrace { output, derivative: Tensor::cat(kept, 1) }
    }
}

impl Layer for Gru {
    fn inputs(&self) -> usize {
        self.layout().inputs()
    }

    fn outputs(&self) -> usize {
        self.layout().outputs()
    }

    /// That of the candidate.
    fn activation(&self) -> Activation {
        Activation::Tanh
    }

    fn multiplications(&self) -> usize {
        self.layout().multiplications()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let projections = self.projections(x);
        let states = match fused::is_supported(&projections) {
            true => fused::gru(projections, self.recurrent_weight.val(), self.recurrent_bias.val()),
            false => self.walk(projections).output,
        };
        self.layout().returned(states)
    }

    /// `derivative`: batch × (steps · 5H), see the module.
    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let LayerTrace { output, derivative } = self.walk(self.projections(x));
        LayerTrace { output: self.layout().returned(output), derivative }
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let layout = self.layout();
        layout.pull(cotangents, self.weight.val(), self.recurrent_weight.val(), |t, carried| {
            let [r, z, n, q, kept] = layout.kept::<KEPT>(&derivative, t);
            let scaled = |by: Tensor<2>| scale_block(carried.clone(), by);
            let (r, z) = (scaled(r), scaled(z));
            StepBack {
                recurrent: Tensor::cat(vec![r.clone(), z.clone(), scaled(q)], 2),
                projection: Tensor::cat(vec![r, z, scaled(n)], 2),
                straight: Some(scaled(kept)),
            }
        })
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        let layout = self.layout();
        let along = layout.tangents(tangent, self.weight.val());
        let states = layout.scan(along, self.recurrent_weight.val(), |t, p, u, h| {
            let [r, z, n, q, kept] = layout.kept::<KEPT>(&derivative, t);
            r * (layout.gate(&p, 0) + layout.gate(&u, 0))
                + z * (layout.gate(&p, 1) + layout.gate(&u, 1))
                + n * layout.gate(&p, 2)
                + q * layout.gate(&u, 2)
                + kept * h
        });
        layout.returned(states)
    }
}
