//! Numbers in the memory of a graphics processor, computed by [Burn](https://burn.dev).
//!
//! Every tensor has four dimensions there, the first of which are 1. Only values are computed: the
//! graph is ours (`tape`).

use burn::tensor::{Int, Tensor, TensorData};

use super::shape::Shape;
use crate::kernel::Window;

/// Numbers and their shape.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    numbers: Tensor<4>,
    shape: Shape,
}

/// The four lengths of a shape.
fn lengths(shape: &Shape) -> [usize; 4] {
    let mut lengths = [1; 4];
    lengths[4 - shape.len()..].copy_from_slice(shape);
    lengths
}

/// Operations that have the same name.
macro_rules! same {
    ($($name:ident($($constant:ident),*) = |$x:ident| $result:expr;)*) => {
        impl Array { $(
            pub fn $name(self, $($constant: f64),*) -> Array {
                let $x = self.numbers;
                Array { numbers: $result, shape: self.shape }
            }
        )* }
    };
}

same! {
    neg() = |x| x.neg();
    exp() = |x| x.exp();
    exp_or_zero() = |x| x.exp();
    log() = |x| x.log();
    log1p() = |x| x.log1p();
    sqrt() = |x| x.sqrt();
    square() = |x| x.square();
    abs() = |x| x.abs();
    recip() = |x| x.recip();
    tanh() = |x| x.tanh();
    sigmoid() = |x| burn::tensor::activation::sigmoid(x);
    softplus() = |x| burn::tensor::activation::log_sigmoid(x.neg()).neg();
    erf() = |x| x.erf();
    round() = |x| x.round();
    sign() = |x| x.sign();
    add_scalar(c) = |x| x + c;
    mul_scalar(c) = |x| x * c;
    div_scalar(c) = |x| x / c;
    clamp_min(c) = |x| x.clamp_min(c);
    clamp_max(c) = |x| x.clamp_max(c);
    below(c) = |x| x.lower_elem(c).float();
    above(c) = |x| x.greater_elem(c).float();
}

impl Array {
    pub fn new(values: Vec<f32>, shape: Shape, device: &burn::tensor::Device) -> Self {
        Array { numbers: Tensor::from_data(TensorData::new(values, lengths(&shape)), device), shape }
    }

    pub fn device(&self) -> burn::tensor::Device {
        self.numbers.device()
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    pub fn to_f32(&self) -> Vec<f32> {
        self.numbers.to_data().iter::<f32>().collect()
    }

    pub fn full_like(&self, value: f64) -> Self {
        Array { numbers: self.numbers.full_like(value), shape: self.shape }
    }

    /// The dimension's number among four.
    fn dim(&self, dim: usize) -> usize {
        4 - self.shape.len() + dim
    }

    fn positions(&self, chosen: &[usize]) -> Tensor<1, Int> {
        let positions: Vec<i64> = chosen.iter().map(|&position| position as i64).collect();
        Tensor::from_data(TensorData::new(positions, [chosen.len()]), &self.device())
    }

    fn pair(self, other: Self, f: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<4>) -> Self {
        let shape = self.shape.broadcast(&other.shape);
        Array { numbers: f(self.numbers, other.numbers), shape }
    }

    pub fn add(self, other: Self) -> Self {
        self.pair(other, |a, b| a + b)
    }

    pub fn sub(self, other: Self) -> Self {
        self.pair(other, |a, b| a - b)
    }

    pub fn mul(self, other: Self) -> Self {
        self.pair(other, |a, b| a * b)
    }

    pub fn div(self, other: Self) -> Self {
        self.pair(other, |a, b| a / b)
    }

    pub fn where_mask(self, mask: &Self, other: &Self) -> Self {
        let mask = mask.numbers.clone().not_equal_elem(0.0);
        Array { numbers: self.numbers.mask_where(mask, other.numbers.clone()), shape: self.shape }
    }

    pub fn reshape(self, shape: Shape) -> Self {
        Array { numbers: self.numbers.reshape(lengths(&shape)), shape }
    }

    pub fn expand(self, shape: Shape) -> Self {
        Array { numbers: self.numbers.expand(lengths(&shape)), shape }
    }

    pub fn sum_dim(&self, dim: usize) -> Self {
        let numbers = self.numbers.clone().sum_dim(self.dim(dim));
        Array { numbers, shape: self.shape.with(dim, 1) }
    }

    pub fn sum_to(self, shape: Shape) -> Self {
        let dims: Vec<usize> = (0..shape.len()).filter(|&dim| self.shape[dim] != shape[dim]).collect();
        dims.into_iter().fold(self, |sum, dim| sum.sum_dim(dim))
    }

    pub fn max_dim(&self, dim: usize) -> Self {
        let numbers = self.numbers.clone().max_dim(self.dim(dim));
        Array { numbers, shape: self.shape.with(dim, 1) }
    }

    pub fn argmax(&self) -> Vec<usize> {
        let chosen = self.numbers.clone().argmax(3).into_data();
        chosen.iter::<i64>().map(|position| position as usize).collect()
    }

    pub fn cumsum(self) -> Self {
        Array { numbers: self.numbers.cumsum(3), shape: self.shape }
    }

    pub fn swap_dims(self, first: usize, second: usize) -> Self {
        let shape = self.shape.with(first, self.shape[second]).with(second, self.shape[first]);
        let (first, second) = (self.dim(first), self.dim(second));
        Array { numbers: self.numbers.swap_dims(first, second), shape }
    }

    pub fn narrow(&self, dim: usize, start: usize, length: usize) -> Self {
        let numbers = self.numbers.clone().narrow(self.dim(dim), start, length);
        Array { numbers, shape: self.shape.with(dim, length) }
    }

    pub fn embed(&self, dim: usize, start: usize, width: usize) -> Self {
        let shape = self.shape.with(dim, width);
        let mut ranges = lengths(&self.shape).map(|length| 0..length);
        ranges[self.dim(dim)] = start..start + self.shape[dim];
        let zeros = Tensor::zeros(lengths(&shape), &self.device());
        Array { numbers: zeros.slice_assign(ranges, self.numbers.clone()), shape }
    }

    pub fn cat(all: Vec<Self>, dim: usize) -> Self {
        let (shape, place) = (all[0].shape, all[0].dim(dim));
        let width = all.iter().map(|array| array.shape[dim]).sum();
        let numbers = Tensor::cat(all.into_iter().map(|array| array.numbers).collect(), place);
        Array { numbers, shape: shape.with(dim, width) }
    }

    pub fn select(&self, dim: usize, chosen: &[usize]) -> Self {
        let numbers = self.numbers.clone().select(self.dim(dim), self.positions(chosen));
        Array { numbers, shape: self.shape.with(dim, chosen.len()) }
    }

    pub fn add_at(&self, dim: usize, chosen: &[usize], width: usize) -> Self {
        let shape = self.shape.with(dim, width);
        let zeros = Tensor::zeros(lengths(&shape), &self.device());
        let numbers = zeros.select_assign(
            self.dim(dim),
            self.positions(chosen),
            self.numbers.clone(),
            burn::tensor::IndexingUpdateOp::Add,
        );
        Array { numbers, shape }
    }

    pub fn gather(&self, window: &Window) -> Self {
        let (rows, width) = (self.shape[0], window.image());
        let padded = self.embed(1, 0, width + 1);
        let patches = padded.select(1, &window.places());
        patches.reshape(Shape::new(&[rows * window.positions(), window.patch()]))
    }

    pub fn fold(&self, window: &Window, rows: usize) -> Self {
        let patches = self.clone().reshape(Shape::new(&[rows, window.positions() * window.patch()]));
        patches.add_at(1, &window.places(), window.image() + 1).narrow(1, 0, window.image())
    }

    pub fn matmul(&self, other: &Self, transposed: [bool; 2]) -> Self {
        let oriented = |array: &Self, transposed| {
            if transposed { array.numbers.clone().transpose() } else { array.numbers.clone() }
        };
        let numbers = oriented(self, transposed[0]).matmul(oriented(other, transposed[1]));
        let [.., rows, columns] = numbers.dims();
        let rank = self.shape.len();
        Array { numbers, shape: self.shape.with(rank - 2, rows).with(rank - 1, columns) }
    }
}
