//! Parquet and Arrow files.

use std::io;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{Encode, Output, from_arrow};
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
        return Ok(Box::new(FileWriter::try_new(output, schema).map_err(|error| failed(from_arrow(error)))?));
    }
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
    let writer = ArrowWriter::try_new(output, Arc::new(schema.clone()), Some(properties));
    Ok(Box::new(writer.map_err(|error| failed(from_parquet(error)))?))
}

impl Encode for ArrowWriter<Output> {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        ArrowWriter::write(self, batch).map_err(from_parquet)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.into_inner().map_err(from_parquet)?.commit()
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
