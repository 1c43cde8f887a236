//! The cells of one Arrow column as numbers, text or category codes, for any stored type.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow_schema::DataType;

use crate::levels::Levels;
use crate::names::argument;
use crate::number::{finite_number, number};
use crate::{DataProblem, Error, Feature, MissingWords, NumberFormat, Result, Spelling, Storage};

/// How a model can use the type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellType {
    Boolean,
    Number,
    Text,
    /// Dates, which `datetime` reads; and lists and structures, which no model uses.
    Other,
}

impl CellType {
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => CellType::Boolean,
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => CellType::Text,
            DataType::Dictionary(_, values) => CellType::of(values),
            DataType::RunEndEncoded(_, values) => CellType::of(values.data_type()),
            other if other.is_numeric() => CellType::Number,
            _ => CellType::Other,
        }
    }
}

/// The code of one categorical cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Known(usize),
    Unknown,
    Missing,
}

/// A column and its origin, so that messages can point at a cell.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a> {
    /// The file's name.
    pub input: &'a str,
    pub name: &'a str,
    pub array: &'a ArrayRef,
    /// The 0-based number, in the file, of the array's first row.
    pub first_row: u64,
    /// The texts that mean a missing cell.
    pub missing: &'a MissingWords,
    /// How text writes numbers; `None` for plain numbers.
    pub format: Option<&'a NumberFormat>,
}

impl<'a> Column<'a> {
    /// The cells of a feature.
    pub fn of(input: &'a str, feature: &'a Feature, array: &'a ArrayRef, first_row: u64) -> Self {
        let Spelling { missing, format, .. } = &feature.spelling;
        Column { input, name: &feature.name, array, first_row, missing, format: format.as_ref() }
    }

    /// An error about the cell in `row`, counted from 0 within the array.
    pub fn error(
        &self,
        row: usize,
        expected: &str,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
        self.whole_error(expected, found, help).at_row(self.first_row + row as u64 + 1)
    }

    /// An error about the whole column.
    pub fn whole_error(&self, expected: &str, found: impl Into<String>, help: impl Into<String>) -> Error {
        Error::data(self.input, expected, found, help).in_column(self.name)
    }

    /// The cells as numbers, NaN where missing. A cell that is not a finite number is an error.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        self.numbers_or(|row, text| {
            let help = format!(
                "fix the cell, treat it as missing with --missing {}, or fit with --type {}=categorical to \
                 keep the column as text",
                argument(text),
                argument(self.name)
            );
            Err(self.error(row, "a number", format!("'{text}'"), help).because(DataProblem::NotANumber))
        })
    }

    /// The cells as numbers, NaN where missing; `other` handles text that is not a number.
    fn numbers_or(&self, other: impl Fn(usize, &str) -> Result<f64>) -> Result<Vec<f64>> {
        if CellType::of(self.array.data_type()) == CellType::Text {
            let value = |row: usize, text: &str| match text.trim() {
                text if self.missing.contains_among_numbers(text) => Ok(f64::NAN),
                text => self.number(text).map_or_else(|| other(row, text), Ok),
            };
            // Only words that the user gave may be numbers.
            let are_plain = self.format.is_none() && self.missing.more.is_empty();
            let value = |(row, cell): (usize, Option<&str>)| match cell {
                None => Ok(f64::NAN),
                Some(text) => match finite_number(text).filter(|_| are_plain) {
                    Some(number) => Ok(number),
                    None => value(row, text),
                },
            };
            return self.cast(&DataType::Utf8)?.as_string::<i32>().iter().enumerate().map(value).collect();
        }
        let array = self.cast(&DataType::Float64)?;
        let array = array.as_primitive::<Float64Type>();
        let mut numbers: Vec<f64> = if array.null_count() == 0 {
            array.values().to_vec()
        } else {
            array.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect()
        };
        let words = self.missing_numbers();
        if !words.is_empty() {
            numbers.iter_mut().filter(|x| words.contains(x)).for_each(|x| *x = f64::NAN);
        }
        Ok(numbers)
    }

    /// The number that a text of the column is.
    pub fn number(&self, text: &str) -> Option<f64> {
        match self.format {
            Some(format) => number(&format.plain(text)?),
            None => number(text),
        }
    }

    /// The relative difference of numbers that differ by rounding only.
    pub fn rounding(&self) -> f64 {
        let single = matches!(self.array.data_type(), DataType::Float16 | DataType::Float32);
        4.0 * if single { f64::from(f32::EPSILON) } else { f64::EPSILON }
    }

    /// The numbers that mean a missing cell; rounded as the column's type rounds real numbers.
    fn missing_numbers(&self) -> Vec<f64> {
        let words = self.missing.numbers();
        let single = match self.array.data_type() {
            DataType::Dictionary(_, values) => values.as_ref() == &DataType::Float32,
            other => other == &DataType::Float32,
        };
        if !single {
            return words;
        }
        words.into_iter().map(|word| f64::from(word as f32)).collect()
    }

    /// [`Column::numbers`], with an infinite value as an error.
    pub fn finite_numbers(&self) -> Result<Vec<f64>> {
        let numbers = self.numbers()?;
        match numbers.iter().position(|x| x.is_infinite()) {
            None => Ok(numbers),
            Some(row) => {
                let help = "fix the cell, or leave it empty to mark it as missing";
                let error = self.error(row, "a finite number", numbers[row].to_string(), help);
                Err(error.because(DataProblem::OutOfRange))
            }
        }
    }

    /// The cells as text without surrounding blanks, null where missing.
    pub fn texts(&self) -> Result<StringArray> {
        if self.array.data_type().is_floating() {
            // `3`, not `3.0` or `-0`, and NaN is missing, as in text files.
            let text = |x: f64| (!x.is_nan()).then(|| (x + 0.0).to_string());
            return Ok(self.decimal_numbers()?.into_iter().map(text).collect());
        }
        let raw = self.cast(&DataType::Utf8)?;
        let cells = raw.as_string::<i32>();
        let stays = |cell: &str| cell.trim().len() == cell.len() && !self.missing.contains(cell);
        if cells.iter().flatten().all(stays) {
            return Ok(cells.clone());
        }
        let texts = cells.iter().map(|cell| cell.map(str::trim).filter(|text| !self.missing.contains(text)));
        Ok(texts.collect())
    }

    /// Which cells are missing.
    pub fn gaps(&self, numbers: bool) -> Result<BooleanArray> {
        Ok(match numbers {
            true => self.numbers_or(|_, _| Ok(0.0))?.iter().map(|x| Some(x.is_nan())).collect(),
            false => self.texts()?.iter().map(|cell| Some(cell.is_none())).collect(),
        })
    }

    /// How many cells hold each of the words that mean a missing cell; blank cells not counted.
    pub fn missing_words(&self, among_numbers: bool) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let is_text = CellType::of(self.array.data_type()) == CellType::Text;
        let wanted = |text: &str| match (is_text, among_numbers) {
            (false, _) => self.missing.is_given(text),
            (true, true) => self.missing.contains_among_numbers(text),
            (true, false) => self.missing.contains(text),
        };
        if is_text || !self.missing.more.is_empty() {
            let raw = self.cast(&DataType::Utf8).ok();
            let cells = raw.iter().flat_map(|raw| raw.as_string::<i32>().iter().flatten().map(str::trim));
            for word in cells.filter(|text| !text.is_empty() && wanted(text)) {
                *found.entry(word.to_string()).or_default() += 1;
            }
        }
        found
    }

    /// The position of each cell's value in `values`, which were inferred for `storage`.
    pub fn codes(&self, values: &[String], storage: Storage) -> Result<Vec<Code>> {
        match storage {
            Storage::Integer | Storage::Float => self.number_codes(values),
            Storage::Text | Storage::Boolean | Storage::Timestamp => {
                // A stored number has no spelling, and so is compared as one.
                let numbers = values.iter().map(|value| number(value).map(f64::to_bits));
                let numbers: Option<HashSet<u64>> = numbers.collect();
                let all_differ = numbers.is_some_and(|numbers| numbers.len() == values.len());
                match CellType::of(self.array.data_type()) {
                    CellType::Number if all_differ => self.number_codes(values),
                    _ => self.text_codes(values),
                }
            }
        }
    }

    /// [`Column::numbers`], with those of single precision as they are written: 0.1, and not
    /// 0.10000000149011612.
    pub fn decimal_numbers(&self) -> Result<Vec<f64>> {
        let mut numbers = self.numbers()?;
        if let Cow::Owned(decimal) = self.as_decimals(&numbers) {
            numbers = decimal;
        }
        Ok(numbers)
    }

    /// The [`decimal_numbers`](Self::decimal_numbers) of the [`numbers`](Self::numbers).
    pub fn as_decimals<'n>(&self, numbers: &'n [f64]) -> Cow<'n, [f64]> {
        match self.array.data_type() {
            DataType::Float16 | DataType::Float32 => {
                numbers.iter().map(|&x| (x as f32).to_string().parse().unwrap_or(x)).collect()
            }
            _ => Cow::Borrowed(numbers),
        }
    }

    fn number_codes(&self, values: &[String]) -> Result<Vec<Code>> {
        // The order of an ordinal column may differ from the numeric order.
        let mut keys: Vec<(f64, usize)> =
            values.iter().map(|value| number(value).unwrap_or(f64::NAN)).zip(0..).collect();
        keys.sort_by(|a, b| a.0.total_cmp(&b.0));
        let numbers = match CellType::of(self.array.data_type()) {
            CellType::Text => {
                // Neither text that is not a number nor infinity can be a category here.
                let levels = Levels::new(values);
                self.numbers_or(|_, text| Ok(levels.number(text).unwrap_or(f64::INFINITY)))?
            }
            _ => self.decimal_numbers()?,
        };
        let code = |x: f64| match keys.binary_search_by(|key| key.0.total_cmp(&(x + 0.0))) {
            _ if x.is_nan() => Code::Missing,
            Ok(place) => Code::Known(keys[place].1),
            Err(_) => Code::Unknown,
        };
        Ok(numbers.into_iter().map(code).collect())
    }

    fn text_codes(&self, values: &[String]) -> Result<Vec<Code>> {
        let levels = Levels::new(values);
        let texts = self.texts()?;
        let cells = texts.iter();
        Ok(cells
            .map(|cell| {
                cell.map_or(Code::Missing, |text| levels.code(text).map_or(Code::Unknown, Code::Known))
            })
            .collect())
    }

    fn cast(&self, to: &DataType) -> Result<ArrayRef> {
        let from = self.array.data_type();
        let wrong = || {
            let help = format!("convert the column, or exclude it with --drop {}", argument(self.name));
            self.whole_error("numbers or text", from.to_string(), help)
        };
        if CellType::of(from) == CellType::Other {
            return Err(wrong());
        }
        if from == to {
            Ok(self.array.clone())
        } else {
            arrow_cast::cast(self.array, to).map_err(|_| wrong())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{Float32Array, Int64Array};

    use super::*;

    fn column(array: &ArrayRef) -> Column<'_> {
        static USUAL: MissingWords = MissingWords { usual: true, except: vec![], more: vec![] };
        Column { input: "t.csv", name: "c", array, first_row: 10, missing: &USUAL, format: None }
    }

    #[test]
    fn numbers_are_read_from_text_and_from_typed_arrays_alike() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some(" 1.5"), None, Some("nan"), Some("-2e3")]));
        let numbers = column(&text).finite_numbers().unwrap();
        assert_eq!((numbers[0], numbers[3]), (1.5, -2000.0));
        assert!(numbers[1].is_nan() && numbers[2].is_nan());
        let typed: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), None]));
        let numbers = column(&typed).finite_numbers().unwrap();
        assert!(numbers[0] == 3.0 && numbers[1].is_nan());
    }

    #[test]
    fn numbers_that_mean_missing_cells_are_found_in_any_type() {
        let words = MissingWords::of(&["-999.9".to_string(), "7".to_string()], "c");
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec!["-999.90", "7.0", "2", "NA"])),
            Arc::new(Float32Array::from(vec![Some(-999.9), Some(7.0), Some(2.0), None])),
            Arc::new(arrow_array::Float64Array::from(vec![-999.9, 7.0, 2.0, f64::NAN])),
        ];
        for array in &arrays {
            let column = Column { missing: &words, ..column(array) };
            let gaps = column.gaps(true).unwrap();
            assert_eq!(gaps.iter().flatten().collect::<Vec<_>>(), [true, true, false, true]);
            assert_eq!(column.gaps(false).unwrap(), gaps);
        }
        let array: ArrayRef = Arc::new(Int64Array::from(vec![7, -999]));
        let column = Column { missing: &words, ..column(&array) };
        assert_eq!(column.texts().unwrap(), StringArray::from(vec![None, Some("-999")]));
        assert_eq!(column.missing_words(true), BTreeMap::from([("7".to_string(), 1)]));
    }

    #[test]
    fn error_names_the_row_of_a_cell_that_is_not_a_finite_number() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1", "abc"]));
        let message = column(&text).numbers().unwrap_err().to_string();
        assert!(
            message.starts_with("t.csv, row 12, column 'c': expected a number, found 'abc'; "),
            "{message}"
        );
        let infinite: ArrayRef = Arc::new(Float32Array::from(vec![1.0, f32::NEG_INFINITY]));
        let message = column(&infinite).finite_numbers().unwrap_err().to_string();
        assert!(
            message.starts_with("t.csv, row 12, column 'c': expected a finite number, found -inf; "),
            "{message}"
        );
    }

    #[test]
    fn codes_do_not_depend_on_how_the_file_stores_the_value() {
        let values = ["-1", "2", "10"].map(String::from);
        let expected = vec![Code::Known(2), Code::Missing, Code::Unknown, Code::Known(0)];
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("10.0"), None, Some("x"), Some("-1")]));
        assert_eq!(column(&text).codes(&values, Storage::Integer).unwrap(), expected);
        let typed: ArrayRef = Arc::new(Int64Array::from(vec![Some(10), None, Some(3), Some(-1)]));
        assert_eq!(column(&typed).codes(&values, Storage::Integer).unwrap(), expected);

        let values = ["false", "true"].map(String::from);
        let expected = vec![Code::Known(1), Code::Known(0)];
        let text: ArrayRef = Arc::new(StringArray::from(vec!["True", "0"]));
        assert_eq!(column(&text).codes(&values, Storage::Boolean).unwrap(), expected);
        let typed: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        assert_eq!(column(&typed).codes(&values, Storage::Boolean).unwrap(), expected);
    }
}
