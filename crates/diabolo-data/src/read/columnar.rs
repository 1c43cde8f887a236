//! Parquet and Arrow IPC. Columns keep their types: only what a model uses is converted, by
//! [`crate::column`].

use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::convert::try_schema_from_ipc_buffer;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Type};
use parquet::file::metadata::ParquetMetaData;

use super::foreign::not_supported;
use super::ipc::Batches;
use super::{ReadOptions, Source, arrow_error, slices};
use crate::input::{Input, read_error};
use crate::names::{places, unique_names};
use crate::{Error, Result};

/// Opens a Parquet file.
pub(super) fn parquet(input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    let file = input.into_file()?;
    let builder = guarded(&name, || {
        let found = ArrowReaderMetadata::load(&file, Default::default())?;
        let options = ArrowReaderOptions::new().with_schema(types_of(&found));
        let typed = ArrowReaderMetadata::try_new(found.metadata().clone(), options)?;
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, typed))
    })?;
    check_compression(&name, builder.metadata())?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let schema = builder.schema().clone();
    let row = schema.fields().iter().map(|field| row_bytes(field.data_type())).fold(0, usize::saturating_add);
    let batch_rows = options.rows_per_batch(row);
    let batches = guarded(&name, || Ok(builder.with_batch_size(batch_rows).build()?))?;
    batches_of(name, &schema, rows, batches, batch_rows)
}

/// The types of the columns as other readers find them: with the time zones that the Arrow schema
/// within the file names, and dates as dates.
fn types_of(found: &ArrowReaderMetadata) -> SchemaRef {
    let said = found.metadata().file_metadata().key_value_metadata();
    let said = said.into_iter().flatten().find(|pair| pair.key == ARROW_SCHEMA_META_KEY);
    let embedded = said.and_then(|pair| {
        let bytes = BASE64_STANDARD.decode(pair.value.as_ref()?).ok()?;
        try_schema_from_ipc_buffer(&bytes).ok()
    });
    let embedded = embedded.as_ref().map(|schema| (places(schema), schema));
    let stored = found.parquet_schema().root_schema().get_fields();
    let fields = found.schema().fields().iter().zip(stored).map(|(field, stored)| {
        let named = embedded.as_ref().and_then(|(places, schema)| {
            let at = places.get(field.name().as_str())?;
            Some(schema.field(*at))
        });
        let data_type = match (field.data_type(), named.map(Field::data_type)) {
            (DataType::Timestamp(unit, Some(_)), Some(DataType::Timestamp(_, Some(zone)))) => {
                DataType::Timestamp(*unit, Some(zone.clone()))
            }
            (DataType::Date64, _) if stored.is_primitive() && stored.get_physical_type() == Type::INT32 => {
                DataType::Date32
            }
            // Parquet has dictionaries of text alone.
            (DataType::Dictionary(_, values), _) if values.is_numeric() => values.as_ref().clone(),
            (other, _) => other.clone(),
        };
        Field::clone(field).with_data_type(data_type)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()).with_metadata(found.schema().metadata().clone()))
}

/// Refuses a compression that is not built in, before any row is read.
fn check_compression(name: &str, metadata: &ParquetMetaData) -> Result<()> {
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let other = columns.map(|column| column.compression()).find_map(|compression| match compression {
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZO => Some("LZO"),
        _ => None,
    });
    other.map_or(Ok(()), |compression| {
        let what = format!("{compression}-compressed Parquet");
        let help = "write it again with compression='zstd', 'snappy' or 'gzip'";
        Err(not_supported(name, &what, help))
    })
}

/// Opens an Arrow file or stream. Its batches are read as written and split into smaller ones.
///
/// A file is a stream between two magic numbers, with a footer. Reading it as a stream allows
/// pipes, and ignores lengths in a damaged footer.
pub(super) fn arrow(mut input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    let head = input.head(256)?;
    let is_file = head.starts_with(MARK);
    // Padding to a multiple of 8 or more; arrow-rs pads to 64.
    let filled = head.iter().skip(MARK.len()).take_while(|byte| **byte == 0).count();
    let start = if is_file { (MARK.len() + filled) / 8 * 8 } else { 0 };
    let mut bytes = input.into_bytes();
    std::io::copy(&mut (&mut bytes).take(start as u64), &mut std::io::sink())
        .map_err(|e| read_error(&name, e))?;
    let (mut reader, schema) = guarded(&name, || Batches::open(BufReader::new(bytes)))?;
    let batches = std::iter::from_fn(move || match reader.next() {
        None if is_file => ends_with_mark(reader.rest()).err().map(Err),
        next => next,
    });
    batches_of(name, &schema, None, batches, options.rows_per_batch(0))
}

/// The batches of an Arrow stream in memory, and its columns.
pub(crate) fn stream_of(bytes: &[u8]) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    caught(|| {
        let (mut reader, schema) = Batches::open(bytes)?;
        let batches = std::iter::from_fn(|| reader.next()).collect::<Result<_, ArrowError>>()?;
        Ok((schema, batches))
    })
}

/// The magic number at both ends of an Arrow file.
const MARK: &[u8] = b"ARROW1";

fn ends_with_mark(rest: &mut impl Read) -> Result<(), ArrowError> {
    let mut footer = Vec::new();
    rest.read_to_end(&mut footer)?;
    if footer.ends_with(MARK) {
        Ok(())
    } else {
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
    }
}

fn row_bytes(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeList(item, length) => {
            row_bytes(item.data_type()).saturating_mul(usize::try_from(*length).unwrap_or(1))
        }
        other => other.primitive_width().unwrap_or(16),
    }
}

fn batches_of(
    name: String,
    schema: &SchemaRef,
    rows: Option<usize>,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    batch_rows: usize,
) -> Result<Source> {
    // Without a value that takes place a file of some bytes could have any number of rows.
    if schema.fields().iter().all(|field| field.data_type() == &DataType::Null) {
        let found = format!("{} columns, and no values", schema.fields().len());
        return Err(Error::data(name, "at least one column of values", found, "check how it was written"));
    }
    unique_names(&name, schema)?;
    // Batches of Parquet lack what the file says of itself.
    let columns = schema.clone();
    let batches = batches.map(move |batch| batch?.with_schema(columns.clone()));
    let parts = until_error(name.clone(), batches).flat_map(move |batch| {
        let (part, error) = batch.map_or_else(|error| (None, Some(error)), |batch| (Some(batch), None));
        let parts = part.into_iter().flat_map(move |batch| slices(batch, batch_rows));
        parts.map(Ok).chain(error.map(Err))
    });
    Ok(Source::new(name, schema.clone(), rows, parts))
}

/// Runs a decoder; its errors name the file.
fn guarded<T>(name: &str, decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T> {
    caught(decode).map_err(|error| arrow_error(name, error))
}

/// Converts a panic of a decoder, which some damaged files cause, to an error.
fn caught<T>(decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    let failed = |_| Err(ArrowError::ParseError("bytes that cannot be decoded".into()));
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(failed)
}

/// The batches, up to and including the first error.
fn until_error(
    name: String,
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> impl Iterator<Item = Result<RecordBatch>> {
    let mut broken = false;
    std::iter::from_fn(move || {
        let next = if broken { None } else { guarded(&name, || batches.next().transpose()).transpose() };
        broken = !matches!(next, Some(Ok(_)));
        next
    })
}
