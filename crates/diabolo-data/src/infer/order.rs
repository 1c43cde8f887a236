//! Whether the levels of a column have an order that the other columns know.
//!
//! Of each other column x the ranks are compared between levels. If the levels k = 0, 1, … are
//! ordered, most of what they explain of x is explained by a straight line in k:
//!
//! ```text
//! B = Σ_k n_k (x̄_k − x̄)² / s² − (d − 1) ,
//!     L = (Σ_k n_k (k − k̄) x̄_k)² / (s² Σ_k n_k (k − k̄)²) − 1
//! ```
//!
//! with n_k cells of level k, their mean x̄_k, and the variance s² within levels; what noise alone
//! would give is subtracted. The columns that B shows to depend on the level vote with L / B.

use arrow_array::RecordBatch;
use diabolo_stats::elementary::square;

use super::numbers::{have_one_peak, levels};
use crate::column::Column;
use crate::names::places;
use crate::number::number;
use crate::{Feature, FeatureKind, Result};

/// Levels are ordered if a line explains this share of what they explain; or the second, if there
/// are some levels and their frequencies have one peak.
const LINEAR: f64 = 0.65;
const LINEAR_WITH_PEAK: f64 = 0.5;
const SOME: usize = 5;

/// Makes those of the `open` ordinal features categorical whose order does not show; says why.
pub(super) fn settle(
    input: &str,
    batch: &RecordBatch,
    features: &mut [Feature],
    open: &[usize],
) -> Result<Vec<String>> {
    let columns = batch.schema();
    let places = places(&columns);
    let numbers = |feature: &Feature| {
        let array = batch.column(places[feature.name.as_str()]);
        Column::of(input, feature, array, 0).numbers()
    };
    let mut ranks = Ranks::default();
    for (position, feature) in features.iter().enumerate().filter(|(_, f)| f.storage.is_number()) {
        if open.is_empty() || ranks.is_full() {
            break;
        }
        ranks.add(position, &numbers(feature)?);
    }
    let mut reasons = vec![];
    for &position in open {
        let cells = numbers(&features[position])?;
        let values: Vec<f64> =
            features[position].kind.categories().iter().filter_map(|v| number(v)).collect();
        let code = |x: &f64| values.iter().position(|value| value == x).map_or(f64::NAN, |code| code as f64);
        let share = ranks.linear_share(position, &cells.iter().map(code).collect::<Vec<_>>(), values.len());
        let peak = values.len() >= SOME && levels(&cells).is_some_and(|levels| have_one_peak(&levels));
        let (ordered, why) = match share {
            Some(share) if share >= LINEAR => (true, "other columns follow their order"),
            Some(share) if share >= LINEAR_WITH_PEAK && peak => {
                (true, "other columns nearly follow their order")
            }
            Some(_) => (false, "other columns do not follow their order"),
            None if peak => (true, "their frequencies have one peak"),
            None => (false, "no order shows"),
        };
        reasons.push(why.to_string());
        if let (false, FeatureKind::Ordinal { categories }) = (ordered, &mut features[position].kind) {
            features[position].kind = FeatureKind::Categorical { categories: std::mem::take(categories) };
        }
    }
    Ok(reasons)
}

/// Numbers show no order in more rows than these, nor compared with more columns.
const ROWS: usize = 5000;
const COLUMNS: usize = 50;
/// A column depends on the level if B is above so many standard deviations of noise.
const SURE: f64 = 4.0;

/// The ranks of the columns of numbers that show an order.
#[derive(Default)]
struct Ranks(Vec<(usize, Vec<f64>)>);

impl Ranks {
    /// Adds the cells of a column, with its position in the table.
    fn add(&mut self, position: usize, cells: &[f64]) {
        self.0.push((position, ranks(&sample(cells))));
    }

    /// Whether there are enough.
    fn is_full(&self) -> bool {
        self.0.len() >= COLUMNS
    }

    /// The share, from 0 to 1, of what the levels of a column explain that a line explains; `None`
    /// if no other column depends on them.
    fn linear_share(&self, position: usize, codes: &[f64], count: usize) -> Option<f64> {
        let codes = sample(codes);
        let others = self.0.iter().filter(|(other, _)| *other != position);
        let (mut line, mut all) = (0.0, 0.0);
        for (_, ranks) in others {
            if let Some([between, linear]) = explained(&codes, count, ranks) {
                line += linear / between;
                all += 1.0;
            }
        }
        (all > 0.0).then(|| (line / all).clamp(0.0, 1.0))
    }
}

/// Evenly spaced cells.
fn sample(cells: &[f64]) -> Vec<f64> {
    cells.iter().step_by(cells.len().div_ceil(ROWS).max(1)).copied().collect()
}

/// The rank of each cell, equal ones with their mean; NaN for missing cells.
fn ranks(cells: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..cells.len()).filter(|&at| !cells[at].is_nan()).collect();
    order.sort_by(|&a, &b| cells[a].total_cmp(&cells[b]));
    let mut ranks = vec![f64::NAN; cells.len()];
    let mut rank = 0;
    for same in order.chunk_by(|&a, &b| cells[a] == cells[b]) {
        let mean = rank as f64 + (same.len() - 1) as f64 / 2.0;
        same.iter().for_each(|&at| ranks[at] = mean);
        rank += same.len();
    }
    ranks
}

/// B and L of a column that depends on the level.
fn explained(codes: &[f64], count: usize, ranks: &[f64]) -> Option<[f64; 2]> {
    let pairs = || {
        let both = codes.iter().zip(ranks).filter(|(code, rank)| !code.is_nan() && !rank.is_nan());
        both.map(|(code, rank)| (*code as usize, *rank))
    };
    let (mut cells, mut sums) = (vec![0.0; count], vec![0.0; count]);
    for (code, rank) in pairs() {
        cells[code] += 1.0;
        sums[code] += rank;
    }
    let (n, levels) = (cells.iter().sum::<f64>(), cells.iter().filter(|n| **n > 0.0).count() as f64);
    if levels < 3.0 || n <= 3.0 * levels {
        return None;
    }
    let mean = sums.iter().sum::<f64>() / n;
    let of_level = |code: usize| if cells[code] > 0.0 { sums[code] / cells[code] } else { mean };
    let variance = pairs().map(|(code, rank)| square(rank - of_level(code))).sum::<f64>() / (n - levels);
    let center = (0..count).map(|code| cells[code] * code as f64).sum::<f64>() / n;
    let over = |term: &dyn Fn(usize) -> f64| (0..count).map(|code| cells[code] * term(code)).sum::<f64>();
    let between = over(&|code| square(of_level(code) - mean));
    let product = over(&|code| (code as f64 - center) * (of_level(code) - mean));
    let spread = over(&|code| square(code as f64 - center));
    let scale = variance.max(1e-9 * between);
    let [between, linear] =
        [between / scale - (levels - 1.0), square(product) / (scale * spread.max(f64::MIN_POSITIVE)) - 1.0];
    (between > SURE * (2.0 * (levels - 1.0)).sqrt()).then_some([between, linear])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ordered_levels_are_followed_by_other_columns() {
        let codes: Vec<f64> = (0..400).map(|k| f64::from(k * 7 % 5)).collect();
        let noise = |k: usize| (k * 31 % 17) as f64 / 17.0;
        let column = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
            codes.iter().enumerate().map(|(k, code)| of(*code) + noise(k)).collect()
        };
        let share = |cells: Vec<f64>| {
            let mut ranks = Ranks::default();
            ranks.add(0, &codes);
            ranks.add(1, &cells);
            ranks.linear_share(0, &codes, 5)
        };
        assert!(share(column(&|code| code)).unwrap() > 0.95);
        assert!(share(column(&|code| -2.0 * code * code)).unwrap() > 0.9);
        assert!(share(column(&|code| [3.0, 0.0, 2.0, 4.0, 1.0][code as usize])).unwrap() < 0.4);
        assert_eq!(share(column(&|_| 0.0)), None);
    }

    #[test]
    fn equal_cells_have_their_mean_rank() {
        let found = ranks(&[5.0, 1.0, f64::NAN, 5.0]);
        assert_eq!((found[0], found[1], found[3]), (1.5, 0.0, 1.5));
        assert!(found[2].is_nan());
    }
}
