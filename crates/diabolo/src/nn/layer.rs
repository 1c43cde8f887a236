//! The interface of a layer, for the contraction, the walk and the diagnostics.

use super::Activation;
use crate::tensor::{Device, Tensor};

/// A layer h = φ(a(x)), a linear in its input (product, convolution, …), φ an element-wise
/// [`Activation`].
///
/// Its Jacobian is ∂h/∂x = diag(φ′(a)) A, A = ∂a/∂x. Rows are flat: batch × inputs, batch ×
/// outputs.
/// `derivative` below is φ′(a) as [`trace`](Self::trace) gives it: batch × outputs. A recurrent
/// layer, whose Jacobian is a sum of such products, keeps the derivatives of its steps there.
pub trait Layer: Send + Sync {
    /// Number of inputs.
    fn inputs(&self) -> usize;

    /// Number of outputs.
    fn outputs(&self) -> usize;

    /// φ.
    fn activation(&self) -> Activation;

    /// Multiplications of [`forward`](Self::forward) for a row.
    fn multiplications(&self) -> usize {
        self.inputs() * self.outputs()
    }

    /// h. `x`: batch × inputs; result: batch × outputs.
    fn forward(&self, x: Tensor<2>) -> Tensor<2>;

    /// [`forward`](Self::forward), also keeping φ′(a).
    fn trace(&self, x: Tensor<2>) -> LayerTrace;

    /// Vector-Jacobian product of a block of k cotangents per row: M ← (M ⊙ φ′(a)) A.
    ///
    /// `cotangents`: batch × k × outputs; result: batch × k × inputs.
    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3>;

    /// Jacobian-vector product: u ← φ′(a) ⊙ (A u).
    ///
    /// `tangent`: batch × inputs; result: batch × outputs.
    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2>;

    /// The Jacobian diag(φ′(a)) A: batch × outputs × inputs. By default the vector-Jacobian product
    /// of the unit vectors.
    fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
        let (batch, outputs) = (derivative.dims()[0], self.outputs());
        let unit = unit_matrix(outputs, &derivative.device()).unsqueeze_dim::<3>(0);
        self.vjp(unit.expand([batch, outputs, outputs]), derivative)
    }

    /// ‖diag(d) A‖²_F for each row, d = `derivative`. Result: batch. A layer with a closed form
    /// overrides it.
    fn squared_jacobian(&self, derivative: Tensor<2>) -> Tensor<1> {
        squared_norm(self.jacobian(derivative))
    }

    /// ‖∂h/∂x‖²_F for each row from the output h only. Result: batch.
    ///
    /// # Panics
    /// If φ′ is not [a function of the output](Activation::slope_is_of_output).
    fn squared_jacobian_at(&self, output: Tensor<2>) -> Tensor<1> {
        self.squared_jacobian(self.activation().derivative_at(output))
    }

    /// ‖B A‖²_F for each row, where B are cotangents of a (with φ′ included): batch × k × outputs.
    /// Result: batch. A layer with a cheaper formula overrides it.
    fn squared_product(&self, block: Tensor<3>) -> Tensor<1> {
        let ones = block.clone().narrow(1, 0, 1).squeeze_dim::<2>(1).ones_like();
        squared_norm(self.vjp(block, ones))
    }
}

/// 1 on the diagonal: width × width.
pub(super) fn unit_matrix(width: usize, device: &Device) -> Tensor<2> {
    let mut unit = vec![0.0; width * width];
    unit.iter_mut().step_by(width + 1).for_each(|one| *one = 1.0);
    device.tensor(unit, [width, width])
}

/// ‖M‖²_F of the matrix M of each row: batch × any × any. Result: batch.
fn squared_norm(matrices: Tensor<3>) -> Tensor<1> {
    let [batch, rows, columns] = matrices.dims();
    matrices.square().reshape([batch, rows * columns]).sum_dim(1).squeeze_dim::<1>(1)
}

/// The trace of a layer for vector-Jacobian products: its output and derivative.
pub struct LayerTrace {
    /// h = φ(a): batch × outputs.
    pub output: Tensor<2>,
    /// φ′(a): batch × outputs.
    pub derivative: Tensor<2>,
}

impl LayerTrace {
    /// The trace of a layer from its `output` with an activation: with `activation`, whose
    /// derivative follows from it if it can, else with none.
    pub(super) fn of(activation: Activation, output: impl FnOnce(Activation) -> Tensor<2>) -> Self {
        if activation.slope_is_of_output() {
            let output = output(activation);
            let derivative = activation.derivative_at(output.clone());
            return LayerTrace { output, derivative };
        }
        let a = output(Activation::Identity);
        let output = activation.forward(a.clone());
        let derivative = activation.derivative(a, output.clone());
        LayerTrace { output, derivative }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Linear;
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::to_host;

    /// A layer without closed forms.
    struct Bare(Linear);

    impl Layer for Bare {
        fn inputs(&self) -> usize {
            self.0.inputs()
        }
        fn outputs(&self) -> usize {
            self.0.outputs()
        }
        fn activation(&self) -> Activation {
            self.0.activation()
        }
        fn forward(&self, x: Tensor<2>) -> Tensor<2> {
            self.0.forward(x)
        }
        fn trace(&self, x: Tensor<2>) -> LayerTrace {
            self.0.trace(x)
        }
        fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
            self.0.vjp(cotangents, derivative)
        }
        fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
            self.0.jvp(tangent, derivative)
        }
        fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
            self.0.jacobian(derivative)
        }
    }

    fn assert_alike(found: Tensor<1>, expected: Tensor<1>) {
        for (found, expected) in to_host(found).into_iter().zip(to_host(expected)) {
            assert!((found - expected).abs() < 1e-6 * expected.max(1e-3), "{found} instead of {expected}");
        }
    }

    /// Many inputs (with the Gram matrix) and few (with the product).
    #[test]
    fn closed_forms_give_the_same_norms() {
        let device = Device::cpu_f64();
        let mut noise = stream(4, Purpose::Initialize, 0, 0);
        for (inputs, outputs) in [(40, 3), (3, 40)] {
            let layer = Linear::new(inputs, outputs, Activation::Tanh, &mut noise, &device);
            let bare = Bare(layer.clone());
            let mut draw = |rows: usize, width: usize| {
                device.tensor::<2>(standard_normal(&mut noise, rows * width), [rows, width])
            };
            let LayerTrace { output, derivative } = layer.trace(draw(2, inputs));
            assert_alike(bare.squared_jacobian_at(output.clone()), bare.squared_jacobian(derivative.clone()));
            assert_alike(layer.squared_jacobian_at(output), bare.squared_jacobian(derivative.clone()));
            assert_alike(layer.squared_jacobian(derivative.clone()), bare.squared_jacobian(derivative));
            let block = draw(2 * 5, outputs).reshape([2, 5, outputs]);
            assert_alike(layer.squared_product(block.clone()), bare.squared_product(block));
        }
    }
}
