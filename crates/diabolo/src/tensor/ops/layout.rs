//! Operations that move numbers: shapes, parts, repetitions.

use crate::tensor::Tensor;
use crate::tensor::data::Data;
use crate::tensor::shape::Shape;
use crate::tensor::tape::record_all;

impl<const D: usize> Tensor<D> {
    /// The same numbers, row-major, in another shape of the same size.
    pub fn reshape<const E: usize>(self, shape: [usize; E]) -> Tensor<E> {
        let before = self.data.shape();
        self.linear(|x| x.reshape(Shape::new(&shape)), move |g| g.reshape(before))
    }

    /// One dimension more, of length 1, before `dim`.
    pub fn unsqueeze_dim<const E: usize>(self, dim: usize) -> Tensor<E> {
        let dims = self.dims();
        self.reshape(std::array::from_fn(|i| match i.cmp(&dim) {
            std::cmp::Ordering::Less => dims[i],
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => dims[i - 1],
        }))
    }

    /// Without the dimension `dim`.
    ///
    /// # Panics
    /// If its length is not 1.
    pub fn squeeze_dim<const E: usize>(self, dim: usize) -> Tensor<E> {
        let dims = self.dims();
        self.reshape(std::array::from_fn(|i| dims[i + usize::from(i >= dim)]))
    }

    /// Exchanges two dimensions.
    pub fn swap_dims(self, first: usize, second: usize) -> Self {
        self.linear(move |x| x.swap_dims(first, second), move |g| g.swap_dims(first, second))
    }

    /// Exchanges the last two dimensions.
    pub fn transpose(self) -> Self {
        self.swap_dims(D - 2, D - 1)
    }

    /// Repeats dimensions of length 1 up to `shape`: the sum of g over the repetitions.
    pub fn expand(self, shape: [usize; D]) -> Self {
        let before = self.data.shape();
        self.linear(|x| x.expand(Shape::new(&shape)), move |g| g.sum_to(before))
    }

    /// `length` positions of a dimension, from `start`.
    pub fn narrow(self, dim: usize, start: usize, length: usize) -> Self {
        let width = self.data.shape()[dim];
        if (start, length) == (0, width) {
            return self;
        }
        self.linear(|x| x.narrow(dim, start, length), move |g| g.embed(dim, start, width))
    }

    /// Parts of `length` positions of a dimension; the last may be shorter.
    pub fn split(self, length: usize, dim: usize) -> Vec<Self> {
        let width = self.data.shape()[dim];
        let starts = (0..width).step_by(length);
        starts.map(|start| self.clone().narrow(dim, start, length.min(width - start))).collect()
    }

    /// Joins tensors along a dimension.
    ///
    /// # Panics
    /// Without tensors.
    pub fn cat(all: Vec<Self>, dim: usize) -> Self {
        let widths: Vec<usize> = all.iter().map(|tensor| tensor.data.shape()[dim]).collect();
        let (nodes, data): (Vec<_>, _) = all.into_iter().map(|tensor| (tensor.node, tensor.data)).unzip();
        let node = record_all(nodes, move |g| {
            let mut end = 0;
            let part = |&width: &usize| {
                end += width;
                g.narrow(dim, end - width, width)
            };
            widths.iter().map(part).collect()
        });
        Tensor { data: Data::cat(data, dim), node }
    }

    /// Repeats all positions of a dimension `times` times, one copy after the other.
    pub fn repeat_dim(self, dim: usize, times: usize) -> Self {
        Tensor::cat(vec![self; times], dim)
    }

    /// The positions of a dimension in reverse.
    pub fn flip(self, dim: usize) -> Self {
        let reverse: Vec<usize> = (0..self.data.shape()[dim]).rev().collect();
        let back = reverse.clone();
        self.linear(|x| x.select(dim, &reverse), move |g| g.select(dim, &back))
    }
}
