//! A label column as class numbers, for probes and fine-tuning.

use super::Prepared;
use crate::{Error, Result};

/// The maximum number of classes; a column with more values is a key or a measurement.
const MOST_CLASSES: usize = 1000;
/// More real numbers than these, or more values of fewer rows each than these, are no classes.
const FEW_CLASSES: usize = 10;
const ROWS_PER_CLASS: usize = 3;

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
    /// [`Error::Data`] if there is no label column, or it does not hold 2 to 1000 classes but
    /// measurements or keys.
    pub fn of(input: &str, prepared: &Prepared) -> Result<Self> {
        let help = "fit with --label COLUMN, a column that holds classes";
        let texts =
            prepared.labels.as_ref().ok_or_else(|| Error::data(input, "a label column", "none", help))?;
        Labels::from_texts(texts).map_err(|found| {
            let expected = format!("2 to {MOST_CLASSES} classes that rows share");
            let error = Error::data(input, expected, found, help);
            match &prepared.preprocessor.schema.label {
                Some(label) => error.in_column(label),
                None => error,
            }
        })
    }

    /// The error is what was found instead of classes.
    fn from_texts(texts: &[Vec<Option<String>>; 3]) -> std::result::Result<Self, String> {
        let mut names: Vec<String> = texts.iter().flatten().flatten().cloned().collect();
        let rows = names.len();
        names.sort_unstable();
        names.dedup();
        let number = |name: &String| name.parse::<f64>().ok().filter(|v| !v.is_nan());
        let numbers = names.iter().map(number).collect::<Option<Vec<f64>>>();
        let real = numbers.iter().flatten().any(|x| x.fract() != 0.0);
        let many = names.len() > FEW_CLASSES && (real || names.len() * ROWS_PER_CLASS > rows);
        if many || !(2..=MOST_CLASSES).contains(&names.len()) {
            let values = if numbers.is_some() { "numbers" } else { "values" };
            return Err(format!("{} different {values} in {rows} rows", names.len()));
        }
        if let Some(numbers) = numbers {
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
        let refused = |cells: &[String]| {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            Labels::from_texts(&texts([&cells, &[], &[cells[0]]])).unwrap_err()
        };
        assert_eq!(refused(&["a".to_string()]), "1 different values in 2 rows");
        let cells = |count: u32, of: fn(u32) -> String| -> Vec<String> { (0..count).map(of).collect() };
        assert_eq!(refused(&cells(3003, |k| (k % 1001).to_string())), "1001 different numbers in 3004 rows");
        // Measurements, and names of single rows.
        assert_eq!(refused(&cells(90, |k| format!("{}.5", k % 20))), "20 different numbers in 91 rows");
        assert_eq!(refused(&cells(30, |k| format!("n{k}"))), "30 different values in 31 rows");
        let classes = cells(90, |k| (k % 26).to_string());
        let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
        assert_eq!(Labels::from_texts(&texts([&classes, &[], &[]])).unwrap().names.len(), 26);
    }
}
