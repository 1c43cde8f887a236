//! What each column of the training rows holds: shares of missing cells, levels and ranges. It
//! contains no rows.

use std::cmp::Reverse;

use super::drift_reference::cells;
use crate::data::{Encoded, Feature, Preprocessor, Storage, lag};
use crate::stats::EqualBins;

/// Rows that are counted, at most, and encoded numbers of these.
const MOST_ROWS: usize = 1 << 14;
const MOST_NUMBERS: usize = 1 << 24;
/// Bins of a column of numbers; a column of as many different numbers is counted by number.
const BINS: usize = 20;

/// What the columns of the training rows hold, without images and lagged columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DataProfile {
    /// The training rows.
    pub rows: usize,
    /// How many of them were counted, evenly spaced.
    pub counted: usize,
    /// In the order of the schema.
    pub columns: Vec<ProfiledColumn>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfiledColumn {
    /// Its position in the schema.
    pub feature: usize,
    /// The share of missing cells.
    pub missing: f64,
    /// How often it has which values.
    pub values: CountedValues,
}

/// How often a column has which values.
#[derive(Debug, Clone, PartialEq)]
pub enum CountedValues {
    /// Each level that occurs, most frequent first.
    Levels(Vec<(String, usize)>),
    /// Each of few different numbers, ascending.
    Numbers(Vec<(f64, usize)>),
    /// The least and the greatest of many numbers, and how many lie in which bin.
    Bins([f64; 2], EqualBins, Vec<usize>),
}

impl DataProfile {
    /// The positions of the training rows that are counted; none of images.
    pub fn sample(preprocessor: &Preprocessor, rows: usize) -> Vec<usize> {
        let most = match preprocessor.schema.image_shape() {
            Some(_) => 0,
            None => rows.min(MOST_ROWS).min(MOST_NUMBERS / preprocessor.width()),
        };
        (0..most).map(|k| k * rows / most).collect()
    }

    /// Counts a [`sample`](Self::sample) of this many training rows.
    pub fn of(preprocessor: &Preprocessor, sample: &Encoded, rows: usize) -> Self {
        let features = preprocessor.schema.features.iter().enumerate().zip(preprocessor.column_ranges());
        let shown =
            features.filter(|((_, feature), _)| !feature.kind.is_image() && lag(&feature.name).1 == 0);
        let column = |((at, feature), units): ((usize, &Feature), _)| {
            let cells = cells(sample, feature, &units);
            let observed: Vec<f32> = cells.iter().copied().filter(|cell| !cell.is_nan()).collect();
            let missing = 1.0 - observed.len() as f64 / sample.rows.max(1) as f64;
            let values = match feature.kind.categories() {
                [] => numbers(feature, &preprocessor.numbers_of(at, &observed).unwrap_or_default()),
                _ => levels(&preprocessor.levels(at), &observed),
            };
            ProfiledColumn { feature: at, missing, values }
        };
        DataProfile { rows, counted: sample.rows, columns: shown.map(column).collect() }
    }
}

fn levels(names: &[String], codes: &[f32]) -> CountedValues {
    let mut counts = vec![0; names.len()];
    codes.iter().for_each(|code| counts[*code as usize] += 1);
    let mut found: Vec<(String, usize)> = names.iter().cloned().zip(counts).collect();
    found.retain(|(_, count)| *count > 0);
    found.sort_by_key(|(_, count)| Reverse(*count));
    CountedValues::Levels(found)
}

fn numbers(feature: &Feature, numbers: &[f64]) -> CountedValues {
    // Encoded numbers are rounded.
    let written = |x: &f64| match feature.storage {
        Storage::Integer => x.round(),
        _ => feature.spelling.rounded(*x),
    };
    let numbers: Vec<f64> = numbers.iter().map(written).collect();
    let mut sorted = numbers.clone();
    sorted.sort_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b).take(BINS + 1);
    let counts: Vec<(f64, usize)> = runs.map(|run| (run[0], run.len())).collect();
    match (EqualBins::of(&numbers, BINS), sorted.as_slice()) {
        (Some(bins), &[least, .., greatest]) if counts.len() > BINS => {
            CountedValues::Bins([least, greatest], bins, bins.counts(&numbers))
        }
        _ => CountedValues::Numbers(counts),
    }
}
