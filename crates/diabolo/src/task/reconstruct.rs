//! Mean reconstructions of rows, in the original columns, types and units.

use arrow_array::RecordBatch;

use super::{columns_of, last_rows, table};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::tensor::{Device, to_host};

/// Means of the reconstruction of encoded rows: rows × width, row-major.
pub fn project(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<f32> {
    let model = &saved.model;
    in_chunks(rows, device, |batch| to_host(model.likelihood().mean(model.reconstruct(&batch))))
}

/// The reconstruction of each row. Columns keep the order of the input; the key and label are
/// copied, other columns and lagged columns of windows are omitted; missing cells are imputed.
pub fn reconstruct(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    device: &Device,
) -> Result<RecordBatch> {
    let encoded = saved.header.preprocessor.encode(input, rows, first_row)?;
    beside_aside(saved, rows, &project(saved, &encoded, device))
}

/// Decodes `values` in place of `rows`: columns keep their order, the key and label are copied.
pub fn beside_aside(saved: &SavedModel, rows: &RecordBatch, values: &[f32]) -> Result<RecordBatch> {
    let preprocessor = &saved.header.preprocessor;
    let made = preprocessor.decode(values)?;
    let aside = preprocessor.passthrough_columns(rows)?;
    let (made, aside) = (columns_of(&made), columns_of(&aside));
    let order = last_rows(rows);
    let columns = order.iter().filter_map(|(field, _)| {
        let named = |columns: &[_]| -> Option<_> {
            columns.iter().find(|(f, _): &&(arrow_schema::Field, _)| f.name() == field.name()).cloned()
        };
        named(&aside).or_else(|| named(&made))
    });
    table(rows.num_rows(), columns.collect())
}
