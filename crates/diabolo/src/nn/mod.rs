//! Layers, each with its forward pass, trace, vector-Jacobian and Jacobian-vector product in one
//! file; [`Sequential`] composes them.

mod activation;
mod any;
mod convolution;
mod gru;
mod layer;
mod linear;
mod permutation;
mod sequential;

pub use crate::kernel::{Activation, Axis, Window};
pub use any::AnyLayer;
pub use convolution::{Convolution, Image};
pub use gru::{Gru, Steps};
pub use layer::{Layer, LayerTrace};
pub use linear::Linear;
pub(crate) use linear::scale_block;
pub use permutation::Permutation;
pub use sequential::{Layers, Sequential};
