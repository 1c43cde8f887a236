//! Histograms of held-out rows, the reference of drift tests. They contain no rows.

use std::ops::Range;

use crate::data::rows::Cells;
use crate::data::{Encoded, Feature, Preprocessor};

use crate::stats::Histogram;

const DECILES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Scores have one more edge, since their upper tail matters.
const OF_SCORES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/// Histograms of the score, of each column except images (in the order of the schema, in encoded
/// units), and of each latent dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference(pub Vec<Histogram>);

impl Reference {
    /// Counts rows with their scores and codes.
    pub fn measure(preprocessor: &Preprocessor, rows: &Encoded, scores: &[f64], codes: &[f32]) -> Self {
        let values = values(preprocessor, rows, scores, codes);
        let categories = level_counts(preprocessor);
        let bins = values.iter().enumerate().map(|(at, values)| match at.checked_sub(1) {
            None => Histogram::of_numbers(values, &OF_SCORES),
            Some(column) => match categories.get(column).copied().unwrap_or(0) {
                0 => Histogram::of_numbers(values, &DECILES),
                count => Histogram::of_categories(count),
            },
        });
        let mut reference = Reference(bins.collect());
        reference.count(&values);
        reference
    }

    /// Empty histograms with the same bins.
    pub fn emptied(&self) -> Self {
        Reference(self.0.iter().map(Histogram::emptied).collect())
    }

    /// Counts more rows.
    pub fn add(&mut self, preprocessor: &Preprocessor, rows: &Encoded, scores: &[f64], codes: &[f32]) {
        self.count(&values(preprocessor, rows, scores, codes));
    }

    fn count(&mut self, values: &[Vec<f32>]) {
        for (histogram, values) in self.0.iter_mut().zip(values) {
            values.iter().for_each(|&value| histogram.add(value));
        }
    }

    /// Number of counted rows.
    pub fn rows(&self) -> u64 {
        self.0.first().map_or(0, Histogram::rows)
    }

    /// Whether this is consistent with such rows and codes.
    pub fn fits(&self, preprocessor: &Preprocessor, latent_dim: usize) -> bool {
        let categories = level_counts(preprocessor);
        let as_many = |(histogram, count): (&Histogram, &usize)| match count {
            0 => true,
            count => histogram.counts.len() == count + 1,
        };
        self.0.len() == 1 + categories.len() + latent_dim
            && self.0.iter().all(|histogram| histogram.is_sound() && histogram.rows() == self.rows())
            && self.0[1..].iter().zip(&categories).all(as_many)
    }
}

/// The number of levels that the model tells apart in each column without images; 0 for numbers.
fn level_counts(preprocessor: &Preprocessor) -> Vec<usize> {
    let features = preprocessor.schema.features.iter().enumerate();
    let columns = features.filter(|(_, feature)| !feature.kind.is_image());
    columns.map(|(index, _)| preprocessor.levels(index).len()).collect()
}

/// For each histogram the value of each row; NaN is missing.
fn values(preprocessor: &Preprocessor, rows: &Encoded, scores: &[f64], codes: &[f32]) -> Vec<Vec<f32>> {
    let mut values = vec![scores.iter().map(|&score| score as f32).collect::<Vec<f32>>()];
    for (feature, units) in preprocessor.schema.features.iter().zip(preprocessor.column_ranges()) {
        if feature.kind.is_image() {
            continue;
        }
        values.push(cells(rows, feature, &units));
    }
    let width = codes.len() / rows.rows.max(1);
    values.extend((0..width).map(|unit| codes.iter().skip(unit).step_by(width).copied().collect()));
    values
}

/// The encoded number or the code of a feature in each row; NaN is missing.
pub(super) fn cells(rows: &Encoded, feature: &Feature, units: &Range<usize>) -> Vec<f32> {
    let segment = rows.values.segment(units).map(|(_, segment)| &segment.cells);
    let cell = |row: usize| match segment {
        _ if !rows.has(row, units) => f32::NAN,
        Some(Cells::OneHot(codes)) => codes.at(row) as f32,
        // The time comes before its positions in the calendar.
        _ if units.len() == 1 || feature.kind.categories().is_empty() => rows.values.at(row, units.start),
        _ => units.clone().position(|unit| rows.values.at(row, unit) == 1.0).map_or(f32::NAN, |at| at as f32),
    };
    (0..rows.rows).map(cell).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::data::{InferOptions, PreprocessConfig, infer};

    #[test]
    fn scores_columns_and_codes_are_counted() {
        let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(1.5), None, Some(2.5)]));
        let flag: ArrayRef = Arc::new(StringArray::from(vec!["no", "yes", "yes", "no"]));
        let color: ArrayRef =
            Arc::new(StringArray::from(vec![Some("red"), Some("blue"), Some("green"), None]));
        let rows = RecordBatch::try_from_iter([("x", x), ("flag", flag), ("color", color)]).unwrap();
        let schema = infer("t", &rows, &InferOptions::default()).unwrap().schema;
        let (fitted, _) =
            Preprocessor::fit("t", schema, &rows, &[0, 1, 2, 3], &PreprocessConfig::default()).unwrap();
        let encoded = fitted.encode("t", &rows, 0).unwrap();
        let codes = [0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0];
        let found = Reference::measure(&fitted, &encoded, &[1.0, 2.0, f64::INFINITY, 3.0], &codes);
        assert_eq!((found.0.len(), found.rows()), (6, 4));
        assert_eq!(found.0[1].counts[0], 1);
        assert_eq!(found.0[2].counts, [0, 2, 2]);
        // blue, green, red
        assert_eq!(found.0[3].counts, [1, 1, 1, 1]);
        assert_eq!(found.0[4].counts, [0, 0, 4, 0]);
        assert!(found.fits(&fitted, 2) && !found.fits(&fitted, 1) && !found.fits(&fitted, 3));
        let mut twice = found.emptied();
        assert_eq!(twice.rows(), 0);
        (0..2).for_each(|_| twice.add(&fitted, &encoded, &[1.0; 4], &codes));
        assert_eq!((twice.rows(), &twice.0[3].counts), (8, &vec![2; 4]));
        let mut damaged = found.clone();
        damaged.0[3].edges.pop();
        damaged.0[3].counts.pop();
        assert!(!damaged.fits(&fitted, 2));
    }
}
