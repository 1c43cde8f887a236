//! Generation of new rows.

use crate::tensor::Tensor;
use arrow_array::RecordBatch;

use super::draw::{Draw, decoded_rows, drawn, fits_in_memory};
use super::walk::walked_rows;
use super::{CHUNK, WalkConfig, columns_of, decodes_codes, table};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::{Condition, Preprocessor, take};
use crate::evaluate::{AggregatePosterior, LatentSummary};
use crate::model::{Autoencoder, Model};
use crate::random::{Purpose, Stream, stream};
use crate::stats::end_if_cancelled;
use crate::tensor::Device;

/// `count` new rows: encoded (row-major) and decoded.
///
/// Families with a prior draw z ~ p(z), or from the [aggregate posterior](AggregatePosterior) if
/// the model has one, then take the mean of p(x|z) or a draw from it; other families use
/// [`walk`](super::walk) with default settings.
///
/// The condition columns come first.
pub fn generate(
    saved: &SavedModel,
    count: usize,
    draw: Draw,
    conditions: NewConditions,
    seed: u64,
    device: &Device,
) -> Result<(Vec<f32>, RecordBatch)> {
    decodes_codes(saved)?;
    fits_in_memory(saved, count)?;
    let (condition, said) = conditions.draw(&saved.header.preprocessor, count, seed)?.unzip();
    let source = Source {
        model: &saved.model,
        latent: saved.latent.as_ref(),
        aggregate: saved.aggregate.as_ref(),
        condition,
    };
    let values = new_rows(&source, count, draw, seed, device)?;
    let rows = decoded_rows(saved, &values, draw, seed)?;
    let Some(said) = said else { return Ok((values, rows)) };
    let columns = [columns_of(&said), columns_of(&rows)].concat();
    Ok((values, table(count, columns)?))
}

/// The conditions of new rows.
#[derive(Debug, Clone, Copy)]
pub struct NewConditions<'a> {
    /// Condition columns and their values; others have their shares of the training rows, see
    /// [`Preprocessor::drawn_conditions`].
    pub given: &'a [(String, String)],
    /// So many rows, one after the other, have one condition.
    pub alike: usize,
}

impl Default for NewConditions<'_> {
    fn default() -> Self {
        NewConditions { given: &[], alike: 1 }
    }
}

impl NewConditions<'_> {
    fn draw(
        self,
        preprocessor: &Preprocessor,
        count: usize,
        seed: u64,
    ) -> Result<Option<(Condition, RecordBatch)>> {
        let noise = &mut stream(seed, Purpose::DrawnConditions, 0, 0);
        let alike = self.alike.max(1);
        let drawn = preprocessor.drawn_conditions(self.given, count.div_ceil(alike), noise)?;
        let Some((condition, said)) = drawn else { return Ok(None) };
        if alike == 1 {
            return Ok(Some((condition, said)));
        }
        let of_row: Vec<usize> = (0..count).map(|row| row / alike).collect();
        Ok(Some((condition.select(&of_row), take("conditions", &said, &of_row)?)))
    }
}

/// Rows that are drawn to calibrate draws.
const CALIBRATED_ON: usize = 4096;

/// Lets draws of columns that are mostly 0 have the distribution of the training rows.
pub(crate) fn calibrate_draws(saved: &mut SavedModel, device: &Device) -> Result<()> {
    let preprocessor = &mut saved.header.preprocessor;
    if !preprocessor.has_point_masses() {
        return Ok(());
    }
    let seed = saved.header.config.training.seed;
    let noise = &mut stream(seed, Purpose::CalibratedConditions, 0, 0);
    let condition = preprocessor.drawn_conditions(&[], CALIBRATED_ON, noise)?;
    let condition = condition.map(|(condition, _)| condition);
    let source = Source { model: &saved.model, latent: None, aggregate: None, condition };
    let noise = |chunk| stream(seed, Purpose::CalibratedDraws, 0, chunk);
    if let Some(values) = from_prior(&source, CALIBRATED_ON, Draw::Sample, noise, device) {
        preprocessor.calibrate_draws(&values);
    }
    Ok(())
}

/// The sources of new rows.
pub(super) struct Source<'a> {
    pub model: &'a Model,
    /// For families without a prior.
    pub latent: Option<&'a LatentSummary>,
    /// Where codes are drawn from, instead of the prior.
    pub aggregate: Option<&'a AggregatePosterior>,
    /// For conditional models, the condition of each new row.
    pub condition: Option<Condition>,
}

/// [`generate`] for a model without a file.
pub(super) fn new_rows(
    source: &Source,
    count: usize,
    draw: Draw,
    seed: u64,
    device: &Device,
) -> Result<Vec<f32>> {
    let noise = |chunk| stream(seed, Purpose::Generate, 0, chunk);
    match from_prior(source, count, draw, noise, device) {
        Some(values) => Ok(values),
        None => walked_rows(source.model, source.latent, count, draw, &WalkConfig::default(), seed, device),
    }
}

/// Rows from the prior, with a stream for each chunk; `None` for families without a prior.
fn from_prior(
    source: &Source,
    count: usize,
    draw: Draw,
    noise: impl Fn(u64) -> Stream,
    device: &Device,
) -> Option<Vec<f32>> {
    let mut values = vec![];
    for (chunk, first) in (0..count).step_by(CHUNK).enumerate() {
        end_if_cancelled();
        let noise = &mut noise(chunk as u64);
        let rows = CHUNK.min(count - first);
        let codes = match source.aggregate {
            Some(aggregate) => aggregate.sample(rows, noise, device),
            None => source.model.sample_prior(rows, noise, device)?,
        };
        let chosen: Vec<usize> = (first..first + rows).collect();
        let codes = beside(codes, source.condition.as_ref(), &chosen, device);
        values.extend(drawn(source.model, codes, draw, noise));
    }
    Some(values)
}

/// Rows for codes on the host.
pub(super) fn decoded(
    model: &Model,
    codes: &[f32],
    condition: Option<&Condition>,
    draw: Draw,
    seed: u64,
    device: &Device,
) -> Vec<f32> {
    let width = model.latent_dim();
    let mut values = vec![];
    for (chunk, codes) in codes.chunks(CHUNK * width).enumerate() {
        end_if_cancelled();
        let noise = &mut stream(seed, Purpose::DecodedRows, 0, chunk as u64);
        let rows = codes.len() / width;
        let chosen: Vec<usize> = (chunk * CHUNK..chunk * CHUNK + rows).collect();
        let codes = beside(device.tensor(codes.to_vec(), [rows, width]), condition, &chosen, device);
        values.extend(drawn(model, codes, draw, noise));
    }
    values
}

/// Codes with the chosen rows of their conditions.
fn beside(codes: Tensor<2>, condition: Option<&Condition>, chosen: &[usize], device: &Device) -> Tensor<2> {
    let given = condition.map(|condition| {
        let given = condition.select(chosen);
        device.rows(given.values)
    });
    match given {
        Some(given) => Tensor::cat(vec![codes, given], 1),
        None => codes,
    }
}
