//! One column of a table in files, for tables that do not fit into memory.

use std::io;

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::NullBufferBuilder;
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType};

use crate::mapped::Spool;

/// The values of a column, and in memory one bit for each.
pub(super) struct ColumnFile {
    data_type: DataType,
    rows: usize,
    nulls: NullBufferBuilder,
    values: Values,
}

enum Values {
    /// So many bytes for each.
    Fixed(usize, Spool),
    /// The bytes of texts, and where each ends.
    Text { ends: Spool, bytes: Spool, end: i32 },
}

impl ColumnFile {
    /// Whether columns of this type can be in files. Others are flags, or of types that no model
    /// reads as numbers or text.
    pub fn holds(data_type: &DataType) -> bool {
        data_type.primitive_width().is_some() || *data_type == DataType::Utf8
    }

    /// A column without rows, of a type that it [holds](Self::holds).
    pub fn new(data_type: &DataType) -> io::Result<Self> {
        let values = match data_type.primitive_width() {
            Some(width) => Values::Fixed(width, Spool::new()?),
            None => {
                let mut ends = Spool::new()?;
                ends.write(&0i32.to_ne_bytes())?;
                Values::Text { ends, bytes: Spool::new()?, end: 0 }
            }
        };
        Ok(ColumnFile { data_type: data_type.clone(), rows: 0, nulls: NullBufferBuilder::new(0), values })
    }

    /// Adds cells; [`FileTooLarge`](io::ErrorKind::FileTooLarge) for more than 2 GiB of text.
    pub fn add(&mut self, part: &ArrayRef) -> io::Result<()> {
        let (data, rows) = (part.to_data(), part.len());
        match data.nulls() {
            Some(nulls) => self.nulls.append_buffer(nulls),
            None => self.nulls.append_n_non_nulls(rows),
        }
        self.rows += rows;
        match &mut self.values {
            Values::Fixed(width, values) => {
                let start = data.offset() * *width;
                values.write(&data.buffers()[0].as_slice()[start..start + rows * *width])
            }
            Values::Text { ends, bytes, end } => {
                let of_part = &data.buffers()[0].typed_data::<i32>()[data.offset()..=data.offset() + rows];
                let (first, last) = (of_part[0], of_part[rows]);
                if end.checked_add(last - first).is_none() {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                for from_first in of_part[1..].iter().map(|to| to - first) {
                    ends.write(&(*end + from_first).to_ne_bytes())?;
                }
                *end += last - first;
                bytes.write(&data.buffers()[1].as_slice()[first as usize..last as usize])
            }
        }
    }

    /// The whole column.
    pub fn array(mut self) -> Result<ArrayRef, ArrowError> {
        let data = ArrayData::builder(self.data_type).len(self.rows).nulls(self.nulls.finish());
        let data = match self.values {
            Values::Fixed(_, values) => data.add_buffer(values.map()?),
            Values::Text { ends, bytes, .. } => data.add_buffer(ends.map()?).add_buffer(bytes.map()?),
        };
        Ok(make_array(data.build()?))
    }
}
