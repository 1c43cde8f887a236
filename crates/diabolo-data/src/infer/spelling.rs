//! How a column writes its values.

use std::borrow::Cow;

use arrow_array::Array;
use arrow_schema::DataType;
use diabolo_stats::elementary::double::powi;

use crate::column::{CellType, Column};
use crate::number::number;
use crate::spelling::round_to;
use crate::{FeatureKind, Result, Spelling, Storage};

/// Numbers with more decimals than this have no limit of decimals.
const MOST_DECIMALS: u8 = 12;

/// The spelling of a column that holds such values.
pub(super) fn spelling(column: &Column, kind: &FeatureKind, storage: Storage) -> Result<Spelling> {
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

/// The fewest decimals that write every number of a column; `None` if they are more than
/// [`MOST_DECIMALS`], or as many as the type of the column resolves.
fn decimals(column: &Column) -> Result<Option<u8>> {
    let single = matches!(column.array.data_type(), DataType::Float16 | DataType::Float32);
    let mut decimals = 0;
    for x in column.numbers()?.into_iter().filter(|x| x.is_finite()) {
        while !is_written_with(x, decimals, single) {
            decimals += 1;
            let digits = x.abs() * powi(10.0, i32::from(decimals));
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
        let plain =
            column.format.map_or(Some(Cow::Borrowed(text)), |format| format.plain(text).map(Cow::Owned));
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
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float32Array, Float64Array, StringArray};

    use crate::MissingWords;

    use super::*;

    fn found(array: ArrayRef, storage: Storage) -> Spelling {
        let column = Column {
            input: "t.csv",
            name: "c",
            array: &array,
            first_row: 0,
            missing: &MissingWords::default(),
            format: None,
        };
        spelling(&column, &FeatureKind::Numeric, storage).unwrap()
    }

    fn of_text(cells: &[&str]) -> (Option<u8>, Option<u8>) {
        let whole = cells.iter().all(|cell| number(cell).is_none_or(|x| x.is_nan() || x.fract() == 0.0));
        let storage = if whole { Storage::Integer } else { Storage::Float };
        let found = found(Arc::new(StringArray::from(cells.to_vec())), storage);
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
        let decimals = |array: ArrayRef| found(array, Storage::Float).decimals;
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.1, 7.0, 1234.5]))), Some(1));
        assert_eq!(decimals(Arc::new(Float32Array::from(vec![0.1, 7.0, 1234.5]))), Some(1));
        assert_eq!(decimals(Arc::new(Float32Array::from(vec![0.1, 1.0 / 3.0]))), None);
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.1, f64::MIN_POSITIVE]))), None);
        assert_eq!(decimals(Arc::new(Float64Array::from(vec![0.5, 1e300]))), Some(1));
    }
}
