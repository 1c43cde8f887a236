//! Rules between two columns, such as `start<=end`.

use std::fmt;

use arrow_array::RecordBatch;

use super::part::{cell_values, is_numeric};
use crate::{Error, Feature, FeatureKind, Result};

/// The flag that gives rules.
const FLAG: &str = "--require";

/// A rule between two columns of numbers, or of dates: `low <= high`, or `low < high`. A row with a
/// missing cell keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The column with the smaller cells.
    pub low: String,
    /// The column with the larger cells.
    pub high: String,
    /// Whether cells are never equal.
    pub strict: bool,
}

impl Rule {
    /// From a text such as `start<=end`; names of columns may contain signs.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if it does not compare two of the columns.
    pub fn parse<'a>(text: &str, columns: impl Iterator<Item = &'a str> + Clone) -> Result<Self> {
        let of = |sign: &str| {
            let halves =
                text.match_indices(sign).map(|(at, _)| (text[..at].trim(), text[at + sign.len()..].trim()));
            let known = |name: &str| columns.clone().any(|column| column == name);
            halves.into_iter().find(|(left, right)| known(left) && known(right) && left != right)
        };
        // The longer signs first: `a<=b` is not `a < =b`.
        let signs = [("<=", false, false), (">=", false, true), ("<", true, false), (">", true, true)];
        let found = signs.into_iter().find_map(|(sign, strict, turned)| {
            let (left, right) = of(sign)?;
            let (low, high) = if turned { (right, left) } else { (left, right) };
            Some(Rule { low: low.into(), high: high.into(), strict })
        });
        found.ok_or_else(|| {
            let names = columns.clone().collect::<Vec<_>>().join(", ");
            let expected = format!("COLUMN<=COLUMN or COLUMN<COLUMN with two of {names}");
            Error::invalid_value(FLAG, expected, format!("'{text}'"))
        })
    }

    /// The rules of texts, between the columns of a table.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn all(texts: &[String], rows: &RecordBatch) -> Result<Vec<Self>> {
        let schema = rows.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        texts.iter().map(|text| Rule::parse(text, names.clone())).collect()
    }

    /// Whether each of some rows keeps the rule; `None` where a cell is missing.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers).
    pub fn kept(&self, input: &str, rows: &RecordBatch, features: &[Feature]) -> Result<Vec<Option<bool>>> {
        let [low, high] = self.numbers(input, rows, features)?;
        Ok(low.into_iter().zip(high).map(|(low, high)| self.keeps(low, high)).collect())
    }

    /// The cells of the smaller and of the larger column, which are among the features, as numbers,
    /// or seconds since 1970; NaN where missing.
    ///
    /// # Errors
    /// [`Error::Data`] if a column is neither of numbers nor of dates, they are of both, or a cell
    /// cannot be read.
    pub fn numbers(&self, input: &str, rows: &RecordBatch, features: &[Feature]) -> Result<[Vec<f64>; 2]> {
        let [low, high] = self.sides(input, features)?.map(|feature| {
            rows.column_by_name(&feature.name).map_or(Ok(vec![]), |array| cell_values(input, feature, array))
        });
        Ok([low?, high?])
    }

    /// Whether two numbers keep the rule; `None` if one is NaN.
    pub fn keeps(&self, low: f64, high: f64) -> Option<bool> {
        (!low.is_nan() && !high.is_nan()).then_some(low < high || !self.strict && low == high)
    }

    /// The features of both columns: numbers, or dates.
    pub(super) fn sides<'a>(&self, input: &str, features: &'a [Feature]) -> Result<[&'a Feature; 2]> {
        let find = |name: &String| {
            let wrong = |found: &str| {
                let help = format!("check {FLAG} '{self}'");
                Error::data(input, "a column of numbers or dates that is learned", found, help)
                    .in_column(name)
            };
            let feature = features.iter().find(|feature| feature.name == *name);
            let feature = feature.ok_or_else(|| wrong("a key, text, or a column that is left out"))?;
            match is_numeric(feature) {
                true => Ok(feature),
                false => Err(wrong(&format!("a {} column", feature.kind.name()))),
            }
        };
        let sides = [find(&self.low)?, find(&self.high)?];
        let dates = sides.map(|side| matches!(side.kind, FeatureKind::Datetime { .. }));
        if dates[0] != dates[1] {
            let what = |is_date: bool| if is_date { "dates" } else { "numbers" };
            let found =
                format!("{} in '{}' and {} in '{}'", what(dates[0]), self.low, what(dates[1]), self.high);
            let help = format!("check {FLAG} '{self}', or name the type of a column with --type");
            return Err(Error::data(input, "two columns of numbers, or two of dates", found, help));
        }
        Ok(sides)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.low, if self.strict { "<" } else { "<=" }, self.high)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::{InferOptions, infer};

    #[test]
    fn rules_are_read_with_any_sign() {
        let columns = ["a", "b", "a<b", "b=c"];
        let of = |text: &str| Rule::parse(text, columns.into_iter()).map(|rule| rule.to_string());
        assert_eq!(of("a<=b").unwrap(), "a<=b");
        assert_eq!(of(" a >= b ").unwrap(), "b<=a");
        assert_eq!(of("b>a").unwrap(), "a<b");
        assert_eq!(of("a<b<b").unwrap(), "a<b<b", "a name with a sign");
        assert_eq!(of("a<b=c").unwrap(), "a<b=c");
        for bad in ["a<=3", "a<=a", "a=b", "a<=z", "", "<=", "a<=b<=b"] {
            let error = of(bad).unwrap_err().to_string();
            assert!(error.contains("--require") && error.contains("a, b, a<b, b=c"), "{error}");
        }
    }

    #[test]
    fn rows_that_keep_a_rule_are_found() {
        let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), Some(3), None, Some(-7)]));
        let b: ArrayRef = Arc::new(StringArray::from(vec!["1.5", "2", "2.9", "4", "NA"]));
        let city: ArrayRef = Arc::new(StringArray::from(vec!["x", "x", "y", "y", "x"]));
        let day: ArrayRef = Arc::new(StringArray::from_iter_values((1..6).map(|k| format!("2024-01-0{k}"))));
        let columns = [("a", a), ("b", b), ("city", city), ("day", day)];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let features = infer("t", &rows, &InferOptions::default()).unwrap().schema.features;
        let kept = |text: &str| {
            let rule = Rule::parse(text, ["a", "b", "city", "day"].into_iter()).unwrap();
            rule.kept("t", &rows, &features).map_err(|error| error.to_string())
        };
        assert_eq!(kept("a<=b").unwrap(), [Some(true), Some(true), Some(false), None, None]);
        assert_eq!(kept("a<b").unwrap(), [Some(true), Some(false), Some(false), None, None]);
        assert!(kept("a<=city").unwrap_err().contains("column 'city'"));
        let error = kept("day>=a").unwrap_err();
        assert!(error.contains("numbers in 'a' and dates in 'day'"), "{error}");
    }
}
