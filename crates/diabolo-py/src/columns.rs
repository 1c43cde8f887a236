//! Columns from and to Python: numbers by the buffer protocol, text as lists.
//!
//! | kind | values |
//! |---|---|
//! | `bool`, `int8` … `uint64`, `float32`, `float64` | a buffer of numbers (`bool`: of bytes) |
//! | `timestamp:UNIT[:ZONE]` | a buffer of `int64`, UNIT `s`, `ms`, `us` or `ns` |
//! | `date` | a buffer of `int32`, days since 1970 |
//! | `text` | a list of `str` or `None` |
//! | `category` | a buffer of `int32` and the texts that they number; −1 is missing |
//! | `image:HxWxC:TYPE` | a buffer of TYPE, `uint8`, `uint16` or `float32` |
//! | `arrow` | an object with `__arrow_c_array__` |

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, PrimitiveArray, StringArray, new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_cast::{can_cast_types, cast};
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};
use diabolo::data::image::{image_array, image_field, image_shape, with_16_bits};
use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyList, PyNone};

use crate::arrow::{import_array, wrong};

/// A column of this kind; see the module. `missing` has a byte per row, not 0 where it is missing.
pub fn import(
    name: &str,
    kind: &str,
    values: &Bound<PyAny>,
    missing: Option<Vec<u8>>,
) -> PyResult<(Field, ArrayRef)> {
    if kind == "arrow" {
        let (array, field) = import_array(values)?;
        return Ok((field.with_name(name).with_nullable(true), array));
    }
    if let Some(shape) = kind.strip_prefix("image:") {
        return image(name, shape, values);
    }
    let array = array(kind, values, missing)?;
    Ok((Field::new(name, array.data_type().clone(), true), array))
}

fn array(kind: &str, values: &Bound<PyAny>, missing: Option<Vec<u8>>) -> PyResult<ArrayRef> {
    let nulls = missing.map(|missing| NullBuffer::from_iter(missing.iter().map(|&cell| cell == 0)));
    if let Some(unit) = kind.strip_prefix("timestamp:") {
        return timestamps(unit, values, nulls);
    }
    Ok(match kind {
        "bool" => {
            let cells = numbers::<u8>(values)?;
            check_length(nulls.as_ref(), cells.len())?;
            Arc::new(BooleanArray::new(BooleanBuffer::from_iter(cells.iter().map(|&cell| cell != 0)), nulls))
        }
        "int8" => primitive::<Int8Type>(values, nulls)?,
        "int16" => primitive::<Int16Type>(values, nulls)?,
        "int32" => primitive::<Int32Type>(values, nulls)?,
        "int64" => primitive::<Int64Type>(values, nulls)?,
        "uint8" => primitive::<UInt8Type>(values, nulls)?,
        "uint16" => primitive::<UInt16Type>(values, nulls)?,
        "uint32" => primitive::<UInt32Type>(values, nulls)?,
        "uint64" => primitive::<UInt64Type>(values, nulls)?,
        "float32" => floats::<Float32Type>(values, nulls.as_ref(), f32::is_nan)?,
        "float64" => floats::<Float64Type>(values, nulls.as_ref(), f64::is_nan)?,
        "date" => primitive::<Date32Type>(values, nulls)?,
        "text" => Arc::new(StringArray::from(values.extract::<Vec<Option<String>>>()?)),
        "category" => {
            let (codes, texts) = values.extract::<(Bound<PyAny>, Vec<String>)>()?;
            let codes = numbers::<i32>(&codes)?;
            let codes = Int32Array::from_iter(codes.iter().map(|&code| Some(code).filter(|code| *code >= 0)));
            Arc::new(DictionaryArray::try_new(codes, Arc::new(StringArray::from(texts))).map_err(wrong)?)
        }
        "empty" => new_null_array(&DataType::Null, values.extract()?),
        _ => return Err(PyTypeError::new_err(format!("unknown kind of column '{kind}'"))),
    })
}

fn numbers<T: Element>(values: &Bound<PyAny>) -> PyResult<Vec<T>> {
    PyBuffer::<T>::get(values)?.to_vec(values.py())
}

fn check_length(nulls: Option<&NullBuffer>, rows: usize) -> PyResult<()> {
    match nulls.is_none_or(|nulls| nulls.len() == rows) {
        true => Ok(()),
        false => Err(PyValueError::new_err("the mask has another length than the column")),
    }
}

fn primitive<T: ArrowPrimitiveType<Native: Element>>(
    values: &Bound<PyAny>,
    nulls: Option<NullBuffer>,
) -> PyResult<ArrayRef> {
    let cells = numbers::<T::Native>(values)?;
    Ok(Arc::new(PrimitiveArray::<T>::try_new(cells.into(), nulls).map_err(wrong)?))
}

/// Numbers, of which NaN is missing, too.
fn floats<T: ArrowPrimitiveType<Native: Element>>(
    values: &Bound<PyAny>,
    nulls: Option<&NullBuffer>,
    is_nan: fn(T::Native) -> bool,
) -> PyResult<ArrayRef> {
    let cells = numbers::<T::Native>(values)?;
    check_length(nulls, cells.len())?;
    let seen = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let cells = cells.iter().enumerate();
    let cells = cells.map(|(row, &cell)| Some(cell).filter(|&cell| !is_nan(cell) && seen(row)));
    Ok(Arc::new(PrimitiveArray::<T>::from_iter(cells)))
}

fn timestamps(unit: &str, values: &Bound<PyAny>, nulls: Option<NullBuffer>) -> PyResult<ArrayRef> {
    let (unit, zone) = unit.split_once(':').map_or((unit, None), |(unit, zone)| (unit, Some(zone)));
    let times = match unit {
        "s" => primitive::<TimestampSecondType>(values, nulls)?,
        "ms" => primitive::<TimestampMillisecondType>(values, nulls)?,
        "us" => primitive::<TimestampMicrosecondType>(values, nulls)?,
        "ns" => primitive::<TimestampNanosecondType>(values, nulls)?,
        _ => return Err(PyTypeError::new_err(format!("unknown unit of time '{unit}'"))),
    };
    match (zone, times.data_type()) {
        (Some(zone), DataType::Timestamp(unit, _)) => {
            let zoned = DataType::Timestamp(*unit, Some(zone.into()));
            cast(&times, &DataType::Int64).and_then(|numbers| cast(&numbers, &zoned)).map_err(wrong)
        }
        _ => Ok(times),
    }
}

fn image(name: &str, shape: &str, values: &Bound<PyAny>) -> PyResult<(Field, ArrayRef)> {
    let odd = || PyTypeError::new_err(format!("'{shape}' is no shape of images"));
    let (sides, pixel) = shape.split_once(':').ok_or_else(odd)?;
    let sides: Vec<usize> = sides.split('x').filter_map(|side| side.parse().ok()).collect();
    let [height, width, channels] = sides[..] else { return Err(odd()) };
    let field = image_field(height, width, channels, pixel == "float32").with_name(name);
    let (field, pixels) = match pixel {
        "uint8" => (field, primitive::<UInt8Type>(values, None)?),
        "uint16" => (with_16_bits(field), primitive::<UInt16Type>(values, None)?),
        "float32" => (field, primitive::<Float32Type>(values, None)?),
        _ => return Err(odd()),
    };
    let images = image_array(&field, pixels).map_err(wrong)?;
    Ok((field, images))
}

/// The kind of a column, its values and its mask (`None` if no cell is missing); types without a
/// kind of their own come as text.
pub fn export<'py>(
    py: Python<'py>,
    field: &Field,
    array: &ArrayRef,
) -> PyResult<(String, Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    if let DataType::Dictionary(_, values) = array.data_type() {
        let plain = cast(array, values).map_err(wrong)?;
        return export(py, field, &plain);
    }
    let mask = match array.null_count() {
        0 => PyNone::get(py).to_owned().into_any(),
        _ => bytes(py, (0..array.len()).map(|row| [u8::from(array.is_null(row))]), array.len())?,
    };
    if let Some((height, width, channels)) = image_shape(field) {
        let (kind, values) = values(py, array.as_fixed_size_list().values())?;
        return Ok((format!("image:{height}x{width}x{channels}:{kind}"), values, mask));
    }
    let (kind, values) = values(py, array)?;
    Ok((kind, values, mask))
}

fn values<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<(String, Bound<'py, PyAny>)> {
    let kind = array.data_type().to_string().to_lowercase();
    let values = match array.data_type() {
        DataType::Boolean => {
            let cells = array.as_boolean();
            bytes(
                py,
                (0..cells.len()).map(|row| [u8::from(cells.is_valid(row) && cells.value(row))]),
                cells.len(),
            )?
        }
        DataType::Int8 => raw::<Int8Type, 1>(py, array, i8::to_ne_bytes)?,
        DataType::Int16 => raw::<Int16Type, 2>(py, array, i16::to_ne_bytes)?,
        DataType::Int32 => raw::<Int32Type, 4>(py, array, i32::to_ne_bytes)?,
        DataType::Int64 => raw::<Int64Type, 8>(py, array, i64::to_ne_bytes)?,
        DataType::UInt8 => raw::<UInt8Type, 1>(py, array, u8::to_ne_bytes)?,
        DataType::UInt16 => raw::<UInt16Type, 2>(py, array, u16::to_ne_bytes)?,
        DataType::UInt32 => raw::<UInt32Type, 4>(py, array, u32::to_ne_bytes)?,
        DataType::UInt64 => raw::<UInt64Type, 8>(py, array, u64::to_ne_bytes)?,
        DataType::Float32 => raw::<Float32Type, 4>(py, array, f32::to_ne_bytes)?,
        DataType::Float64 => raw::<Float64Type, 8>(py, array, f64::to_ne_bytes)?,
        DataType::Date32 => return Ok(("date".into(), raw::<Date32Type, 4>(py, array, i32::to_ne_bytes)?)),
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            let zone = zone.as_ref().map_or(String::new(), |zone| format!(":{zone}"));
            let numbers = cast(array, &DataType::Int64).map_err(wrong)?;
            return Ok((
                format!("timestamp:{unit}{zone}"),
                raw::<Int64Type, 8>(py, &numbers, i64::to_ne_bytes)?,
            ));
        }
        _ => {
            let texts = texts(array).map_err(wrong)?;
            return Ok(("text".into(), PyList::new(py, texts.as_string::<i32>().iter())?.into_any()));
        }
    };
    Ok((if kind == "boolean" { "bool".into() } else { kind }, values))
}

/// Cells as text; those of nested columns, too.
fn texts(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if can_cast_types(array.data_type(), &DataType::Utf8) {
        return cast(array, &DataType::Utf8);
    }
    let cells = ArrayFormatter::try_new(array, &FormatOptions::default())?;
    let text = |row: usize| Ok(array.is_valid(row).then_some(cells.value(row).try_to_string()?));
    Ok(Arc::new((0..array.len()).map(text).collect::<Result<StringArray, ArrowError>>()?))
}

fn raw<'py, T: ArrowPrimitiveType, const N: usize>(
    py: Python<'py>,
    array: &ArrayRef,
    of: fn(T::Native) -> [u8; N],
) -> PyResult<Bound<'py, PyAny>> {
    let cells = array.as_primitive::<T>().values();
    bytes(py, cells.iter().map(|&cell| of(cell)), cells.len())
}

fn bytes<'py, const N: usize>(
    py: Python<'py>,
    cells: impl Iterator<Item = [u8; N]>,
    rows: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let array = PyByteArray::new_with(py, rows * N, |bytes| {
        let (places, _) = bytes.as_chunks_mut::<N>();
        places.iter_mut().zip(cells).for_each(|(place, cell)| *place = cell);
        Ok(())
    })?;
    Ok(array.into_any())
}
