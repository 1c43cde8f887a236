//! Why a row was scored as it was: the columns without which it would score less.
//!
//! In a reconstruction a wrong cell spoils the other columns too, so that the column with the largest error is often not the guilty
//! one. The contribution of column j is therefore
//!
//! ```text
//! s(x) − s(x with x_j unknown) ,   an estimate of −log p(x_j | all other columns) above its usual value,
//! ```
//!
//! where the encoder sees, in place of the unknown cell, what the model expects there, found in a few rounds
//! x_j ← x̂_j. It is found for the columns that contribute most to the reconstruction error, [`CANDIDATES`] at most.

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};

use crate::data::{Encoded, Feature, FeatureKind, Storage};
use crate::evaluate::Scorer;
use crate::model::Model;
use crate::{Error, Result};

/// Columns of a row that are looked at.
const CANDIDATES: usize = 16;
/// How often an unknown cell is replaced by its reconstruction.
const ROUNDS: usize = 4;

/// A column's part in a score.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reason {
    /// The column.
    pub column: String,
    /// The value, as the input has it.
    pub seen: String,
    /// What the model expects, given the other columns.
    pub expected: String,
    /// How much less the row would score if the cell were unknown.
    pub nats: f64,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}: {}, expected {} (+{:.1} nats)", self.column, self.seen, self.expected, self.nats)
    }
}

/// A cell that is taken as unknown.
#[derive(Clone, Copy)]
struct Cell {
    row: usize,
    feature: usize,
}

/// The `most` columns that contribute most to the score of each row, largest first; pictures have none.
pub(super) fn reasons(
    scorer: &Scorer<Model>,
    rows: &RecordBatch,
    encoded: &Encoded,
    scores: &[f64],
    most: usize,
) -> Result<Vec<Vec<Reason>>> {
    let mut found: Vec<Vec<Reason>> = vec![vec![]; encoded.rows];
    let cells = if most == 0 { vec![] } else { candidates(scorer, encoded) };
    if cells.is_empty() {
        return Ok(found);
    }
    let (unknown, expected) = without(scorer, encoded, &cells);
    let drops = scorer.scores(&unknown).into_iter().zip(&cells).map(|(score, cell)| scores[cell.row] - score);
    let drops: Vec<f64> = drops.collect();
    let mut order: Vec<usize> = (0..cells.len()).filter(|&at| drops[at] > 0.0).collect();
    order.sort_by(|&a, &b| drops[b].total_cmp(&drops[a]));
    let expected = scorer.preprocessor.decode(&expected)?;
    for at in order {
        let Cell { row, feature } = cells[at];
        if found[row].len() < most {
            let feature = &scorer.preprocessor.schema.features[feature];
            found[row].push(Reason {
                column: feature.name.clone(),
                seen: text(rows, feature, row)?,
                expected: text(&expected, feature, at)?,
                nats: drops[at],
            });
        }
    }
    Ok(found)
}

/// The observed cells of each row that contribute most to its reconstruction error; no pictures.
fn candidates(scorer: &Scorer<Model>, encoded: &Encoded) -> Vec<Cell> {
    let features = &scorer.preprocessor.schema.features;
    let units = scorer.preprocessor.column_ranges();
    let mut cells = vec![];
    for (row, columns) in scorer.columns(encoded).chunks_exact(features.len()).enumerate() {
        let told = |&j: &usize| {
            let picture = matches!(features[j].kind, FeatureKind::Image { .. });
            !picture && encoded.has(row, &units[j])
        };
        let mut order: Vec<usize> = (0..features.len()).filter(told).collect();
        order.sort_by(|&a, &b| columns[b].total_cmp(&columns[a]));
        cells.extend(order.into_iter().take(CANDIDATES).map(|feature| Cell { row, feature }));
    }
    cells
}

/// One row for each cell, in which it is unknown and stands at what is expected there; and that row's reconstruction.
fn without(scorer: &Scorer<Model>, encoded: &Encoded, cells: &[Cell]) -> (Encoded, Vec<f32>) {
    let units = scorer.preprocessor.column_ranges();
    let chosen: Vec<usize> = cells.iter().map(|cell| cell.row).collect();
    let mut rows = encoded.select(&chosen);
    for (at, cell) in cells.iter().enumerate() {
        rows.set_missing(at, &units[cell.feature]);
    }
    for _ in 0..ROUNDS {
        let expected = scorer.expected(&rows);
        for (at, cell) in cells.iter().enumerate() {
            let units =
                at * rows.width + units[cell.feature].start..at * rows.width + units[cell.feature].end;
            rows.values[units.clone()].copy_from_slice(&expected[units]);
        }
    }
    let expected = scorer.expected(&rows);
    (rows, expected)
}

/// A cell as text; of real numbers, four digits.
pub(super) fn text(rows: &RecordBatch, feature: &Feature, row: usize) -> Result<String> {
    let Some(column) = rows.column_by_name(&feature.name) else { return Ok(String::new()) };
    let options = FormatOptions::new();
    let told =
        ArrayFormatter::try_new(column.as_ref(), &options).and_then(|cells| cells.value(row).try_to_string());
    let told = told.map_err(|cause| Error::Unsupported {
        what: format!("a value of column '{}' cannot be written: {cause}", feature.name),
        help: "score without --reasons".into(),
    })?;
    let number = told.parse::<f64>().ok().filter(|_| feature.storage == Storage::Float);
    Ok(number.map_or(told, short))
}

/// Four significant digits.
pub(super) fn short(value: f64) -> String {
    let digits = 3 - value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
    if value == 0.0 || !(-3..=6).contains(&digits) && value.fract() != 0.0 {
        return format!("{value:.3e}").replace("0.000e0", "0");
    }
    let text = format!("{value:.*}", digits.max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 38.2, 1234567.0, 0.000_012_3, -2.5, 97.0, 12.345_67, 1e-9].map(short);
        assert_eq!(texts, ["0", "38.2", "1234567", "1.230e-5", "-2.5", "97", "12.35", "1.000e-9"]);
    }
}
