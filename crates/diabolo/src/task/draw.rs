//! Rows from codes: the mean of p(x|z), or a draw from it.

use arrow_array::RecordBatch;

use crate::artifact::SavedModel;
use crate::model::{Autoencoder, Model};
use crate::random::Stream;
use crate::tensor::{Tensor, to_host};
use crate::{Error, Result};

/// The output for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// The mean of p(x|z), which gives smooth images.
    Mean,
    /// A draw from p(x|z), which gives rows with the variance of the data.
    Sample,
}

/// Returns an error for more rows than fit in memory.
pub(crate) fn fits_in_memory(saved: &SavedModel, count: usize) -> Result<()> {
    columns_fit_in_memory(saved.header.preprocessor.width().max(saved.architecture.latent_dim), count)
}

/// Returns an error for more rows of so many columns than fit in memory.
pub(super) fn columns_fit_in_memory(columns: usize, count: usize) -> Result<()> {
    let numbers = count.saturating_mul(columns);
    Vec::<f32>::new().try_reserve_exact(numbers).map_err(|_| {
        let expected =
            "a number of rows that fits in memory; for more, use several calls with different --seed";
        Error::invalid_value("--count", expected, count)
    })
}

/// Decodes codes.
pub(super) fn drawn(model: &Model, codes: Tensor<2>, draw: Draw, noise: &mut Stream) -> Vec<f32> {
    let parameters = model.decode(codes);
    match draw {
        Draw::Mean => to_host(model.likelihood().mean(parameters)),
        Draw::Sample => model.likelihood().sample(parameters, noise),
    }
}

/// Decodes encoded rows.
pub(super) fn decoded_rows(saved: &SavedModel, values: &[f32], draw: Draw, seed: u64) -> Result<RecordBatch> {
    let preprocessor = &saved.header.preprocessor;
    match draw {
        Draw::Mean => preprocessor.decode(values),
        Draw::Sample => preprocessor.decode_draws(values, seed, 0, 0),
    }
}
