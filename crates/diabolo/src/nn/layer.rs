//! What a layer can do, for whoever must not know which kind it is: the contraction, the walk, the diagnostics.

use super::Activation;
use crate::tensor::Tensor;

/// A layer h = φ(a(x)), a linear in its input (product, convolution, …), φ an element-wise [`Activation`].
///
/// Its Jacobian is ∂h/∂x = diag(φ′(a)) A, A = ∂a/∂x. Rows are flat: batch × inputs, batch × outputs.
/// `derivative` below is φ′(a) as [`trace`](Self::trace) gives it: batch × outputs.
pub trait Layer: Send + Sync {
    /// Width of a row that goes in.
    fn inputs(&self) -> usize;

    /// Width of a row that comes out.
    fn outputs(&self) -> usize;

    /// φ.
    fn activation(&self) -> Activation;

    /// h. `x`: batch × inputs; result: batch × outputs.
    fn forward(&self, x: Tensor<2>) -> Tensor<2>;

    /// [`forward`](Self::forward), also keeping φ′(a).
    fn trace(&self, x: Tensor<2>) -> LayerTrace;

    /// Vector-Jacobian product of a block of k cotangents a row: M ← (M ⊙ φ′(a)) A.
    ///
    /// `cotangents`: batch × k × outputs; result: batch × k × inputs.
    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3>;

    /// Jacobian-vector product: u ← φ′(a) ⊙ (A u).
    ///
    /// `tangent`: batch × inputs; result: batch × outputs.
    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2>;

    /// The Jacobian diag(φ′(a)) A itself: batch × outputs × inputs.
    fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3>;

    /// ‖diag(d) A‖²_F for each row, d = `derivative`. Result: batch. A layer with a closed form overrides it.
    fn squared_jacobian(&self, derivative: Tensor<2>) -> Tensor<1> {
        let [batch, _] = derivative.dims();
        let jacobian = self.jacobian(derivative);
        let numbers = jacobian.dims()[1] * jacobian.dims()[2];
        jacobian.square().reshape([batch, numbers]).sum_dim(1).squeeze_dim::<1>(1)
    }

    /// ‖∂h/∂x‖²_F for each row from the output h alone. Result: batch.
    ///
    /// # Panics
    /// If φ′ is not [a function of the output](Activation::slope_is_of_output).
    fn squared_jacobian_at(&self, output: Tensor<2>) -> Tensor<1> {
        self.squared_jacobian(self.activation().derivative_at(output))
    }

    /// ‖B A‖²_F for each row, B being cotangents of a (φ′ is in them already): batch × k × outputs. Result: batch.
    fn squared_product(&self, block: Tensor<3>) -> Tensor<1>;
}

/// What a layer leaves behind for the vector-Jacobian product: its output and the slope there.
pub struct LayerTrace {
    /// h = φ(a): batch × outputs.
    pub output: Tensor<2>,
    /// φ′(a): batch × outputs.
    pub derivative: Tensor<2>,
}
