//! Layers: each owns its forward pass, its trace, its vector-Jacobian and its Jacobian-vector product, side by side in one
//! file; [`Sequential`] puts them one after the other.

mod activation;
mod layer;
mod linear;
mod sequential;

pub use crate::kernel::Activation;
pub use layer::{Layer, LayerTrace};
pub use linear::Linear;
pub(crate) use linear::affine;
pub use sequential::{Layers, Sequential};
