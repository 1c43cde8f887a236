//! Functions of a network's outputs.

use super::Tensor;

/// σ(a) = 1/(1 + e^−a).
pub fn sigmoid<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    a.sigmoid()
}

/// log σ(a) = −log(1 + e^−a), without overflow.
pub fn log_sigmoid<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    a.neg().softplus().neg()
}

/// max(a, 0), with the derivative 0 at 0.
pub fn relu<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    let above = a.clone().above(0.0).float();
    a * above
}

/// a Φ(a) with the exact normal distribution function Φ.
pub fn gelu<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    a.clone() * (((a * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5)
}

/// e^a / Σ e^a along `dim`.
pub fn softmax<const D: usize>(a: Tensor<D>, dim: usize) -> Tensor<D> {
    let weights = below_largest(a, dim).exp();
    weights.clone() / weights.sum_dim(dim)
}

/// log of [`softmax`].
pub fn log_softmax<const D: usize>(a: Tensor<D>, dim: usize) -> Tensor<D> {
    let a = below_largest(a, dim);
    a.clone() - a.exp().sum_dim(dim).log()
}

/// a − max a along `dim`: without overflow, and exact for large numbers that are equal.
fn below_largest<const D: usize>(a: Tensor<D>, dim: usize) -> Tensor<D> {
    let largest = a.clone().max_dim(dim);
    a - largest
}
