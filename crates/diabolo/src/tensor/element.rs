//! The two types of numbers: `f32` for work, `f64` for checks.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use diabolo_stats::elementary::{double, single};

use crate::kernel::{Matrix, buffer};

/// A floating-point number of a tensor.
pub trait Element:
    Copy
    + Default
    + PartialOrd
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// The same number in double precision.
    fn to_f64(self) -> f64;
    /// The nearest numbers in single precision.
    fn into_f32(values: Vec<Self>) -> Vec<f32>;
    /// The numbers in double precision.
    fn into_f64(values: Vec<Self>) -> Vec<f64>;
    /// The same numbers.
    fn from_f32(values: Vec<f32>) -> Vec<Self>;
    /// `len` numbers of any value.
    fn buffer(len: usize) -> Vec<Self> {
        vec![Self::default(); len]
    }
    /// Keeps the memory of numbers that are no longer used.
    fn keep(_values: Vec<Self>) {}
    /// Whether it is NaN.
    fn is_nan(self) -> bool;
    /// e^x.
    fn exp(self) -> Self;
    /// e^x, and 0 where that is less than ε²: of terms up to 1, a sum does not have it.
    fn exp_or_zero(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// log(1 + x).
    fn ln_1p(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The nearest whole number, ties to even.
    fn round(self) -> Self;
    /// tanh x.
    fn tanh(self) -> Self;
    /// σ(x) = 1/(1 + e^−x).
    fn sigmoid(self) -> Self;
    /// log(1 + e^x), without overflow.
    fn softplus(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// The product of two row-major matrices, each transposed where its flag says so.
    fn product(a: (&[Self], [usize; 2], bool), b: (&[Self], [usize; 2], bool)) -> Vec<Self>;
}

impl Element for f32 {
    #[inline(always)]
    fn of(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }
    fn into_f32(values: Vec<f32>) -> Vec<f32> {
        values
    }
    fn into_f64(values: Vec<f32>) -> Vec<f64> {
        values.into_iter().map(f64::from).collect()
    }
    fn from_f32(values: Vec<f32>) -> Vec<f32> {
        values
    }
    fn buffer(len: usize) -> Vec<f32> {
        buffer::take(len)
    }
    fn keep(values: Vec<f32>) {
        buffer::give(values);
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
    #[inline(always)]
    fn exp(self) -> f32 {
        single::exp(self)
    }
    #[inline(always)]
    fn exp_or_zero(self) -> f32 {
        if self < -32.0 { 0.0 } else { single::exp(self) }
    }
    #[inline(always)]
    fn ln(self) -> f32 {
        single::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        single::ln_1p(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        f32::abs(self)
    }
    #[inline(always)]
    fn round(self) -> f32 {
        self.round_ties_even()
    }
    #[inline(always)]
    fn tanh(self) -> f32 {
        single::tanh(self)
    }
    #[inline(always)]
    fn sigmoid(self) -> f32 {
        single::sigmoid(self)
    }
    #[inline(always)]
    fn softplus(self) -> f32 {
        single::softplus(self)
    }
    #[inline(always)]
    fn erf(self) -> f32 {
        single::erf(self)
    }
    fn product(a: (&[f32], [usize; 2], bool), b: (&[f32], [usize; 2], bool)) -> Vec<f32> {
        let matrix = |(values, shape, is_transposed)| match is_transposed {
            true => Matrix::new(values, shape).transposed(),
            false => Matrix::new(values, shape),
        };
        matrix(a).times(matrix(b))
    }
}

impl Element for f64 {
    fn of(value: f64) -> f64 {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
    fn into_f32(values: Vec<f64>) -> Vec<f32> {
        values.into_iter().map(|value| value as f32).collect()
    }
    fn into_f64(values: Vec<f64>) -> Vec<f64> {
        values
    }
    fn from_f32(values: Vec<f32>) -> Vec<f64> {
        values.into_iter().map(f64::from).collect()
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
    fn exp(self) -> f64 {
        double::exp(self)
    }
    fn exp_or_zero(self) -> f64 {
        if self < -72.0 { 0.0 } else { double::exp(self) }
    }
    fn ln(self) -> f64 {
        double::ln(self)
    }
    fn ln_1p(self) -> f64 {
        double::ln_1p(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn abs(self) -> f64 {
        f64::abs(self)
    }
    fn round(self) -> f64 {
        self.round_ties_even()
    }
    fn tanh(self) -> f64 {
        double::tanh(self)
    }
    fn sigmoid(self) -> f64 {
        1.0 / (1.0 + double::exp(-self))
    }
    fn softplus(self) -> f64 {
        double::ln_1p(double::exp(-f64::abs(self))) + self.max(0.0)
    }
    fn erf(self) -> f64 {
        double::erf(self)
    }
    fn product(a: (&[f64], [usize; 2], bool), b: (&[f64], [usize; 2], bool)) -> Vec<f64> {
        let shape = |[rows, columns]: [usize; 2], is_transposed| match is_transposed {
            true => ([columns, rows], [1, columns]),
            false => ([rows, columns], [columns, 1]),
        };
        let ([rows, inner], [a_row, a_column]) = shape(a.1, a.2);
        let ([height, columns], [b_row, b_column]) = shape(b.1, b.2);
        assert_eq!(inner, height, "inner widths of a product");
        let mut out = vec![0.0; rows * columns];
        for (i, out) in out.chunks_exact_mut(columns.max(1)).enumerate() {
            for k in 0..inner {
                let factor = a.0[i * a_row + k * a_column];
                for (j, sum) in out.iter_mut().enumerate() {
                    *sum += factor * b.0[k * b_row + j * b_column];
                }
            }
        }
        out
    }
}
