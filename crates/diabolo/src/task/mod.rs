//! The applications of a fitted model, one per file.

pub mod compare;
mod denoise;
mod detect;
mod draw;
mod encode;
mod explore;
mod feature_scores;
mod fine_tune;
mod forecast;
mod generate;
mod impute;
mod names;
mod reconstruct;
mod synthesize;
mod walk;

pub use denoise::{Denoised, NoiseSplit, NoisyCleanRows, compare_denoising};
pub(crate) use detect::scorer;
pub use detect::{
    Drift, DriftReport, DriftedVariable, Reason, Rule, ScoreConfig, Scored, calibrate, score, score_names,
    unseen_nats,
};
pub use draw::Draw;
pub use encode::{codes, decode, encode, encode_alone, latent_names};
pub use explore::{Codes, Given, Path, between, near, rows_of, traverse};
pub use feature_scores::{FeatureScores, LabelledParts, score_features};
pub use fine_tune::{FineTuned, error_rate, fine_tune};
pub use forecast::{ColumnForecast, ForecastOptions, Forecasts, SeriesForecast, Start, forecast};
pub(crate) use generate::calibrate_draws;
pub use generate::generate;
pub use impute::{ImputeConfig, Imputed, MaskedCells, hold_back, impute};
pub use names::renamed;
pub use reconstruct::{beside_aside, project, reconstruct};
pub use synthesize::{Comparison, Requirement, SynthesizeOptions, Synthesized, synthesize};
pub use walk::{WalkConfig, walk};

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Metadata, Schema};
use rayon::prelude::*;

use self::encode::{columns_of, last_rows};
use crate::artifact::SavedModel;
use crate::model::CHUNK;
use crate::{Error, Result};

/// Passes the result of `transform` for each batch to `write`, in the order of the input; returns
/// the number of rows.
///
/// `transform` also receives the 0-based number of the first row of the batch. It runs on all
/// cores, and one batch per core is in memory at a time.
///
/// # Errors
/// The first error of reading, `transform` or `write`.
pub fn transform_batches(
    batches: impl Iterator<Item = Result<RecordBatch>>,
    transform: impl Fn(&RecordBatch, u64) -> Result<RecordBatch> + Sync,
    mut write: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<u64> {
    let mut first_row = 0;
    let mut numbered = batches.map(|batch| {
        let batch = batch?;
        let first = first_row;
        first_row += batch.num_rows() as u64;
        Ok((first, batch))
    });
    loop {
        let some: Vec<(u64, RecordBatch)> =
            numbered.by_ref().take(rayon::current_num_threads()).collect::<Result<_>>()?;
        if some.is_empty() {
            drop(numbered);
            return Ok(first_row);
        }
        let made: Vec<RecordBatch> =
            some.par_iter().map(|(first, batch)| transform(batch, *first)).collect::<Result<_>>()?;
        made.iter().try_for_each(&mut write)?;
    }
}

/// Returns an error for a family whose decoder also needs the row.
fn decodes_codes(saved: &SavedModel) -> Result<()> {
    let family = &saved.architecture.family;
    match family.decodes_codes() {
        true => Ok(()),
        false => Err(Error::Unsupported {
            what: format!("a {} autoencoder cannot decode codes without the input row", family.name()),
            help: "use `diabolo reconstruct`, or fit another family".into(),
        }),
    }
}

/// A batch of the given columns.
fn table(rows: usize, columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    with_metadata(rows, columns, Default::default())
}

/// A batch of columns that complete or replace those of `rows`: what the file says of itself stays.
fn table_like(rows: &RecordBatch, columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    with_metadata(rows.num_rows(), columns, rows.schema().metadata().clone())
}

fn with_metadata(rows: usize, columns: Vec<(Field, ArrayRef)>, metadata: Metadata) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields).with_metadata(metadata));
    RecordBatch::try_new_with_options(schema, arrays, &options)
        .map_err(|cause| Error::internal(format!("these columns are not a valid table: {cause}")))
}

fn no_column(name: &str, cause: &ArrowError) -> Error {
    let help = "give rows with the same columns as the training data";
    Error::data("rows", "a column type that can hold the values of the model", cause.to_string(), help)
        .in_column(name)
}
