//! What is learned of each column from the training rows.

use arrow_schema::Field;
use serde::{Deserialize, Serialize};

use super::scaling::Scaling;
use super::{CountScaling, PreprocessConfig};
use crate::Result;
use crate::column::{Code, Column};
use crate::datetime::moments;
use crate::image::image_scale;
use crate::names::some_names;
use crate::pool::{MOST_LEVELS, Pool};
use crate::{Feature, FeatureKind};

/// The transform of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Transform {
    Number {
        scaling: Scaling,
        /// The smallest and the largest training value; `None` in old files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<[f64; 2]>,
    },
    Category,
    /// A categorical column with rare levels that share one encoded column.
    Pooled {
        pool: Pool,
    },
    /// No training row has a value: cells are missing in every encoded row, and stay empty.
    Unobserved,
    Pixels {
        scale: f32,
    },
}

impl Transform {
    /// Fits to the training rows of a column; also returns notes for the user.
    pub fn fit(
        column: &Column,
        field: &Field,
        feature: &Feature,
        training_rows: &[usize],
        config: &PreprocessConfig,
    ) -> Result<(Self, Option<String>)> {
        Ok(match &feature.kind {
            FeatureKind::Image { .. } => (Transform::Pixels { scale: image_scale(field) }, None),
            FeatureKind::Numeric | FeatureKind::Count => {
                let numbers = column.finite_numbers()?;
                let training: Vec<f64> =
                    training_rows.iter().map(|&row| numbers[row]).filter(|x| !x.is_nan()).collect();
                let counts = (feature.kind == FeatureKind::Count).then_some(config.counts);
                let note = number_note(column.name, &numbers, &training);
                (Self::of_numbers(&training, counts, column.rounding(), config), note)
            }
            FeatureKind::Datetime { format, .. } => {
                let times = moments(column, format)?;
                let training = training_rows.iter().map(|&row| times[row].seconds).filter(|t| !t.is_nan());
                let training: Vec<f64> = training.collect();
                let note = training.is_empty().then(|| never_observed(column.name));
                (Self::of_numbers(&training, None, f64::EPSILON, config), note)
            }
            kind => {
                let levels = kind.categories();
                let codes = column.codes(levels, feature.storage)?;
                let mut counts = vec![0; levels.len()];
                for &row in training_rows {
                    if let Code::Known(code) = codes[row] {
                        counts[code] += 1;
                    }
                }
                Self::of_categories(column.name, kind, &counts, config.most_levels.unwrap_or(MOST_LEVELS))
            }
        })
    }

    fn of_numbers(
        training: &[f64],
        counts: Option<CountScaling>,
        rounding: f64,
        config: &PreprocessConfig,
    ) -> Self {
        let Some(&first) = training.first() else { return Transform::Unobserved };
        let [min, max] = training.iter().fold([first; 2], |[min, max], x| [x.min(min), x.max(max)]);
        let scaling = match counts {
            Some(counts) => Scaling::fit_counts(counts, config.numeric, training),
            // Equal up to rounding.
            None if max - min <= rounding * min.abs().max(max.abs()) => Scaling::constant(first),
            None => Scaling::fit(config.numeric, training),
        };
        let range = [min, max];
        Transform::Number { scaling, range: Some(range) }
    }

    fn of_categories(
        name: &str,
        kind: &FeatureKind,
        counts: &[u64],
        most_levels: usize,
    ) -> (Self, Option<String>) {
        if counts.iter().all(|&count| count == 0) {
            return (Transform::Unobserved, Some(never_observed(name)));
        }
        let pool = match kind {
            FeatureKind::Categorical { .. } => Pool::of(counts, most_levels),
            _ => None,
        };
        match pool {
            Some(pool) => {
                let note = pool.note(name, counts);
                (Transform::Pooled { pool }, Some(note))
            }
            None => (Transform::Category, unseen_note(name, kind.categories(), counts)),
        }
    }

    /// Whether a cell is one of the levels that the model knows.
    pub fn has_levels(&self) -> bool {
        matches!(self, Transform::Category | Transform::Pooled { .. })
    }

    /// Number of encoded columns.
    pub fn width(&self, kind: &FeatureKind) -> usize {
        match self {
            Transform::Pooled { pool } => pool.width(kind.categories().len()),
            _ => kind.encoded_width(),
        }
    }

    /// Whether it is a valid transform, which may come from a damaged file, of such a feature.
    pub fn fits(&self, kind: &FeatureKind) -> bool {
        match (kind, self) {
            (
                FeatureKind::Numeric | FeatureKind::Datetime { .. },
                Transform::Number { scaling: Scaling::Log1p, .. },
            ) => false,
            (
                FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Datetime { .. },
                Transform::Number { scaling, range },
            ) => {
                scaling.is_sound()
                    && range.is_none_or(|[min, max]| min.is_finite() && max.is_finite() && min <= max)
            }
            (
                FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Datetime { .. },
                Transform::Unobserved,
            ) => true,
            (FeatureKind::Binary { .. }, Transform::Category | Transform::Unobserved) => true,
            (FeatureKind::Categorical { categories }, Transform::Category | Transform::Unobserved) => {
                !categories.is_empty()
            }
            (FeatureKind::Categorical { categories }, Transform::Pooled { pool }) => {
                pool.fits(categories.len())
            }
            (FeatureKind::Ordinal { categories }, Transform::Category | Transform::Unobserved) => {
                categories.len() > 1
            }
            (&FeatureKind::Image { height, width, channels }, Transform::Pixels { scale }) => {
                let pixels = height.checked_mul(width).and_then(|area| area.checked_mul(channels));
                pixels.is_some_and(|n| (1..=i32::MAX as usize).contains(&n))
                    && scale.is_normal()
                    && *scale > 0.0
            }
            _ => false,
        }
    }
}

/// A note about values of a column that only occur outside the training rows.
fn number_note(name: &str, all: &[f64], training: &[f64]) -> Option<String> {
    let constant = |numbers: &[f64]| numbers.iter().filter(|x| !x.is_nan()).all(|x| *x == training[0]);
    match training {
        [] => Some(never_observed(name)),
        _ if constant(training) && !constant(all) => {
            Some(format!("column '{name}' is {} in every training row, but not in the others", training[0]))
        }
        _ => None,
    }
}

fn unseen_note(name: &str, categories: &[String], counts: &[u64]) -> Option<String> {
    let unseen = categories.iter().zip(counts).filter(|(_, count)| **count == 0);
    let unseen: Vec<&str> = unseen.map(|(category, _)| category.as_str()).collect();
    (!unseen.is_empty())
        .then(|| format!("column '{name}': no training row has {}", some_names(unseen.into_iter())))
}

fn never_observed(name: &str) -> String {
    format!("column '{name}' is missing in every training row: the model cannot learn it, and it stays empty")
}
