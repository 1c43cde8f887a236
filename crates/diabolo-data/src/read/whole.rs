//! A table from its batches. Its columns are put together one after the other, so that the parts
//! and the whole of one column are in memory at most; those of a large table go to files.

use std::io;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow_schema::{ArrowError, Field, SchemaRef};
use arrow_select::concat::concat;

use super::column_file::ColumnFile;
use crate::{Error, Result, mapped, memory};

/// The batches of a table.
pub(crate) struct Whole {
    /// The name of the input, for messages.
    name: String,
    schema: SchemaRef,
    columns: Vec<Parts>,
    rows: usize,
    /// The number of bytes, and from which number on they go to files.
    bytes: u64,
    limit: u64,
}

/// The parts of a column.
enum Parts {
    InMemory(Vec<ArrayRef>),
    InFile(ColumnFile),
}

impl Whole {
    /// A table without rows, which takes `limit` bytes of memory.
    pub fn new(name: impl Into<String>, schema: SchemaRef, limit: u64) -> Self {
        let columns = schema.fields().iter().map(|_| Parts::InMemory(vec![])).collect();
        Whole { name: name.into(), columns, schema, rows: 0, bytes: 0, limit }
    }

    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        let fields = self.schema.fields();
        for ((parts, part), field) in self.columns.iter_mut().zip(batch.columns()).zip(fields) {
            match parts {
                Parts::InMemory(parts) => {
                    self.bytes += part.to_data().get_slice_memory_size().unwrap_or(0) as u64;
                    parts.push(part.clone());
                }
                Parts::InFile(file) => file.add(part).map_err(|error| unwritten(error, &self.name, field))?,
            }
        }
        if self.bytes > self.limit {
            self.move_to_files()?;
        }
        Ok(())
    }

    fn move_to_files(&mut self) -> Result<()> {
        self.bytes = 0;
        for (field, parts) in self.schema.fields().iter().zip(&mut self.columns) {
            if let Parts::InMemory(arrays) = parts
                && ColumnFile::holds(field.data_type())
            {
                let mut file = ColumnFile::new(field.data_type()).map_err(memory::no_room)?;
                let added = arrays.drain(..).try_for_each(|part| file.add(&part));
                added.map_err(|error| unwritten(error, &self.name, field))?;
                *parts = Parts::InFile(file);
            }
        }
        Ok(())
    }

    pub fn table(self) -> Result<RecordBatch, ArrowError> {
        let mut columns = vec![];
        for (field, parts) in self.schema.fields().iter().zip(self.columns) {
            let parts = match parts {
                Parts::InFile(file) => {
                    columns.push(file.array()?);
                    // Texts were read, to check them.
                    mapped::release();
                    continue;
                }
                Parts::InMemory(parts) => parts,
            };
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

/// The error about a column that could not be added to its file.
fn unwritten(error: io::Error, name: &str, field: &Field) -> Error {
    if error.kind() != io::ErrorKind::FileTooLarge {
        return memory::no_room(error);
    }
    let help = "leave the column out with --drop, or fit a part of the rows";
    Error::data(name, "at most 2 GiB of text in a column", "more", help).in_column(field.name())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Date32Array, Float32Array, Int64Array, StringArray};

    use super::*;

    /// Rows of every kind of column, some of them missing, and some texts empty.
    fn batch(first: i64, rows: i64) -> RecordBatch {
        let numbers = first..first + rows;
        let text = |n: i64| (n % 5 != 0).then(|| "é".repeat((n % 3) as usize) + &n.to_string());
        let columns: [(&str, ArrayRef); 5] = [
            ("whole", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
            (
                "real",
                Arc::new(Float32Array::from_iter(numbers.clone().map(|n| (n % 7 != 0).then_some(n as f32)))),
            ),
            ("date", Arc::new(Date32Array::from_iter(numbers.clone().map(|n| (n > 20).then_some(n as i32))))),
            ("text", Arc::new(StringArray::from_iter(numbers.clone().map(text)))),
            ("flag", Arc::new(BooleanArray::from_iter(numbers.map(|n| Some(n % 2 == 0))))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
    }

    fn whole(limit: u64) -> RecordBatch {
        let mut whole = Whole::new("t", batch(0, 1).schema(), limit);
        // Parts of larger arrays, and an empty one.
        for (first, rows) in [(0, 3), (3, 0), (3, 40), (43, 57)] {
            whole
                .add(&batch(first - first.min(2), rows + 9).slice(first.min(2) as usize, rows as usize))
                .unwrap();
        }
        whole.table().unwrap()
    }

    #[test]
    fn a_table_in_files_is_the_table_in_memory() {
        let expected = whole(u64::MAX);
        assert_eq!(expected, batch(0, 100));
        for limit in [0, 100, 2000] {
            assert_eq!(whole(limit), expected, "{limit}");
        }
    }
}
