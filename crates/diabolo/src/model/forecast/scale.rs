//! The scale on which a column is forecast.
//!
//! ```text
//! linear   u = x
//! log      u = ln x                x = e^u         (Box & Cox 1964, λ = 0)
//! ```
//! Swings that grow with the level of a series, such as those of sales and passengers, are alike on
//! the logarithmic scale. Quantiles of u are quantiles of x there, and so is the median, which the
//! point forecast becomes.

use serde::{Deserialize, Serialize};

use super::windows::spread;
use crate::data::SeriesSchema;
use crate::stats::elementary::double::{exp, ln};

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// That of the numbers.
    #[default]
    Linear,
    /// Logarithms.
    Log {
        /// Half the least number of the parts before the test, for which numbers that are not
        /// positive count.
        least: f64,
    },
}

/// The largest logarithm whose exponential is finite, roughly.
const LARGEST: f64 = 700.0;
/// Blocks of a season that tell whether swings grow with the level, at least; steps of a block
/// without a season.
const BLOCKS: usize = 6;
const BLOCK: usize = 12;
/// The variation of relative swings must be below this share of that of swings.
const CLEARLY: f64 = 0.7;
/// Series of a column whose swings are looked at, at most.
const LOOKED_AT: usize = 24;

impl Scale {
    /// u; NaN stays.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Scale::Log { least } if x <= 0.0 => ln(least),
            Scale::Log { .. } if x > 0.0 => ln(x),
            _ => x,
        }
    }

    /// x.
    pub fn back(self, u: f64) -> f64 {
        match self {
            Scale::Linear => u,
            Scale::Log { .. } => exp(u.min(LARGEST)),
        }
    }

    /// The difference in x that a difference in u makes at `u`.
    pub fn difference(self, u: f64, error: f64) -> f64 {
        match self {
            Scale::Linear => error,
            Scale::Log { .. } => self.back(u + error) - self.back(u),
        }
    }

    /// u of a column.
    pub fn column(self, values: &[f64]) -> Vec<f64> {
        values.iter().map(|x| self.of(*x)).collect()
    }

    /// Whether it can be read.
    pub fn is_valid(self) -> bool {
        match self {
            Scale::Linear => true,
            Scale::Log { least } => least.is_finite() && least > 0.0,
        }
    }
}

/// The columns on a logarithmic scale; `None` without any.
pub fn logarithms_in_words(schema: &SeriesSchema, scales: &[Scale]) -> Option<String> {
    const NAMED: usize = 3;
    let columns = schema.columns.iter().zip(scales).filter(|(_, scale)| **scale != Scale::Linear);
    let names: Vec<String> = columns.map(|(column, _)| format!("'{}'", column.name)).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    (!names.is_empty()).then(|| names[..names.len().min(NAMED)].join(", ") + more)
}

/// The scale that the swings of a column suggest, by its numbers before the test part of each
/// series, and those of the training part: logarithms where all of them are positive, and in the
/// training parts swings are clearly more alike in units of the level (Guerrero 1993), unless they
/// are only `positive` to be.
pub(super) fn suggested<'a>(
    parts: impl Iterator<Item = [&'a [f64]; 2]> + Clone,
    season: Option<usize>,
    positive: bool,
) -> Scale {
    let known = parts.clone().flat_map(|[before, _]| before.iter().copied()).filter(|x| !x.is_nan());
    let least = known.fold(f64::INFINITY, f64::min);
    let found = parts.take(LOOKED_AT).filter_map(|[_, train]| variations(train, season));
    let [plain, relative] = found.fold([0.0; 2], |sums, both| [sums[0] + both[0], sums[1] + both[1]]);
    match least > 0.0 && least.is_finite() && (positive || relative < CLEARLY * plain) {
        true => Scale::Log { least: (least / 2.0).max(f64::MIN_POSITIVE) },
        false => Scale::Linear,
    }
}

/// The variation, deviation over mean, of the deviations of blocks of a season, and of these
/// deviations over the means of the blocks. `None` with few blocks.
fn variations(values: &[f64], season: Option<usize>) -> Option<[f64; 2]> {
    // A block of two steps has no deviation worth the name.
    let length = season.unwrap_or(BLOCK).max(4);
    let block = |values: &[f64]| -> Option<[f64; 2]> {
        let observed: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        let mean = observed.iter().sum::<f64>() / observed.len() as f64;
        (observed.len() == length).then(|| [spread(&observed), spread(&observed) / mean])
    };
    let found: Vec<[f64; 2]> = values.rchunks_exact(length).filter_map(block).collect();
    let of = |k: usize| {
        let all: Vec<f64> = found.iter().map(|both| both[k]).collect();
        spread(&all) / (all.iter().sum::<f64>() / all.len() as f64)
    };
    (found.len() >= BLOCKS).then(|| [of(0), of(1)]).filter(|both| both.iter().all(|v| v.is_finite()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn logarithms_there_and_back() {
        let scale = Scale::Log { least: 0.5 };
        assert!((scale.back(scale.of(20.0)) - 20.0).abs() < 1e-12);
        assert_eq!((scale.of(-3.0), scale.of(0.1)), (ln(0.5), ln(0.1)));
        assert!(scale.of(f64::NAN).is_nan() && scale.back(1e6).is_finite());
        assert!((scale.difference(ln(10.0), ln(1.5)) - 5.0).abs() < 1e-12);
        assert_eq!((Scale::Linear.of(-3.0), Scale::Linear.difference(7.0, 2.0)), (-3.0, 2.0));
        assert!(scale.is_valid() && !Scale::Log { least: 0.0 }.is_valid());
    }

    /// Twelve steps a season, whose swing is a tenth of a growing level, or always the same.
    #[test]
    fn swings_that_grow_with_the_level_are_seen() {
        let wave = |t: usize| (t as f64 * std::f64::consts::TAU / 12.0).sin();
        let level = |t: usize| 100.0 + (t / 12) as f64 * 40.0;
        let made = |swing: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..96).map(|t| level(t) + swing(t) * wave(t)).collect()
        };
        let [plain, relative] = variations(&made(&|t| 0.1 * level(t)), Some(12)).unwrap();
        assert!(plain > 0.3 && relative < 1e-9, "{plain} {relative}");
        let [plain, relative] = variations(&made(&|_| 20.0), Some(12)).unwrap();
        assert!(plain < 1e-9 && relative > 0.3, "{plain} {relative}");
        assert_eq!(variations(&made(&|_| 20.0)[..60], Some(12)), None);
    }
}
