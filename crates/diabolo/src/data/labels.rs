//! A label column as class numbers, for whatever puts a model's features to use.

use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, StringArray};
use arrow_schema::DataType;

use crate::{Error, Result};

/// A label with more values than this is a key or a measurement, not a class.
const MOST_CLASSES: usize = 1000;

/// The classes of a label column, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    column: String,
    /// The classes' names; a class is its position. Numbers are in order of value.
    pub names: Vec<String>,
}

impl Labels {
    /// The classes that occur in the column `label` of `rows`.
    pub fn find(input: &str, rows: &RecordBatch, label: Option<&str>) -> Result<Self> {
        let help = "fit with --label COLUMN, the column that holds the classes";
        let column = label.ok_or_else(|| Error::data(input, "a label column", "none", help))?.to_string();
        let texts = texts(input, rows, &column)?;
        let mut names: Vec<String> = texts.iter().flatten().map(str::to_string).collect();
        names.sort_unstable();
        names.dedup();
        let number = |name: &String| name.parse::<f64>().ok().filter(|v| !v.is_nan());
        if names.iter().all(|name| number(name).is_some()) {
            names.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
        }
        if !(2..=MOST_CLASSES).contains(&names.len()) {
            let expected = format!("a label of 2 to {MOST_CLASSES} classes");
            return Err(Error::data(input, expected, names.len().to_string(), help).in_column(&column));
        }
        Ok(Labels { column, names })
    }

    /// The class of each row; `None` where the label is missing.
    ///
    /// # Errors
    /// [`Error::Data`] for a class that was not found before.
    pub fn of(&self, input: &str, rows: &RecordBatch) -> Result<Vec<Option<u32>>> {
        let texts = texts(input, rows, &self.column)?;
        let class = |(row, text): (usize, Option<&str>)| {
            let Some(text) = text else { return Ok(None) };
            let found = self.names.iter().position(|name| name == text);
            found.map(|class| Some(class as u32)).ok_or_else(|| {
                let expected = "a class that the training rows have";
                let help = "train on rows of every class, or leave the row out";
                Error::data(input, expected, format!("'{text}'"), help)
                    .in_column(&self.column)
                    .at_row(row as u64 + 1)
            })
        };
        texts.iter().enumerate().map(class).collect()
    }
}

fn texts(input: &str, rows: &RecordBatch, column: &str) -> Result<StringArray> {
    let missing =
        || Error::data(input, "the label column", "no such column", "check its name").in_column(column);
    let array = rows.column_by_name(column).ok_or_else(missing)?;
    let texts = arrow_cast::cast(array, &DataType::Utf8).map_err(|cause| {
        Error::data(input, "a label as text or number", cause.to_string(), "name another column")
            .in_column(column)
    })?;
    Ok(texts.as_string::<i32>().clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    use super::*;

    fn rows(values: Vec<Option<i64>>) -> RecordBatch {
        RecordBatch::try_from_iter([("y", Arc::new(Int64Array::from(values)) as ArrayRef)]).unwrap()
    }

    #[test]
    fn numbers_are_classes_in_order_of_value_and_missing_ones_are_none() {
        let batch = rows(vec![Some(10), Some(9), None, Some(10)]);
        let labels = Labels::find("t", &batch, Some("y")).unwrap();
        assert_eq!(labels.names, ["9", "10"]);
        assert_eq!(labels.of("t", &batch).unwrap(), [Some(1), Some(0), None, Some(1)]);
    }

    #[test]
    fn what_is_no_label_is_refused() {
        let one = rows(vec![Some(1), Some(1)]);
        for (batch, label) in [(&one, Some("y")), (&one, None), (&one, Some("z"))] {
            assert!(Labels::find("t", batch, label).is_err(), "{label:?}");
        }
        let labels = Labels::find("t", &rows(vec![Some(1), Some(2)]), Some("y")).unwrap();
        let error = labels.of("t", &rows(vec![Some(1), Some(7)])).unwrap_err().to_string();
        assert!(error.contains("'7'") && error.contains("row 2"), "{error}");
    }
}
