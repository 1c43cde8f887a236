//! Values of a model in the types of stored columns.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array, make_array};
use arrow_cast::display::FormatOptions;
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::concat::concat;
use arrow_select::take::take;
use arrow_select::zip::zip;
use diabolo_stats::elementary::double::powi;

use crate::Feature;
use crate::cells::Cells;
use crate::datetime::dates_like;
use crate::spelling::spelled;

const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

/// `made` in another type: rounded for whole numbers, within the range of the type.
fn in_type(made: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    if made.data_type() == wanted {
        return Ok(made.clone());
    }
    match range(wanted) {
        Some(range) if made.data_type().is_numeric() => number_in(made, wanted, range),
        _ => cast(made, wanted),
    }
}

/// The cells of `given`, and those of `made` where `gaps` are; in the type of `given`, whose other
/// cells do not change. `feature` and `field` are those of `made`: `field` says how numbers are
/// spelled as text.
pub fn fill(
    given: &ArrayRef,
    gaps: &BooleanArray,
    feature: &Feature,
    field: &Field,
    made: &ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    if let Some(dates) = dates_like(feature, made, given.data_type()) {
        return filled(given, gaps, &dates);
    }
    let text = has_text(given.data_type()).then(|| spelled(field, made)).flatten();
    filled(given, gaps, text.as_ref().unwrap_or(made))
}

fn has_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => has_text(values),
        DataType::RunEndEncoded(_, values) => has_text(values.data_type()),
        other => other.is_string(),
    }
}

fn filled(given: &ArrayRef, gaps: &BooleanArray, made: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match given.data_type() {
        DataType::Null => Ok(made.clone()),
        DataType::Dictionary(..) => fill_dictionary(given, gaps, made),
        // Runs have no cells of their own.
        DataType::RunEndEncoded(_, values) => {
            let plain = filled(&cast(given, values.data_type())?, gaps, made)?;
            cast(&plain, given.data_type())
        }
        wanted => zip(gaps, &in_type(made, wanted)?, given),
    }
}

/// The values of the dictionary keep their order; those that it lacks come last.
fn fill_dictionary(given: &ArrayRef, gaps: &BooleanArray, made: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let dictionary = given.as_any_dictionary();
    let (keys, values) = (dictionary.keys(), dictionary.values());
    let made = in_type(made, values.data_type())?;
    let (known, wanted) = (Cells::of(values).texts(), Cells::of(&made).texts());
    let mut place: HashMap<&str, i64> =
        known.iter().zip(0..).filter_map(|(text, at)| Some((text?, at))).collect();
    let mut parts = vec![values.clone()];
    let mut codes = vec![None; given.len()];
    for row in (0..given.len()).filter(|&row| gaps.value(row) && wanted.is_valid(row)) {
        let next = (values.len() + parts.len() - 1) as i64;
        let code = *place.entry(wanted.value(row)).or_insert(next);
        if code == next {
            parts.push(made.slice(row, 1));
        }
        codes[row] = Some(code);
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    // More values than the type of the keys has are an error, and not missing cells.
    let codes = cast_with_options(&Int64Array::from(codes), keys.data_type(), &STRICT)?;
    dictionary_of(given, &zip(gaps, &codes, &make_array(keys.to_data()))?, &concat(&parts)?)
}

/// A dictionary in which every value occurs once, as other programs expect; other columns
/// unchanged. Joining batches may repeat them.
#[cfg_attr(not(feature = "formats"), allow(dead_code, reason = "writers need it"))]
pub(crate) fn distinct_values(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(dictionary) = column.as_any_dictionary_opt() else { return Ok(column.clone()) };
    let (mut place, mut first) = (HashMap::new(), vec![]);
    let texts = Cells::of(dictionary.values()).texts();
    let places = texts.iter().enumerate().map(|(at, text)| {
        *place.entry(text).or_insert_with(|| {
            first.push(at as u64);
            first.len() as i64 - 1
        })
    });
    let places: Int64Array = places.map(Some).collect();
    if first.len() == texts.len() {
        return Ok(column.clone());
    }
    let keys = take(&cast(&places, dictionary.keys().data_type())?, dictionary.keys(), None)?;
    dictionary_of(column, &keys, &take(dictionary.values(), &UInt64Array::from(first), None)?)
}

/// A dictionary of the type of `like`.
fn dictionary_of(like: &ArrayRef, keys: &ArrayRef, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let made = keys.to_data().into_builder().data_type(like.data_type().clone());
    Ok(make_array(made.child_data(vec![values.to_data()]).build()?))
}

/// Rounded if the type holds whole numbers, and moved into its range.
fn number_in(made: &ArrayRef, wanted: &DataType, (least, most): (f64, f64)) -> Result<ArrayRef, ArrowError> {
    let whole = wanted.is_integer();
    let numbers = cast(made, &DataType::Float64)?;
    let moved = numbers.as_primitive::<Float64Type>().unary::<_, Float64Type>(|x| {
        let x = if whole { x.round() } else { x };
        x.clamp(least, most)
    });
    cast(&moved, wanted)
}

/// The smallest and the largest number of a type.
fn range(data_type: &DataType) -> Option<(f64, f64)> {
    use DataType::*;
    Some(match *data_type {
        Int8 => (i8::MIN.into(), i8::MAX.into()),
        Int16 => (i16::MIN.into(), i16::MAX.into()),
        Int32 => (i32::MIN.into(), i32::MAX.into()),
        UInt8 => (0.0, u8::MAX.into()),
        UInt16 => (0.0, u16::MAX.into()),
        UInt32 => (0.0, u32::MAX.into()),
        // The largest numbers of the type round up to one that it does not hold.
        Int64 => (i64::MIN as f64, (i64::MAX as f64).next_down()),
        UInt64 => (0.0, (u64::MAX as f64).next_down()),
        Float16 => (-65504.0, 65504.0),
        Float32 => (f32::MIN.into(), f32::MAX.into()),
        Decimal32(digits, scale) | Decimal64(digits, scale) => largest_decimal(digits, scale),
        Decimal128(digits, scale) | Decimal256(digits, scale) => largest_decimal(digits, scale),
        _ => return None,
    })
}

/// A number of `digits` nines, `scale` of them after the point.
fn largest_decimal(digits: u8, scale: i8) -> (f64, f64) {
    let whole = i32::from(digits) - i32::from(scale);
    // Below the next power of ten, which may round up.
    let power: f64 = format!("1e{whole}").parse().unwrap_or(f64::MAX);
    let most = (power - powi(10.0, -i32::from(scale))).min(power.next_down());
    (-most, most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::types::{Decimal128Type, Int8Type, UInt8Type, UInt64Type};
    use arrow_array::{Decimal128Array, DictionaryArray, Float64Array, Int8Array, StringArray, UInt64Array};

    use super::*;

    fn numbers(cells: &[f64]) -> ArrayRef {
        Arc::new(Float64Array::from(cells.to_vec()))
    }

    #[test]
    fn numbers_are_rounded_and_stay_within_the_type() {
        let made = |cells: &[f64], data_type| in_type(&numbers(cells), &data_type).unwrap();
        let bytes = made(&[2.5, -1.0, 300.0], DataType::UInt8);
        assert_eq!(bytes.as_primitive::<UInt8Type>().values(), &[3, 0, 255]);
        let large = made(&[1e30], DataType::UInt64);
        assert!(large.as_primitive::<UInt64Type>().value(0) > u64::MAX - 4096);
        let decimals = made(&[10.02, -3.456], DataType::Decimal128(3, 2));
        assert_eq!(decimals.as_primitive::<Decimal128Type>().values(), &[999, -346]);
        assert!(made(&[1e300], DataType::Decimal256(76, 0)).is_valid(0));
    }

    #[test]
    fn cells_that_are_there_do_not_change() {
        let gaps = BooleanArray::from(vec![false, true, false]);
        let given: ArrayRef = Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(7)]));
        let done = filled(&given, &gaps, &numbers(&[0.0, 4.6, 0.0])).unwrap();
        assert_eq!(done.as_primitive::<UInt64Type>().values(), &[u64::MAX, 5, 7]);
        let given = Decimal128Array::from(vec![Some(12_345_678_901_234_567_890), None, Some(1)]);
        let given: ArrayRef = Arc::new(given.with_precision_and_scale(20, 0).unwrap());
        let done = filled(&given, &gaps, &numbers(&[0.0, 4.6, 0.0])).unwrap();
        assert_eq!(done.as_primitive::<Decimal128Type>().values(), &[12_345_678_901_234_567_890, 5, 1]);
    }

    #[test]
    fn dictionaries_keep_their_values_in_order() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["large", "small"]));
        let keys = Int8Array::from(vec![Some(1), None, None, Some(1)]);
        let given: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, values));
        let made: ArrayRef = Arc::new(StringArray::from(vec!["new", "large", "new", "large"]));
        let gaps = BooleanArray::from(vec![false, true, true, false]);
        let done = filled(&given, &gaps, &made).unwrap();
        let done = done.as_dictionary::<Int8Type>();
        assert_eq!(done.keys().values(), &[1, 0, 2, 1]);
        let values = |array: &DictionaryArray<Int8Type>| array.values().as_string::<i32>().clone();
        assert_eq!(values(done), StringArray::from(vec!["large", "small", "new"]));

        let joined = DictionaryArray::<Int8Type>::new(
            Int8Array::from(vec![Some(0), Some(3), None, Some(2)]),
            Arc::new(StringArray::from(vec!["b", "a", "b", "c"])),
        );
        let once = distinct_values(&(Arc::new(joined) as ArrayRef)).unwrap();
        let once = once.as_dictionary::<Int8Type>();
        assert_eq!(once.keys(), &Int8Array::from(vec![Some(0), Some(2), None, Some(0)]));
        assert_eq!(values(once), StringArray::from(vec!["b", "a", "c"]));
    }
}
