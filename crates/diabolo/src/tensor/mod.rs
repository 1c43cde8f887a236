//! The interface to the tensor engine.
//!
//! The engine is [Burn](https://burn.dev). Only this module and `kernel` refer to it, so that it
//! can be replaced. Write models with the tensor operations that are already in use.

pub(crate) mod optimizer;
mod special;

/// For `#[derive(Module)]` outside this crate, which writes code that names `burn`: bring it into
/// scope beside [`Module`].
pub use burn;
pub use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
pub use burn::optim::{GradientsParams, ModuleOptimizer};
pub use burn::tensor::{
    Bool, Bytes, DType, Device as EngineDevice, Gradients, IndexingUpdateOp, Int, Tensor, TensorData,
    activation,
};
pub use optimizer::Optimizer;
pub use special::{log_gamma, log_multichoose, log_one_minus_exp, stirling_remainder};

pub use crate::kernel::{in_place, on_one_thread};
use crate::{Error, Result};

/// A device and a floating-point type.
///
/// Training uses f32; gradient checks and golden vectors use f64.
#[derive(Debug, Clone)]
pub struct Device {
    /// The device, without autodiff.
    pub inner: EngineDevice,
    /// `F32` or `F64`.
    pub dtype: DType,
}

impl Device {
    /// The CPU in single precision.
    pub fn cpu() -> Self {
        Device { inner: EngineDevice::flex(), dtype: DType::F32 }
    }

    /// The CPU in double precision, for checks.
    pub fn cpu_f64() -> Self {
        Device { inner: EngineDevice::flex(), dtype: DType::F64 }
    }

    /// The device with this name, in single precision: `cpu`, `cuda`, `cuda:1`, `wgpu`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an unknown name, [`Error::Unsupported`] for a device that this
    /// build lacks.
    pub fn named(name: &str) -> Result<Self> {
        let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
        let index: usize =
            index.parse().map_err(|_| Error::invalid_value("device", "cpu, cuda, wgpu, or cuda:N", name))?;
        let inner = match kind {
            "cpu" => EngineDevice::flex(),
            "cuda" => accelerator::cuda(index)?,
            "wgpu" => accelerator::wgpu()?,
            _ => return Err(Error::invalid_value("device", "cpu, cuda, wgpu, or cuda:N", name)),
        };
        Ok(Device { inner, dtype: DType::F32 })
    }

    /// A tensor of `shape` from row-major host values.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), (&self.inner, self.dtype))
    }
}

/// A tensor's values on the host, row-major, in single precision.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// log(1 + e^a) = −log σ(−a), without overflow and with an exact derivative.
pub fn softplus<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    activation::log_sigmoid(a.neg()).neg()
}

/// log Σ e^a along `dim`, which is kept with length 1, without overflow.
pub fn log_sum_exp<const D: usize>(a: Tensor<D>, dim: usize) -> Tensor<D> {
    let largest = a.clone().detach().max_dim(dim);
    (a - largest.clone()).exp().sum_dim(dim).log() + largest
}

/// Repeats each row `times` times: rows × width → (rows · times) × width.
pub fn repeat_rows(rows: Tensor<2>, times: usize) -> Tensor<2> {
    let [n, width] = rows.dims();
    match times {
        1 => rows,
        _ => rows.unsqueeze_dim::<3>(1).expand([n, times, width]).reshape([n * times, width]),
    }
}

/// Accelerators, each behind a cargo feature of the same name.
mod accelerator {
    use super::{EngineDevice, Result};

    #[cfg(feature = "cuda")]
    pub fn cuda(index: usize) -> Result<EngineDevice> {
        Ok(EngineDevice::cuda(index))
    }

    #[cfg(feature = "wgpu")]
    pub fn wgpu() -> Result<EngineDevice> {
        Ok(EngineDevice::wgpu(Default::default()))
    }

    #[cfg(not(feature = "cuda"))]
    pub fn cuda(_index: usize) -> Result<EngineDevice> {
        left_out("cuda")
    }

    #[cfg(not(feature = "wgpu"))]
    pub fn wgpu() -> Result<EngineDevice> {
        left_out("wgpu")
    }

    #[cfg(not(all(feature = "cuda", feature = "wgpu")))]
    fn left_out(feature: &str) -> Result<EngineDevice> {
        Err(super::Error::Unsupported {
            what: format!("this diabolo was built without {feature}"),
            help: format!("use --device cpu, or build it with --features {feature}"),
        })
    }
}

/// Sets the number of threads; results do not depend on it.
///
/// # Errors
/// [`Error::InvalidValue`] for 0 threads, or if the thread pool already exists.
pub fn use_threads(threads: usize) -> Result<()> {
    let wrong = |found: String| Error::invalid_value("threads", "1 to 1024, set once", found);
    if !(1..=1024).contains(&threads) {
        return Err(wrong(threads.to_string()));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|cause| wrong(cause.to_string()))
}
