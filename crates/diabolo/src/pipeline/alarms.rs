//! Evaluation of scores and alarms with ground-truth labels.

use arrow_array::RecordBatch;
use serde::Serialize;

use crate::data::texts;
use crate::stats::Ranking;
use crate::{Error, Result};

/// A column with ground-truth labels, used for evaluation only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The column.
    pub column: String,
    /// The value of normal rows; 0 and false by default.
    pub normal: Option<String>,
}

impl Truth {
    /// Whether each row is an anomaly; `first_row` is the 0-based number of the first in `input`,
    /// for messages.
    ///
    /// # Errors
    /// [`Error::Data`] if the column or one of its cells is missing.
    pub fn read(&self, input: &str, rows: &RecordBatch, first_row: u64) -> Result<Vec<bool>> {
        let wrong = |found: &str| {
            let expected = "a column with the ground truth";
            Error::data(input, expected, found, "name it with --truth").in_column(&self.column)
        };
        let cells = texts(rows, &self.column).ok_or_else(|| wrong("no such column"))?;
        let truth = cells.iter().enumerate().map(|(row, text)| match text {
            Some(text) => Ok(!self.is_normal(text)),
            None => Err(wrong("a missing value").at_row(first_row + row as u64 + 1)),
        });
        truth.collect()
    }

    fn is_normal(&self, text: &str) -> bool {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        match &self.normal {
            Some(normal) => text == normal || number(text).is_some_and(|value| number(normal) == Some(value)),
            None => text.eq_ignore_ascii_case("false") || number(text) == Some(0.0),
        }
    }
}

/// Metrics of scores and alarms; `None` if undefined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AlarmQuality {
    /// Rows that are anomalies by the labels.
    pub anomalies: usize,
    /// Area under the ROC curve of the scores.
    pub auroc: Option<f64>,
    /// Area under the precision-recall curve of the scores.
    pub average_precision: Option<f64>,
    /// Fraction of alarms that are anomalies.
    pub precision: Option<f64>,
    /// Fraction of anomalies that raise an alarm.
    pub recall: Option<f64>,
}

impl AlarmQuality {
    /// Evaluates scores and alarms with the ground truth.
    pub fn measure(scores: &[f64], alarms: &[bool], truth: &[bool]) -> Self {
        let ranking = Ranking::of(scores, truth);
        let hits = alarms.iter().zip(truth).filter(|(alarm, truth)| **alarm && **truth).count();
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        let share = |of: usize| (of > 0).then(|| hits as f64 / of as f64);
        AlarmQuality {
            anomalies: count(truth),
            auroc: ranking.as_ref().map(Ranking::auroc),
            average_precision: ranking.as_ref().map(Ranking::average_precision),
            precision: share(count(alarms)),
            recall: share(count(truth)),
        }
    }

    /// Names and values, to print.
    pub fn lines(&self) -> [(String, String); 4] {
        let text = |value: Option<f64>| value.map_or("—".into(), |v| format!("{v:.4}"));
        [
            ("AUROC".into(), text(self.auroc)),
            ("average precision".into(), text(self.average_precision)),
            ("precision".into(), text(self.precision)),
            ("recall".into(), text(self.recall)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_recall_by_hand() {
        let found = AlarmQuality::measure(
            &[0.1, 0.9, 0.8, 0.2],
            &[false, true, true, false],
            &[false, true, false, true],
        );
        assert_eq!((found.anomalies, found.precision, found.recall), (2, Some(0.5), Some(0.5)));
        // Of the four pairs of an anomaly and a normal row three are in order.
        assert_eq!(found.auroc, Some(0.75));
        let none = AlarmQuality::measure(&[0.1], &[false], &[false]);
        assert_eq!((none.auroc, none.precision, none.recall), (None, None, None));
    }

    #[test]
    fn the_normal_value_may_be_a_number_or_a_word() {
        let truth = |normal: Option<&str>| Truth { column: "y".into(), normal: normal.map(str::to_string) };
        assert!(["0", "0.0", "False"].iter().all(|text| truth(None).is_normal(text)));
        assert!(!truth(None).is_normal("ok") && truth(Some("ok")).is_normal("ok"));
        assert!(truth(Some("1")).is_normal("1.0") && !truth(Some("1")).is_normal("0"));
    }
}
