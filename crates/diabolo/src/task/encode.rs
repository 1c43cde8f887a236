//! Encoding of rows to columns `latent_1`, `latent_2`, …, and decoding of such columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field};

use super::{decodes_codes, names, table};
use crate::artifact::SavedModel;
use crate::data::{Encoded, is_earlier_row, unnamed_column};
use crate::model::{Autoencoder, in_chunks};
use crate::tensor::{Device, to_host};
use crate::{Error, Result};

/// The code of each encoded row (variational: the posterior's mean): rows × latent_dim, row-major.
pub fn codes(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<f32> {
    in_chunks(rows, device, |batch| to_host(saved.model.encode(batch.input())))
}

/// The code of each row (variational: the posterior's mean) after the key and label columns.
///
/// `first_row` is the 0-based number of the first row in `input`, for messages.
pub fn encode(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    device: &Device,
) -> Result<RecordBatch> {
    let preprocessor = &saved.header.preprocessor;
    let encoded = preprocessor.encode(input, rows, first_row)?;
    let codes = codes(saved, &encoded, device);
    beside_rows(saved, rows, vec![(latent_names(saved), codes)])
}

/// The key and label columns of rows, then columns of numbers: names of each part, and its rows ×
/// names, row-major.
pub(super) fn beside_rows(
    saved: &SavedModel,
    rows: &RecordBatch,
    parts: Vec<(Vec<String>, Vec<f32>)>,
) -> Result<RecordBatch> {
    let mut columns = columns_of(&saved.header.preprocessor.passthrough_columns(rows)?);
    for (names, values) in parts {
        let width = names.len();
        columns.extend(names.into_iter().enumerate().map(|(k, name)| {
            let column = Float32Array::from_iter_values(values.iter().skip(k).step_by(width).copied());
            (Field::new(name, DataType::Float32, false), Arc::new(column) as ArrayRef)
        }));
    }
    table(rows.num_rows(), columns)
}

/// Rows in original units from columns `latent_1`, …; key and label columns are copied. Codes from
/// a file without column names are taken in their order.
pub fn decode(
    saved: &SavedModel,
    input: &str,
    codes: &RecordBatch,
    first_row: u64,
    device: &Device,
) -> Result<RecordBatch> {
    decodes_codes(saved)?;
    let (names, width) = (latent_names(saved), saved.architecture.latent_dim);
    let codes = &named(codes, &names)?;
    let units: Vec<Float32Array> = names
        .iter()
        .map(|name| latent_column(input, codes, name, &names, first_row))
        .collect::<Result<_>>()?;
    let rows = codes.num_rows();
    let values = (0..rows).flat_map(|row| units.iter().map(move |unit| unit.value(row))).collect();
    let condition = saved.header.preprocessor.encode_condition(input, codes, first_row)?;
    let values = Encoded { condition, ..Encoded::from_values(values, width) };
    let means = in_chunks(&values, device, |batch| {
        to_host(saved.model.likelihood().mean(saved.model.decode(batch.input())))
    });
    let mut columns = columns_of(&saved.header.preprocessor.passthrough_columns(codes)?);
    columns.extend(columns_of(&saved.header.preprocessor.decode(&means)?));
    table(rows, columns)
}

/// The names of the latent dimensions: `latent_1`, …, unless a column that is copied has such a
/// name.
pub fn latent_names(saved: &SavedModel) -> Vec<String> {
    let schema = &saved.header.preprocessor.schema;
    let usual = (1..=saved.architecture.latent_dim).map(|k| format!("latent_{k}")).collect();
    names::free(usual, |name| schema.is_copied(name))
}

/// [`encode`] without the key and label columns, for formats without column names.
pub fn encode_alone(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    device: &Device,
) -> Result<RecordBatch> {
    let columns = columns_of(&encode(saved, input, rows, first_row, device)?);
    let aside = columns.len() - saved.architecture.latent_dim;
    table(rows.num_rows(), columns.into_iter().skip(aside).collect())
}

/// Codes from a file without column names, named; other batches unchanged.
fn named(codes: &RecordBatch, names: &[String]) -> Result<RecordBatch> {
    let columns = columns_of(codes);
    let is_nameless = |(k, (field, _)): (usize, &(Field, ArrayRef))| *field.name() == unnamed_column(k);
    if columns.len() != names.len() || !columns.iter().enumerate().all(is_nameless) {
        return Ok(codes.clone());
    }
    let renamed =
        columns.into_iter().zip(names).map(|((field, column), name)| (field.with_name(name), column));
    table(codes.num_rows(), renamed.collect())
}

/// One code column as numbers without missing cells.
fn latent_column(
    input: &str,
    codes: &RecordBatch,
    name: &str,
    names: &[String],
    first_row: u64,
) -> Result<Float32Array> {
    let wrong = |found: String, help: &str| {
        let expected = format!("codes as columns {} to {}", names[0], names[names.len() - 1]);
        Error::data(input, expected, found, help).in_column(name)
    };
    let array = codes.column_by_name(name).ok_or_else(|| {
        wrong("no such column".into(), "pass the output of `diabolo encode` with this model")
    })?;
    let numbers = arrow_cast::cast(array, &DataType::Float32).map_err(|_| {
        wrong(format!("{}", array.data_type()), "pass the output of `diabolo encode` with this model")
    })?;
    let numbers = numbers.as_primitive::<Float32Type>().clone();
    match (0..numbers.len()).find(|&row| numbers.is_null(row) || !numbers.value(row).is_finite()) {
        Some(row) => {
            Err(wrong("not a finite number".into(), "fix the cell").at_row(first_row + row as u64 + 1))
        }
        None => Ok(numbers),
    }
}

/// The columns of a batch, without lagged columns.
pub(super) fn last_rows(batch: &RecordBatch) -> Vec<(Field, ArrayRef)> {
    columns_of(batch).into_iter().filter(|(field, _)| !is_earlier_row(field)).collect()
}

/// The columns of a batch.
pub(super) fn columns_of(batch: &RecordBatch) -> Vec<(Field, ArrayRef)> {
    let schema = batch.schema();
    schema.fields().iter().map(|f| f.as_ref().clone()).zip(batch.columns().iter().cloned()).collect()
}
