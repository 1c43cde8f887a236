//! The reconstruction field r(x) − x: an estimate of the score of the data's density.
//!
//! For an autoencoder trained by squared error to reconstruct x from x + σε, ε ~ N(0, I), the
//! optimal function satisfies (Alain & Bengio 2014, Theorem 1 and eq. 28; exact for any σ if p is
//! the density of the *corrupted* rows)
//!
//! ```text
//! r(x) − x = σ² ∂ log p(x) / ∂x
//! ```
//!
//! It points towards higher density and vanishes at modes. A contraction instead of noise learns
//! similar directions if the decoder is tied, at an unknown scale.
//!
//! The identity requires squared error: the likelihood must be a Gaussian of fixed variance.

use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::tensor::{Device, to_host};

/// r(x) − x for each row, where r(x) is the mean of p(x | g(f(x))): rows × width, row-major, in
/// encoded units.
///
/// A missing cell counts as 0, as it does for the encoder. `model` without autodiff.
pub fn reconstruction_field<M: Autoencoder>(model: &M, rows: &Encoded, device: &Device) -> Vec<f32> {
    in_chunks(rows, device, |batch| {
        let reconstruction = model.likelihood().mean(model.reconstruct(&batch));
        to_host(reconstruction - batch.x)
    })
}
