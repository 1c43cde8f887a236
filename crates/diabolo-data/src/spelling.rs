//! How a column writes its values, so that filled and generated cells are written alike.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::{DataType, Field};
use diabolo_stats::elementary::double::powi;
use serde::{Deserialize, Serialize};

use crate::{MissingWords, NumberFormat};

/// Metadata key of a column of numbers: [`Spelling::least_decimals`].
const LEAST_DECIMALS: &str = "diabolo.least_decimals";
/// Metadata key of a column of numbers: [`Spelling::format`].
const NUMBER_FORMAT: &str = "diabolo.number_format";

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
pub(crate) fn round_to(x: f64, decimals: u8) -> Option<f64> {
    const RESOLVED: f64 = 1e15;
    // Exact, and so the quotient is the number nearest to the decimal one.
    let unit = powi(10.0, i32::from(decimals));
    ((x * unit).abs() < RESOLVED).then(|| (x * unit).round() / unit + 0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::{Float64Array, Int64Array};

    use super::*;

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
