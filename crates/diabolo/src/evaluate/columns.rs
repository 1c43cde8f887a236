//! Reconstruction error of each column of a table, compared with predicting its mean or mode.

use crate::data::{Encoded, FeatureKind, Preprocessor};
use crate::stats::elementary::square;

/// One column's score.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ColumnScore {
    /// The column's name.
    pub name: String,
    /// RMSE in encoded units (numbers), or accuracy (binary, categorical, ordinal).
    pub value: f64,
    /// The same for always predicting the mean or the most frequent value of the evaluated rows.
    pub baseline: f64,
    /// The score of a perfect reconstruction: 0 for an RMSE, 1 for an accuracy.
    pub perfect: f64,
}

/// Running sums for every column.
pub struct ColumnScores<'a> {
    preprocessor: &'a Preprocessor,
    columns: Vec<Column>,
}

#[derive(Default, Clone)]
struct Column {
    observed: f64,
    squared_error: f64,
    sum: f64,
    squares: f64,
    hits: f64,
    counts: Vec<f64>,
}

impl<'a> ColumnScores<'a> {
    /// Empty sums.
    pub fn new(preprocessor: &'a Preprocessor) -> Self {
        let width = |kind: &FeatureKind| kind.categories().len();
        let columns = preprocessor
            .schema
            .features
            .iter()
            .map(|f| Column { counts: vec![0.0; width(&f.kind)], ..Column::default() })
            .collect();
        ColumnScores { preprocessor, columns }
    }

    /// Adds rows and the means of their reconstructions (rows × width, row-major).
    pub fn add(&mut self, rows: &Encoded, means: &[f32]) {
        let units = self.preprocessor.column_ranges();
        let features = &self.preprocessor.schema.features;
        for ((column, feature), units) in self.columns.iter_mut().zip(features).zip(units) {
            for row in 0..rows.rows {
                let cells = row * rows.width + units.start..row * rows.width + units.end;
                if rows.observed.as_ref().is_none_or(|o| o[cells.start] == 1.0) {
                    column.add(&feature.kind, &rows.values[cells.clone()], &means[cells]);
                }
            }
        }
    }

    /// The scores, in the order of the schema; images have none.
    pub fn finish(&self) -> Vec<ColumnScore> {
        let features = self.preprocessor.schema.features.iter();
        features.zip(&self.columns).filter_map(|(f, c)| c.score(&f.name, &f.kind)).collect()
    }
}

impl Column {
    fn add(&mut self, kind: &FeatureKind, x: &[f32], mean: &[f32]) {
        self.observed += 1.0;
        match kind {
            FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Datetime { .. } => {
                let value = x[0] as f64;
                self.squared_error += square(mean[0] as f64 - value);
                self.sum += value;
                self.squares += value * value;
            }
            FeatureKind::Binary { .. } => {
                self.hits += ((mean[0] > 0.5) == (x[0] > 0.5)) as u8 as f64;
                self.counts[(x[0] > 0.5) as usize] += 1.0;
            }
            FeatureKind::Categorical { .. } | FeatureKind::Ordinal { .. } => {
                let truth = largest(x);
                self.hits += (largest(mean) == truth) as u8 as f64;
                self.counts[truth] += 1.0;
            }
            FeatureKind::Image { .. } => {}
        }
    }

    fn score(&self, name: &str, kind: &FeatureKind) -> Option<ColumnScore> {
        let n = self.observed.max(1.0);
        let (value, baseline, perfect) = match kind {
            FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Datetime { .. } => {
                let variance = self.squares / n - square(self.sum / n);
                ((self.squared_error / n).sqrt(), variance.max(0.0).sqrt(), 0.0)
            }
            FeatureKind::Binary { .. } | FeatureKind::Categorical { .. } | FeatureKind::Ordinal { .. } => {
                (self.hits / n, self.counts.iter().copied().fold(0.0, f64::max) / n, 1.0)
            }
            FeatureKind::Image { .. } => return None,
        };
        Some(ColumnScore { name: name.into(), value, baseline, perfect })
    }
}

/// The position of the first largest value.
pub(super) fn largest(values: &[f32]) -> usize {
    (0..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best })
}
