//! Plain arrays of numbers, the common content of NPY and IDX files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch, UInt8Array, UInt16Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::{ReadOptions, Source, arrow_error, csv::numbered};
use crate::image::{image_array, image_field, with_16_bits};
use crate::input::{Bytes, damaged, read_error, spool};
use crate::{Error, Result};

/// The number type of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
}

/// The header of an array.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub kind: Kind,
    /// Bytes per number.
    pub size: usize,
    pub big_endian: bool,
    /// Fortran order: the first index runs fastest.
    pub fortran: bool,
    /// The dimensions; the first is the number of rows.
    pub shape: Vec<usize>,
}

/// The maximum number of columns; a header with more is considered damaged.
const MOST_COLUMNS: usize = 1 << 20;

/// Reads a table (1 or 2 dimensions) or images (3 or 4) from `bytes`, which follow the header.
pub(super) fn open(name: &str, layout: Layout, bytes: Bytes, options: &ReadOptions) -> Result<Source> {
    let items = items_per_row(name, &layout)?;
    let fields = match layout.shape.len() {
        1 | 2 => table_fields(name, &layout, items)?,
        _ => vec![picture_field(name, &layout)?],
    };
    let schema = Arc::new(Schema::new(fields));
    let rows = layout.shape[0];
    let body =
        if layout.fortran && items > 1 { Body::Columns(spool(name, bytes)?) } else { Body::Rows(bytes) };
    let batch_rows = options.rows_per_batch(items * layout.size);
    let reader = ArrayReader {
        name: name.to_string(),
        schema: schema.clone(),
        layout,
        items,
        batch_rows,
        row: 0,
        body,
    };
    Ok(Source::new(name, schema, Some(rows), reader))
}

fn items_per_row(name: &str, layout: &Layout) -> Result<usize> {
    let shape = format!("the shape {:?}", layout.shape);
    let Some((rows, sides)) = layout.shape.split_first().filter(|(_, sides)| sides.len() <= 3) else {
        return Err(Error::data(
            name,
            "an array of 1 to 4 dimensions",
            shape,
            "reshape it to rows × columns",
        ));
    };
    let items = sides.iter().try_fold(1usize, |product, side| product.checked_mul(*side));
    let total = items.and_then(|items| items.checked_mul(layout.size)?.checked_mul(*rows));
    match (items, total) {
        (Some(0), _) => {
            Err(Error::data(name, "at least one number in a row", shape, "check how it was written"))
        }
        (Some(items), Some(_)) => Ok(items),
        _ => Err(damaged(name, format!("{shape}, which exceeds the address space"))),
    }
}

fn table_fields(name: &str, layout: &Layout, items: usize) -> Result<Vec<Field>> {
    if items > MOST_COLUMNS {
        let expected = format!("at most {MOST_COLUMNS} columns");
        return Err(Error::data(name, expected, items.to_string(), "check how the file was written"));
    }
    let data_type = match layout.kind {
        Kind::Bool => DataType::Boolean,
        Kind::Unsigned | Kind::Signed => DataType::Int64,
        Kind::Float => DataType::Float64,
    };
    Ok(numbered(items).into_iter().map(|column| Field::new(column, data_type.clone(), true)).collect())
}

fn picture_field(name: &str, layout: &Layout) -> Result<Field> {
    let (height, width, channels) = match layout.shape[1..] {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3)] => (height, width, channels),
        _ => {
            let found = format!("the shape {:?}", layout.shape);
            return Err(Error::data(
                name,
                "images of 1 or 3 channels, channels last",
                found,
                "transpose the array",
            ));
        }
    };
    match (layout.kind, layout.size) {
        (Kind::Unsigned, 1 | 2) | (Kind::Float, _) => {}
        (kind, size) => {
            let found = format!("{kind:?} numbers of {} bits", size * 8);
            let expected = "pixels as uint8, uint16 or floats";
            return Err(Error::data(name, expected, found, "convert the array first"));
        }
    }
    if layout.fortran {
        let help = "save it with numpy.ascontiguousarray";
        return Err(Error::data(name, "images in C order", "an array in Fortran order", help));
    }
    if height.checked_mul(width * channels).is_none_or(|pixels| i32::try_from(pixels).is_err()) {
        return Err(damaged(name, format!("images of {height} × {width} pixels")));
    }
    let field = image_field(height, width, channels, layout.kind == Kind::Float);
    Ok(if (layout.kind, layout.size) == (Kind::Unsigned, 2) { with_16_bits(field) } else { field })
}

/// The order of the numbers in the file.
enum Body {
    /// Row-major.
    Rows(Bytes),
    /// Column-major.
    Columns(File),
}

struct ArrayReader {
    name: String,
    schema: SchemaRef,
    layout: Layout,
    items: usize,
    batch_rows: usize,
    row: usize,
    body: Body,
}

impl ArrayReader {
    fn read_batch(&mut self) -> Result<RecordBatch> {
        let rows = self.batch_rows.min(self.layout.shape[0] - self.row);
        let columns = match self.schema.field(0).data_type() {
            DataType::FixedSizeList(..) => vec![self.pictures(rows)?],
            _ => self.table(rows)?,
        };
        self.row += rows;
        if self.row == self.layout.shape[0] {
            self.expect_end()?;
        }
        RecordBatch::try_new(self.schema.clone(), columns).map_err(|error| arrow_error(&self.name, error))
    }

    /// Reads `count` numbers and converts them to little endian. The buffer grows with the bytes
    /// read, not with the size in the header.
    fn read(&mut self, count: usize) -> Result<Vec<u8>> {
        let length = count * self.layout.size;
        let mut buffer = Vec::new();
        let read = match &mut self.body {
            Body::Rows(bytes) => bytes.take(length as u64).read_to_end(&mut buffer),
            Body::Columns(file) => file.take(length as u64).read_to_end(&mut buffer),
        };
        read.map_err(|error| read_error(&self.name, error))?;
        if buffer.len() < length {
            let expected =
                format!("{} rows of {} bytes", self.layout.shape[0], self.items * self.layout.size);
            let help = "the file is truncated or its header is wrong; download or write it again";
            let row = self.row + buffer.len() / (self.items * self.layout.size).max(1);
            return Err(
                Error::data(self.name.as_str(), expected, "the end of the file", help).at_row(row as u64 + 1)
            );
        }
        if self.layout.big_endian {
            buffer.chunks_exact_mut(self.layout.size).for_each(<[u8]>::reverse);
        }
        Ok(buffer)
    }

    fn table(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        let (size, items) = (self.layout.size, self.items);
        if let Body::Rows(_) = self.body {
            let numbers = self.read(rows * items)?;
            let cells = |column| numbers.chunks_exact(size).skip(column).step_by(items);
            return (0..items).map(|column| self.column(column, cells(column))).collect();
        }
        let mut columns = Vec::with_capacity(items);
        for column in 0..items {
            if let Body::Columns(file) = &mut self.body {
                let start = (column * self.layout.shape[0] + self.row) * size;
                file.seek(SeekFrom::Start(start as u64)).map_err(|error| read_error(&self.name, error))?;
            }
            let numbers = self.read(rows)?;
            columns.push(self.column(column, numbers.chunks_exact(size))?);
        }
        Ok(columns)
    }

    fn column<'a>(&self, index: usize, cells: impl Iterator<Item = &'a [u8]>) -> Result<ArrayRef> {
        let bits = cells.map(bits);
        Ok(match self.layout.kind {
            Kind::Bool => Arc::new(BooleanArray::from_iter(bits.map(|bits| Some(bits != 0)))),
            Kind::Float => Arc::new(Float64Array::from_iter(
                bits.map(|bits| self.float(bits)).map(|number| (!number.is_nan()).then_some(number)),
            )),
            Kind::Signed => {
                let shift = 64 - 8 * self.layout.size;
                Arc::new(Int64Array::from_iter_values(bits.map(|bits| ((bits << shift) as i64) >> shift)))
            }
            Kind::Unsigned => {
                let numbers = bits.map(|bits| {
                    i64::try_from(bits).map_err(|_| {
                        let column = self.schema.field(index).name();
                        let expected = format!("whole numbers up to {}", i64::MAX);
                        Error::data(
                            self.name.as_str(),
                            expected,
                            bits.to_string(),
                            "write the array as floats",
                        )
                        .in_column(column)
                    })
                });
                Arc::new(Int64Array::from_iter_values(numbers.collect::<Result<Vec<_>>>()?))
            }
        })
    }

    fn float(&self, bits: u64) -> f64 {
        if self.layout.size == 4 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) }
    }

    fn pictures(&mut self, rows: usize) -> Result<ArrayRef> {
        let numbers = self.read(rows * self.items)?;
        let cells = numbers.chunks_exact(self.layout.size).map(bits);
        let pixels: ArrayRef = match self.layout.kind {
            Kind::Float => {
                Arc::new(Float32Array::from_iter_values(cells.map(|bits| self.float(bits) as f32)))
            }
            _ if self.layout.size == 2 => {
                Arc::new(UInt16Array::from_iter_values(cells.map(|bits| bits as u16)))
            }
            _ => Arc::new(UInt8Array::from(numbers)),
        };
        image_array(self.schema.field(0), pixels).map_err(|error| arrow_error(&self.name, error))
    }

    /// Checks that the file ends after the last number.
    fn expect_end(&mut self) -> Result<()> {
        let mut more = [0];
        let count = match &mut self.body {
            Body::Rows(bytes) => bytes.read(&mut more),
            Body::Columns(file) => file.read(&mut more),
        };
        match count.map_err(|error| read_error(&self.name, error))? {
            0 => Ok(()),
            _ => {
                let help = "the header is wrong, or bytes were appended; download or write the file again";
                let expected = format!("the end of the file after {} rows", self.layout.shape[0]);
                Err(Error::data(self.name.as_str(), expected, "more bytes", help))
            }
        }
    }
}

/// A little-endian number of up to 8 bytes.
fn bits(cell: &[u8]) -> u64 {
    cell.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

impl Iterator for ArrayReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.row >= self.layout.shape[0] {
            return None;
        }
        let batch = self.read_batch();
        if batch.is_err() {
            self.row = self.layout.shape[0];
        }
        Some(batch)
    }
}
