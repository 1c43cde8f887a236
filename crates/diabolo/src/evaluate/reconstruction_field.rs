//! The reconstruction field r(x) − x: the score of the data's density, as a denoising autoencoder learns it.
//!
//! For an autoencoder trained by squared error to restore x from x + σε, ε ~ N(0, I), the best of all functions is
//! (Alain & Bengio 2014, Theorem 1 and eq. 28; exact for any σ if p is the density of the *corrupted* rows)
//!
//! ```text
//! r(x) − x = σ² ∂ log p(x) / ∂x
//! ```
//!
//! It points to where rows are denser and vanishes where they are densest. A contraction instead of noise learns
//! much the same directions if the decoder is tied, at a scale that no theorem fixes.
//!
//! The identity is one of squared error: the likelihood has to be a Gaussian of fixed variance.

use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::tensor::{Device, to_host};

/// r(x) − x for each row, r(x) being the mean of p(x | g(f(x))): rows × width, row by row, in encoded units.
///
/// A missing cell counts as 0, as it does for the encoder. `model` without autodiff.
pub fn reconstruction_field<M: Autoencoder>(model: &M, rows: &Encoded, device: &Device) -> Vec<f32> {
    in_chunks(rows, device, |batch| {
        let reconstruction = model.likelihood().mean(model.reconstruct(&batch));
        to_host(reconstruction - batch.x)
    })
}
