//! The fully connected layer and the pull-back of a cotangent block through it.
//!
//! ```text
//! a = W x + b          W: outputs × inputs (row = output unit), b: outputs
//! h = φ(a)
//! ∂h/∂x = diag(φ′(a)) W
//! ```

use crate::tensor::Tensor;
use crate::tensor::{Module, Param};

use super::Activation;
use crate::kernel;
use crate::random::{RngExt, Stream};
use crate::tensor::Device;

/// One layer h = φ(W x + b).
#[derive(Module, Debug)]
pub struct Linear {
    /// outputs × inputs.
    pub weight: Param<Tensor<2>>,
    /// outputs.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

/// What a layer leaves behind for the pull-back: its output and the slope there.
pub struct LayerTrace {
    /// h = φ(a): batch × outputs.
    pub output: Tensor<2>,
    /// φ′(a): batch × outputs.
    pub derivative: Tensor<2>,
}

impl Linear {
    /// Glorot-uniform weights (He-uniform before half-linear activations) and zero biases.
    ///
    /// Glorot & Bengio (2010), eq. 16: U(±√(6/(inputs+outputs))); He et al. (2015): U(±√(6/inputs)).
    pub fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let fan = match activation {
            Activation::Relu | Activation::Silu | Activation::Gelu | Activation::Softplus => inputs,
            _ => inputs + outputs,
        };
        let limit = (6.0 / fan as f32).sqrt();
        let weight = (0..inputs * outputs).map(|_| noise.random_range(-limit..limit)).collect();
        Self::from_parts(
            device.tensor(weight, [outputs, inputs]),
            device.tensor(vec![0.0; outputs], [outputs]),
            activation,
        )
    }

    /// A layer of given weights (outputs × inputs) and biases (outputs).
    pub fn from_parts(weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Self {
        Linear { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias), activation }
    }

    /// The same weights before another activation.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The layer's activation.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.weight.dims()[1]
    }

    /// Number of output units.
    pub fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    /// h = φ(W x + b). `x`: batch × inputs; result: batch × outputs.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        affine(x, self.weight.val(), self.bias.val(), self.activation, false)
    }

    /// [`forward`](Self::forward), also keeping φ′(a) for [`vjp`](Self::vjp).
    pub fn trace(&self, x: Tensor<2>) -> LayerTrace {
        if self.activation.slope_is_of_output() {
            let output = self.forward(x);
            let derivative = self.activation.derivative_at(output.clone());
            return LayerTrace { output, derivative };
        }
        let a = affine(x, self.weight.val(), self.bias.val(), Activation::Identity, false);
        let output = self.activation.forward(a.clone());
        let derivative = self.activation.derivative(a, output.clone());
        LayerTrace { output, derivative }
    }

    /// Pulls a block of cotangents back from the output to the input: M ← (M ⊙ φ′(a)) W.
    ///
    /// `cotangents`: batch × k × outputs; `derivative`: batch × outputs; result: batch × k × inputs.
    pub fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let [batch, k, outputs] = cotangents.dims();
        let scaled = cotangents * derivative.unsqueeze_dim::<3>(1);
        // One large product instead of `batch` small ones.
        scaled.reshape([batch * k, outputs]).matmul(self.weight.val()).reshape([batch, k, self.inputs()])
    }

    /// Pushes a tangent forward from the input to the output: u ← φ′(a) ⊙ (W u).
    ///
    /// `tangent`: batch × inputs; `derivative`: batch × outputs; result: batch × outputs.
    pub fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        derivative * tangent.matmul(self.weight.val().transpose())
    }

    /// Pulls the identity block back: row j is φ′_j(a) W_j, the layer's own Jacobian.
    ///
    /// Result: batch × outputs × inputs.
    pub fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
        derivative.unsqueeze_dim::<3>(2) * self.weight.val().unsqueeze_dim::<3>(0)
    }
}

/// φ(x Wᵀ + b), or φ(x W + b) for a `transposed` weight: inputs × outputs.
pub(crate) fn affine(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    activation: Activation,
    transposed: bool,
) -> Tensor<2> {
    if kernel::is_supported(&x) {
        return kernel::affine(x, weight, bias, activation, transposed);
    }
    let weight = if transposed { weight } else { weight.transpose() };
    activation.forward(x.matmul(weight) + bias.unsqueeze_dim::<2>(0))
}

/// `x` through `layers`, first to last.
pub fn chain(layers: &[Linear], x: Tensor<2>) -> Tensor<2> {
    layers.iter().fold(x, |h, layer| layer.forward(h))
}
