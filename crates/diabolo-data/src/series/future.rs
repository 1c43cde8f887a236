//! Values of known columns at steps to come.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use super::key::KeyTime;
use super::known::known_cells;
use super::schema::SeriesSchema;
use super::table::groups;
use crate::Result;

/// Known values of steps to come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownRows {
    /// The regressors of each row.
    values: Vec<Vec<f64>>,
    /// The row of a series at a time.
    places: HashMap<(Option<String>, u64), usize>,
}

impl KnownRows {
    /// The regressors of a series at a time; without a key, times are the numbers of the steps to
    /// come, from 1.
    pub fn at(&self, series: Option<&str>, time: KeyTime) -> Option<&[f64]> {
        let row = *self.places.get(&(series.map(Into::into), time.number().to_bits()))?;
        Some(&self.values[row])
    }
}

impl SeriesSchema {
    /// The rows of a table of known values to come.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_known(&self, input: &str, rows: &RecordBatch) -> Result<KnownRows> {
        let cells = known_cells(&self.known, input, rows)?;
        let values = (0..rows.num_rows()).map(|row| cells.iter().map(|numbers| numbers[row]).collect());
        let times = self.key.as_ref().map(|key| self.times(input, rows, key)).transpose()?;
        let mut places = HashMap::new();
        for (name, rows) in groups(input, rows, self.id.as_deref())? {
            for (at, row) in rows.into_iter().enumerate() {
                let time = match &times {
                    Some((_, times)) => times[row].seconds,
                    None => (at + 1) as f64,
                };
                places.insert((name.clone(), time.to_bits()), row);
            }
        }
        Ok(KnownRows { values: values.collect(), places })
    }
}
