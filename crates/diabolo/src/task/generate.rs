//! New rows from the model.

use arrow_array::RecordBatch;

use crate::artifact::SavedModel;
use crate::error::Result;
use crate::model::Autoencoder;
use crate::nn::{Place, to_host};
use crate::noise::{Purpose, stream};

use super::{CHUNK, WalkConfig, walk};

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
/// Families with a prior draw z ~ p(z), then the mean of p(x|z) or a draw from it; the others [`walk`] with its default
/// settings.
pub fn generate(
    saved: &SavedModel,
    count: usize,
    draw: Draw,
    seed: u64,
    place: &Place,
) -> Result<(Vec<f32>, RecordBatch)> {
    let model = &saved.model;
    let mut values = Vec::with_capacity(count * saved.header.preprocessor.width());
    for (chunk, first) in (0..count).step_by(CHUNK).enumerate() {
        let noise = &mut stream(seed, Purpose::Generate, 0, chunk as u64);
        let rows = CHUNK.min(count - first);
        let Some(codes) = model.sample_prior(rows, noise, place) else {
            return walk(saved, count, draw, &WalkConfig::default(), seed, place);
        };
        let parameters = model.decode(codes);
        values.extend(match draw {
            Draw::Mean => to_host(model.likelihood().mean(parameters)),
            Draw::Sample => model.likelihood().sample(parameters, noise),
        });
    }
    let rows = saved.header.preprocessor.decode(&values)?;
    Ok((values, rows))
}
