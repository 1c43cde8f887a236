//! Layers, each with its forward pass, trace, vector-Jacobian and Jacobian-vector product in one
//! file; [`Sequential`] composes them.

mod activation;
mod layer;
mod linear;
mod sequential;

pub use crate::kernel::Activation;
pub use layer::{Layer, LayerTrace};
pub use linear::Linear;
pub(crate) use linear::{affine, scale_block};
pub use sequential::{Layers, Sequential};
