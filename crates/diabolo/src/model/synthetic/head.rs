//! The network of one part: what was drawn before → the parameters of its distribution.

use super::PartShape;
use crate::module;
use crate::nn::{Activation, Layer, Linear};
use crate::random::Stream;
use crate::tensor::{Device, Tensor};

/// Two hidden layers, the second with a skip: h ← φ(W x + b), h ← h + φ(V h + c), then a linear
/// layer.
#[derive(Clone, Debug)]
pub struct Head {
    input: Linear,
    hidden: Linear,
    output: Linear,
}
module!(Head { input, hidden, output });

/// The output starts near its bias.
const START: f64 = 0.1;

impl Head {
    pub(super) fn new(
        inputs: usize,
        hidden: usize,
        shape: PartShape,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        // The first part sees nothing, which is a 0.
        let inputs = inputs.max(1);
        let (silu, none) = (Activation::Silu, Activation::Identity);
        let output = Linear::new(hidden, shape.outputs(), none, noise, device);
        let bias = device.tensor(vec![0.0; shape.outputs()], [shape.outputs()]);
        Head {
            input: Linear::new(inputs, hidden, silu, noise, device),
            hidden: Linear::new(hidden, hidden, silu, noise, device),
            output: Linear::from_parts(output.weight.val() * START, bias, none),
        }
    }

    pub(super) fn set_bias(&mut self, bias: Vec<f32>, device: &Device) {
        let width = bias.len();
        let weight = self.output.weight.val();
        self.output = Linear::from_parts(weight, device.tensor(bias, [width]), Activation::Identity);
    }

    /// Rows × inputs → rows × outputs.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let first = self.input.forward(x);
        let second = self.hidden.forward(first.clone());
        self.output.forward(first + second)
    }

    /// The width of what it sees.
    pub fn inputs(&self) -> usize {
        self.input.inputs()
    }
}
