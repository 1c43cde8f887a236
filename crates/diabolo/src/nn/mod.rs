//! Layers, each with its forward pass, trace, vector-Jacobian and Jacobian-vector product in one
//! file; [`Sequential`] composes them.

mod activation;
mod any;
mod convolution;
mod gru;
mod layer;
mod linear;
mod lstm;
mod permutation;
mod recurrence;
mod residual;
mod sequential;

pub use crate::kernel::{Activation, Axis, Window};
pub use any::AnyLayer;
pub use convolution::{Convolution, Image};
pub use gru::Gru;
pub use layer::{Layer, LayerTrace};
pub use linear::Linear;
pub(crate) use linear::scale_block;
pub use lstm::Lstm;
pub use permutation::Permutation;
pub use recurrence::Steps;
pub use residual::Residual;
pub use sequential::{Layers, Sequential};
