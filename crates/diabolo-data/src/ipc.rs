//! Record batches as bytes: an Arrow stream in memory.

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;

use crate::read::stream_of;

/// The bytes of a batch with its schema.
///
/// # Errors
/// If Arrow cannot write a column.
pub fn to_bytes(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(vec![], &batch.schema())?;
    writer.write(batch)?;
    writer.into_inner()
}

/// The batch of [`to_bytes`]. Nothing is allocated by what the bytes say of their lengths.
///
/// # Errors
/// If they are damaged.
pub fn from_bytes(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let (schema, batches) = stream_of(bytes)?;
    arrow_select::concat::concat_batches(&schema, &batches)
}
