//! The fully connected layer and products with its Jacobian.
//!
//! ```text
//! a = W x + b          W: outputs × inputs (row = output unit), b: outputs
//! h = φ(a)
//! ∂h/∂x = diag(φ′(a)) W
//! ```

use crate::module;

use super::{Activation, Layer, LayerTrace};
use crate::random::{RngExt, Stream};
use crate::tensor::{Device, Param, RowsOf, Tensor, fused};

/// One layer h = φ(W x + b).
#[derive(Clone, Debug)]
pub struct Linear {
    /// outputs × inputs.
    pub weight: Param<2>,
    /// outputs.
    pub bias: Param<1>,
    activation: Activation,
}
module!(Linear { weight, bias });

impl Linear {
    /// Glorot-uniform weights (He-uniform for ReLU-like activations) and zero biases.
    ///
    /// Glorot & Bengio (2010), eq. 16: U(±√(6/(inputs+outputs))); He et al. (2015):
    /// U(±√(6/inputs)).
    pub fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let limit = (6.0 / activation.fan(inputs as f32, outputs as f32)).sqrt();
        let weight = (0..inputs * outputs).map(|_| noise.random_range(-limit..limit)).collect();
        Self::from_parts(
            device.tensor(weight, [outputs, inputs]),
            device.tensor(vec![0.0; outputs], [outputs]),
            activation,
        )
    }

    /// A layer with given weights (outputs × inputs) and biases (outputs).
    pub fn from_parts(weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Self {
        Linear { weight: Param::from_tensor(weight), bias: Param::from_tensor(bias), activation }
    }

    /// The same layer with its weight kept inputs × outputs, for rows with categories: each adds
    /// the weights of one input. Files hold outputs × inputs.
    #[must_use]
    pub(crate) fn for_categories(self) -> Self {
        match self.weight.is_transposed() {
            true => self,
            false => Linear { weight: self.weight.transposed().with_rows_of(RowsOf::Columns), ..self },
        }
    }

    /// The same layer as the decoder's last one.
    #[must_use]
    pub(crate) fn into_output(self) -> Self {
        Linear {
            weight: self.weight.with_rows_of(RowsOf::Outputs),
            bias: self.bias.with_rows_of(RowsOf::Outputs),
            ..self
        }
    }

    /// φ(W x + b).
    pub(crate) fn affine(&self, x: Tensor<2>, activation: Activation) -> Tensor<2> {
        affine(x, self.weight.kept(), self.bias.val(), activation, self.weight.is_transposed())
    }

    /// φ(Wᵀ h + b).
    pub(super) fn tied(&self, h: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
        affine(h, self.weight.kept(), bias, activation, !self.weight.is_transposed())
    }

    /// The same weights with another activation.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }
}

impl Layer for Linear {
    fn inputs(&self) -> usize {
        self.weight.dims()[1]
    }

    fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.affine(x, self.activation)
    }

    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        LayerTrace::of(self.activation, |activation| self.affine(x, activation))
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let [batch, k, outputs] = cotangents.dims();
        let scaled = scale_block(cotangents, derivative);
        // One large product instead of `batch` small ones.
        scaled.reshape([batch * k, outputs]).matmul(self.weight.val()).reshape([batch, k, self.inputs()])
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        derivative * tangent.matmul(self.weight.val().transpose())
    }

    fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
        derivative.unsqueeze_dim::<3>(2) * self.weight.val().unsqueeze_dim::<3>(0)
    }

    /// Σ_j d_j² ‖W_j‖² for each row (Rifai et al. 2011, eq. 7).
    fn squared_jacobian(&self, derivative: Tensor<2>) -> Tensor<1> {
        let row_norms = self.weight.val().square().sum_dim(1).transpose();
        (derivative.square() * row_norms).sum_dim(1).squeeze_dim::<1>(1)
    }

    fn squared_jacobian_at(&self, output: Tensor<2>) -> Tensor<1> {
        if fused::is_supported(&output) {
            return fused::contraction(output, self.weight.val(), self.activation);
        }
        self.squared_jacobian(self.activation.derivative_at(output))
    }

    /// By B W, or by the Gram matrix W Wᵀ (outputs × outputs) if that is cheaper: ‖B W‖²_F = Σ (B W
    /// Wᵀ) ⊙ B.
    fn squared_product(&self, block: Tensor<3>) -> Tensor<1> {
        let [batch, directions, outputs] = block.dims();
        let (rows, inputs) = (batch * directions, self.inputs());
        let weight = self.weight.val();
        let by_gram = (rows + inputs) * outputs < rows * inputs;
        if by_gram && fused::is_supported(&weight) {
            return fused::gram_norm(block, weight);
        }
        let flat = block.reshape([rows, outputs]);
        let squares = if by_gram {
            let gram = weight.clone().matmul(weight.transpose());
            quadratic_form(flat, gram)
        } else {
            flat.matmul(weight).square()
        };
        let width = squares.dims()[1];
        squares.reshape([batch, directions * width]).sum_dim(1).squeeze_dim::<1>(1)
    }
}

/// M_b ⊙ s_b for each of the k cotangents of each row. `block`: batch × k × outputs; `slopes`:
/// batch × outputs.
pub(crate) fn scale_block(block: Tensor<3>, slopes: Tensor<2>) -> Tensor<3> {
    match fused::is_supported(&block) {
        true => fused::scale_block(block, slopes),
        false => block * slopes.unsqueeze_dim::<3>(1),
    }
}

/// (B G) ⊙ B for a symmetric G, with the same gradient and two large products instead of three.
///
/// Σ (B G) ⊙ B has the gradient 2 B G with respect to B, the product of the forward pass, which
/// differentiating (B G) ⊙ B would compute again. So B is constant in the product, and gets its
/// gradient from an additional term that is 0.
fn quadratic_form(b: Tensor<2>, g: Tensor<2>) -> Tensor<2> {
    let constant = b.clone().detach();
    let product = constant.clone().matmul(g);
    let gradient_of_b = product.clone().detach() * (b - constant.clone()) * 2.0;
    product * constant + gradient_of_b
}

/// φ(x Wᵀ + b), or φ(x W + b) for a `transposed` weight: inputs × outputs.
pub(super) fn affine(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    activation: Activation,
    transposed: bool,
) -> Tensor<2> {
    if fused::is_supported(&x) {
        return fused::affine(x, weight, bias, activation, transposed);
    }
    let weight = if transposed { weight } else { weight.transpose() };
    activation.forward(x.matmul(weight) + bias.unsqueeze_dim::<2>(0))
}
