//! JSON lines: one object a row.

use std::fmt::Write as _;
use std::io::{self, Write};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field};

use super::output::Output;
use super::{Encode, from_arrow};
use crate::cells::Cells;
use crate::json::{JsonText, mark, quoted};
use crate::read::is_scalar;

/// Missing cells are `null`, as are numbers that are not finite; dates and times are text.
pub(super) struct JsonLines(Output);

impl JsonLines {
    pub fn new(output: Output) -> JsonLines {
        JsonLines(output)
    }
}

impl Encode for JsonLines {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns
            .map(|(field, array)| Ok((quoted(field.name()), Values::of(field, array)?)))
            .collect::<io::Result<Vec<_>>>()?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            text.clear();
            for (place, (name, cells)) in columns.iter().enumerate() {
                text.push_str(if place == 0 { "{" } else { "," });
                text.push_str(name);
                text.push(':');
                cells.write(row, &mut text)?;
            }
            text.push_str("}\n");
            self.0.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.commit()
    }
}

/// The cells of a column.
struct Values<'a> {
    array: &'a dyn Array,
    form: Form<'a>,
}

enum Form<'a> {
    /// The text is JSON.
    Plain(ArrayFormatter<'a>),
    /// Real numbers, some of which JSON does not have.
    Real(ArrayFormatter<'a>, ArrayRef),
    Text(Cells),
    /// Text that stands for JSON.
    Marked(ArrayFormatter<'a>, JsonText),
    /// Lists of a fixed length.
    List(Box<Values<'a>>, usize),
}

impl<'a> Values<'a> {
    fn of(field: &Field, array: &'a ArrayRef) -> io::Result<Self> {
        let formatter = || {
            const OPTIONS: FormatOptions<'static> = FormatOptions::new();
            ArrayFormatter::try_new(array, &OPTIONS).map_err(from_arrow)
        };
        let form = match array.data_type() {
            DataType::FixedSizeList(item, length) => {
                let values = array.as_fixed_size_list().values();
                Form::List(Box::new(Values::of(item, values)?), *length as usize)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if mark(field).is_some() => {
                Form::Marked(formatter()?, mark(field).unwrap_or(JsonText::Scalars))
            }
            real if real.is_floating() => {
                let numbers = arrow_cast::cast(array, &DataType::Float64).map_err(from_arrow)?;
                Form::Real(formatter()?, numbers)
            }
            plain if plain.is_numeric() || plain == &DataType::Boolean => Form::Plain(formatter()?),
            _ => Form::Text(Cells::of(array)),
        };
        Ok(Values { array, form })
    }

    fn write(&self, row: usize, out: &mut String) -> io::Result<()> {
        if self.array.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        let written = match &self.form {
            Form::Plain(text) => write!(out, "{}", text.value(row)),
            Form::Real(text, numbers) => match numbers.as_primitive::<Float64Type>().value(row).is_finite() {
                true => write!(out, "{}", text.value(row)),
                false => write!(out, "null"),
            },
            Form::Text(cells) => {
                let mut text = String::new();
                cells.writer().write(row, &mut text);
                write!(out, "{}", quoted(&text))
            }
            Form::Marked(text, mark) => {
                let text = text.value(row).to_string();
                match *mark == JsonText::Whole || is_scalar(&text) {
                    true => write!(out, "{text}"),
                    false => write!(out, "{}", quoted(&text)),
                }
            }
            Form::List(items, length) => {
                for item in 0..*length {
                    out.push(if item == 0 { '[' } else { ',' });
                    items.write(row * length + item, out)?;
                }
                write!(out, "{}", if *length == 0 { "[]" } else { "]" })
            }
        };
        written.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::{Date32Array, Decimal128Array, Float32Array, Int8Array, StringArray, UInt64Array};

    use super::*;
    use crate::Writer;
    use crate::json::marked;

    #[test]
    fn values_have_the_types_of_json() {
        let decimals = Decimal128Array::from(vec![Some(150), None]).with_precision_and_scale(5, 2).unwrap();
        let columns: Vec<(Field, ArrayRef)> = vec![
            (Field::new("a\"b", DataType::Int8, true), Arc::new(Int8Array::from(vec![Some(-1), None]))),
            (Field::new("u", DataType::UInt64, true), Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
            (Field::new("f", DataType::Float32, true), Arc::new(Float32Array::from(vec![0.1, f32::NAN]))),
            (Field::new("d", decimals.data_type().clone(), true), Arc::new(decimals)),
            (Field::new("day", DataType::Date32, true), Arc::new(Date32Array::from(vec![0, 1]))),
            (Field::new("s", DataType::Utf8, true), Arc::new(StringArray::from(vec!["1", "x\"\n"]))),
            (
                marked(Field::new("m", DataType::Utf8, true), JsonText::Scalars),
                Arc::new(StringArray::from(vec!["1.50", "n/a"])),
            ),
            (
                marked(Field::new("w", DataType::Utf8, true), JsonText::Whole),
                Arc::new(StringArray::from(vec!["[1, {}]", "\"x\""])),
            ),
        ];
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(fields)), arrays).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let mut writer = Writer::create(&path.to_string_lossy(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let expected = concat!(
            r#"{"a\"b":-1,"u":18446744073709551615,"f":0.1,"d":1.50,"day":"1970-01-01","s":"1","m":1.50,"w":[1, {}]}"#,
            "\n",
            r#"{"a\"b":null,"u":0,"f":null,"d":null,"day":"1970-01-02","s":"x\"\n","m":"n/a","w":"x"}"#,
            "\n"
        );
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }
}
