//! New rows from the model.

use arrow_array::RecordBatch;
use burn::tensor::Tensor;

use super::walk::walked_rows;
use super::{CHUNK, WalkConfig};
use crate::artifact::SavedModel;
use crate::error::Result;
use crate::evaluate::LatentSummary;
use crate::model::{Autoencoder, Model};
use crate::nn::{Place, to_host};
use crate::noise::{Purpose, Stream, stream};

/// What is made of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// The mean of p(x|z): smooth pictures.
    Mean,
    /// A draw from p(x|z): rows as varied as the data.
    Sample,
}

/// `count` new rows; encoded, row by row, and decoded.
///
/// Families with a prior draw z ~ p(z), then the mean of p(x|z) or a draw from it; the others [`walk`](super::walk) with its default
/// settings.
pub fn generate(
    saved: &SavedModel,
    count: usize,
    draw: Draw,
    seed: u64,
    place: &Place,
) -> Result<(Vec<f32>, RecordBatch)> {
    let values = new_rows(&saved.model, saved.latent.as_ref(), count, draw, seed, place)?;
    let rows = saved.header.preprocessor.decode(&values)?;
    Ok((values, rows))
}

/// [`generate`] for a model that is in no file.
pub(super) fn new_rows(
    model: &Model,
    latent: Option<&LatentSummary>,
    count: usize,
    draw: Draw,
    seed: u64,
    place: &Place,
) -> Result<Vec<f32>> {
    let mut values = vec![];
    for (chunk, first) in (0..count).step_by(CHUNK).enumerate() {
        let noise = &mut stream(seed, Purpose::Generate, 0, chunk as u64);
        let rows = CHUNK.min(count - first);
        let Some(codes) = model.sample_prior(rows, noise, place) else {
            return walked_rows(model, latent, count, draw, &WalkConfig::default(), seed, place);
        };
        values.extend(drawn(model, codes, draw, noise));
    }
    Ok(values)
}

/// Rows for codes on the host.
pub(super) fn decoded(model: &Model, codes: &[f32], draw: Draw, seed: u64, place: &Place) -> Vec<f32> {
    let width = model.latent_dim();
    let mut values = vec![];
    for (chunk, codes) in codes.chunks(CHUNK * width).enumerate() {
        let noise = &mut stream(seed, Purpose::Generate, 1, chunk as u64);
        values.extend(drawn(model, place.tensor(codes.to_vec(), [codes.len() / width, width]), draw, noise));
    }
    values
}

/// Rows for given codes.
pub(super) fn drawn(model: &Model, codes: Tensor<2>, draw: Draw, noise: &mut Stream) -> Vec<f32> {
    let parameters = model.decode(codes);
    match draw {
        Draw::Mean => to_host(model.likelihood().mean(parameters)),
        Draw::Sample => model.likelihood().sample(parameters, noise),
    }
}
