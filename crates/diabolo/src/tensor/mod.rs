//! Tensors and their gradients.
//!
//! A [`Tensor`] is row-major numbers with a shape, in one of two precisions. Operations on tensors
//! that are tracked ([`Tensor::require_grad`]) make a graph, which [`Tensor::backward`]
//! differentiates.
//!
//! | file | |
//! |---|---|
//! | `shape`, `element`, `values`, `array` | numbers on the processor |
//! | `accelerator` | numbers on a graphics processor, by Burn (features `cuda`, `wgpu`) |
//! | `data` | numbers of any kind, and the operations on which all others are built |
//! | `tape` | the graph, and the backward pass |
//! | `ops` | the operations, each with its gradient beside it |
//! | `fused`, `categories` | the kernels as operations |
//! | `module`, `optimizer`, `missed_updates`, `row_updates` | parameters of models, and their updates |
//!
//! ```
//! use diabolo::tensor::{Device, Tensor, to_host};
//! let device = Device::cpu();
//! let x: Tensor<1> = device.tensor(vec![1.0, 2.0, 3.0], [3]).require_grad();
//! let y = (x.clone().square() * 2.0).sum();
//! assert_eq!(to_host(x.grad(&y.backward()).unwrap()), [4.0, 8.0, 12.0]);
//! ```

#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod accelerator;
pub mod activation;
mod array;
mod categories;
mod data;
mod element;
pub mod fused;
mod missed_updates;
mod module;
mod ops;
pub(crate) mod optimizer;
mod row_updates;
mod shape;
mod special;
mod tape;
mod values;

use std::sync::Arc;

pub use crate::kernel::{in_place, on_one_thread};
pub(crate) use categories::Categories;
pub use data::DType;
pub use element::Element;
pub(crate) use module::RowsOf;
pub use module::{Module, ModuleVisitor, ModuleVisitorMut, Param, Parameter};
pub use ops::{Indices, Mask};
pub use optimizer::{ModuleOptimizer, Optimizer, OptimizerState, ParameterState};
pub(crate) use row_updates::SomeRows;
pub use special::{log_gamma, log_multichoose, log_one_minus_exp, stirling_remainder};
pub use tape::Gradients;

use crate::data::rows::Rows;
use crate::{Error, Result};
use data::Data;
use shape::Shape;
use tape::Node;

/// Numbers with D dimensions.
#[derive(Clone, Debug)]
pub struct Tensor<const D: usize> {
    data: Data,
    /// The operation that made it, or a leaf; `None` if it is not tracked.
    node: Option<Arc<Node>>,
}

impl<const D: usize> Tensor<D> {
    /// The shape.
    pub fn dims(&self) -> [usize; D] {
        self.data.shape().dims()
    }

    /// The number of elements.
    pub fn num_elements(&self) -> usize {
        self.data.shape().size()
    }

    /// Where the numbers are, and their type.
    pub fn device(&self) -> Device {
        self.data.device()
    }

    /// The type of the numbers.
    pub fn dtype(&self) -> DType {
        self.device().dtype
    }

    /// The same number everywhere, with the shape of this tensor.
    pub fn full_like(&self, value: f64) -> Self {
        Tensor { data: self.data.full_like(value), node: None }
    }

    /// Zeros with the shape of this tensor.
    pub fn zeros_like(&self) -> Self {
        self.full_like(0.0)
    }

    /// Ones with the shape of this tensor.
    pub fn ones_like(&self) -> Self {
        self.full_like(1.0)
    }

    /// The numbers without what they were computed from: a constant.
    pub fn detach(self) -> Self {
        Tensor { data: self.data, node: None }
    }

    /// The numbers as a leaf, whose [gradient](Self::grad) is wanted.
    pub fn require_grad(self) -> Self {
        Tensor { data: self.data, node: Some(Node::leaf()) }
    }

    /// Whether a gradient with respect to it, or to what it was computed from, is wanted.
    pub fn is_tracked(&self) -> bool {
        self.node.is_some()
    }

    /// ∂L/∂leaf, if L depends on this leaf.
    pub fn grad(&self, gradients: &Gradients) -> Option<Self> {
        let data = gradients.get(self.node.as_ref()?)?.clone();
        Some(Tensor { data, node: None })
    }

    /// The only number.
    ///
    /// # Panics
    /// If there is not exactly one.
    pub fn into_scalar(self) -> f64 {
        match self.data.to_f64()[..] {
            [value] => value,
            _ => panic!("a tensor of the shape {:?} as a number", self.dims()),
        }
    }
}

impl Tensor<1> {
    /// The gradients of this number with respect to the leaves that it depends on.
    ///
    /// # Panics
    /// If it is not one number, or it or a part of its graph was differentiated before.
    pub fn backward(self) -> Gradients {
        assert_eq!(self.dims(), [1], "only a number is differentiated");
        let seed = self.data.full_like(1.0);
        self.node.map_or_else(Gradients::default, |node| tape::backward(node, seed))
    }
}

/// A device and a floating-point type.
///
/// Training uses f32; gradient checks and golden vectors use f64.
#[derive(Debug, Clone)]
pub struct Device {
    /// The type of the numbers.
    pub dtype: DType,
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    accelerator: Option<burn::tensor::Device>,
}

impl Device {
    /// The CPU in single precision.
    pub fn cpu() -> Self {
        Device {
            dtype: DType::F32,
            #[cfg(any(feature = "cuda", feature = "wgpu"))]
            accelerator: None,
        }
    }

    /// The CPU in double precision, for checks.
    pub fn cpu_f64() -> Self {
        let mut device = Device::cpu();
        device.dtype = DType::F64;
        device
    }

    /// Whether the kernels compute there: the CPU in single precision.
    pub(crate) fn has_kernels(&self) -> bool {
        fused::is_supported(&self.tensor::<1>(vec![0.0], [1]))
    }

    /// The device with this name, in single precision: `cpu`, `cuda`, `cuda:1`, `wgpu`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an unknown name, [`Error::Unsupported`] for a device that this
    /// build lacks.
    pub fn named(name: &str) -> Result<Self> {
        let wrong = || Error::invalid_value("device", "cpu, cuda, wgpu, or cuda:N", name);
        let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
        let number = || index.parse::<usize>().map_err(|_| wrong());
        number()?;
        match kind {
            "cpu" => Ok(Device::cpu()),
            #[cfg(feature = "cuda")]
            "cuda" => {
                let device = burn::tensor::Device::cuda(number()?);
                Ok(Device { accelerator: Some(device), ..Device::cpu() })
            }
            #[cfg(feature = "wgpu")]
            "wgpu" => {
                let device = burn::tensor::Device::wgpu(Default::default());
                Ok(Device { accelerator: Some(device), ..Device::cpu() })
            }
            #[cfg(not(feature = "cuda"))]
            "cuda" => Err(left_out(kind)),
            #[cfg(not(feature = "wgpu"))]
            "wgpu" => Err(left_out(kind)),
            _ => Err(wrong()),
        }
    }

    /// A tensor of `shape` from row-major host values.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn tensor<const D: usize>(&self, values: Vec<impl Element>, shape: [usize; D]) -> Tensor<D> {
        Tensor { data: Data::new(values, Shape::new(&shape), self), node: None }
    }

    /// Encoded rows as a tensor: on the processor they stay compact as long as no operation needs
    /// all their numbers.
    pub fn rows(&self, rows: Rows) -> Tensor<2> {
        Tensor { data: Data::of_rows(rows, self), node: None }
    }
}

#[cfg(not(all(feature = "cuda", feature = "wgpu")))]
fn left_out(feature: &str) -> Error {
    Error::Unsupported {
        what: format!("this diabolo was built without {feature}"),
        help: format!("use --device cpu, or build it with --features {feature}"),
    }
}

/// A tensor's values on the host, row-major, in single precision.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.data.to_f32()
}

/// A tensor's values on the host, row-major, in double precision.
pub fn to_host_f64<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.data.to_f64()
}

/// log(1 + e^a) = −log σ(−a), without overflow and with an exact derivative.
pub fn softplus<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    a.softplus()
}

/// log Σ e^a along `dim`, which is kept with length 1, without overflow.
pub fn log_sum_exp<const D: usize>(a: Tensor<D>, dim: usize) -> Tensor<D> {
    let largest = a.clone().max_dim(dim);
    (a - largest.clone()).exp_or_zero().sum_dim(dim).log() + largest
}

/// Repeats each row `times` times: rows × width → (rows · times) × width.
pub fn repeat_rows(rows: Tensor<2>, times: usize) -> Tensor<2> {
    let [n, width] = rows.dims();
    match times {
        1 => rows,
        _ => rows.unsqueeze_dim::<3>(1).expand([n, times, width]).reshape([n * times, width]),
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
