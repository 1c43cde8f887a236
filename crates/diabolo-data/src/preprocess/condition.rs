//! The condition of each row, for conditional models.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};

use super::{Preprocessor, no_table};
use crate::names::some_names;
use crate::rows::Rows;
use crate::{Error, Result};

/// The encoded condition columns, inputs that the model does not reconstruct; a missing cell is all
/// zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Number of encoded columns.
    pub width: usize,
    /// Rows × width.
    pub values: Rows,
}

impl Condition {
    /// Selects rows, in the order of `chosen`; a row may be chosen several times.
    pub fn select(&self, chosen: &[usize]) -> Self {
        Condition { width: self.width, values: self.values.gather(chosen) }
    }
}

impl Preprocessor {
    /// Number of encoded condition columns; 0 without conditions.
    pub fn condition_width(&self) -> usize {
        self.condition.as_ref().map_or(0, |given| given.width())
    }

    /// The conditions of the rows of `batch`; `None` without condition columns.
    pub fn encode_condition(
        &self,
        input: &str,
        batch: &RecordBatch,
        first_row: u64,
    ) -> Result<Option<Condition>> {
        self.condition_of(input, batch, None, first_row)
    }

    /// The same of all or the `chosen` rows.
    pub(super) fn condition_of(
        &self,
        input: &str,
        batch: &RecordBatch,
        chosen: Option<&[usize]>,
        first_row: u64,
    ) -> Result<Option<Condition>> {
        let Some(given) = &self.condition else { return Ok(None) };
        let given = Preprocessor { unknown_category: self.unknown_category, ..given.as_ref().clone() };
        let encoded = given.encode_some(input, batch, chosen, first_row)?;
        Ok(Some(Condition { width: encoded.width, values: encoded.values }))
    }

    /// Conditions for `count` new rows, encoded and as columns; `None` if the model has none.
    ///
    /// `given` holds column names and the value for every row. Of the other columns, categories
    /// alternate, and numbers are missing.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a column is not a condition or has no such category;
    /// [`Error::Data`] if its value is not a number.
    pub fn given(
        &self,
        given: &[(String, String)],
        count: usize,
    ) -> Result<Option<(Condition, RecordBatch)>> {
        let known: Vec<&str> = self.schema.condition.iter().map(|f| f.name.as_str()).collect();
        if let Some((other, _)) = given.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let expected = match known.as_slice() {
                [] => "none: the model was fitted without --condition".to_string(),
                known => format!("conditions of the model: {}", known.join(", ")),
            };
            return Err(Error::invalid_value("--where", expected, other));
        }
        let Some(condition) = &self.condition else { return Ok(None) };
        // Categories alternate like the digits of a number, the last column fastest.
        let mut period = 1;
        let mut columns: Vec<(String, ArrayRef)> = vec![];
        for feature in self.schema.condition.iter().rev() {
            let asked = given.iter().rev().find(|(name, _)| *name == feature.name);
            let values = feature.kind.categories();
            if let Some((name, other)) = asked.filter(|(_, v)| !values.is_empty() && !values.contains(v)) {
                let expected = some_names(values.iter().map(String::as_str));
                return Err(Error::invalid_value(
                    format!("--where {name}"),
                    format!("one of {expected}"),
                    other,
                ));
            }
            let cell = |row: usize| match asked {
                Some((_, value)) => Some(value.as_str()),
                None => (!values.is_empty()).then(|| values[row / period % values.len()].as_str()),
            };
            let column: StringArray = (0..count).map(cell).collect();
            columns.push((feature.name.clone(), Arc::new(column)));
            if asked.is_none() {
                period *= values.len().max(1);
            }
        }
        columns.reverse();
        let table = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)));
        let table = table.map_err(no_table)?;
        let encoded = condition.encode("--where", &table, 0)?;
        let decoded = condition.decode(&encoded.values)?;
        // A requested number is written as given, not rounded to single precision.
        let exact = |name: &str, column: &ArrayRef| {
            let asked = given.iter().any(|(asked, _)| asked == name);
            let text = table.column_by_name(name).filter(|_| asked);
            let number = text.and_then(|text| arrow_cast::cast(text, column.data_type()).ok());
            // Text that is not such a number is cast to a missing cell.
            number.filter(|number| number.null_count() == 0).unwrap_or(column.clone())
        };
        let fields = decoded.schema();
        let columns = fields.fields().iter().zip(decoded.columns());
        let columns = columns.map(|(field, column)| exact(field.name(), column)).collect();
        let said = RecordBatch::try_new(fields, columns).map_err(no_table)?;
        Ok(Some((Condition { width: encoded.width, values: encoded.values }, said)))
    }
}
