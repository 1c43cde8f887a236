//! A table from its batches, a column at a time, so that the parts and the whole of one column are
//! in memory at most.

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat;

/// The batches of a table.
pub(super) struct Whole {
    schema: SchemaRef,
    /// The parts of every column.
    columns: Vec<Vec<ArrayRef>>,
    rows: usize,
}

impl Whole {
    pub fn new(schema: SchemaRef) -> Self {
        Whole { columns: vec![vec![]; schema.fields().len()], schema, rows: 0 }
    }

    pub fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows();
        self.columns.iter_mut().zip(batch.columns()).for_each(|(parts, part)| parts.push(part.clone()));
    }

    pub fn table(self) -> Result<RecordBatch, ArrowError> {
        let mut columns = vec![];
        for (field, parts) in self.schema.fields().iter().zip(self.columns) {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(match parts[..] {
                [] => new_empty_array(field.data_type()),
                _ => concat(&parts)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(self.schema, columns, &options)
    }
}
