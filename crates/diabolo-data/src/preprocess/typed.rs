//! Conversion of text cells to numbers, for output formats with types.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};

use super::no_table;
use crate::column::Column;
use crate::names::{places, some_names};
use crate::number::EXACT;
use crate::{Feature, Result, Schema, Storage};

impl Schema {
    /// The rows of a text file, all of them, with the cells of numeric features as numbers. A
    /// column is converted if all its cells are numbers and, if `exact`, written as numbers are:
    /// `007`, `1.50` and whole numbers beyond 2⁵³ stay text.
    pub fn typed(&self, rows: &RecordBatch, exact: bool) -> Result<RecordBatch> {
        let mut fields: Vec<Field> = vec![];
        let mut columns: Vec<ArrayRef> = vec![];
        let features = self.features.iter().map(|feature| (feature.name.as_str(), feature));
        let features: HashMap<&str, &Feature> = features.collect();
        for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
            let feature = features.get(field.name().as_str());
            let made = feature.and_then(|feature| numbers(array, feature, exact));
            let column = made.unwrap_or_else(|| array.clone());
            fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()));
            columns.push(column);
        }
        let schema = ArrowSchema::new(fields).with_metadata(rows.schema().metadata().clone());
        RecordBatch::try_new(Arc::new(schema), columns).map_err(no_table)
    }

    /// A note for the user if numeric features stay text after [`typed`](Self::typed).
    pub fn stays_text(&self, columns: &ArrowSchema) -> Option<String> {
        let places = places(columns);
        let is_text = |feature: &&Feature| {
            let found = places.get(feature.name.as_str()).map(|&at| columns.field(at));
            feature.storage.is_number() && found.is_some_and(|field| field.data_type() == &DataType::Utf8)
        };
        let names: Vec<&str> = self.features.iter().filter(is_text).map(|f| f.name.as_str()).collect();
        let (stay, their) = if names.len() == 1 { ("stays", "its") } else { ("stay", "their") };
        let names = some_names(names.into_iter());
        (!names.is_empty()).then(|| {
            format!(
                "{names} {stay} text, since numbers would not keep {their} spelling (such as 007 or 1.50)"
            )
        })
    }
}

/// `None` if the column is not text or must stay text.
fn numbers(array: &ArrayRef, feature: &Feature, exact: bool) -> Option<ArrayRef> {
    let texts = array.as_string_opt::<i32>()?;
    if !feature.storage.is_number() {
        return None;
    }
    let column = Column::of("rows", feature, array, 0);
    let found: Vec<Option<f64>> =
        column.numbers().ok()?.into_iter().map(|x| Some(x).filter(|x| !x.is_nan())).collect();
    let all = |test: fn(&str, f64) -> bool| cells(texts, &found).all(|(text, x)| test(text, x));
    let whole = found.iter().flatten().all(|x| x.fract() == 0.0 && x.abs() < EXACT);
    if feature.storage == Storage::Integer && whole && (!exact || all(is_whole)) {
        return Some(Arc::new(found.into_iter().map(|x| x.map(|x| x as i64)).collect::<Int64Array>()));
    }
    (!exact || all(is_real)).then(|| Arc::new(Float64Array::from(found)) as ArrayRef)
}

/// The texts of the cells that are not missing, and their numbers.
fn cells<'a>(texts: &'a StringArray, numbers: &'a [Option<f64>]) -> impl Iterator<Item = (&'a str, f64)> {
    texts.iter().zip(numbers).filter_map(|(text, number)| Some((text?, (*number)?)))
}

/// Whether writing the whole number gives the text.
fn is_whole(text: &str, x: f64) -> bool {
    (x as i64).to_string() == text
}

/// Whether writing the real number gives the text, as programs usually do: with the fewest digits,
/// a whole one with or without `.0`, and `1e-5` or `1e-05`.
fn is_real(text: &str, x: f64) -> bool {
    let text = match text.split_once('e') {
        None if x.abs() >= EXACT => return false,
        None => Cow::Borrowed(text),
        Some((digits, power)) => {
            let (sign, power) = match power.strip_prefix('-') {
                Some(power) => ("-", power),
                None => ("", power.strip_prefix('+').unwrap_or(power)),
            };
            Cow::Owned(format!("{digits}e{sign}{}", power.trim_start_matches('0')))
        }
    };
    [format!("{x}"), format!("{x:?}"), format!("{x:e}")].contains(&text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(cells: &[&str], storage: Storage, exact: bool) -> Option<DataType> {
        let text = cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect::<StringArray>();
        let feature = Feature {
            name: "c".into(),
            kind: crate::FeatureKind::Numeric,
            storage,
            spelling: Default::default(),
        };
        numbers(&(Arc::new(text) as ArrayRef), &feature, exact).map(|array| array.data_type().clone())
    }

    #[test]
    fn a_column_is_converted_if_its_text_comes_back() {
        use DataType::{Float64, Int64};
        use Storage::{Float, Integer, Text};
        assert_eq!(made(&["1", "", "NA", "-20"], Integer, true), Some(Int64));
        assert_eq!(made(&["1", "2.5"], Integer, true), Some(Float64), "no decimals are lost");
        assert_eq!(made(&["1.0", "2"], Float, true), Some(Float64));
        assert_eq!(made(&["1e-05", "1e5", "1.5e+300", "0.00001"], Float, true), Some(Float64));
        for cells in [["1", "many"], ["1", "9007199254740993"], ["1", "9007199254740994"]] {
            assert_eq!(made(&cells, Integer, true), None, "{cells:?}");
        }
        for cell in ["1.50", "00501", "+1", " 1", "1 ", ".5", "5.", "0.1000000000000000055", "1E5"] {
            assert_eq!(made(&["2", cell], Integer, true), None, "{cell}");
        }
        assert_eq!(made(&["1"], Text, true), None);
        assert_eq!(made(&["1.50", "00501"], Float, false), Some(Float64));
    }
}
