//! A label column as class numbers, for probes and fine-tuning.

use super::Prepared;
use crate::{Error, Result};

/// The maximum number of classes; a column with more values is a key or a measurement.
const MOST_CLASSES: usize = 1000;

/// The classes of a label column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The names of the classes; the position is the class number. Numbers are sorted by value.
    pub names: Vec<String>,
    /// The class of each training, validation and test row; `None` where the label is missing.
    pub parts: [Vec<Option<u32>>; 3],
}

impl Labels {
    /// The classes of `prepared`, which was read from `input`.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no label column, or it does not hold 2 to 1000 classes.
    pub fn of(input: &str, prepared: &Prepared) -> Result<Self> {
        let help = "fit with --label COLUMN, a column that holds classes";
        let texts =
            prepared.labels.as_ref().ok_or_else(|| Error::data(input, "a label column", "none", help))?;
        Labels::from_texts(texts).map_err(|found| {
            let expected = format!("2 to {MOST_CLASSES} different values");
            let error = Error::data(input, expected, found.to_string(), help);
            match &prepared.preprocessor.schema.label {
                Some(label) => error.in_column(label),
                None => error,
            }
        })
    }

    /// The error is the invalid number of classes.
    fn from_texts(texts: &[Vec<Option<String>>; 3]) -> std::result::Result<Self, usize> {
        let mut names: Vec<String> = texts.iter().flatten().flatten().cloned().collect();
        names.sort_unstable();
        names.dedup();
        if !(2..=MOST_CLASSES).contains(&names.len()) {
            return Err(names.len());
        }
        let number = |name: &String| name.parse::<f64>().ok().filter(|v| !v.is_nan());
        if let Some(numbers) = names.iter().map(number).collect::<Option<Vec<f64>>>() {
            let mut order: Vec<usize> = (0..names.len()).collect();
            order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
            names = order.into_iter().map(|k| names[k].clone()).collect();
        }
        let class = |text: &Option<String>| {
            let text = text.as_ref()?;
            names.iter().position(|name| name == text).map(|class| class as u32)
        };
        let parts = texts.each_ref().map(|part| part.iter().map(class).collect());
        Ok(Labels { names, parts })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(parts: [&[&str]; 3]) -> [Vec<Option<String>>; 3] {
        parts.map(|part| part.iter().map(|text| (!text.is_empty()).then(|| text.to_string())).collect())
    }

    #[test]
    fn numbers_are_classes_in_order_of_value_and_missing_ones_are_none() {
        let labels = Labels::from_texts(&texts([&["10", "9"], &["", "10"], &["9"]])).unwrap();
        assert_eq!(labels.names, ["9", "10"]);
        assert_eq!(labels.parts, [vec![Some(1), Some(0)], vec![None, Some(1)], vec![Some(0)]]);
    }

    #[test]
    fn invalid_labels_are_refused() {
        assert_eq!(Labels::from_texts(&texts([&["a", "a"], &[], &["a"]])), Err(1));
        let many: Vec<String> = (0..=MOST_CLASSES).map(|k| k.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(Labels::from_texts(&texts([&many, &[], &[]])), Err(MOST_CLASSES + 1));
    }
}
