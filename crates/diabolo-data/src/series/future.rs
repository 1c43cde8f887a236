//! Values of known columns at steps to come.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use super::key::KeyTime;
use super::known::known_cells;
use super::schema::SeriesSchema;
use super::table::groups;
use crate::{Result, Stride};

/// Known values of steps to come.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRows {
    /// The regressors of each row.
    values: Vec<Vec<f64>>,
    /// The different times of each series, in order, and their rows.
    places: HashMap<Option<String>, Vec<(KeyTime, usize)>>,
    stride: Stride,
}

impl KnownRows {
    /// The regressors of a series at the step of a time; without a key, times are the numbers of
    /// the steps to come, from 1.
    ///
    /// Times are those of a step if they are nearer to it than to another one, as in the series
    /// themselves: sums of strides such as 0.1 have other bits than times that are read.
    pub fn at(&self, series: Option<&str>, time: KeyTime) -> Option<&[f64]> {
        let places = self.places.get(&series.map(String::from))?;
        let next = places.partition_point(|(other, _)| other.is_before(time));
        let away = |(other, _): &&(KeyTime, usize)| {
            let (first, last) = if other.is_before(time) { (*other, time) } else { (time, *other) };
            self.stride.between(first.0, last.0)
        };
        let two = places.get(next).into_iter().chain(places[..next].last());
        let (_, row) = two.filter(|place| away(place) < 0.5).min_by(|a, b| away(a).total_cmp(&away(b)))?;
        Some(&self.values[*row])
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
        let mut values: Vec<Vec<f64>> = values.collect();
        let times = self.key.as_ref().map(|key| self.times(input, rows, key)).transpose()?;
        let mut places = HashMap::new();
        for (name, rows) in groups(input, rows, self.id.as_deref())? {
            let time = |(at, row): (usize, usize)| match &times {
                Some((_, times)) => {
                    let time = self.key.as_ref().map_or(times[row], |key| key.on_step(times[row]));
                    (KeyTime(time), row)
                }
                None => (KeyTime::of_number((at + 1) as f64), row),
            };
            let mut of_series: Vec<(KeyTime, usize)> = rows.into_iter().enumerate().map(time).collect();
            of_series.sort_by(|(a, _), (b, _)| a.number().total_cmp(&b.number()));
            if self.key.as_ref().is_some_and(|key| key.resampled) {
                of_series = means(&of_series, &mut values);
            }
            // Of rows of one time, the last one counts.
            of_series.reverse();
            of_series.dedup_by_key(|(time, _)| time.number().to_bits());
            of_series.reverse();
            places.insert(name, of_series);
        }
        let stride = self.key.as_ref().map_or(Stride::Even { amount: 1.0 }, |key| key.stride);
        Ok(KnownRows { values, places, stride })
    }
}

/// One row for each time, with the means of the regressors of its rows.
fn means(of_series: &[(KeyTime, usize)], values: &mut Vec<Vec<f64>>) -> Vec<(KeyTime, usize)> {
    let of_time = |rows: &[(KeyTime, usize)]| {
        let mean = |at: usize| {
            let seen = rows.iter().map(|(_, row)| values[*row][at]).filter(|value| !value.is_nan());
            let (sum, count) = seen.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / count
        };
        let means: Vec<f64> = (0..values[rows[0].1].len()).map(mean).collect();
        values.push(means);
        (rows[0].0, values.len() - 1)
    };
    of_series.chunk_by(|(a, _), (b, _)| a.number() == b.number()).map(of_time).collect()
}
