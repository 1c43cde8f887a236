//! One NumPy array: the numeric columns side by side, or one column of images.

use std::io::{self, Seek, Write};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, UInt8Type, UInt16Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};

use super::output::Output;
use super::{Encode, from_arrow};
use crate::image::image_shape;
use crate::{Error, Result};

/// Rows × columns as `float32`, if all columns are, else as `float64` (whole numbers are exact up
/// to 2⁵³); nulls are NaN. One image column becomes rows × height × width (× 3), `uint8`,
/// `uint16` or `float32`.
pub(super) struct Npy {
    output: Output,
    /// The numbers, kept until the end because the header contains the number of rows.
    body: std::fs::File,
    number: DataType,
    /// The dimensions after the first.
    sides: Vec<usize>,
    rows: usize,
}

impl Npy {
    pub fn new(target: &str, output: Output, schema: &Schema) -> Result<Npy> {
        let (number, sides) = layout(target, schema)?;
        let body = tempfile::tempfile().map_err(Error::io("write", std::env::temp_dir()))?;
        Ok(Npy { output, body, number, sides, rows: 0 })
    }

    fn header(&self) -> String {
        let descr = match self.number {
            DataType::UInt8 => "|u1",
            DataType::UInt16 => "<u2",
            DataType::Float32 => "<f4",
            _ => "<f8",
        };
        let sides = self.sides.iter().map(|side| format!(" {side},")).collect::<String>();
        let mut header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({},{sides}), }}", self.rows);
        // Magic, version and length take 10 bytes; the numbers start at a multiple of 64.
        let length = (header.len() + 11).next_multiple_of(64) - 11;
        header += &" ".repeat(length - header.len());
        header + "\n"
    }
}

fn layout(target: &str, schema: &Schema) -> Result<(DataType, Vec<usize>)> {
    let fields = schema.fields();
    if let ([only], Some((height, width, channels))) =
        (&fields[..], fields.first().and_then(|f| image_shape(f)))
        && let DataType::FixedSizeList(item, _) = only.data_type()
    {
        let sides = if channels == 1 { vec![height, width] } else { vec![height, width, channels] };
        return Ok((item.data_type().clone(), sides));
    }
    let numeric = |data_type: &DataType| data_type.is_numeric() || data_type == &DataType::Boolean;
    if let Some(other) = fields.iter().find(|field| !numeric(field.data_type())) {
        return Err(Error::Unsupported {
            what: format!(
                "cannot write '{target}': an NPY file holds numeric columns, or a single image column, but not '{}'",
                other.name()
            ),
            help: "write .csv or .parquet, or fit without this column (--drop)".into(),
        });
    }
    let single = fields.iter().all(|field| field.data_type() == &DataType::Float32);
    Ok((if single { DataType::Float32 } else { DataType::Float64 }, vec![fields.len()]))
}

impl Encode for Npy {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.rows += batch.num_rows();
        if let Some(images) = batch.columns().first().and_then(|column| column.as_fixed_size_list_opt()) {
            return self.body.write_all(&pixel_bytes(images.values()));
        }
        let columns = batch.columns().iter().map(|column| cast(column, &self.number).map_err(from_arrow));
        let columns = columns.collect::<io::Result<Vec<_>>>()?;
        let mut bytes = Vec::new();
        for row in 0..batch.num_rows() {
            for column in &columns {
                match (column.is_null(row), &self.number) {
                    (true, DataType::Float32) => bytes.extend(f32::NAN.to_le_bytes()),
                    (true, _) => bytes.extend(f64::NAN.to_le_bytes()),
                    (_, DataType::Float32) => {
                        bytes.extend(column.as_primitive::<Float32Type>().value(row).to_le_bytes())
                    }
                    _ => bytes.extend(column.as_primitive::<Float64Type>().value(row).to_le_bytes()),
                }
            }
        }
        self.body.write_all(&bytes)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let header = self.header();
        let length = u16::try_from(header.len()).map_err(io::Error::other)?;
        self.output.write_all(b"\x93NUMPY\x01\x00")?;
        self.output.write_all(&length.to_le_bytes())?;
        self.output.write_all(header.as_bytes())?;
        self.body.rewind()?;
        io::copy(&mut self.body, &mut self.output)?;
        self.output.commit()
    }
}

fn pixel_bytes(pixels: &ArrayRef) -> Vec<u8> {
    match pixels.data_type() {
        DataType::UInt8 => pixels.as_primitive::<UInt8Type>().values().to_vec(),
        DataType::UInt16 => pixels
            .as_primitive::<UInt16Type>()
            .values()
            .iter()
            .flat_map(|pixel| pixel.to_le_bytes())
            .collect(),
        _ => pixels
            .as_primitive::<Float32Type>()
            .values()
            .iter()
            .flat_map(|pixel| pixel.to_le_bytes())
            .collect(),
    }
}
