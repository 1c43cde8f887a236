//! Categories that were not in the training data.

use std::collections::BTreeMap;

use arrow_array::{ArrayRef, RecordBatch};

use super::{Preprocessor, Transform, UnknownCategory};
use crate::column::{Code, Column};
use crate::names::places;
use crate::names::some_names;
use crate::{Feature, Result, is_earlier_row};

/// Counts by column of cells whose category was not in the training data; they are treated as
/// missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownCells {
    columns: BTreeMap<String, usize>,
}

impl UnknownCells {
    /// The number of cells, for each column with such cells.
    pub fn columns(&self) -> &BTreeMap<String, usize> {
        &self.columns
    }

    /// Adds the counts of more rows.
    pub fn add(&mut self, others: UnknownCells) {
        for (column, count) in others.columns {
            *self.columns.entry(column).or_default() += count;
        }
    }

    /// A note for the user; `None` if there are no such cells.
    pub fn note(&self) -> Option<String> {
        let columns = some_names(self.columns.keys().map(String::as_str));
        let named = if self.columns.len() == 1 { "column" } else { "columns" };
        Some(match self.columns.values().sum::<usize>() {
            0 => return None,
            1 => format!(
                "1 cell has a category that was not in the training data; it is treated as missing: {named} {columns}"
            ),
            count => format!(
                "{count} cells have categories that were not in the training data; they are treated as missing: {named} \
                 {columns}"
            ),
        })
    }
}

impl Preprocessor {
    /// The cells of `batch`, including conditions, that [`encode`](Self::encode) treats as missing
    /// because their category was not in the training data; empty if such a cell is an error.
    pub fn unknown_cells(&self, input: &str, batch: &RecordBatch) -> Result<UnknownCells> {
        let mut unknown = UnknownCells::default();
        let given =
            self.condition.iter().flat_map(|given| given.schema.features.iter().zip(&given.transforms));
        let fields = batch.schema();
        let places = places(&fields);
        for (feature, transform) in self.schema.features.iter().zip(&self.transforms).chain(given) {
            let Some(&at) = places.get(feature.name.as_str()) else { continue };
            // In windows of a series a cell comes again; it counts where its row is the last.
            if is_earlier_row(fields.field(at)) {
                continue;
            }
            let count = self.unseen(input, batch.column(at), feature, transform)?.len();
            if count > 0 {
                unknown.columns.insert(feature.name.clone(), count);
            }
        }
        Ok(unknown)
    }

    /// For each feature the rows whose category was not in the training data; none if such a cell
    /// is an error.
    pub fn unseen_cells(&self, input: &str, batch: &RecordBatch) -> Result<Vec<Vec<usize>>> {
        let (fields, features) = (batch.schema(), self.schema.features.iter().zip(&self.transforms));
        let places = places(&fields);
        let rows = |(feature, transform): (&Feature, &Transform)| match places.get(feature.name.as_str()) {
            Some(&at) => self.unseen(input, batch.column(at), feature, transform),
            None => Ok(vec![]),
        };
        features.map(rows).collect()
    }

    fn unseen(
        &self,
        input: &str,
        array: &ArrayRef,
        feature: &Feature,
        transform: &Transform,
    ) -> Result<Vec<usize>> {
        if self.unknown_category == UnknownCategory::Error || !transform.has_levels() {
            return Ok(vec![]);
        }
        let codes = Column::of(input, feature, array, 0).codes(feature.kind.categories(), feature.storage)?;
        let unseen = codes.iter().enumerate().filter(|(_, code)| matches!(code, Code::Unknown));
        Ok(unseen.map(|(row, _)| row).collect())
    }
}
