//! The applications of a fitted model, one per file.

mod batches;
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
mod posterior;
mod reconstruct;
mod series;
pub mod sweep;
mod synthesize;
mod walk;

pub use batches::{transform_batches, transform_in_order};
pub use denoise::{Denoised, NoiseSplit, NoisyCleanRows, compare_denoising};
pub use detect::{
    Drift, DriftReport, DriftedVariable, Reason, Rule, ScoreConfig, Scored, calibrate, score, score_names,
    unseen_nats,
};
pub(crate) use detect::{scorer, shown_text};
pub use draw::Draw;
pub(crate) use draw::fits_in_memory;
pub use encode::{codes, decode, encode, encode_alone, latent_names};
pub use explore::{Codes, Given, Path, between, near, rows_of, traverse};
pub use feature_scores::{FeatureScores, LabelledParts, score_features};
pub use fine_tune::{FineTuned, error_rate, fine_tune};
pub use forecast::{
    ColumnForecast, ForecastOptions, Forecasts, FutureRows, SeriesForecast, Start, forecast, forecast_from,
};
pub(crate) use generate::calibrate_draws;
pub use generate::{NewConditions, generate};
pub use impute::{ImputeConfig, Imputed, MaskedCells, hold_back, impute};
pub use names::renamed;
pub use posterior::encode_posterior;
pub use reconstruct::{beside_aside, project, reconstruct};
pub use series::{long_series, windows_for};
pub use synthesize::{Comparison, Requirement, SynthesizeOptions, Synthesized, synthesize};
pub use walk::{WalkConfig, walk};

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Metadata, Schema};

use self::encode::{columns_of, last_rows};
use crate::artifact::SavedModel;
use crate::model::CHUNK;
use crate::{Error, Result};

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
