//! Columns of a table as cells: byte strings, and back to the same values, types and nulls.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, LargeStringArray, StringArray, make_array, new_empty_array,
};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::{DataType, Field};

use super::grid::Style;
use super::wire::Malformed;
use crate::data::image::{image_scale, image_shape};

/// How the cells of a column are byte strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The text.
    Text,
    LargeText,
    /// 0 or 1.
    Boolean,
    /// A number, little-endian.
    Number(Style),
    /// Another value of so many bytes: dates, times, decimal numbers.
    Fixed(usize),
    /// So many pixels of an image, and the value of white.
    Pixels(usize, u8),
}

impl Form {
    /// The form of a column; none for types that are stored aside.
    pub fn of(field: &Field) -> Option<Self> {
        match field.data_type() {
            DataType::Utf8 => Some(Form::Text),
            DataType::LargeUtf8 => Some(Form::LargeText),
            DataType::Boolean => Some(Form::Boolean),
            DataType::FixedSizeList(item, length) if item.data_type() == &DataType::UInt8 => {
                let pixels = image_shape(field).and(usize::try_from(*length).ok())?;
                let white = image_scale(field);
                let whole = white.fract() == 0.0 && (1.0..=255.0).contains(&white);
                let plain = whole && !item.is_nullable() && !field.is_nullable();
                plain.then_some(Form::Pixels(pixels, white as u8))
            }
            DataType::Float32 => Some(Form::Number(Style::Single)),
            DataType::Float64 => Some(Form::Number(Style::Double)),
            other => {
                let width = other.primitive_width()?;
                Some(match (other.is_signed_integer(), other.is_unsigned_integer()) {
                    (true, _) => Form::Number(Style::Signed(width as u8)),
                    (_, true) => Form::Number(Style::Unsigned(width as u8)),
                    _ => Form::Fixed(width),
                })
            }
        }
    }

    /// How a cell of this form may write a number.
    pub fn styles(self) -> Vec<Style> {
        match self {
            Form::Text | Form::LargeText => {
                let scientific = [false, true].map(|upper| Style::Scientific { upper });
                [&scientific[..], &[Style::ShortText, Style::FixedText]].concat()
            }
            Form::Number(Style::Single) => vec![Style::Single, Style::SingleBits],
            Form::Number(Style::Double) => vec![Style::Double, Style::DoubleBits],
            Form::Number(style) => vec![style],
            _ => vec![],
        }
    }

    /// The finite number of a cell, if it is one.
    pub fn number(self, cell: &[u8]) -> Option<f64> {
        let x = match self {
            Form::Text | Form::LargeText => std::str::from_utf8(cell).ok()?.parse().ok()?,
            Form::Number(style) => style.number(cell)?,
            _ => return None,
        };
        Some(x).filter(|x: &f64| x.is_finite())
    }

    /// The whole number of a cell, if it is one.
    pub fn integer(self, cell: &[u8]) -> Option<i64> {
        match self {
            Form::Text | Form::LargeText => std::str::from_utf8(cell).ok()?.parse().ok(),
            Form::Number(style) => style.integer(cell),
            _ => None,
        }
    }

    /// The length of every cell, if all have the same.
    fn width(self) -> Option<usize> {
        match self {
            Form::Number(Style::Signed(width) | Style::Unsigned(width)) => Some(usize::from(width)),
            Form::Number(Style::Single) => Some(4),
            Form::Number(Style::Double) => Some(8),
            Form::Fixed(width) => Some(width),
            _ => None,
        }
    }
}

/// The cells of a column: a number for each different one, in the order of first appearance.
pub(super) struct Interned {
    /// The number of each row's cell.
    pub ids: Vec<u32>,
    /// The different cells; none is null.
    pub values: Vec<Option<Box<[u8]>>>,
}

impl Interned {
    pub fn of(array: &ArrayRef, form: Form) -> Self {
        let mut known: HashMap<Option<Box<[u8]>>, u32> = HashMap::new();
        let mut interned = Interned { ids: Vec::with_capacity(array.len()), values: vec![] };
        each_cell(array, form, |cell| {
            let id = match known.get(&cell) {
                Some(&id) => id,
                None => {
                    let id = interned.values.len() as u32;
                    interned.values.push(cell.clone());
                    known.insert(cell, id);
                    id
                }
            };
            interned.ids.push(id);
        });
        interned
    }

    /// The different cells, with the number of rows of each.
    pub fn counted(&self) -> Vec<(Option<&[u8]>, u64)> {
        let mut counted: Vec<_> = self.values.iter().map(|cell| (cell.as_deref(), 0)).collect();
        self.ids.iter().for_each(|&id| counted[id as usize].1 += 1);
        counted
    }
}

fn each_cell(array: &ArrayRef, form: Form, mut see: impl FnMut(Option<Box<[u8]>>)) {
    match form {
        Form::Text => {
            let texts = array.as_string::<i32>();
            texts.iter().for_each(|text| see(text.map(|text| text.as_bytes().into())));
        }
        Form::LargeText => {
            let texts = array.as_string::<i64>();
            texts.iter().for_each(|text| see(text.map(|text| text.as_bytes().into())));
        }
        Form::Boolean => {
            let bits = array.as_boolean();
            bits.iter().for_each(|bit| see(bit.map(|bit| Box::from([u8::from(bit)]))));
        }
        Form::Number(_) | Form::Fixed(_) => {
            let width = form.width().unwrap_or(1);
            let data = array.to_data();
            let bytes = &data.buffers()[0].as_slice()[data.offset() * width..];
            for (row, cell) in bytes.chunks_exact(width).take(array.len()).enumerate() {
                see((!array.is_null(row)).then(|| cell.into()));
            }
        }
        Form::Pixels(..) => {
            for row in 0..array.len() {
                see(Some(pixels_of(array, row).into()));
            }
        }
    }
}

/// The pixels of one image.
fn pixels_of(array: &ArrayRef, row: usize) -> Vec<u8> {
    array.as_fixed_size_list().value(row).as_primitive::<UInt8Type>().values().to_vec()
}

/// Builds a column of the type of `field` from its cells.
pub(super) fn array_of(field: &Field, form: Form, cells: &[Option<&[u8]>]) -> Result<ArrayRef, Malformed> {
    let text = |cell: &Option<&[u8]>| match cell {
        None => Ok(None),
        Some(bytes) => std::str::from_utf8(bytes).map(str::to_string).map(Some).map_err(|_| Malformed),
    };
    Ok(match form {
        Form::Text => Arc::new(cells.iter().map(text).collect::<Result<StringArray, _>>()?),
        Form::LargeText => Arc::new(cells.iter().map(text).collect::<Result<LargeStringArray, _>>()?),
        Form::Boolean => {
            let bit = |cell: &Option<&[u8]>| match cell {
                None => Ok(None),
                Some([bit @ (0 | 1)]) => Ok(Some(*bit == 1)),
                Some(_) => Err(Malformed),
            };
            Arc::new(cells.iter().map(bit).collect::<Result<BooleanArray, _>>()?)
        }
        Form::Number(_) | Form::Fixed(_) => fixed(field.data_type(), form.width().unwrap_or(1), cells)?,
        Form::Pixels(count, _) => {
            let DataType::FixedSizeList(item, length) = field.data_type() else { return Err(Malformed) };
            let images = cells.iter().map(|cell| cell.filter(|cell| cell.len() == count).ok_or(Malformed));
            let pixels: Vec<u8> = images.collect::<Result<Vec<_>, _>>()?.concat();
            let pixels = Arc::new(arrow_array::UInt8Array::from(pixels));
            let list = arrow_array::FixedSizeListArray::try_new(item.clone(), *length, pixels, None);
            Arc::new(list.map_err(|_| Malformed)?)
        }
    })
}

fn fixed(data_type: &DataType, width: usize, cells: &[Option<&[u8]>]) -> Result<ArrayRef, Malformed> {
    let mut bytes = Vec::with_capacity(cells.len() * width);
    for cell in cells {
        match cell {
            Some(cell) if cell.len() == width => bytes.extend_from_slice(cell),
            None => bytes.resize(bytes.len() + width, 0),
            Some(_) => return Err(Malformed),
        }
    }
    let nulls: NullBuffer = cells.iter().map(Option::is_some).collect::<Vec<_>>().into();
    let data = new_empty_array(data_type).to_data().into_builder().len(cells.len());
    let data = data.nulls(Some(nulls).filter(|nulls| nulls.null_count() > 0));
    let data = data.buffers(vec![Buffer::from_vec(bytes)]).align_buffers(true).build();
    Ok(make_array(data.map_err(|_| Malformed)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::types::Int32Type;
    use arrow_array::{Date32Array, Float64Array, Int64Array, TimestampMillisecondArray};

    use super::*;

    fn returns(array: ArrayRef) -> Option<Interned> {
        let field = Field::new("c", array.data_type().clone(), true);
        let form = Form::of(&field)?;
        let interned = Interned::of(&array, form);
        let cells: Vec<Option<&[u8]>> =
            interned.ids.iter().map(|&id| interned.values[id as usize].as_deref()).collect();
        assert_eq!(&array_of(&field, form, &cells).unwrap(), &array);
        Some(interned)
    }

    #[test]
    fn columns_come_back_with_bits_types_and_nulls() {
        let odd = f64::from_bits(0x7ff8_0000_0000_1234);
        let floats: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(odd), Some(0.0), Some(-0.0)]));
        assert_eq!(returns(floats.clone()).unwrap().ids, [0, 1, 2, 3, 0]);
        returns(floats.slice(1, 3)).unwrap();
        returns(Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]))).unwrap();
        returns(Arc::new(Date32Array::from(vec![Some(1), None]))).unwrap();
        returns(Arc::new(TimestampMillisecondArray::from(vec![5]).with_timezone("+01:00"))).unwrap();
        returns(Arc::new(StringArray::from(vec![Some(""), None, Some("\0é"), Some("")]))).unwrap();
        returns(Arc::new(LargeStringArray::from(vec!["x"]))).unwrap();
        returns(Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))).unwrap();
        returns(Arc::new(BooleanArray::from(Vec::<bool>::new()))).unwrap();
        let list = arrow_array::ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        assert!(returns(Arc::new(list)).is_none(), "stored aside");
    }

    #[test]
    fn cells_of_another_form_are_refused() {
        let int = Field::new("c", DataType::Int32, true);
        assert!(array_of(&int, Form::Number(Style::Signed(4)), &[Some(&[1, 2])]).is_err());
        let text = Field::new("c", DataType::Utf8, true);
        assert!(array_of(&text, Form::Text, &[Some(&[0xff])]).is_err());
        let bit = Field::new("c", DataType::Boolean, true);
        assert!(array_of(&bit, Form::Boolean, &[Some(&[2])]).is_err());
    }
}
