//! How a column writes its values, so that filled and generated cells are written alike.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::{DataType, Field};
use serde::{Deserialize, Serialize};

use crate::column::{CellType, Column, number};
use crate::{FeatureKind, MissingWords, NumberFormat, Result, Storage};

/// Metadata key of a column of numbers: [`Spelling::least_decimals`].
const LEAST_DECIMALS: &str = "diabolo.least_decimals";
/// Metadata key of a column of numbers: [`Spelling::format`].
const NUMBER_FORMAT: &str = "diabolo.number_format";
/// Numbers with more decimals than this have no limit of decimals.
const MOST_DECIMALS: u8 = 12;

/// How a column writes its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spelling {
    /// The largest number of digits after the decimal point; `None` without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// The smallest number of digits after the decimal point in a text file, such as 2 for `1.50`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_decimals: Option<u8>,
    /// How text writes numbers: currency, percent, separators; `None` for plain numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormat>,
    /// The texts that mean a missing cell.
    #[serde(skip_serializing_if = "MissingWords::is_default")]
    pub missing: MissingWords,
}

impl Spelling {
    /// The spelling of a column that holds such values.
    pub(crate) fn of(column: &Column, kind: &FeatureKind, storage: Storage) -> Result<Self> {
        let real = *kind == FeatureKind::Numeric && storage == Storage::Float;
        let decimals = if real { decimals(column)? } else { None };
        let is_text = CellType::of(column.array.data_type()) == CellType::Text;
        let is_number = matches!(storage, Storage::Integer | Storage::Float);
        let least_decimals = if is_text && is_number && decimals.is_some() == real {
            // Whole numbers without a decimal point need no note.
            least_decimals(column)?.filter(|&least| least > 0 || real)
        } else {
            None
        };
        let format = column.format.filter(|_| is_number).cloned();
        Ok(Spelling { decimals, least_decimals, format, missing: column.missing.clone() })
    }

    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Spelling::default()
    }

    /// The nearest number with at most [`decimals`](Self::decimals) decimals.
    pub fn rounded(&self, x: f64) -> f64 {
        self.decimals.and_then(|decimals| round_to(x, decimals)).unwrap_or(x)
    }

    /// The field of a column of numbers, marked so that a text file spells them like this.
    pub(crate) fn mark(&self, mut field: Field) -> Field {
        if let Some(least) = self.least_decimals {
            field.metadata_mut().insert(LEAST_DECIMALS.to_string(), least.to_string());
        }
        if let Some(format) = &self.format {
            field.metadata_mut().insert(NUMBER_FORMAT.to_string(), format.to_string());
        }
        field
    }
}

/// The numbers of `array` as text, if `field` says how its column spells them.
pub fn spelled(field: &Field, array: &ArrayRef) -> Option<ArrayRef> {
    let said = |key: &str| field.metadata().get(key);
    let format: Option<NumberFormat> = said(NUMBER_FORMAT).and_then(|format| format.parse().ok());
    let least = said(LEAST_DECIMALS).and_then(|least| least.parse().ok());
    let least: usize = least.or(format.as_ref().map(|_| 0))?;
    let text = |plain: String| format.as_ref().map_or_else(|| plain.clone(), |format| format.write(&plain));
    let texts: StringArray = match array.data_type() {
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>().iter();
            numbers.map(|x| x.map(|x| text(with_decimals(x, least)))).collect()
        }
        DataType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>().iter();
            numbers.map(|x| x.map(|x| text(with_decimals(x, least)))).collect()
        }
        _ => return None,
    };
    Some(Arc::new(texts))
}

/// The shortest text that reads back exactly, with zeros up to `least` decimals.
fn with_decimals(x: impl std::fmt::Display, least: usize) -> String {
    let mut text = x.to_string();
    let found = text.find('.').map_or(0, |point| text.len() - point - 1);
    if found == 0 && least > 0 {
        text.push('.');
    }
    (found..least).for_each(|_| text.push('0'));
    text
}

/// x rounded to this many decimals; `None` if `f64` does not resolve them.
fn round_to(x: f64, decimals: u8) -> Option<f64> {
    const RESOLVED: f64 = 1e15;
    // Exact, and so the quotient is the number nearest to the decimal one.
    let unit = 10f64.powi(i32::from(decimals));
    ((x * unit).abs() < RESOLVED).then(|| (x * unit).round() / unit + 0.0)
}

/// The fewest decimals that write every number of a column; `None` if they are more than
/// [`MOST_DECIMALS`], or as many as the type of the column resolves.
fn decimals(column: &Column) -> Result<Option<u8>> {
    let single = matches!(column.array.data_type(), DataType::Float16 | DataType::Float32);
    let mut decimals = 0;
    for x in column.numbers()?.into_iter().filter(|x| x.is_finite()) {
        while !is_written_with(x, decimals, single) {
            decimals += 1;
            let digits = x.abs() * 10f64.powi(i32::from(decimals));
            if decimals > MOST_DECIMALS || digits > if single { 1e7 } else { 1e14 } {
                return Ok(None);
            }
        }
    }
    Ok(Some(decimals))
}

/// Whether x has at most this many decimals, up to rounding in its type: 0.1 + 0.2 has one.
fn is_written_with(x: f64, decimals: u8, single: bool) -> bool {
    match round_to(x, decimals) {
        Some(rounded) if single => rounded as f32 == x as f32,
        Some(rounded) => (rounded - x).abs() <= 2.0 * f64::EPSILON * x.abs(),
        None => true,
    }
}

/// The fewest decimals that a number is written with; `None` if one is written with an exponent.
fn least_decimals(column: &Column) -> Result<Option<u8>> {
    let mut least: Option<u8> = None;
    for text in column.texts()?.iter().flatten() {
        let plain = column.format.map_or_else(|| Some(text.to_string()), |format| format.plain(text));
        let Some(text) = plain.filter(|text| number(text).is_some_and(f64::is_finite)) else { continue };
        if text.contains(['e', 'E']) {
            return Ok(None);
        }
        let found = text.find('.').map_or(0, |point| text.len() - point - 1);
        let found = u8::try_from(found).unwrap_or(u8::MAX);
        least = Some(least.map_or(found, |least| least.min(found)));
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::{Float32Array, Float64Array, Int64Array};

    use super::*;

    fn spelling(array: ArrayRef, storage: Storage) -> Spelling {
        let column = Column {
            input: "t.csv",
            name: "c",
            array: &array,
            first_row: 0,
            missing: &MissingWords::default(),
            format: None,
        };
        Spelling::of(&column, &FeatureKind::Numeric, storage).unwrap()
    }

    fn of_text(cells: &[&str]) -> (Option<u8>, Option<u8>) {
        let whole = cells.iter().all(|cell| number(cell).is_none_or(|x| x.is_nan() || x.fract() == 0.0));
        let storage = if whole { Storage::Integer } else { Storage::Float };
        let found = spelling(Arc::new(StringArray::from(cells.to_vec())), storage);
        (found.decimals, found.least_decimals)
    }

    #[test]
    fn decimals_are_those_that_the_column_is_written_with() {
        assert_eq!(of_text(&["1.5", "-2.25", "3.0"]), (Some(2), Some(1)));
        assert_eq!(of_text(&["1.50", "2.00"]), (Some(1), Some(2)));
        assert_eq!(of_text(&["1.5", "2"]), (Some(1), Some(0)), "as R writes");
        assert_eq!(of_text(&["25.0", "nan"]), (None, Some(1)), "whole numbers, as pandas writes");
        assert_eq!(of_text(&["25", "7"]), (None, None));
        assert_eq!(of_text(&["1e-06", "2e-06"]), (Some(6), None));
        assert_eq!(of_text(&["0.1", "0.30000000000000004"]).0, Some(1), "rounding is no decimal");
        assert_eq!(of_text(&["0.5", "0.6180339887498949"]), (None, None));
        assert_eq!(of_text(&["12345678.25", "0.3333333"]).0, Some(7));
    }

    #[test]
    fn decimals_do_not_depend_on_the_stored_type() {
        let decimals = |array: ArrayRef| spelling(array, Storage::Float).decimals;
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.1, 7.0, 1234.5]))), Some(1));
        assert_eq!(decimals(Arc::new(Float32Array::from(vec![0.1, 7.0, 1234.5]))), Some(1));
        assert_eq!(decimals(Arc::new(Float32Array::from(vec![0.1, 1.0 / 3.0]))), None);
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.1, f64::MIN_POSITIVE]))), None);
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.5, 1e300]))), Some(1));
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest_decimal_number() {
        let one = Spelling { decimals: Some(1), ..Spelling::default() };
        assert_eq!([0.25000001, -0.04, 2.999, 1e300].map(|x| one.rounded(x)), [0.3, 0.0, 3.0, 1e300]);
        assert!(one.rounded(-0.04).is_sign_positive());
        assert_eq!(Spelling::default().rounded(0.123), 0.123);
        for k in 0..1000 {
            let text = format!("{}.{:03}", k / 7, k);
            let three = Spelling { decimals: Some(3), ..Spelling::default() };
            let x: f64 = text.parse().unwrap();
            assert_eq!(three.rounded(x + 1e-9), x, "{text}");
        }
    }

    #[test]
    fn zeros_are_added_up_to_the_least_decimals() {
        let text = |least: u8, array: ArrayRef| {
            let spelling = Spelling { least_decimals: Some(least), ..Spelling::default() };
            let field = spelling.mark(Field::new("x", array.data_type().clone(), true));
            let texts = spelled(&field, &array).unwrap();
            texts.as_string::<i32>().iter().map(|text| text.unwrap_or("").to_string()).collect::<Vec<_>>()
        };
        let numbers = || Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-2.0), Some(0.125)]));
        assert_eq!(text(2, numbers()), ["1.50", "", "-2.00", "0.125"]);
        assert_eq!(text(0, numbers()), ["1.5", "", "-2", "0.125"]);
        assert_eq!(text(1, Arc::new(Int64Array::from(vec![25]))), ["25.0"]);
        assert!(spelled(&Field::new("x", DataType::Float64, true), &(numbers() as ArrayRef)).is_none());
    }
}
