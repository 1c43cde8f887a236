//! Sums, differences, products and quotients; lengths of 1 are repeated, and the gradients of what
//! was repeated are summed.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::tensor::Tensor;
use crate::tensor::data::Data;
use crate::tensor::tape::record;

impl<const D: usize> Add for Tensor<D> {
    type Output = Self;

    /// g and g.
    fn add(self, other: Self) -> Self {
        let shapes = [self.data.shape(), other.data.shape()];
        let node = record([self.node, other.node], move |g, wanted| {
            let of = |k: usize, g: Data| wanted[k].then(|| g.sum_to(shapes[k]));
            [of(0, g.clone()), of(1, g)]
        });
        Tensor { data: self.data.add(other.data), node }
    }
}

impl<const D: usize> Sub for Tensor<D> {
    type Output = Self;

    /// g and −g.
    fn sub(self, other: Self) -> Self {
        let shapes = [self.data.shape(), other.data.shape()];
        let node = record([self.node, other.node], move |g, wanted| {
            let of_other = wanted[1].then(|| g.clone().sum_to(shapes[1]).neg());
            [wanted[0].then(|| g.sum_to(shapes[0])), of_other]
        });
        Tensor { data: self.data.sub(other.data), node }
    }
}

impl<const D: usize> Mul for Tensor<D> {
    type Output = Self;

    /// g b and g a.
    fn mul(self, other: Self) -> Self {
        if self.node.is_none() && other.node.is_none() {
            return Tensor { data: self.data.mul(other.data), node: None };
        }
        let (a, b) = (self.data.clone(), other.data.clone());
        let node = record([self.node, other.node], |g, wanted| {
            let shapes = [a.shape(), b.shape()];
            let of_b = wanted[1].then(|| g.clone().mul(a).sum_to(shapes[1]));
            [wanted[0].then(|| g.mul(b).sum_to(shapes[0])), of_b]
        });
        Tensor { data: self.data.mul(other.data), node }
    }
}

impl<const D: usize> Div for Tensor<D> {
    type Output = Self;

    /// g / b and −g a / b².
    fn div(self, other: Self) -> Self {
        if self.node.is_none() && other.node.is_none() {
            return Tensor { data: self.data.div(other.data), node: None };
        }
        let (a, b) = (self.data.clone(), other.data.clone());
        let node = record([self.node, other.node], |g, wanted| {
            let shapes = [a.shape(), b.shape()];
            let scaled = g.div(b.clone());
            let of_b = wanted[1].then(|| scaled.clone().mul(a).div(b).neg().sum_to(shapes[1]));
            [wanted[0].then(|| scaled.sum_to(shapes[0])), of_b]
        });
        Tensor { data: self.data.div(other.data), node }
    }
}

impl<const D: usize> Neg for Tensor<D> {
    type Output = Self;

    fn neg(self) -> Self {
        Tensor::neg(self)
    }
}

impl<const D: usize> Tensor<D> {
    /// −x: −g.
    #[allow(
        clippy::should_implement_trait,
        reason = "it is, but a method reads better at the end of a chain"
    )]
    pub fn neg(self) -> Self {
        self.linear(Data::neg, Data::neg)
    }
}

impl<const D: usize> Add<f64> for Tensor<D> {
    type Output = Self;

    /// g.
    fn add(self, number: f64) -> Self {
        self.linear(|x| x.add_scalar(number), |g| g)
    }
}

impl<const D: usize> Sub<f64> for Tensor<D> {
    type Output = Self;

    fn sub(self, number: f64) -> Self {
        self + -number
    }
}

impl<const D: usize> Mul<f64> for Tensor<D> {
    type Output = Self;

    /// g c.
    fn mul(self, number: f64) -> Self {
        self.linear(|x| x.mul_scalar(number), move |g| g.mul_scalar(number))
    }
}

impl<const D: usize> Div<f64> for Tensor<D> {
    type Output = Self;

    /// g / c.
    fn div(self, number: f64) -> Self {
        self.linear(|x| x.div_scalar(number), move |g| g.div_scalar(number))
    }
}
