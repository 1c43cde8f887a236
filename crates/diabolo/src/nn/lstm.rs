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

use super::recurrence::{Recurrence, Steps, product, rest};
use super::{Activation, Layer, LayerTrace, scale_block};
use crate::random::{RngExt, Stream};
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
    /// Uniform weights, of W as by Glorot & Bengio (2010), of U with variance 1/H; biases 1 of the
    /// forget gate, so that it is open at first (Jozefowicz et al. 2015), else 0.
    pub fn new(
        features: usize,
        width: usize,
        steps: usize,
        kind: Steps,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut uniform = |columns: usize, limit: f32| {
            let values = (0..4 * width * columns).map(|_| noise.random_range(-limit..limit)).collect();
            device.tensor::<2>(values, [4 * width, columns])
        };
        let weight = uniform(features, (6.0 / (features + width) as f32).sqrt());
        let recurrent = uniform(width, (3.0 / width as f32).sqrt());
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
    fn projections(&self, x: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
        self.layout().projections(x, self.weight.val(), bias)
    }

    /// All states, and the numbers of every step: batch × (steps · 6H).
    fn walk(&self, projections: Tensor<2>) -> LayerTrace {
        let (rows, width) = (projections.dims()[0], self.layout().width);
        let recurrent = self.recurrent_weight.val().transpose();
        let mut h = projections.device().tensor(vec![0.0; rows * width], [rows, width]);
        let mut m = h.clone();
        let (mut states, mut kept) = (vec![], vec![]);
        for p in projections.split(4 * width, 1) {
            let a = p + h.matmul(recurrent.clone());
            let part = |k: usize| a.clone().narrow(1, k * width, width);
            let (i, f, o) = (part(0).sigmoid(), part(1).sigmoid(), part(3).sigmoid());
            let g = part(2).tanh();
            let of_i = g.clone() * i.clone() * rest(i.clone());
            let of_f = m.clone() * f.clone() * rest(f.clone());
            let of_g = i.clone() * rest(g.clone().square());
            m = f.clone() * m + i * g;
            let s = m.clone().tanh();
            let of_o = s.clone() * o.clone() * rest(o.clone());
            kept.extend([of_i, of_f, of_g, of_o, o.clone() * rest(s.clone().square()), f]);
            h = o * s;
            states.push(h.clone());
        }
        LayerTrace { output: Tensor::cat(states, 1), derivative: Tensor::cat(kept, 1) }
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
        let projections = self.projections(x, self.bias.val());
        let states = match fused::is_supported(&projections) {
            true => fused::lstm(projections, self.recurrent_weight.val()),
            false => self.walk(projections).output,
        };
        self.layout().returned(states)
    }

    /// `derivative`: batch × (steps · 6H), see the module.
    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let LayerTrace { output, derivative } = self.walk(self.projections(x, self.bias.val()));
        LayerTrace { output: self.layout().returned(output), derivative }
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let layout = self.layout();
        // The cotangents of m by way of later steps.
        let mut memory: Option<Tensor<3>> = None;
        layout.pull(cotangents, self.weight.val(), |t, carried| {
            let [i, f, g, o, of_m, forget] = layout.kept::<KEPT>(&derivative, t);
            let own = scale_block(carried.clone(), of_m);
            let m = match memory.take() {
                Some(later) => own + later,
                None => own,
            };
            let scaled = |by: Tensor<2>| scale_block(m.clone(), by);
            let gates = vec![scaled(i), scaled(f), scaled(g), scale_block(carried, o)];
            memory = Some(scaled(forget));
            let gates = Tensor::cat(gates, 2);
            (gates.clone(), product(gates, self.recurrent_weight.val()))
        })
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        let layout = self.layout();
        let (rows, width) = (tangent.dims()[0], layout.width);
        let device = tangent.device();
        let along = self.projections(tangent, device.tensor(vec![0.0; 4 * width], [4 * width]));
        let recurrent = self.recurrent_weight.val().transpose();
        let mut h = device.tensor(vec![0.0; rows * width], [rows, width]);
        let mut m = h.clone();
        let mut states = vec![];
        for (t, p) in along.split(4 * width, 1).into_iter().enumerate() {
            let a = p + h.matmul(recurrent.clone());
            let part = |k: usize| a.clone().narrow(1, k * width, width);
            let [i, f, g, o, of_m, forget] = layout.kept::<KEPT>(&derivative, t);
            m = i * part(0) + f * part(1) + g * part(2) + forget * m;
            h = of_m * m.clone() + o * part(3);
            states.push(h.clone());
        }
        layout.returned(Tensor::cat(states, 1))
    }
}
