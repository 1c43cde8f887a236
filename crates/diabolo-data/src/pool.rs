//! Rare levels of a categorical column, which share one encoded column.
//!
//! A level with a few rows cannot be learned: its frequency has a relative error of 1 / √rows.
//! Among many levels, those with fewer than [`LEAST_ROWS`] training rows, and all but the
//! [`MOST_LEVELS`] most frequent ones, are therefore learned as one. Its probability is that of all
//! of them; given it, each has the probability of its frequency in the training rows.

use serde::{Deserialize, Serialize};

/// So many rows share a combination of levels, or a text of a synthetic table's codec, that a model
/// file holds, at least; and as many reach each end of a codec's numbers.
pub const SHARED_ROWS: usize = 3;
/// Columns with at most this many levels have no pool.
const FEW_LEVELS: usize = 100;
/// The training rows that a level of its own needs.
const LEAST_ROWS: u64 = 5;
/// The maximum number of levels of their own, unless a fit allows more.
pub(crate) const MOST_LEVELS: usize = 1000;
/// A column with more levels is not learned unless the user asks for it.
const MOST_KNOWN_LEVELS: usize = 200_000;

/// Whether a column of levels with these numbers of rows can be learned: levels share rows on
/// average, or those with enough of them have at least half of the rows.
pub(crate) fn is_learnable(rows: &[u64]) -> bool {
    let levels = rows.len();
    let all: u64 = rows.iter().sum();
    let often: u64 = rows.iter().filter(|&&rows| rows >= LEAST_ROWS).sum();
    levels <= FEW_LEVELS
        || levels <= MOST_KNOWN_LEVELS && (LEAST_ROWS * levels as u64 <= all || 2 * often >= all)
}

/// The pooled levels of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pool {
    /// The codes of the pooled levels, increasing.
    codes: Vec<usize>,
    /// The number of training rows of each.
    rows: Vec<u64>,
}

impl Pool {
    /// The pool of levels with these numbers of training rows, of which at most `most` are kept
    /// apart; `None` if fewer than two are rare.
    pub fn of(counts: &[u64], most: usize) -> Option<Self> {
        if counts.len() <= FEW_LEVELS {
            return None;
        }
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|&code| std::cmp::Reverse(counts[code]));
        let often = order.iter().take(most).take_while(|&&code| counts[code] >= LEAST_ROWS).count();
        let mut codes = order.split_off(often);
        codes.sort_unstable();
        let rows = codes.iter().map(|&code| counts[code]).collect();
        (codes.len() > 1).then_some(Pool { codes, rows })
    }

    /// Number of encoded columns of a feature with so many levels; the pool is the last one.
    pub fn width(&self, levels: usize) -> usize {
        levels - self.codes.len() + 1
    }

    /// The codes of the levels that are not pooled: one for each encoded column but the last.
    pub fn kept(&self, levels: usize) -> Vec<usize> {
        (0..levels).filter(|code| self.codes.binary_search(code).is_err()).collect()
    }

    /// The encoded column of each level.
    pub fn units(&self, levels: usize) -> Vec<usize> {
        let mut units = vec![self.width(levels) - 1; levels];
        self.kept(levels).into_iter().enumerate().for_each(|(unit, code)| units[code] = unit);
        units
    }

    /// The most frequent pooled level.
    pub fn most_frequent(&self) -> usize {
        let most = self.rows.iter().max();
        let at = self.rows.iter().position(|rows| Some(rows) == most);
        self.codes[at.unwrap_or(0)]
    }

    /// The pooled level at a fraction, from 0 to 1, of their training rows.
    pub fn at(&self, fraction: f64) -> usize {
        let total: u64 = self.rows.iter().sum();
        let mut left = fraction * total as f64;
        for (&code, &rows) in self.codes.iter().zip(&self.rows) {
            left -= rows as f64;
            if left < 0.0 {
                return code;
            }
        }
        self.most_frequent()
    }

    /// The name of the pool.
    pub fn name(&self) -> String {
        format!("other ({} levels)", self.codes.len())
    }

    /// A note for the user about a column with these numbers of training rows by level.
    pub fn note(&self, name: &str, counts: &[u64]) -> String {
        let (pooled, all): (u64, u64) = (self.rows.iter().sum(), counts.iter().sum());
        let share = 100.0 * pooled as f64 / all as f64;
        let rare = match self.rows.iter().all(|&rows| rows < LEAST_ROWS) {
            true => format!("fewer than {LEAST_ROWS} training rows"),
            false => {
                format!("fewer training rows than the {} most frequent ones", counts.len() - self.codes.len())
            }
        };
        format!(
            "column '{name}': {} of its {} levels have {rare} and are learned as one, '{}', which has {share:.1} % of the rows",
            self.codes.len(),
            counts.len(),
            self.name(),
        )
    }

    /// Whether it is the pool of a column with so many levels.
    pub fn fits(&self, levels: usize) -> bool {
        let increasing = self.codes.windows(2).all(|two| two[0] < two[1]);
        let total = self.rows.iter().try_fold(0u64, |sum, &rows| sum.checked_add(rows));
        self.codes.len() > 1
            && self.codes.len() == self.rows.len()
            && increasing
            && self.codes.iter().all(|&code| code < levels)
            && total.is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 101 levels: three with 5, 7 and 3 rows, the others with one.
    fn counts() -> Vec<u64> {
        let mut counts = vec![1; FEW_LEVELS + 1];
        (counts[2], counts[50], counts[60]) = (5, 7, 3);
        counts
    }

    #[test]
    fn levels_with_few_rows_are_pooled() {
        let pool = Pool::of(&counts(), MOST_LEVELS).unwrap();
        assert_eq!((pool.kept(101), pool.width(101)), (vec![2, 50], 3));
        assert_eq!(pool.units(101)[..4], [2, 2, 0, 2]);
        assert_eq!((pool.units(101)[50], pool.most_frequent()), (1, 60));
        assert!(pool.fits(101) && !pool.fits(100));
        let note = pool.note("city", &counts());
        assert!(note.contains("99 of its 101 levels have fewer than 5 training rows"), "{note}");
        // 101 of 113 rows.
        assert!(note.contains("'other (99 levels)'") && note.contains("89.4 % of the rows"), "{note}");
        assert_eq!(Pool::of(&counts()[..100], MOST_LEVELS), None, "few levels");
        assert_eq!(Pool::of(&[5; 200], MOST_LEVELS), None, "none is rare");
        let mut one = vec![5; 200];
        one[7] = 1;
        assert_eq!(Pool::of(&one, MOST_LEVELS), None, "a pool of one level");
    }

    #[test]
    fn at_most_a_thousand_levels_are_kept() {
        let counts: Vec<u64> = (0..3000).map(|code| 10 + code % 7).collect();
        assert_eq!(Pool::of(&counts, 3000), None, "a fit that keeps all");
        let pool = Pool::of(&counts, MOST_LEVELS).unwrap();
        assert_eq!(pool.width(3000), MOST_LEVELS + 1);
        let fewest_kept = pool.kept(3000).iter().map(|&code| counts[code]).min().unwrap();
        assert!(pool.rows.iter().all(|&rows| rows <= fewest_kept));
        assert!(pool.note("x", &counts).contains("fewer training rows than the 1000 most frequent"));
    }

    #[test]
    fn columns_whose_levels_share_rows_are_learned() {
        assert!(is_learnable(&[1; 100]) && is_learnable(&[5; 3000]) && !is_learnable(&[4; 3000]));
        // Half of the rows have 100 levels, the other half a level each.
        let half = |often: usize| [vec![10; often], vec![1; 1000]].concat();
        assert!(is_learnable(&half(100)) && !is_learnable(&half(99)));
        assert!(!is_learnable(&[100; MOST_KNOWN_LEVELS + 1]));
    }

    #[test]
    fn members_are_drawn_by_frequency() {
        let pool = Pool { codes: vec![3, 8, 9], rows: vec![1, 0, 3] };
        assert_eq!([0.0, 0.2, 0.25, 0.9, 1.0].map(|u| pool.at(u)), [3, 3, 9, 9, 9]);
        let never = Pool { codes: vec![3, 8], rows: vec![0, 0] };
        assert_eq!((never.at(0.5), never.most_frequent()), (3, 3));
    }
}
