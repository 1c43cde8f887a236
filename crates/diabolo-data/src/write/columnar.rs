//! Parquet and Arrow files.

use std::io;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use arrow_select::concat::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::{Encode, Output, from_arrow};
use crate::names::some_names;
use crate::stored::distinct_values;
use crate::{Error, Format, Result};

/// The encoder of either format.
pub(super) fn encoder(
    target: &str,
    format: Format,
    output: Output,
    schema: &Schema,
) -> Result<Box<dyn Encode>> {
    let failed = |error: io::Error| Error::io("write", target)(error);
    if format == Format::Arrow {
        let file = FileWriter::try_new(output, schema).map_err(|error| failed(from_arrow(error)))?;
        return Ok(match schema.fields().iter().any(|field| has_dictionary(field.data_type())) {
            true => Box::new(Dictionaries { file, batches: vec![] }),
            false => Box::new(file),
        });
    }
    // Where pandas and others look for what they wrote there.
    let said = schema.metadata().iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(Default::default()))
        .set_key_value_metadata(Some(said.collect()));
    // Codes and the like, which hardly ever repeat: a dictionary of them is searched in vain.
    let single = schema.fields().iter().filter(|field| *field.data_type() == DataType::Float32);
    let properties = single.fold(properties, |properties, field| {
        properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false)
    });
    let fields = schema.fields();
    let kept: Vec<usize> = (0..fields.len()).filter(|&at| fits_parquet(fields[at].data_type())).collect();
    let of_file = kept.iter().map(|&at| {
        let field = Field::clone(&fields[at]);
        let data_type = parquet_type(field.data_type());
        field.with_data_type(data_type)
    });
    let of_file = Schema::new(of_file.collect::<Vec<_>>()).with_metadata(schema.metadata().clone());
    let of_file = Arc::new(of_file);
    let writer = ArrowWriter::try_new(output, of_file.clone(), Some(properties.build()));
    let writer = writer.map_err(|error| failed(from_parquet(error)))?;
    let left_out = fields.iter().filter(|field| !fits_parquet(field.data_type()));
    let left_out = left_out.map(|field| field.name().clone()).collect();
    Ok(Box::new(Parquet { writer, schema: of_file, kept, left_out }))
}

/// A value that Parquet cannot hold is an error, and not missing.
const EXACT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };

struct Parquet {
    writer: ArrowWriter<Output>,
    /// The columns of the file.
    schema: SchemaRef,
    kept: Vec<usize>,
    /// The names of the other columns.
    left_out: Vec<String>,
}

impl Encode for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = self.kept.iter().zip(self.schema.fields());
        let columns =
            columns.map(|(&at, field)| cast_with_options(batch.column(at), field.data_type(), &EXACT));
        let columns = columns.collect::<Result<_, _>>().map_err(from_arrow)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        self.writer.write(&batch.map_err(from_arrow)?).map_err(from_parquet)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.writer.into_inner().map_err(from_parquet)?.commit()
    }

    fn note(&self) -> Option<String> {
        let names = some_names(self.left_out.iter().map(String::as_str));
        (!self.left_out.is_empty())
            .then(|| format!("Parquet has no type for {names}, which is left out; write .arrow to keep it"))
    }
}

/// The type in Parquet, which has no seconds, and one type of dates.
fn parquet_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        other => other.clone(),
    }
}

/// Whether the Parquet writer knows the type.
fn fits_parquet(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..) | DataType::Interval(IntervalUnit::MonthDayNano) => false,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => fits_parquet(item.data_type()),
        DataType::Struct(fields) => {
            !fields.is_empty() && fields.iter().all(|field| fits_parquet(field.data_type()))
        }
        _ => true,
    }
}

/// An Arrow file with dictionaries. It holds one of them for each column, and batches have their
/// own: they are kept until the end.
struct Dictionaries {
    file: FileWriter<Output>,
    batches: Vec<RecordBatch>,
}

impl Encode for Dictionaries {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.batches.push(batch.clone());
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let mut written = || {
            let all = concat_batches(self.file.schema(), &self.batches)?;
            let columns = all.columns().iter().map(distinct_values).collect::<Result<_, _>>()?;
            self.file.write(&RecordBatch::try_new(all.schema(), columns)?)
        };
        written().map_err(from_arrow)?;
        Box::new(self.file).finish()
    }
}

fn has_dictionary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(..) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_dictionary(item.data_type())
        }
        DataType::Map(entries, _) => has_dictionary(entries.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_dictionary(field.data_type())),
        _ => false,
    }
}

impl Encode for FileWriter<Output> {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        FileWriter::write(self, batch).map_err(from_arrow)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.into_inner().map_err(from_arrow)?.commit()
    }
}

fn from_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => cause.downcast().map_or_else(io::Error::other, |error| *error),
        other => io::Error::other(other),
    }
}
