//! Blocks: each owns its forward pass and its pull-back, side by side.

mod activation;
mod dense;

pub use activation::Activation;
pub use dense::{Dense, Traced, chain};

use burn::tensor::{DType, Device, Tensor, TensorData};

/// Where tensors live and how precise they are: a device and a floating-point type.
///
/// Work is f32; gradient checks and golden vectors are f64.
#[derive(Debug, Clone)]
pub struct Place {
    /// The device, without autodiff.
    pub device: Device,
    /// `F32` or `F64`.
    pub dtype: DType,
}

impl Place {
    /// The CPU in single precision.
    pub fn cpu() -> Self {
        Place { device: Device::flex(), dtype: DType::F32 }
    }

    /// The CPU in double precision, for checks.
    pub fn cpu_f64() -> Self {
        Place { device: Device::flex(), dtype: DType::F64 }
    }

    /// A tensor of `shape` from host values, row by row.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), (&self.device, self.dtype))
    }
}

/// A tensor's values on the host, row by row, in single precision.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Log(1 + e^a), without overflow and with its exact derivative everywhere: −log σ(−a).
pub fn softplus<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    burn::tensor::activation::log_sigmoid(a.neg()).neg()
}
