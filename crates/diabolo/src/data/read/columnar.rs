//! Parquet and Arrow IPC, brought to the few column types of this library.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::input::{Input, damaged};
use super::{ReadOptions, Source, arrow_error, slices};
use crate::{Error, Result};

/// Opens a Parquet file.
pub(super) fn parquet(input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    let file = input.into_file()?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(&name, error))?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let schema = builder.schema().clone();
    let batch_rows =
        options.rows_per_batch(schema.fields().iter().map(|field| row_bytes(field.data_type())).sum());
    let batches = builder.with_batch_size(batch_rows).build().map_err(|error| damaged(&name, error))?;
    normalised(name, &schema, rows, batches, batch_rows)
}

/// Opens an Arrow file or stream. It is read in the batches it was written in, and given in smaller ones.
pub(super) fn arrow(mut input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    if input.head(6)?.starts_with(b"ARROW1") {
        let reader = FileReader::try_new(BufReader::new(input.into_file()?), None);
        let reader: FileReader<BufReader<File>> = reader.map_err(|error| arrow_error(&name, error))?;
        return normalised(name, &reader.schema(), None, reader, options.rows_per_batch(0));
    }
    let reader = StreamReader::try_new(BufReader::new(input.into_bytes()), None);
    let reader = reader.map_err(|error| arrow_error(&name, error))?;
    normalised(name, &reader.schema(), None, reader, options.rows_per_batch(0))
}

fn row_bytes(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeList(item, length) => {
            row_bytes(item.data_type()) * usize::try_from(*length).unwrap_or(1)
        }
        other => other.primitive_width().unwrap_or(16),
    }
}

fn normalised(
    name: String,
    schema: &SchemaRef,
    rows: Option<usize>,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    batch_rows: usize,
) -> Result<Source> {
    let fields = schema.fields().iter().map(|field| {
        let data_type = target(field.data_type());
        Field::new(field.name(), data_type, true).with_metadata(field.metadata().clone())
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let (file, given, mut row) = (name.clone(), schema.clone(), 0);
    let batches = guarded(name.clone(), batches).map(move |batch| {
        let batch = batch?;
        let columns = batch.columns().iter().zip(given.fields());
        let columns = columns.map(|(column, field)| normalise(&file, column, field, row)).collect::<Result<_>>()?;
        row += batch.num_rows();
        RecordBatch::try_new(given.clone(), columns).map_err(|error| arrow_error(&file, error))
    });
    let parts = batches.flat_map(move |batch| match batch {
        Ok(batch) => slices(&batch, batch_rows).map(Ok).collect(),
        Err(error) => vec![Err(error)],
    });
    Ok(Source::new(name, schema, rows, parts))
}

/// The decoders panic on some damaged files; that is an error like any other, and the end of the file.
fn guarded(
    name: String,
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> impl Iterator<Item = Result<RecordBatch>> {
    let mut broken = false;
    std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let next = catch_unwind(AssertUnwindSafe(|| batches.next()));
        let next = next.unwrap_or_else(|_| Some(Err(ArrowError::ParseError("bytes that cannot be decoded".into()))));
        let next = next.map(|batch| batch.map_err(|error| arrow_error(&name, error)));
        broken = matches!(next, Some(Err(_)));
        next
    })
}

/// The type a column is brought to; nested and binary ones stay, and the schema stage refuses them.
fn target(data_type: &DataType) -> DataType {
    use DataType::*;
    match data_type {
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => Int64,
        Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
            Float64
        }
        Utf8 | LargeUtf8 | Utf8View | Null => Utf8,
        Date32 | Date64 | Time32(_) | Time64(_) | Timestamp(..) => Utf8,
        Dictionary(_, values) => target(values),
        RunEndEncoded(_, values) => target(values.data_type()),
        other => other.clone(),
    }
}

fn normalise(file: &str, column: &ArrayRef, field: &Field, row: usize) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = match column.data_type() {
        same if same == field.data_type() => Ok(column.clone()),
        _ => cast_with_options(column, field.data_type(), &options),
    };
    let cast = cast.map_err(|error| {
        let expected = format!("values that can be read as {}", field.data_type());
        Error::data(file, expected, error.to_string(), "convert the column, or set it aside with --drop")
            .in_column(field.name())
            .at_row(row as u64 + 1)
    })?;
    // Not a number means missing, as in a NumPy array: one rule for all formats.
    match cast.as_primitive_opt::<Float64Type>() {
        Some(floats) if floats.values().iter().any(|value| value.is_nan()) => {
            let values = floats.iter().map(|value| value.filter(|value| !value.is_nan()));
            Ok(Arc::new(values.collect::<Float64Array>()))
        }
        _ => Ok(cast),
    }
}
