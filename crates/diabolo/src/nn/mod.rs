//! Layers: each owns its forward pass, its trace, its vector-Jacobian and its Jacobian-vector product, side by side.

mod activation;
mod linear;

pub use crate::kernel::Activation;
pub(crate) use linear::affine;
pub use linear::{LayerTrace, Linear, chain};
