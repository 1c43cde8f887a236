//! JSON lines: one object a row.

use std::fmt::Write as _;
use std::io::{self, Write};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, FieldRef};

use super::output::Output;
use super::{Encode, from_arrow};
use crate::cells::Cells;
use crate::json::{JsonText, mark, quoted};
use crate::read::is_scalar;

/// Missing cells are `null`, as are numbers that are not finite; dates and times are text, lists
/// arrays, and structures objects.
pub(super) struct JsonLines(Output);

impl JsonLines {
    pub fn new(output: Output) -> JsonLines {
        JsonLines(output)
    }
}

impl Encode for JsonLines {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        let members = Members::of(schema.fields(), batch.columns())?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            text.clear();
            members.write(row, &mut text)?;
            text.push('\n');
            self.0.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.commit()
    }
}

/// The columns of a table or a structure, each with its quoted name.
struct Members<'a>(Vec<(String, Values<'a>)>);

impl<'a> Members<'a> {
    fn of(fields: &[FieldRef], arrays: &'a [ArrayRef]) -> io::Result<Self> {
        let columns = fields.iter().zip(arrays);
        let columns = columns.map(|(field, array)| Ok((quoted(field.name()), Values::of(field, array)?)));
        Ok(Members(columns.collect::<io::Result<_>>()?))
    }

    fn write(&self, row: usize, out: &mut String) -> io::Result<()> {
        out.push('{');
        for (place, (name, cells)) in self.0.iter().enumerate() {
            out.push_str(if place == 0 { "" } else { "," });
            out.push_str(name);
            out.push(':');
            cells.write(row, out)?;
        }
        out.push('}');
        Ok(())
    }
}

/// The cells of a column.
struct Values<'a> {
    missing: Option<NullBuffer>,
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
    /// The items of all lists, and where each list begins; the last ends where one more would.
    List(Box<Values<'a>>, Vec<usize>),
    Struct(Members<'a>),
}

impl<'a> Values<'a> {
    fn of(field: &FieldRef, array: &'a ArrayRef) -> io::Result<Self> {
        let formatter = || {
            const OPTIONS: FormatOptions<'static> = FormatOptions::new();
            ArrayFormatter::try_new(array, &OPTIONS).map_err(from_arrow)
        };
        let form = match array.data_type() {
            DataType::FixedSizeList(item, length) => {
                let starts = (0..=array.len()).map(|row| row * *length as usize).collect();
                Form::List(Box::new(Values::of(item, array.as_fixed_size_list().values())?), starts)
            }
            DataType::List(item) => {
                let lists = array.as_list::<i32>();
                let starts = lists.value_offsets().iter().map(|start| *start as usize).collect();
                Form::List(Box::new(Values::of(item, lists.values())?), starts)
            }
            DataType::LargeList(item) => {
                let lists = array.as_list::<i64>();
                let starts = lists.value_offsets().iter().map(|start| *start as usize).collect();
                Form::List(Box::new(Values::of(item, lists.values())?), starts)
            }
            DataType::Struct(fields) => Form::Struct(Members::of(fields, array.as_struct().columns())?),
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
        Ok(Values { missing: array.logical_nulls(), form })
    }

    fn write(&self, row: usize, out: &mut String) -> io::Result<()> {
        if self.missing.as_ref().is_some_and(|missing| missing.is_null(row)) {
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
            Form::List(items, starts) => {
                out.push('[');
                for item in starts[row]..starts[row + 1] {
                    out.push_str(if item == starts[row] { "" } else { "," });
                    items.write(item, out)?;
                }
                write!(out, "]")
            }
            Form::Struct(members) => return members.write(row, out),
        };
        written.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{
        Date32Array, Decimal128Array, FixedSizeListArray, Float32Array, Int8Array, LargeListArray, ListArray,
        NullArray, StringArray, StructArray, UInt64Array,
    };
    use arrow_schema::Field;

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
        let expected = concat!(
            r#"{"a\"b":-1,"u":18446744073709551615,"f":0.1,"d":1.50,"day":"1970-01-01","s":"1","m":1.50,"w":[1, {}]}"#,
            "\n",
            r#"{"a\"b":null,"u":0,"f":null,"d":null,"day":"1970-01-02","s":"x\"\n","m":"n/a","w":"x"}"#,
            "\n"
        );
        assert_eq!(written(&batch), expected);
    }

    fn written(batch: &RecordBatch) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let mut writer = Writer::create(&path.to_string_lossy(), None).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lists_and_structures_are_arrays_and_objects() {
        let list =
            |values: Vec<Option<Vec<Option<i32>>>>| ListArray::from_iter_primitive::<Int32Type, _, _>(values);
        let lists = list(vec![
            Some(vec![Some(9)]),
            Some(vec![Some(1), None, Some(3)]),
            None,
            Some(vec![]),
            Some(vec![Some(7)]),
        ]);
        let large = LargeListArray::from_iter_primitive::<Float64Type, _, _>(
            [0.5, f64::NAN, 2.0, 3.0, 4.0].map(|x| Some(vec![Some(x)])),
        );
        let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
            (0..5).map(|row| Some(vec![Some(2 * row), Some(2 * row + 1)])),
            2,
        );
        let inner = list((0..5).map(|row| Some(vec![Some(row); row as usize])).collect());
        let fields = vec![
            Arc::new(Field::new("t\"", DataType::Utf8, true)),
            Arc::new(Field::new("in", inner.data_type().clone(), true)),
            Arc::new(Field::new("no", DataType::Null, true)),
        ];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["a", "1", "[]", "d\"", "e"])),
            Arc::new(inner),
            Arc::new(NullArray::new(5)),
        ];
        let whole = NullBuffer::from(vec![true, true, true, false, true]);
        let structs = StructArray::new(fields.into(), columns, Some(whole));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("l", Arc::new(lists) as ArrayRef, true),
            ("g", Arc::new(large), true),
            ("f", Arc::new(fixed), true),
            ("s", Arc::new(structs), true),
        ]);
        let expected = concat!(
            r#"{"l":[1,null,3],"g":[null],"f":[2,3],"s":{"t\"":"1","in":[1],"no":null}}"#,
            "\n",
            r#"{"l":null,"g":[2.0],"f":[4,5],"s":{"t\"":"[]","in":[2,2],"no":null}}"#,
            "\n",
            r#"{"l":[],"g":[3.0],"f":[6,7],"s":null}"#,
            "\n"
        );
        assert_eq!(written(&batch.unwrap().slice(1, 3)), expected);
    }
}
