//! Mean reconstructions of rows, in the original columns, types and units.

use arrow_array::{BooleanArray, RecordBatch};

use super::{last_rows, no_column, table_like};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::image::image_shape;
use crate::data::{Encoded, fill, places};
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

/// Decodes `values` in place of `rows`: columns keep their order and types, the key and label are
/// copied.
pub fn beside_aside(saved: &SavedModel, rows: &RecordBatch, values: &[f32]) -> Result<RecordBatch> {
    let preprocessor = &saved.header.preprocessor;
    let made = preprocessor.decode(values)?;
    let aside = preprocessor.passthrough_columns(rows)?;
    let all = BooleanArray::from(vec![true; rows.num_rows()]);
    let (own, copied) = (made.schema(), aside.schema());
    let (features, copied) = (places(&own), places(&copied));
    let columns = last_rows(rows).into_iter().filter_map(|(field, array)| {
        if copied.contains_key(field.name().as_str()) {
            return Some(Ok((field, array)));
        }
        let at = *features.get(field.name().as_str())?;
        let (own, feature) = (own.field(at), &preprocessor.schema.features[at]);
        if image_shape(own).is_some() {
            return Some(Ok((own.clone(), made.column(at).clone())));
        }
        let column = fill(&array, &all, feature, own, made.column(at))
            .map_err(|cause| no_column(field.name(), &cause));
        Some(column.map(|column| (field.with_data_type(column.data_type().clone()), column)))
    });
    table_like(rows, columns.collect::<Result<_>>()?)
}
