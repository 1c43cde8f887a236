//! What a fitted model is used for: one file an application, rows in and rows out.

pub mod compare;
mod denoise;
mod explore;
mod features;
mod fine_tune;
mod generate;
mod impute;
mod probe;
mod reconstruct;
mod walk;

pub use denoise::{Denoised, NoiseOf, Pairs, compare_denoising};
pub use explore::{Codes, Given, Path, between, near, rows_of, traverse};
pub use features::{codes, decode, encode};
pub use fine_tune::{FineTuned, error_rate, fine_tune};
pub use generate::{Draw, generate};
pub use impute::{HeldBack, ImputeConfig, Imputed, hold_back, impute};
pub use probe::{FeatureScores, LabelledParts, score_features};
pub use reconstruct::{beside_aside, project, reconstruct};
pub use walk::{WalkConfig, walk};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use std::sync::Arc;

use self::features::columns_of;
use crate::error::{Error, Result};
use crate::model::CHUNK;

/// A batch of the given columns.
fn table(rows: usize, columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(|cause| {
        Error::Unsupported {
            what: format!("these columns make no table: {cause}"),
            help: "report this as a bug".into(),
        }
    })
}
