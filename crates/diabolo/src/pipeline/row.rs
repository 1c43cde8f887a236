//! One row at a time, for servers.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::DataType;

use super::Predictor;
use crate::task::{Reason, Scored};
use crate::tensor::in_place;
use crate::{Error, Result};

/// A cell of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A number; NaN is missing.
    Number(f64),
    /// A category, or a number as text.
    Text(&'a str),
    /// A boolean.
    Bool(bool),
    /// A missing cell.
    Missing,
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Cell::Number(value)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Cell::Text(value)
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Cell::Bool(value)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Missing, Into::into)
    }
}

/// The result of [`Predictor::score_row`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRow {
    /// Anomaly score, in nats above the mean.
    pub score: f64,
    /// Conformal p-value.
    pub p_value: f64,
    /// Whether the row is an anomaly by the rule.
    pub anomalous: bool,
    /// The columns that contribute most; empty for a normal row, unless all rows are explained.
    pub reasons: Vec<Reason>,
}

impl Predictor {
    /// Scores one row, with cells in the order of [`columns`](Self::columns). For a time series, a
    /// row is a complete window.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a rule that compares rows (false discovery rate, top N), which
    /// would flag all or none of single rows; [`Error::Data`] for cells that cannot be encoded.
    pub fn score_row(&self, cells: &[Cell]) -> Result<ScoredRow> {
        if self.scoring().rule.needs_all_rows() {
            return Err(Error::Unsupported {
                what: format!("'{}' needs all rows at once", self.scoring().rule.describe()),
                help: "score rows one by one with Rule::Alpha or Rule::Quantile, or all of them with score"
                    .into(),
            });
        }
        let row = self.table_of(cells)?;
        let Scored { scores, p_values, anomalous, mut reasons } = in_place(|| self.score_windows(&row, 0))?;
        Ok(ScoredRow {
            score: scores[0],
            p_value: p_values[0],
            anomalous: anomalous[0],
            reasons: reasons.swap_remove(0),
        })
    }

    /// A table of one row.
    fn table_of(&self, cells: &[Cell]) -> Result<RecordBatch> {
        let columns: Vec<&str> = self.columns().collect();
        if cells.len() != columns.len() {
            let expected = format!("{} cells, one for each of Predictor::columns", columns.len());
            let found = cells.len().to_string();
            return Err(Error::data(
                self.input_name(),
                expected,
                found,
                "use Cell::Missing for a missing cell",
            ));
        }
        let array = |cell: &Cell| -> ArrayRef {
            match *cell {
                Cell::Number(value) => Arc::new(Float64Array::from(vec![value])),
                Cell::Text(text) => Arc::new(StringArray::from(vec![text])),
                Cell::Bool(value) => Arc::new(BooleanArray::from(vec![value])),
                Cell::Missing => new_null_array(&DataType::Null, 1),
            }
        };
        let columns = columns.into_iter().zip(cells).map(|(name, cell)| (name, array(cell), true));
        RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|cause| Error::data(self.input_name(), "one row", cause.to_string(), "give other cells"))
    }
}
