//! New series from generated windows.

use std::collections::BTreeMap;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field};

use super::names::free;
use super::table;
use crate::data::lag;
use crate::model::forecast::spread;
use crate::{Error, Result};

/// Windows that may continue a series, at each join.
const CANDIDATES: usize = 16;

/// The number of generated windows that a series of this length is made of; `None` if it cannot be
/// counted.
pub fn windows_for(length: usize, window: usize) -> Option<usize> {
    joins(length, window).checked_mul(CANDIDATES)?.checked_add(1)
}

/// The steps that two joined windows share.
fn overlap(window: usize) -> usize {
    (window / 2).max(1)
}

fn joins(length: usize, window: usize) -> usize {
    length.saturating_sub(window).div_ceil((window - overlap(window)).max(1))
}

/// Series in long format from generated windows, [`windows_for`] each, one after the other: a row
/// for each series and step.
///
/// A series as long as a window, or shorter, is the end of one. A longer one is continued: of the
/// next candidates, the one whose first half is nearest to the last half of the series goes on from
/// the step at which both are nearest.
///
/// # Errors
/// [`Error::Internal`] if there are not so many windows.
pub fn long_series(rows: &RecordBatch, series: usize, length: usize, window: usize) -> Result<RecordBatch> {
    let each = windows_for(length, window);
    let each = each.filter(|each| each.saturating_mul(series) <= rows.num_rows());
    let each = each.ok_or_else(|| Error::internal("too few windows for the series"))?;
    let columns = lagged(rows);
    let numbers = standardized(&columns, window);
    let steps: Vec<(usize, usize)> =
        (0..series).flat_map(|one| steps_of(&numbers, one * each, length, window)).collect();
    let taken = |name: &str| columns.iter().any(|(field, _)| field.name() == name);
    let names = free(vec!["series".into(), "step".into()], taken);
    let count = |cells: Int64Array, name: &str| -> (Field, ArrayRef) {
        (Field::new(name, DataType::Int64, false), std::sync::Arc::new(cells))
    };
    let number = (0..series).flat_map(|one| std::iter::repeat_n(one as i64 + 1, length)).collect();
    let step = (0..series).flat_map(|_| 1..=length as i64).collect();
    let mut made = vec![count(number, &names[0]), count(step, &names[1])];
    for (field, lags) in &columns {
        let arrays: Vec<&dyn Array> = lags.values().map(AsRef::as_ref).collect();
        let place = |lag: usize| lags.keys().position(|other| *other == lag).unwrap_or(0);
        let indices: Vec<(usize, usize)> = steps.iter().map(|(row, lag)| (place(*lag), *row)).collect();
        let cells = arrow_select::interleave::interleave(&arrays, &indices)
            .map_err(|cause| Error::internal(cause.to_string()))?;
        made.push((field.clone(), cells));
    }
    table(steps.len(), made)
}

/// The columns of the series, each with its cells at each lag; one that does not change within a
/// window has lag 0 only.
fn lagged(rows: &RecordBatch) -> Vec<(Field, BTreeMap<usize, ArrayRef>)> {
    let mut found: Vec<(Field, BTreeMap<usize, ArrayRef>)> = vec![];
    for (field, cells) in rows.schema().fields().iter().zip(rows.columns()) {
        let (name, back) = lag(field.name());
        let at = found.iter().position(|(other, _)| other.name() == name).unwrap_or_else(|| {
            found.push((Field::new(name, field.data_type().clone(), field.is_nullable()), BTreeMap::new()));
            found.len() - 1
        });
        if back == 0 {
            found[at].0 = field.as_ref().clone();
        }
        found[at].1.insert(back, cells.clone());
    }
    found
}

/// The numbers of the columns, columns × lags × rows, each column in units of its deviation.
fn standardized(columns: &[(Field, BTreeMap<usize, ArrayRef>)], window: usize) -> Vec<Vec<Vec<f64>>> {
    let of_column = |(_, lags): &(Field, BTreeMap<usize, ArrayRef>)| -> Option<Vec<Vec<f64>>> {
        let numbers = |lag: usize| -> Option<Vec<f64>> {
            let cells = lags.get(&lag)?;
            let numeric = cells.data_type().is_numeric() || *cells.data_type() == DataType::Boolean;
            let cells = cast(cells, &DataType::Float64).ok().filter(|_| numeric)?;
            let cells = arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Float64Type>(&cells);
            Some(cells.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect())
        };
        let mut all: Vec<Vec<f64>> = (0..window).map(numbers).collect::<Option<_>>()?;
        let deviation = spread(&all.concat());
        let unit = if deviation > 0.0 { deviation } else { 1.0 };
        all.iter_mut().flatten().for_each(|x| *x /= unit);
        Some(all)
    };
    columns.iter().filter_map(of_column).collect()
}

/// The window and the lag of each step of a series whose windows begin at `first`.
fn steps_of(numbers: &[Vec<Vec<f64>>], first: usize, length: usize, window: usize) -> Vec<(usize, usize)> {
    let shared = overlap(window);
    let of_window = |row: usize, from: usize| (from..window).map(move |step| (row, window - 1 - step));
    let mut steps: Vec<(usize, usize)> = of_window(first, window.saturating_sub(length)).collect();
    for join in 0..joins(length, window) {
        let begin = steps.len() - shared;
        // How far a candidate is from the series at each shared step.
        let distances = |row: usize| -> Vec<f64> {
            let at = |step: usize| {
                let (other, lag) = steps[begin + step];
                let gap = |lags: &Vec<Vec<f64>>| lags[lag][other] - lags[window - 1 - step][row];
                numbers.iter().map(gap).filter(|gap| !gap.is_nan()).map(|gap| gap * gap).sum::<f64>()
            };
            (0..shared).map(at).collect()
        };
        let candidates = first + 1 + join * CANDIDATES..first + 1 + (join + 1) * CANDIDATES;
        let tried = candidates.map(|row| (row, distances(row)));
        let total = |of: &(usize, Vec<f64>)| of.1.iter().sum::<f64>();
        let Some((row, distances)) = tried.min_by(|a, b| total(a).total_cmp(&total(b))) else { break };
        let nearest = (0..shared).min_by(|a, b| distances[*a].total_cmp(&distances[*b])).unwrap_or(0);
        steps.truncate(begin + nearest + 1);
        steps.extend(of_window(row, nearest + 1));
    }
    steps.truncate(length);
    steps
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::Float64Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};

    use super::*;

    /// Windows of 4 steps of a saw-tooth of 7, from these places on, and a column that stays.
    fn windows(places: &[usize]) -> RecordBatch {
        let at = |step: usize| -> ArrayRef {
            std::sync::Arc::new(
                places.iter().map(|place| ((place + step) % 7) as f64).collect::<Float64Array>(),
            )
        };
        let kind: ArrayRef =
            std::sync::Arc::new(places.iter().map(|place| *place as i64).collect::<Int64Array>());
        let columns = [("x[-3]", at(0)), ("x[-2]", at(1)), ("x[-1]", at(2)), ("x", at(3)), ("kind", kind)];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn numbers(rows: &RecordBatch, name: &str) -> Vec<f64> {
        rows.column_by_name(name).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    #[test]
    fn a_short_series_is_the_end_of_a_window() {
        let made = long_series(&windows(&[0, 2]), 2, 3, 4).unwrap();
        assert_eq!(numbers(&made, "x"), [1.0, 2.0, 3.0, 3.0, 4.0, 5.0]);
        let column =
            |name: &str| made.column_by_name(name).unwrap().as_primitive::<Int64Type>().values().to_vec();
        assert_eq!((column("series"), column("step")), (vec![1, 1, 1, 2, 2, 2], vec![1, 2, 3, 1, 2, 3]));
        assert_eq!(column("kind"), [0, 0, 0, 2, 2, 2]);
    }

    #[test]
    fn a_long_series_goes_on_with_the_nearest_window() {
        // Each window of the saw-tooth is among the candidates of each join.
        let (length, joins) = (20, joins(20, 4));
        let places: Vec<usize> = std::iter::once(3).chain((0..joins * CANDIDATES).map(|k| k % 7)).collect();
        let made = long_series(&windows(&places), 1, length, 4).unwrap();
        let expected: Vec<f64> = (0..length).map(|step| ((3 + step) % 7) as f64).collect();
        assert_eq!(numbers(&made, "x"), expected);
        assert!(long_series(&windows(&places[1..]), 1, length, 4).is_err());
        assert_eq!((windows_for(4, 4), windows_for(usize::MAX, 4)), (Some(1), None));
    }
}
