//! Long short-term memory over the steps of a sequence, and products with its Jacobian.
//!
//! ```text
//! i = σ(W_i x_t + b_i + U_i h)     f = σ(W_f x_t + b_f + U_f h)     o = σ(W_o x_t + b_o + U_o h)
//! g = tanh(W_g x_t + b_g + U_g h)
//! m ← f ⊙ m + i ⊙ g                h ← o ⊙ tanh(m)                   m = h = 0 at first
//! ```
//! Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates in the order of
//! Keras: i, f, g, o. A row is steps × features, step by step.
//!
//! A step has the Jacobians, D the diagonal matrices of its [trace](Layer::trace),
//! ```text
//! ∂m_t = D_i ∂a_i + D_f ∂a_f + D_g ∂a_g + diag(f) ∂m_{t−1}      ∂a = W ∂x_t + U ∂h_{t−1}
//! ∂h_t = D_m ∂m_t + D_o ∂a_o
//! D_i = g i (1 − i)    D_f = m_{t−1} f (1 − f)    D_g = i (1 − g²)
//! D_o = tanh(m_t) o (1 − o)    D_m = o (1 − tanh² m_t)
//! ```

use crate::module;

use super::recurrence::{Recurrence, StepBack, Steps, rest};
use super::{Activation, Layer, LayerTrace, scale_block};
use crate::random::Stream;
use crate::tensor::{Device, Param, Tensor, fused};

/// How often a step's numbers are kept, see the module: D_i, D_f, D_g, D_o, D_m, f.
const KEPT: usize = 6;

/// A layer of units with long short-term memory.
#[derive(Clone, Debug)]
pub struct Lstm {
    /// W: 4H × features; input, forget, candidate, output.
    pub weight: Param<2>,
    /// b: 4H.
    pub bias: Param<1>,
    /// U: 4H × H.
    pub recurrent_weight: Param<2>,
    steps: usize,
    kind: Steps,
}
module!(Lstm { weight, bias, recurrent_weight });

impl Lstm {
    /// Random weights; biases 1 of the forget gate, so that it is open at first (Jozefowicz et al.
    /// 2015), else 0.
    pub fn new(
        features: usize,
        width: usize,
        steps: usize,
        kind: Steps,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let [weight, recurrent] = Recurrence::initial(4, features, width, noise, device);
        let bias = (0..4 * width).map(|k| if k / width == 1 { 1.0 } else { 0.0 }).collect();
        Self::from_parts(weight, device.tensor(bias, [4 * width]), recurrent, steps, kind)
    }

    /// A layer with given weights and biases.
    pub fn from_parts(
        weight: Tensor<2>,
        bias: Tensor<1>,
        recurrent_weight: Tensor<2>,
        steps: usize,
        kind: Steps,
    ) -> Self {
        let (weight, recurrent_weight) = (Param::from_tensor(weight), Param::from_tensor(recurrent_weight));
        Lstm { weight, bias: Param::from_tensor(bias), recurrent_weight, steps, kind }
    }

    /// The same layer with new random weights.
    pub fn fresh(&self, noise: &mut Stream, device: &Device) -> Self {
        let Recurrence { features, width, .. } = self.layout();
        Self::new(features, width, self.steps, self.kind, noise, device)
    }

    fn layout(&self) -> Recurrence {
        let (width, features) = (self.recurrent_weight.dims()[1], self.weight.dims()[1]);
        Recurrence { steps: self.steps, kind: self.kind, features, width, gates: 4 }
    }

    /// W x_t + b at every step: batch × (steps · 4H).
    fn projections(&self, x: Tensor<2>) -> Tensor<2> {
        self.layout().projections(x, self.weight.val(), self.bias.val())
    }

    /// All states, and the numbers of every step: batch × (steps · 6H).
    fn walk(&self, projections: Tensor<2>) -> LayerTrace {
        let layout = self.layout();
        let mut m = layout.zeros(&projections);
        let mut kept = vec![];
        let output = layout.scan(projections, self.recurrent_weight.val(), |_, p, u, _| {
            let a = p + u;
            let [i, f, o] = [0, 1, 3].map(|k| layout.gate(&a, k).sigmoid());
            let g = layout.gate(&a, 2).tanh();
            let of_i = g.clone() * i.clone() * rest(i.clone());
            let of_f = m.clone() * f.clone() * rest(f.clone());
            let of_g = i.clone() * rest(g.clone().square());
            m = f.clone() * m.clone() + i * g;
            let s = m.clone().tanh();
            let of_o = s.clone() * o.clone() * rest(o.clone());
            kept.extend([of_i, of_f, of_g, of_o, o.clone() * rest(s.clone().square()), f]);
            o * s
        });
        LayerTrace { output, derivative: Tensor::cat(kept, 1) }
    }
}

impl Layer for Lstm {
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
            true => fused::lstm(projections, self.recurrent_weight.val()),
            false => self.walk(projections).output,
        };
        self.layout().returned(states)
    }

    /// `derivative`: batch × (steps · 6H), see the module.
    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let LayerTrace { output, derivative } = self.walk(self.projections(x));
        LayerTrace { output: self.layout().returned(output), derivative }
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let layout = self.layout();
        // The cotangents of m by way of later steps.
        let mut memory: Option<Tensor<3>> = None;
        layout.pull(cotangents, self.weight.val(), self.recurrent_weight.val(), |t, carried| {
            let [i, f, g, o, of_m, forget] = layout.kept::<KEPT>(&derivative, t);
            let own = scale_block(carried.clone(), of_m);
            let m = match memory.take() {
                Some(later) => own + later,
                None => own,
            };
            let scaled = |by: Tensor<2>| scale_block(m.clone(), by);
            let gates = Tensor::cat(vec![scaled(i), scaled(f), scaled(g), scale_block(carried, o)], 2);
            memory = Some(scaled(forget));
            StepBack { projection: gates.clone(), recurrent: gates, straight: None }
        })
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        let layout = self.layout();
        let mut m = layout.zeros(&tangent);
        let along = layout.tangents(tangent, self.weight.val());
        let states = layout.scan(along, self.recurrent_weight.val(), |t, p, u, _| {
            let a = p + u;
            let [i, f, g, o, of_m, forget] = layout.kept::<KEPT>(&derivative, t);
            let gate = |k| layout.gate(&a, k);
            m = i * gate(0) + f * gate(1) + g * gate(2) + forget * m.clone();
            of_m * m.clone() + o * gate(3)
        });
        layout.returned(states)
    }
}
