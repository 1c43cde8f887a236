//! Reasons for the score of a row: the columns without which the score would be lower.
//!
//! A wrong cell also changes the reconstruction of the other columns, so that the column with the
//! largest error is often not the responsible one. The contribution of column j is therefore
//!
//! ```text
//! s(x) − s(x with x_j missing) ,   an estimate of −log p(x_j | all other columns) above its mean,
//! ```
//!
//! where the encoder receives the expected value in place of the missing cell, from a few
//! iterations x_j ← x̂_j. It is computed for the [`CANDIDATES`] columns that contribute most to the
//! reconstruction error.

use std::ops::Range;
use std::slice;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use crate::Result;
use crate::data::{Encoded, Feature, FeatureKind, Storage, cell_text};
use crate::evaluate::Scorer;
use crate::model::Model;
use crate::stats::elementary::double::log10;

/// Maximum number of candidate columns per row.
const CANDIDATES: usize = 16;
/// Number of iterations that replace a missing cell by its reconstruction.
const ROUNDS: usize = 4;

/// A column without which the score would be lower by less than this, in nats, or than
/// [`LEAST_SHARE`] of the first reason, is no reason.
const LEAST_NATS: f64 = 0.1;
const LEAST_SHARE: f64 = 0.05;

/// The contribution of a column to a score.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reason {
    /// The column.
    pub column: String,
    /// The value in the input.
    pub seen: String,
    /// The expected value, given the other columns.
    pub expected: String,
    /// The decrease of the score if the cell were missing, in nats.
    pub nats: f64,
    /// Whether the value is a category that was not in the training data.
    pub unseen: bool,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Reason { column, seen, expected, nats, unseen } = self;
        let unseen = if *unseen { "never seen in training, " } else { "" };
        write!(f, "{column}: {seen}, {unseen}expected {expected} (+{nats:.1} nats)")
    }
}

/// A cell that is treated as missing.
#[derive(Clone, Copy)]
struct Cell {
    row: usize,
    feature: usize,
}

/// The `most` features, of those in `among`, that contribute most to the score of each row, largest
/// first; images have none.
pub(super) fn reasons(
    scorer: &Scorer<Model>,
    rows: &RecordBatch,
    encoded: &Encoded,
    scores: &[f64],
    among: &[usize],
    most: usize,
) -> Result<Vec<Vec<Reason>>> {
    let mut found: Vec<Vec<Reason>> = vec![vec![]; encoded.rows];
    let cells = if most == 0 { vec![] } else { candidates(scorer, encoded, among) };
    if cells.is_empty() {
        return Ok(found);
    }
    let columns = scorer.preprocessor.column_ranges();
    let rows_of: Vec<usize> = cells.iter().map(|cell| cell.row).collect();
    let missing = |at: usize| slice::from_ref(&columns[cells[at].feature]);
    let (unknown, expected) = without(scorer, encoded.select(&rows_of), missing);
    let drops = scorer.scores(&unknown).into_iter().zip(&cells).map(|(score, cell)| scores[cell.row] - score);
    let drops: Vec<f64> = drops.collect();
    let mut order: Vec<usize> = (0..cells.len()).filter(|&at| drops[at] >= LEAST_NATS).collect();
    order.sort_by(|&a, &b| drops[b].total_cmp(&drops[a]));
    for at in order {
        let Cell { row, feature } = cells[at];
        let least = found[row].first().map_or(0.0, |first| LEAST_SHARE * first.nats);
        if found[row].len() < most && drops[at] >= least {
            let mean = &expected[at * encoded.width..(at + 1) * encoded.width];
            let (_, expected) = scorer.preprocessor.decode_feature(feature, mean)?;
            let feature = &scorer.preprocessor.schema.features[feature];
            let seen = rows.column_by_name(&feature.name).map_or_else(String::new, |c| text(c, feature, row));
            let expected = text(&expected, feature, 0);
            // A value that is what was expected explains nothing.
            if seen != expected {
                let column = feature.name.clone();
                found[row].push(Reason { column, seen, expected, nats: drops[at], unseen: false });
            }
        }
    }
    Ok(found)
}

/// Reasons for categories that were not in the training data: these cells of the rows, each of
/// which raises the score by so many nats.
pub(super) fn unseen_reasons(
    scorer: &Scorer<Model>,
    rows: &RecordBatch,
    encoded: &Encoded,
    cells: &[(usize, usize)],
    nats: f64,
) -> Result<Vec<Reason>> {
    if cells.is_empty() {
        return Ok(vec![]);
    }
    let expected = scorer.expected(encoded);
    let reason = |&(row, feature): &(usize, usize)| {
        let mean = &expected[row * encoded.width..(row + 1) * encoded.width];
        let (_, expected) = scorer.preprocessor.decode_feature(feature, mean)?;
        let feature = &scorer.preprocessor.schema.features[feature];
        let seen = rows.column_by_name(&feature.name).map_or_else(String::new, |c| text(c, feature, row));
        let expected = text(&expected, feature, 0);
        Ok(Reason { column: feature.name.clone(), seen, expected, nats, unseen: true })
    };
    cells.iter().map(reason).collect()
}

/// The observed cells of each row that contribute most to its reconstruction error, without images.
fn candidates(scorer: &Scorer<Model>, encoded: &Encoded, among: &[usize]) -> Vec<Cell> {
    let features = &scorer.preprocessor.schema.features;
    let units = scorer.preprocessor.column_ranges();
    let mut cells = vec![];
    for (row, columns) in scorer.columns(encoded).chunks_exact(features.len()).enumerate() {
        let allowed = |&j: &usize| {
            let picture = matches!(features[j].kind, FeatureKind::Image { .. });
            !picture && encoded.has(row, &units[j])
        };
        let mut order: Vec<usize> = among.iter().copied().filter(allowed).collect();
        order.sort_by(|&a, &b| columns[b].total_cmp(&columns[a]));
        cells.extend(order.into_iter().take(CANDIDATES).map(|feature| Cell { row, feature }));
    }
    cells
}

/// The rows without the encoded columns that are `missing` in each: they are missing and have their
/// expected values; and the reconstructions of these rows.
pub(super) fn without<'a>(
    scorer: &Scorer<Model>,
    mut rows: Encoded,
    missing: impl Fn(usize) -> &'a [Range<usize>],
) -> (Encoded, Vec<f32>) {
    for row in 0..rows.rows {
        missing(row).iter().for_each(|columns| rows.set_missing(row, columns));
    }
    for _ in 0..ROUNDS {
        let expected = scorer.expected(&rows);
        for row in 0..rows.rows {
            for columns in missing(row) {
                let cells = row * rows.width + columns.start..row * rows.width + columns.end;
                rows.values[cells.clone()].copy_from_slice(&expected[cells]);
            }
        }
    }
    let expected = scorer.expected(&rows);
    (rows, expected)
}

/// A cell as text: real numbers with four significant digits, and typed times as in text files.
pub(crate) fn text(column: &ArrayRef, feature: &Feature, row: usize) -> String {
    let shown = cell_text(column, row);
    if matches!(column.data_type(), DataType::Timestamp(..) | DataType::Date64) {
        return shown.replacen('T', " ", 1);
    }
    let number = shown.parse::<f64>().ok().filter(|_| feature.storage == Storage::Float);
    number.map_or(shown, short)
}

/// Four significant digits; whole numbers below 10¹⁵ with all of theirs.
pub(super) fn short(value: f64) -> String {
    const WHOLE: f64 = 1e15;
    if !value.is_finite() {
        return value.to_string();
    }
    let digits = 3 - log10(value.abs().max(f64::MIN_POSITIVE)).floor() as i32;
    let whole = value.fract() == 0.0 && value.abs() < WHOLE;
    let (text, exponent) = match whole || (-3..=6).contains(&digits) {
        true => (format!("{value:.*}", digits.clamp(0, 6) as usize), String::new()),
        false => {
            let text = format!("{value:.3e}");
            let (number, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            (number.to_string(), format!("e{exponent}"))
        }
    };
    match text.contains('.') {
        true => format!("{}{exponent}", text.trim_end_matches('0').trim_end_matches('.')),
        false => text + &exponent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 38.2, 1234567.0, 0.000_012_3, -2.5, 97.0, 12.345_67, 1e-9].map(short);
        assert_eq!(texts, ["0", "38.2", "1234567", "1.23e-5", "-2.5", "97", "12.35", "1e-9"]);
        let texts = [1e300, -1.25e20, 1_234_567_890_123.0, 12_345_678.9, f64::INFINITY].map(short);
        assert_eq!(texts, ["1e300", "-1.25e20", "1234567890123", "1.235e7", "inf"]);
    }
}
