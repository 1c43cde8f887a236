//! Standard errors of encoded numbers in original units.

use super::{Preprocessor, Transform};
use crate::FeatureKind;

const SECONDS_OF_A_DAY: f64 = 86_400.0;

impl Preprocessor {
    /// The uncertainty of each feature and row: for a number, half the distance between its values
    /// one standard deviation above and below, in original units, dates in days; for a category,
    /// the probability of all other categories. Images have none.
    ///
    /// `means` and `deviations` are rows × width encoded numbers.
    pub fn uncertainty(&self, means: &[f32], deviations: &[f32]) -> Vec<Vec<f64>> {
        let width = self.width();
        let features = self.schema.features.iter().zip(&self.transforms).zip(self.column_ranges());
        let uncertainty = features.map(|((feature, transform), units)| {
            let rows = means.chunks_exact(width).zip(deviations.chunks_exact(width));
            match transform {
                Transform::Number { scaling, .. } => {
                    let decode = scaling.decoder();
                    let is_date = matches!(feature.kind, FeatureKind::Datetime { .. });
                    let unit = if is_date { SECONDS_OF_A_DAY } else { 1.0 };
                    let half = |(mean, deviation): (&[f32], &[f32])| {
                        let (mean, deviation) = (mean[units.start], deviation[units.start]);
                        (decode(mean + deviation) / 2.0 - decode(mean - deviation) / 2.0) / unit
                    };
                    rows.map(half).collect()
                }
                Transform::Category | Transform::Pooled { .. } => {
                    let binary = matches!(feature.kind, FeatureKind::Binary { .. });
                    let others = |(mean, _): (&[f32], &[f32])| {
                        let largest = mean[units.clone()].iter().copied().fold(0.0, f32::max);
                        1.0 - f64::from(if binary { largest.max(1.0 - largest) } else { largest })
                    };
                    rows.map(others).collect()
                }
                Transform::Unobserved => vec![f64::NAN; means.len() / width],
                Transform::Pixels { .. } => vec![],
            }
        });
        uncertainty.collect()
    }

    /// The numbers of each feature in original units, without rounding; `None` for categories,
    /// dates and images; NaN in columns that no training row has.
    ///
    /// `values` are rows × width encoded numbers.
    pub fn numbers(&self, values: &[f32]) -> Vec<Option<Vec<f64>>> {
        let width = self.width();
        let features = self.schema.features.iter().zip(&self.transforms).zip(self.column_ranges());
        let each = features.map(|((feature, transform), units)| match transform {
            _ if matches!(feature.kind, FeatureKind::Datetime { .. }) => None,
            Transform::Number { scaling, .. } => {
                let decode = scaling.decoder();
                Some(values.chunks_exact(width).map(|row| decode(row[units.start])).collect())
            }
            Transform::Unobserved if feature.kind.categories().is_empty() => {
                Some(vec![f64::NAN; values.len() / width])
            }
            _ => None,
        });
        each.collect()
    }

    /// These encoded numbers of one feature in original units, dates in seconds since 1970; `None`
    /// for categories, images and columns that no training row has.
    pub fn numbers_of(&self, feature: usize, encoded: &[f32]) -> Option<Vec<f64>> {
        let Transform::Number { scaling, .. } = &self.transforms[feature] else { return None };
        let decode = scaling.decoder();
        Some(encoded.iter().map(|&value| decode(value)).collect())
    }
}
