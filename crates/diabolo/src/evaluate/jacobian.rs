//! Jacobians J = ∂f(x)/∂x of many rows, a bounded number of them at a time.

use crate::tensor::Tensor;

use crate::data::Encoded;
use crate::model::{Autoencoder, Batch};
use crate::tensor::Device;

/// Maximum size of the Jacobians in memory: 16 MiB, so that temporary copies stay within 64 MiB.
const NUMBERS: usize = 1 << 22;
/// Maximum size of one Jacobian: 64 MiB.
const LARGEST: usize = 1 << 24;
/// Maximum number of rows at a time.
const ROWS: usize = 256;

/// Whether the Jacobian of one row of `width` numbers is small enough to be materialised.
pub(super) fn is_affordable<M: Autoencoder>(model: &M, width: usize) -> bool {
    numbers(model, width) <= LARGEST
}

/// Numbers of one row's Jacobian, or of the largest block of cotangents on the way to it.
fn numbers<M: Autoencoder>(model: &M, width: usize) -> usize {
    let widest = model.encoder().iter().map(|layer| layer.outputs()).max().unwrap_or(0);
    model.latent_dim().saturating_mul(width.max(widest)).max(1)
}

/// The Jacobians of the chosen rows, block after block: rows × latent × encoded width.
pub(super) fn jacobians<'a, M: Autoencoder>(
    model: &'a M,
    rows: &'a Encoded,
    chosen: &'a [usize],
    device: &'a Device,
) -> impl Iterator<Item = Tensor<3>> + 'a {
    let at_once = (NUMBERS / numbers(model, rows.width)).clamp(1, ROWS);
    chosen.chunks(at_once).map(move |block| {
        let x = Batch::gather(rows, block, device).input();
        // With respect to the row only, not to its condition.
        model.trace(x).jacobian().narrow(2, 0, rows.width)
    })
}
