//! Activation functions and their derivatives.
//!
//! `a` is the pre-activation, h = φ(a) the output. The contraction needs φ′ as a *forward*
//! tensor operation, so that a backward pass through it includes φ″.
//!
//! | φ | φ(a) | φ′(a) |
//! |---|---|---|
//! | sigmoid | 1/(1+e^−a) | h(1−h) |
//! | tanh | tanh a | 1−h² |
//! | softplus | log(1+e^a) | σ(a) |
//! | SiLU | a·σ(a) | σ(a)(1 + a(1−σ(a))) |
//! | GELU | a·Φ(a) | Φ(a) + a·N(a; 0, 1) |
//! | ReLU | max(a, 0) | 1 if a > 0 else 0 |
//! | identity | a | 1 |
//!
//! φ″ of ReLU is 0 almost everywhere: the gradient of a contraction through it ignores the
//! curvature. Prefer a smooth activation for contractive models.

use std::str::FromStr;

use crate::kernel::Activation;
use crate::tensor::{Tensor, activation, softplus};
use crate::{Error, Result};

impl Activation {
    /// h = φ(a), element by element.
    pub fn forward<const D: usize>(self, a: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Sigmoid => activation::sigmoid(a),
            Activation::Tanh => a.tanh(),
            Activation::Softplus => softplus(a),
            Activation::Silu => a.clone() * activation::sigmoid(a),
            Activation::Gelu => activation::gelu(a),
            Activation::Relu => activation::relu(a),
            Activation::Identity => a,
        }
    }

    /// φ′(a), element by element, from the pre-activation `a` and the output `h` = φ(a).
    pub fn derivative<const D: usize>(self, a: Tensor<D>, h: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Sigmoid => h.clone() * (h.neg() + 1.0),
            Activation::Tanh => h.square().neg() + 1.0,
            Activation::Softplus => activation::sigmoid(a),
            Activation::Silu => {
                // With h = a·s: s(1 + a(1 − s)) = s + h(1 − s).
                let s = activation::sigmoid(a);
                s.clone() + h * (s.neg() + 1.0)
            }
            Activation::Gelu => {
                let phi = ((a.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5;
                let density = (a.clone().square() * -0.5).exp() * (2.0 * std::f64::consts::PI).sqrt().recip();
                phi + a * density
            }
            Activation::Relu => a.sign().clamp_min(0.0),
            Activation::Identity => a.ones_like(),
        }
    }

    /// The variance of initial weights is 2 / fan: of ReLU-like activations 2 / inputs (He et al.
    /// 2015), of others 2 / (inputs + outputs) (Glorot & Bengio 2010).
    pub(super) fn fan(self, inputs: f32, outputs: f32) -> f32 {
        match self {
            Activation::Relu | Activation::Silu | Activation::Gelu | Activation::Softplus => inputs,
            _ => inputs + outputs,
        }
    }

    /// φ′(a) from the output h = φ(a) only.
    ///
    /// # Panics
    /// If the slope is not [a function of the output](Self::slope_is_of_output).
    pub(crate) fn derivative_at<const D: usize>(self, h: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Sigmoid | Activation::Tanh | Activation::Identity => self.derivative(h.clone(), h),
            Activation::Softplus => h.neg().exp().neg() + 1.0,
            _ => panic!("the slope of {self:?} needs its input"),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Parses a name such as `sigmoid`.
    fn from_str(text: &str) -> Result<Self> {
        Activation::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
            Error::invalid_value("activation", known.join(", "), format!("'{text}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn derivatives_match_central_differences() {
        let device = Device::cpu_f64();
        let points = vec![-6.0, -2.5, -0.7, -0.1, 0.2, 0.9, 3.0, 7.0];
        let step = 1e-5;
        for activation in Activation::ALL {
            let a = device.tensor(points.clone(), [points.len()]);
            let above = activation.forward(a.clone() + step);
            let below = activation.forward(a.clone() - step);
            let numeric = (above - below) / (2.0 * step);
            let h = activation.forward(a.clone());
            let error = (activation.derivative(a, h) - numeric).abs().max().into_scalar();
            assert!(error < 1e-8, "{activation:?}: {error}");
        }
    }

    #[test]
    fn softplus_and_its_derivative_do_not_overflow() {
        let device = Device::cpu();
        let a = device.tensor::<1>(vec![-100.0, 0.0, 100.0], [3]).require_grad();
        let h = Activation::Softplus.forward(a.clone());
        let gradient = a.grad(&h.clone().sum().backward()).unwrap();
        let gradient = crate::tensor::to_host(gradient);
        assert!(gradient[0] < 1e-30 && gradient[1..] == [0.5, 1.0], "{gradient:?}");
        let h = crate::tensor::to_host(h.detach());
        assert!(h[0] >= 0.0 && (h[1] - 2f32.ln()).abs() < 1e-6 && h[2] == 100.0, "{h:?}");
    }
}
