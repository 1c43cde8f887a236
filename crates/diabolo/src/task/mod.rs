//! What a fitted model is used for: one file an application, rows in and rows out.

pub mod compare;
mod denoise;
mod detect;
mod encode;
mod explore;
mod feature_scores;
mod fine_tune;
mod generate;
mod impute;
mod reconstruct;
mod walk;

pub use denoise::{Denoised, NoiseSplit, NoisyCleanRows, compare_denoising};
pub use detect::{
    Drift, DriftReport, DriftedVariable, Reason, Rule, ScoreConfig, Scored, calibrate, example, score,
};
pub use encode::{codes, decode, encode};
pub use explore::{Codes, Given, Path, between, near, rows_of, traverse};
pub use feature_scores::{FeatureScores, LabelledParts, score_features};
pub use fine_tune::{FineTuned, error_rate, fine_tune};
pub use generate::{Draw, generate};
pub use impute::{ImputeConfig, Imputed, MaskedCells, hold_back, impute};
pub use reconstruct::{beside_aside, project, reconstruct};
pub use walk::{WalkConfig, walk};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use rayon::prelude::*;
use std::sync::Arc;

use self::encode::{columns_of, last_rows};
use crate::artifact::SavedModel;
use crate::model::CHUNK;
use crate::{Error, Result};

/// Hands what `transform` makes of each batch to `write`, in the input's order; returns how many rows there were.
///
/// `transform` is also given the 0-based number of the batch's first row. It runs on all cores, and as many batches are in
/// memory at a time as there are cores.
///
/// # Errors
/// The first of reading, of `transform` or of `write`.
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

/// Refuses a family whose decoder needs the row beside the code.
fn decodes_codes(saved: &SavedModel) -> Result<()> {
    let family = &saved.architecture.family;
    match family.decodes_codes() {
        true => Ok(()),
        false => Err(Error::Unsupported {
            what: format!("a {} autoencoder makes no rows from codes alone", family.name()),
            help: "use `diabolo reconstruct`, or fit another family".into(),
        }),
    }
}

/// A batch of the given columns.
fn table(rows: usize, columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|cause| Error::internal(format!("these columns make no table: {cause}")))
}
