//! How often the levels of condition columns occur, and draws from these shares.

use std::collections::BTreeMap;

use diabolo_stats::random::{RngExt, Stream};
use serde::{Deserialize, Serialize};

use crate::column::{Code, Column};
use crate::pool::SHARED_ROWS;
use crate::{Feature, Result};

/// Condition columns that are drawn together, and the training rows of each combination of their
/// levels, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionShares {
    /// Positions among the condition columns.
    columns: Vec<usize>,
    /// The code of each column, `None` for a missing cell, and the number of rows.
    rows: Vec<(Vec<Option<usize>>, u64)>,
}

/// The shares of the training rows, where `columns` are the condition columns with levels.
///
/// All columns are drawn together if combinations of [`SHARED_ROWS`] rows or more have at least
/// half of the rows; rarer ones are not kept. Otherwise each column is drawn alone.
pub(super) fn fit(columns: &[(usize, &Feature, Column)], training: &[usize]) -> Result<Vec<ConditionShares>> {
    let codes = |(_, feature, column): &(usize, &Feature, Column)| {
        let codes = column.codes(feature.kind.categories(), feature.storage)?;
        let level = |&row: &usize| match codes[row] {
            Code::Known(code) => Some(code),
            Code::Unknown | Code::Missing => None,
        };
        Ok(training.iter().map(level).collect())
    };
    let codes = columns.iter().map(codes).collect::<Result<Vec<Vec<Option<usize>>>>>()?;
    let counted = |members: &[usize]| {
        let mut rows: BTreeMap<Vec<Option<usize>>, u64> = BTreeMap::new();
        let of_row = |row: usize| members.iter().map(|&at| codes[at][row]).collect();
        (0..training.len()).for_each(|row| *rows.entry(of_row(row)).or_default() += 1);
        let columns = members.iter().map(|&at| columns[at].0).collect();
        ConditionShares { columns, rows: rows.into_iter().collect() }
    };
    let alone = || (0..columns.len()).map(|at| counted(&[at])).collect();
    if columns.len() < 2 {
        return Ok(alone());
    }
    let mut together = counted(&(0..columns.len()).collect::<Vec<_>>());
    together.rows.retain(|(_, rows)| *rows >= SHARED_ROWS as u64);
    let kept: u64 = together.rows.iter().map(|(_, rows)| rows).sum();
    Ok(if 2 * kept >= training.len() as u64 { vec![together] } else { alone() })
}

/// Equal shares of all levels, for a model file without shares.
pub(super) fn equal(conditions: &[Feature]) -> Vec<ConditionShares> {
    let of = |(at, feature): (usize, &Feature)| {
        let levels = feature.kind.categories().len();
        let rows = (0..levels).map(|code| (vec![Some(code)], 1)).collect();
        (levels > 0).then_some(ConditionShares { columns: vec![at], rows })
    };
    conditions.iter().enumerate().filter_map(of).collect()
}

/// Whether shares that were read from a file are those of all condition columns with levels.
pub(super) fn are_sound(shares: &[ConditionShares], conditions: &[Feature]) -> bool {
    let levels: Vec<usize> = conditions.iter().map(|feature| feature.kind.categories().len()).collect();
    let mut covered: Vec<usize> = shares.iter().flat_map(|group| group.columns.iter().copied()).collect();
    covered.sort_unstable();
    let is_sound = |group: &ConditionShares| {
        let of_levels = |codes: &Vec<Option<usize>>| {
            let known = codes.iter().zip(&group.columns);
            codes.len() == group.columns.len()
                && known.clone().all(|(code, at)| code.is_none_or(|c| c < levels[*at]))
        };
        let total = group.rows.iter().try_fold(0u64, |sum, (_, rows)| sum.checked_add(*rows));
        total.is_some_and(|total| total > 0) && group.rows.iter().all(|(codes, _)| of_levels(codes))
    };
    covered.into_iter().eq((0..levels.len()).filter(|at| levels[*at] > 0)) && shares.iter().all(is_sound)
}

impl ConditionShares {
    /// Draws the codes of `count` rows into the columns, given those of some: from the combinations
    /// with these codes, or from all if there is none.
    pub fn draw(&self, given: &[Option<usize>], codes: &mut [Vec<Option<usize>>], noise: &mut Stream) {
        let agrees = |levels: &Vec<Option<usize>>| {
            let mut both = levels.iter().zip(&self.columns);
            both.all(|(level, &at)| given[at].is_none() || given[at] == *level)
        };
        let fitting: Vec<_> = self.rows.iter().filter(|(levels, _)| agrees(levels)).collect();
        let among = if fitting.is_empty() { self.rows.iter().collect() } else { fitting };
        let ends: Vec<u64> = among
            .iter()
            .scan(0, |end, (_, rows)| {
                *end += rows;
                Some(*end)
            })
            .collect();
        let Some(&total) = ends.last() else { return };
        for row in 0..codes.first().map_or(0, Vec::len) {
            let position = noise.random_range(0..total);
            let (levels, _) = among[ends.partition_point(|end| *end <= position)];
            for (level, &at) in levels.iter().zip(&self.columns) {
                codes[at][row] = given[at].or(*level);
            }
        }
    }
}
