//! Numbers of either type, with the operations on which all others are built. None of them is
//! differentiated here: see `ops`.

use super::Device;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use super::accelerator;
use super::array::Array;
use super::element::Element;
use super::shape::Shape;
use crate::data::rows::Rows;
use crate::kernel::{self, Window};

/// The type of the numbers of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// Single precision, for work.
    F32,
    /// Double precision, for checks.
    F64,
}

/// The numbers of a tensor.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    F32(Array<f32>),
    F64(Array<f64>),
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    Accelerator(accelerator::Array),
}

/// The same expression for each type of numbers.
macro_rules! each {
    ($data:expr, $array:ident => $body:expr) => {
        match $data {
            Data::F32($array) => $body,
            Data::F64($array) => $body,
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator($array) => $body,
        }
    };
    ($data:expr, $array:ident -> $body:expr) => {
        match $data {
            Data::F32($array) => Data::F32($body),
            Data::F64($array) => Data::F64($body),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator($array) => Data::Accelerator($body),
        }
    };
    ($first:expr, $second:expr, ($a:ident, $b:ident) -> $body:expr) => {
        match ($first, $second) {
            (Data::F32($a), Data::F32($b)) => Data::F32($body),
            (Data::F64($a), Data::F64($b)) => Data::F64($body),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            (Data::Accelerator($a), Data::Accelerator($b)) => Data::Accelerator($body),
            _ => panic!("tensors of two types of numbers"),
        }
    };
}

/// Operations on one number, given as `name(constants) = |x| result`.
macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident($($constant:ident),*) = |$x:ident| $result:expr;)*) => {
        impl Data { $(
            $(#[$doc])*
            pub fn $name(self, $($constant: f64),*) -> Data {
                match self {
                    Data::F32(array) => {
                        $(let $constant = $constant as f32;)*
                        Data::F32(array.map(#[inline(always)] |$x: f32| $result))
                    }
                    Data::F64(array) => Data::F64(array.map(#[inline(always)] |$x: f64| $result)),
                    #[cfg(any(feature = "cuda", feature = "wgpu"))]
                    Data::Accelerator(array) => Data::Accelerator(array.$name($($constant),*)),
                }
            }
        )* }
    };
}

/// Operations on two numbers, where lengths of 1 are repeated.
macro_rules! zips {
    ($($name:ident = |$a:ident, $b:ident| $result:expr;)*) => {
        impl Data { $(
            pub fn $name(self, other: Data) -> Data {
                match (self, other) {
                    (Data::F32(a), Data::F32(b)) => Data::F32(a.zip(b, #[inline(always)] |$a, $b| $result)),
                    (Data::F64(a), Data::F64(b)) => Data::F64(a.zip(b, #[inline(always)] |$a, $b| $result)),
                    #[cfg(any(feature = "cuda", feature = "wgpu"))]
                    (Data::Accelerator(a), Data::Accelerator(b)) => Data::Accelerator(a.$name(b)),
                    _ => panic!("tensors of two types of numbers"),
                }
            }
        )* }
    };
}

maps! {
    neg() = |x| -x;
    exp() = |x| Element::exp(x);
    exp_or_zero() = |x| Element::exp_or_zero(x);
    log() = |x| Element::ln(x);
    log1p() = |x| Element::ln_1p(x);
    sqrt() = |x| Element::sqrt(x);
    square() = |x| x * x;
    abs() = |x| Element::abs(x);
    recip() = |x| 1.0 / x;
    tanh() = |x| Element::tanh(x);
    sigmoid() = |x| Element::sigmoid(x);
    softplus() = |x| Element::softplus(x);
    erf() = |x| Element::erf(x);
    round() = |x| Element::round(x);
    /// −1, 0 or 1; NaN stays NaN.
    sign() = |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x * 0.0 };
    add_scalar(c) = |x| x + c;
    mul_scalar(c) = |x| x * c;
    div_scalar(c) = |x| x / c;
    /// NaN stays NaN.
    clamp_min(c) = |x| if x < c { c } else { x };
    /// NaN stays NaN.
    clamp_max(c) = |x| if x > c { c } else { x };
    /// 1 where x < c, else 0.
    below(c) = |x| if x < c { 1.0 } else { 0.0 };
    /// 1 where x > c, else 0.
    above(c) = |x| if x > c { 1.0 } else { 0.0 };
}

zips! {
    add = |a, b| a + b;
    sub = |a, b| a - b;
    mul = |a, b| a * b;
    div = |a, b| a / b;
}

impl Data {
    pub fn new<T: Element>(values: Vec<T>, shape: Shape, device: &Device) -> Data {
        #[cfg(any(feature = "cuda", feature = "wgpu"))]
        if let Some(device) = &device.accelerator {
            return Data::Accelerator(accelerator::Array::new(T::into_f32(values), shape, device));
        }
        match device.dtype {
            DType::F32 => Data::F32(Array::new(T::into_f32(values), shape)),
            DType::F64 => Data::F64(Array::new(T::into_f64(values), shape)),
        }
    }

    /// Rows that stay compact on the processor.
    pub fn of_rows(rows: Rows, device: &Device) -> Data {
        #[cfg(any(feature = "cuda", feature = "wgpu"))]
        if device.accelerator.is_some() {
            let shape = Shape::new(&[rows.rows(), rows.width()]);
            return Data::new(rows.into_dense(), shape, device);
        }
        match device.dtype {
            DType::F32 => Data::F32(Array::of_rows(rows)),
            DType::F64 => Data::F64(Array::of_rows(rows)),
        }
    }

    /// The same number everywhere, with the shape and type of `self`.
    pub fn full_like(&self, value: f64) -> Data {
        match self {
            Data::F32(array) => Data::F32(Array::full(value as f32, array.shape())),
            Data::F64(array) => Data::F64(Array::full(value, array.shape())),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator(array) => Data::Accelerator(array.full_like(value)),
        }
    }

    pub fn shape(&self) -> Shape {
        each!(self, array => array.shape())
    }

    pub fn device(&self) -> Device {
        match self {
            Data::F32(_) => Device::cpu(),
            Data::F64(_) => Device::cpu_f64(),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator(array) => Device { accelerator: Some(array.device()), ..Device::cpu() },
        }
    }

    /// The sum of two gradients of one shape, on all cores.
    pub fn accumulate(self, term: Data) -> Data {
        match (self, term) {
            (Data::F32(mut sum), Data::F32(term)) => {
                kernel::add(sum.values_mut(), term.values());
                Data::F32(sum)
            }
            (sum, term) => sum.add(term),
        }
    }

    /// In single precision, row-major.
    pub fn to_f32(&self) -> Vec<f32> {
        match self {
            Data::F32(array) => array.values().to_vec(),
            Data::F64(array) => array.values().iter().map(|&value| value as f32).collect(),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator(array) => array.to_f32(),
        }
    }

    /// In double precision, row-major.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Data::F64(array) => array.values().to_vec(),
            other => other.to_f32().into_iter().map(f64::from).collect(),
        }
    }

    /// `self` where `mask` is 0, `other` elsewhere; all of one shape.
    pub fn where_mask(self, mask: &Data, other: &Data) -> Data {
        match (self, mask, other) {
            (Data::F32(array), Data::F32(mask), Data::F32(other)) => Data::F32(array.where_mask(mask, other)),
            (Data::F64(array), Data::F64(mask), Data::F64(other)) => Data::F64(array.where_mask(mask, other)),
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            (Data::Accelerator(array), Data::Accelerator(mask), Data::Accelerator(other)) => {
                Data::Accelerator(array.where_mask(mask, other))
            }
            _ => panic!("tensors of two types of numbers"),
        }
    }

    pub fn reshape(self, shape: Shape) -> Data {
        each!(self, array -> array.reshape(shape))
    }

    pub fn expand(self, shape: Shape) -> Data {
        each!(self, array -> array.expand(shape))
    }

    pub fn sum_dim(&self, dim: usize) -> Data {
        each!(self, array -> array.sum_dim(dim))
    }

    pub fn sum_to(self, shape: Shape) -> Data {
        each!(self, array -> array.sum_to(shape))
    }

    pub fn max_dim(&self, dim: usize) -> Data {
        each!(self, array -> array.max_dim(dim))
    }

    pub fn argmax(&self) -> Vec<usize> {
        each!(self, array => array.argmax())
    }

    pub fn cumsum(self) -> Data {
        each!(self, array -> array.cumsum())
    }

    pub fn swap_dims(self, first: usize, second: usize) -> Data {
        each!(self, array -> array.swap_dims(first, second))
    }

    pub fn narrow(&self, dim: usize, start: usize, length: usize) -> Data {
        each!(self, array -> array.narrow(dim, start, length))
    }

    pub fn embed(&self, dim: usize, start: usize, width: usize) -> Data {
        each!(self, array -> array.embed(dim, start, width))
    }

    pub fn select(&self, dim: usize, chosen: &[usize]) -> Data {
        each!(self, array -> array.select(dim, chosen))
    }

    pub fn add_at(&self, dim: usize, chosen: &[usize], width: usize) -> Data {
        each!(self, array -> array.add_at(dim, chosen, width))
    }

    pub fn gather(&self, window: &Window) -> Data {
        each!(self, array -> array.gather(window))
    }

    pub fn fold(&self, window: &Window, rows: usize) -> Data {
        each!(self, array -> array.fold(window, rows))
    }

    pub fn matmul(&self, other: &Data, transposed: [bool; 2]) -> Data {
        each!(self, other, (a, b) -> a.matmul(b, transposed))
    }

    /// Joins along a dimension.
    ///
    /// # Panics
    /// Without tensors, or with two types of numbers.
    pub fn cat(all: Vec<Data>, dim: usize) -> Data {
        /// The arrays of one variant.
        fn of<A>(all: Vec<Data>, array: impl Fn(Data) -> Option<A>) -> Vec<A> {
            let arrays: Option<Vec<A>> = all.into_iter().map(array).collect();
            arrays.expect("tensors of one type of numbers")
        }
        match all[0] {
            Data::F32(_) => {
                let array = |data| if let Data::F32(array) = data { Some(array) } else { None };
                Data::F32(Array::cat(&of(all, array), dim))
            }
            Data::F64(_) => {
                let array = |data| if let Data::F64(array) = data { Some(array) } else { None };
                Data::F64(Array::cat(&of(all, array), dim))
            }
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            Data::Accelerator(_) => {
                let array = |data| if let Data::Accelerator(array) = data { Some(array) } else { None };
                Data::Accelerator(accelerator::Array::cat(of(all, array), dim))
            }
        }
    }
}
