//! The held-out rows that are reconstructed worst and best, with the columns responsible.

use std::cmp::Ordering;

use arrow_array::RecordBatch;
use diabolo_report::{AlarmReason, Extremes, ReconstructedRow};

use super::row_names;
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::task::{scorer, shown_text};
use crate::tensor::Device;

/// Rows of each kind, and columns named of a row.
const SHOWN: usize = 5;
const REASONS: usize = 3;
/// A column with less than this share of the first one's part is not named.
const LEAST_SHARE: f64 = 0.05;

/// The worst and the best of the encoded `batch`, whose rows have these numbers in their input,
/// from 0. `None` for a model without a detector, or with too few rows.
pub(super) fn extremes(
    saved: &SavedModel,
    batch: &RecordBatch,
    rows: &Encoded,
    numbers: &[usize],
    device: &Device,
) -> Result<Option<Extremes>> {
    let Some(detector) = &saved.detector else { return Ok(None) };
    let preprocessor = &saved.header.preprocessor;
    let scorer = scorer(saved, detector, device);
    let parts = scorer.columns(rows);
    let features = preprocessor.schema.features.len();
    let parts: Vec<&[f64]> = parts.chunks_exact(features).collect();
    let errors: Vec<f64> = parts.iter().map(|parts| parts.iter().sum()).collect();
    let mut order: Vec<usize> = (0..rows.rows).filter(|&row| errors[row].is_finite()).collect();
    order.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
    let shown = SHOWN.min(order.len() / 2);
    let length = saved.header.config.data.window.unwrap_or(1);
    let worst = first_apart(order.iter(), numbers, length, shown);
    let best = first_apart(order.iter().rev(), numbers, length, shown);
    let shape = preprocessor.schema.image_shape();
    let of = |chosen: &[usize], by: fn(&f64, &f64) -> Ordering| -> Result<Vec<ReconstructedRow>> {
        let encoded = rows.select(chosen);
        let expected = scorer.expected(&encoded);
        let cells = encoded.values.chunks_exact(rows.width).zip(expected.chunks_exact(rows.width));
        let named = row_names(saved, batch, numbers, chosen).into_iter().zip(chosen);
        let made = |row: usize, name: String, seen: &[f32], expected: &[f32]| {
            Ok(ReconstructedRow {
                row: name,
                error: errors[row],
                reasons: match shape {
                    Some(_) => vec![],
                    None => reasons(saved, (batch, row), rows, expected, parts[row], by)?,
                },
                pictures: shape.map_or_else(Default::default, |_| [seen.to_vec(), expected.to_vec()]),
            })
        };
        let row = |((name, &row), (seen, expected))| made(row, name, seen, expected);
        named.zip(cells).map(row).collect()
    };
    let worst = of(&worst, |a, b| b.total_cmp(a))?;
    let best = of(&best, f64::total_cmp)?;
    Ok(Some(Extremes { worst, best, shape, rows: rows.rows }))
}

/// The first rows whose windows, of this length, do not overlap.
fn first_apart<'a>(
    order: impl Iterator<Item = &'a usize>,
    numbers: &[usize],
    length: usize,
    most: usize,
) -> Vec<usize> {
    let mut chosen: Vec<usize> = vec![];
    for &row in order {
        let apart = |other: &usize| numbers[*other].abs_diff(numbers[row]) >= length;
        if chosen.len() < most && chosen.iter().all(apart) {
            chosen.push(row);
        }
    }
    chosen
}

/// The observed columns that come first by their parts of the error.
fn reasons(
    saved: &SavedModel,
    (batch, row): (&RecordBatch, usize),
    rows: &Encoded,
    expected: &[f32],
    parts: &[f64],
    by: fn(&f64, &f64) -> Ordering,
) -> Result<Vec<AlarmReason>> {
    let preprocessor = &saved.header.preprocessor;
    let units = preprocessor.column_ranges();
    let mut columns: Vec<usize> = (0..parts.len()).filter(|&j| rows.has(row, &units[j])).collect();
    columns.sort_by(|&a, &b| by(&parts[a], &parts[b]));
    let reason = |&at: &usize| {
        let feature = &preprocessor.schema.features[at];
        let (_, made) = preprocessor.decode_feature(at, expected)?;
        let seen = batch.column_by_name(&feature.name);
        Ok(AlarmReason {
            column: feature.name.clone(),
            seen: seen.map_or_else(String::new, |column| shown_text(column, feature, row)),
            expected: shown_text(&made, feature, 0),
            nats: parts[at],
            unseen: false,
        })
    };
    let least = columns.first().map_or(0.0, |&first| LEAST_SHARE * parts[first].abs());
    columns.iter().take(REASONS).filter(|&&at| parts[at].abs() >= least).map(reason).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::first_apart;
    use crate::FitJob;
    use crate::pipeline::matrix;
    use crate::pipeline::testing::fitted;
    use crate::report::fitted_report;

    #[test]
    fn windows_of_chosen_rows_do_not_overlap() {
        let numbers = [100, 101, 103, 110, 90];
        assert_eq!(first_apart([0, 1, 2, 3, 4].iter(), &numbers, 3, 3), [0, 2, 3]);
        assert_eq!(first_apart([0, 1, 2, 3, 4].iter(), &numbers, 1, 3), [0, 1, 2]);
    }

    #[test]
    fn rows_are_named_by_their_number_and_explained_by_the_odd_column() {
        // Every 20th row breaks the rule y = x.
        let odd = |t: u32| f64::from(if t % 20 == 7 { 400 } else { 0 });
        let x = |t: u32| f64::from(t * 7919 % 4001) / 10.0;
        let values: Vec<f64> =
            (0..400u32).flat_map(|t| [x(t), x(t) + odd(t), f64::from(t * 31 % 101) / 7.0]).collect();
        let job = FitJob::new(matrix(&values, &["x", "y", "z"]).unwrap());
        let fitted = fitted(&["training.epochs=30"], job);
        let found = fitted_report(&fitted).unwrap().extremes.unwrap();
        assert_eq!((found.worst.len(), found.best.len(), found.rows), (5, 5, fitted.test.num_rows()));
        let errors: Vec<f64> =
            found.worst.iter().chain(found.best.iter().rev()).map(|row| row.error).collect();
        assert!(errors.is_sorted_by(|a, b| a >= b) && errors[0] > errors[9], "{errors:?}");
        let number = |row: &str| row.strip_prefix("row ").unwrap().parse::<u32>().unwrap() - 1;
        let worst = &found.worst[0];
        assert_eq!(number(&worst.row) % 20, 7, "{worst:?}");
        for row in found.worst.iter().chain(&found.best) {
            let seen = row.reasons.iter().find(|reason| reason.column == "x").map(|reason| &reason.seen);
            assert!(seen.is_none_or(|seen| *seen == x(number(&row.row)).to_string()), "{row:?}");
        }
        assert!(found.worst.iter().all(|row| row.reasons[0].nats > 0.0));
    }
}
