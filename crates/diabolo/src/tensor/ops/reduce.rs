//! Sums, means and largest numbers.

use crate::tensor::Tensor;
use crate::tensor::shape::Shape;

impl<const D: usize> Tensor<D> {
    /// The sum over a dimension, which is kept with length 1.
    pub fn sum_dim(self, dim: usize) -> Self {
        let shape = self.data.shape();
        self.linear(|x| x.sum_dim(dim), move |g| g.expand(shape))
    }

    /// The mean over a dimension, which is kept with length 1.
    pub fn mean_dim(self, dim: usize) -> Self {
        let length = self.data.shape()[dim];
        self.sum_dim(dim) / length as f64
    }

    /// The variance over a dimension, which is kept with length 1, with the divisor n.
    pub fn variance_dim(self, dim: usize) -> Self {
        let mean = self.clone().mean_dim(dim);
        (self - mean).square().mean_dim(dim)
    }

    /// The sum of all numbers.
    pub fn sum(self) -> Tensor<1> {
        let size = self.data.shape().size();
        self.reshape([size]).sum_dim(0)
    }

    /// The mean of all numbers.
    pub fn mean(self) -> Tensor<1> {
        let size = self.data.shape().size();
        self.sum() / size as f64
    }

    /// The largest number along a dimension, which is kept with length 1, without gradient; NaN if
    /// one is NaN.
    pub fn max_dim(self, dim: usize) -> Self {
        self.constant(|x| x.max_dim(dim))
    }

    /// The largest of all numbers, without gradient.
    pub fn max(self) -> Tensor<1> {
        let size = self.data.shape().size();
        self.constant(|x| x.reshape(Shape::new(&[size])).max_dim(0))
    }
}
