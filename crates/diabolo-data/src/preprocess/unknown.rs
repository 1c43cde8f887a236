//! Categories that a model has not seen.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use super::{Preprocessor, Transform, UnknownCategory};
use crate::column::{Code, Column, some_names};
use crate::{Result, is_earlier_row};

/// Cells whose category the model has not seen, counted by column; they are treated as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownCells {
    columns: BTreeMap<String, usize>,
}

impl UnknownCells {
    /// How many cells in each column that has some.
    pub fn columns(&self) -> &BTreeMap<String, usize> {
        &self.columns
    }

    /// Adds those of further rows.
    pub fn add(&mut self, others: UnknownCells) {
        for (column, count) in others.columns {
            *self.columns.entry(column).or_default() += count;
        }
    }

    /// The sentence for the user; `None` if there are no such cells.
    pub fn note(&self) -> Option<String> {
        let columns = some_names(self.columns.keys().map(String::as_str));
        let named = if self.columns.len() == 1 { "column" } else { "columns" };
        Some(match self.columns.values().sum::<usize>() {
            0 => return None,
            1 => format!(
                "1 cell holds a category that the model has not seen; it is treated as missing: {named} {columns}"
            ),
            count => format!(
                "{count} cells hold categories that the model has not seen; they are treated as missing: {named} \
                 {columns}"
            ),
        })
    }
}

impl Preprocessor {
    /// The cells of `batch` that [`encode`](Self::encode) treats as missing because the model has not seen their
    /// category, those of conditions included; none where such a cell is an error.
    pub fn unknown_cells(&self, input: &str, batch: &RecordBatch) -> Result<UnknownCells> {
        let mut unknown = UnknownCells::default();
        let fields = batch.schema();
        if self.unknown_category == UnknownCategory::Error {
            return Ok(unknown);
        }
        let own = self.schema.features.iter().zip(&self.transforms);
        let given =
            self.condition.iter().flat_map(|given| given.schema.features.iter().zip(&given.transforms));
        for (feature, transform) in own.chain(given) {
            let Some((at, field)) =
                fields.column_with_name(&feature.name).filter(|_| *transform == Transform::Category)
            else {
                continue;
            };
            // In windows of a series a cell comes again; it counts where its row is the last.
            if is_earlier_row(field) {
                continue;
            }
            let array = batch.column(at);
            let column = Column { input, name: &feature.name, array, first_row: 0 };
            let codes = column.codes(feature.kind.categories(), feature.storage)?;
            let count = codes.iter().filter(|code| matches!(code, Code::Unknown)).count();
            if count > 0 {
                unknown.columns.insert(feature.name.clone(), count);
            }
        }
        Ok(unknown)
    }
}
