//! Functions of one number, element by element.

use crate::tensor::Tensor;
use crate::tensor::data::Data;

impl<const D: usize> Tensor<D> {
    /// e^x: g y.
    pub fn exp(self) -> Self {
        self.of_result(Data::exp, |y, g| g.mul(y))
    }

    /// e^x, and 0 where that is less than the square of the rounding: g y.
    ///
    /// For weights relative to the largest. Gradients through weights near 0 would be subnormal
    /// numbers, with which processors multiply a hundred times more slowly.
    pub fn exp_or_zero(self) -> Self {
        self.of_result(Data::exp_or_zero, |y, g| g.mul(y))
    }

    /// The natural logarithm: g / x.
    pub fn log(self) -> Self {
        self.of_input(Data::log, |x, g| g.div(x))
    }

    /// log(1 + x), without cancellation: g / (1 + x).
    pub fn log1p(self) -> Self {
        self.of_input(Data::log1p, |x, g| g.div(x.add_scalar(1.0)))
    }

    /// √x: g / 2y.
    pub fn sqrt(self) -> Self {
        self.of_result(Data::sqrt, |y, g| g.div(y).mul_scalar(0.5))
    }

    /// x²: 2 g x.
    pub fn square(self) -> Self {
        self.of_input(Data::square, |x, g| g.mul(x).mul_scalar(2.0))
    }

    /// |x|: g sign x.
    pub fn abs(self) -> Self {
        self.of_input(Data::abs, |x, g| g.mul(x.sign()))
    }

    /// 1/x: −g y².
    pub fn recip(self) -> Self {
        self.of_result(Data::recip, |y, g| g.mul(y.square()).neg())
    }

    /// tanh x: g (1 − y²).
    pub fn tanh(self) -> Self {
        self.of_result(Data::tanh, |y, g| g.mul(y.square().neg().add_scalar(1.0)))
    }

    /// The error function: g · 2/√π · e^−x².
    pub fn erf(self) -> Self {
        let slope = std::f64::consts::FRAC_2_SQRT_PI;
        self.of_input(Data::erf, move |x, g| g.mul(x.square().neg().exp()).mul_scalar(slope))
    }

    /// −1, 0 or 1, without gradient.
    pub fn sign(self) -> Self {
        self.constant(Data::sign)
    }

    /// The nearest whole number, ties to even, without gradient.
    pub fn round(self) -> Self {
        self.constant(Data::round)
    }

    /// max(x, c): g where x ≥ c, else 0.
    pub fn clamp_min(self, c: f64) -> Self {
        self.of_input(|x| x.clamp_min(c), move |x, g| g.mul(x.below(c).neg().add_scalar(1.0)))
    }

    /// min(x, c): g where x ≤ c, else 0.
    pub fn clamp_max(self, c: f64) -> Self {
        self.of_input(|x| x.clamp_max(c), move |x, g| g.mul(x.above(c).neg().add_scalar(1.0)))
    }

    /// Between `low` and `high`: g where x lies there, else 0.
    pub fn clamp(self, low: f64, high: f64) -> Self {
        self.clamp_min(low).clamp_max(high)
    }

    /// σ(x) = 1/(1 + e^−x): g y (1 − y).
    pub fn sigmoid(self) -> Self {
        self.of_result(Data::sigmoid, |y, g| g.mul(y.clone()).mul(y.neg().add_scalar(1.0)))
    }

    /// log(1 + e^x) = −log σ(−x), without overflow: g σ(x).
    pub fn softplus(self) -> Self {
        self.of_input(Data::softplus, |x, g| g.mul(x.sigmoid()))
    }
}
