//! Delimited text.

use std::io::{self, Write};

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use super::Encode;
use super::output::Output;
use crate::cells::Cells;
use crate::image::image_shape;
use crate::spelling::spelled;
use crate::{Error, Result};

/// Writes one batch as CSV, header first. Numbers are written in the shortest form that reads back
/// exactly, or with the decimals of their column; nulls are empty cells; an image becomes one
/// column per pixel, `image_1`, `image_2`, ….
pub fn csv_to(writer: impl Write, batch: &RecordBatch) -> Result<()> {
    let mut rows = Rows::new(writer, b',');
    rows.write(batch).and_then(|()| rows.writer.flush()).map_err(Error::io("write", "CSV"))
}

/// The writer of delimited text.
pub(super) struct Text(Rows<Output>);

impl Text {
    pub fn new(output: Output, delimiter: u8) -> Text {
        Text(Rows::new(output, delimiter))
    }
}

impl Encode for Text {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.0.write(batch)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.writer.into_inner().map_err(|error| error.into_error())?.commit()
    }
}

/// The rows after the header.
struct Rows<W: Write> {
    writer: csv::Writer<W>,
    started: bool,
}

impl<W: Write> Rows<W> {
    fn new(writer: W, delimiter: u8) -> Rows<W> {
        Rows { writer: csv::WriterBuilder::new().delimiter(delimiter).from_writer(writer), started: false }
    }

    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        if !std::mem::replace(&mut self.started, true) {
            self.writer.write_record(header(&batch.schema())).map_err(from_csv)?;
        }
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns: Vec<(Cells, usize)> = columns.map(|(field, column)| cells(field, column)).collect();
        let columns: Vec<_> = columns.iter().map(|(cells, width)| (cells.writer(), *width)).collect();
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for (column, width) in &columns {
                for cell in row * width..(row + 1) * width {
                    text.clear();
                    column.write(cell, &mut text);
                    self.writer.write_field(&text).map_err(from_csv)?;
                }
            }
            self.writer.write_record(None::<&[u8]>).map_err(from_csv)?;
        }
        Ok(())
    }
}

/// The I/O cause itself: `From` would hide its kind, which identifies a closed pipe.
fn from_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The cells of a column, and their number per row.
fn cells(field: &Field, column: &ArrayRef) -> (Cells, usize) {
    match image_shape(field).and(column.as_fixed_size_list_opt()) {
        Some(list) => (Cells::of(list.values()), list.value_length() as usize),
        None => (Cells::of(spelled(field, column).as_ref().unwrap_or(column)), 1),
    }
}

fn header(schema: &Schema) -> Vec<String> {
    let names = schema.fields().iter().flat_map(|field| match (image_shape(field), field.data_type()) {
        (Some(_), DataType::FixedSizeList(_, length)) => {
            (1..=*length).map(|index| format!("{}_{index}", field.name())).collect()
        }
        _ => vec![field.name().clone()],
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float32Array, Float64Array, Int64Array, StringArray};

    use super::*;
    use crate::digits::digits;

    fn text(batch: &RecordBatch) -> String {
        let mut bytes = Vec::new();
        csv_to(&mut bytes, batch).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn numbers_are_short_and_read_back_the_same() {
        let numbers = [0.1, 1.0, 1e300, 5e-324, -0.0, 1.0 / 3.0, 123_456_789.125, f64::MAX];
        let batch =
            RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(numbers.to_vec())) as ArrayRef)]);
        let text = text(&batch.unwrap());
        let cells = text.lines().skip(1).collect::<Vec<_>>();
        assert_eq!(cells[0], "0.1");
        assert!(cells.iter().all(|cell| cell.len() < 25), "{text}");
        let back = cells.iter().map(|cell| cell.parse::<f64>().unwrap().to_bits());
        assert!(back.eq(numbers.iter().map(|number| number.to_bits())), "{text}");
    }

    #[test]
    fn nulls_are_empty_and_awkward_text_is_quoted() {
        let batch = RecordBatch::try_from_iter([
            ("a,b", Arc::new(StringArray::from(vec![Some("x\"y"), None, Some("u\nv")])) as ArrayRef),
            ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]))),
            ("f", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(2.0)]))),
        ]);
        assert_eq!(text(&batch.unwrap()), "\"a,b\",n,f\n\"x\"\"y\",1,0.1\n,,\n\"u\nv\",-3,2.0\n");
    }

    #[test]
    fn image_is_one_column_per_pixel() {
        let text = text(&digits().unwrap().slice(1, 1));
        let mut lines = text.lines();
        assert!(lines.next().unwrap().ends_with("image_63,image_64,label"));
        assert!(lines.next().unwrap().starts_with("0,0,0,12,13,5,0,0,"));
    }
}
