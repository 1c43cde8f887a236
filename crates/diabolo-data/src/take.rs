//! Selection of rows.

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::take::{take as take_cells, take_record_batch};

use crate::read::Whole;
use crate::{Error, Result, mapped};

/// Selects rows.
pub fn take(input: &str, batch: &RecordBatch, rows: &[usize]) -> Result<RecordBatch> {
    take_record_batch(batch, &numbers(rows)).map_err(too_many(input))
}

/// Selects rows; columns of more than `limit` bytes are in temporary files.
pub(crate) fn take_many(input: &str, batch: &RecordBatch, rows: &[usize], limit: u64) -> Result<RecordBatch> {
    const AT_ONCE: usize = 1 << 16;
    let mut whole = Whole::new(input, batch.schema(), limit);
    for some in rows.chunks(AT_ONCE) {
        whole.add(&take(input, batch, some)?)?;
        mapped::release();
    }
    whole.table().map_err(too_many(input))
}

/// Selects rows of a column.
pub(crate) fn take_column(input: &str, column: &ArrayRef, rows: &[usize]) -> Result<ArrayRef> {
    take_cells(column, &numbers(rows), None).map_err(too_many(input))
}

fn numbers(rows: &[usize]) -> UInt32Array {
    UInt32Array::from_iter_values(rows.iter().map(|&row| row as u32))
}

fn too_many(input: &str) -> impl Fn(ArrowError) -> Error {
    move |cause| Error::data(input, "rows that fit in memory", cause.to_string(), "fit a sample of the rows")
}
