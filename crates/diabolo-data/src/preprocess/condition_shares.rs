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
    /// The rows of other combinations, one column at a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rest: Vec<ConditionShares>,
}

/// The shares of the training rows, where `columns` are the condition columns with levels.
///
/// All columns are drawn together if combinations of [`SHARED_ROWS`] rows or more have at least
/// half of the rows. Rarer combinations are not kept: of their rows, each column is drawn alone, so
/// that no level is lost. Otherwise each column is drawn alone in all rows.
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
    let of_row = |members: &[usize], row: usize| members.iter().map(|&at| codes[at][row]).collect();
    let counted = |members: &[usize], chosen: &mut dyn Iterator<Item = usize>| {
        let mut rows: BTreeMap<Vec<Option<usize>>, u64> = BTreeMap::new();
        chosen.for_each(|row| *rows.entry(of_row(members, row)).or_default() += 1);
        let columns = members.iter().map(|&at| columns[at].0).collect();
        ConditionShares { columns, rows: rows.into_iter().collect(), rest: vec![] }
    };
    let alone = |rows: &[usize]| -> Vec<ConditionShares> {
        (0..columns.len()).map(|at| counted(&[at], &mut rows.iter().copied())).collect()
    };
    let all: Vec<usize> = (0..training.len()).collect();
    if columns.len() < 2 {
        return Ok(alone(&all));
    }
    let members: Vec<usize> = (0..columns.len()).collect();
    let mut together = counted(&members, &mut all.iter().copied());
    together.rows.retain(|(_, rows)| *rows >= SHARED_ROWS as u64);
    let is_kept = |row: &usize| {
        let codes: Vec<Option<usize>> = of_row(&members, *row);
        together.rows.binary_search_by(|(known, _)| known.cmp(&codes)).is_ok()
    };
    let others: Vec<usize> = all.iter().copied().filter(|row| !is_kept(row)).collect();
    if 2 * others.len() > all.len() {
        return Ok(alone(&all));
    }
    if !others.is_empty() {
        together.rest = alone(&others);
    }
    Ok(vec![together])
}

/// Equal shares of all levels, for a model file without shares.
pub(super) fn equal(conditions: &[Feature]) -> Vec<ConditionShares> {
    let of = |(at, feature): (usize, &Feature)| {
        let levels = feature.kind.categories().len();
        let rows = (0..levels).map(|code| (vec![Some(code)], 1)).collect();
        (levels > 0).then_some(ConditionShares { columns: vec![at], rows, rest: vec![] })
    };
    conditions.iter().enumerate().filter_map(of).collect()
}

/// Whether shares that were read from a file are those of all condition columns with levels.
pub(super) fn are_sound(shares: &[ConditionShares], conditions: &[Feature]) -> bool {
    let levels: Vec<usize> = conditions.iter().map(|feature| feature.kind.categories().len()).collect();
    let mut covered: Vec<usize> = shares.iter().flat_map(|group| group.columns.iter().copied()).collect();
    covered.sort_unstable();
    let is_sound = |group: &ConditionShares| {
        let of_rest = group.rest.iter().flat_map(|one| one.columns.iter().copied());
        let is_alone = |one: &ConditionShares| one.columns.len() == 1 && one.rest.is_empty();
        group.has_rows_of(&levels)
            && group.rest.iter().all(|one| is_alone(one) && one.has_rows_of(&levels))
            && (group.rest.is_empty() || of_rest.eq(group.columns.iter().copied()))
    };
    covered.into_iter().eq((0..levels.len()).filter(|at| levels[*at] > 0)) && shares.iter().all(is_sound)
}

impl ConditionShares {
    /// Whether there are rows, all of levels that there are.
    fn has_rows_of(&self, levels: &[usize]) -> bool {
        let of_levels = |codes: &Vec<Option<usize>>| {
            let mut known = codes.iter().zip(&self.columns);
            codes.len() == self.columns.len()
                && known.all(|(code, at)| code.is_none_or(|c| levels.get(*at).is_some_and(|n| c < *n)))
        };
        let total = self.rows.iter().try_fold(0u64, |sum, (_, rows)| sum.checked_add(*rows));
        total.is_some_and(|total| total > 0) && self.rows.iter().all(|(codes, _)| of_levels(codes))
    }

    /// The combinations that have the given codes, and where the rows of each end.
    fn fitting(&self, given: &[Option<usize>]) -> (Vec<&[Option<usize>]>, Vec<u64>) {
        let agrees = |levels: &Vec<Option<usize>>| {
            let mut both = levels.iter().zip(&self.columns);
            both.all(|(level, &at)| given[at].is_none() || given[at] == *level)
        };
        let fitting = self.rows.iter().filter(|(levels, _)| agrees(levels));
        let mut end = 0;
        fitting
            .map(|(levels, rows)| {
                end += rows;
                (levels.as_slice(), end)
            })
            .unzip()
    }

    /// The expected number of the rows of other combinations that have the given codes, as if
    /// columns were independent there.
    fn rows_of_rest(&self, given: &[Option<usize>]) -> u64 {
        let total = |one: &ConditionShares| one.rows.iter().map(|(_, rows)| rows).sum::<u64>() as f64;
        let share =
            |one: &ConditionShares| one.fitting(given).1.last().map_or(0.0, |rows| *rows as f64) / total(one);
        let shares: f64 = self.rest.iter().map(share).product();
        self.rest.first().map_or(0, |first| (total(first) * shares).ceil() as u64)
    }

    /// Draws the codes of `count` rows into the columns, given those of some: from the combinations
    /// with these codes, or from all if there is none.
    pub fn draw(&self, given: &[Option<usize>], codes: &mut [Vec<Option<usize>>], noise: &mut Stream) {
        let nothing = vec![None; given.len()];
        let is_known = !self.fitting(given).0.is_empty() || self.rows_of_rest(given) > 0;
        let among = if is_known { given } else { &nothing };
        let (combinations, ends) = self.fitting(among);
        let shared = ends.last().copied().unwrap_or(0);
        let total = shared.saturating_add(self.rows_of_rest(among));
        if total == 0 {
            return;
        }
        let of_rest: Vec<_> = self.rest.iter().map(|one| (one.columns[0], one.fitting(among))).collect();
        for row in 0..codes.first().map_or(0, Vec::len) {
            let position = noise.random_range(0..total);
            let mut put = |at: usize, level: Option<usize>| codes[at][row] = given[at].or(level);
            if position < shared {
                let levels = combinations[ends.partition_point(|end| *end <= position)];
                levels.iter().zip(&self.columns).for_each(|(level, &at)| put(at, *level));
                continue;
            }
            for (at, (levels, ends)) in &of_rest {
                let position = noise.random_range(0..ends.last().copied().unwrap_or(1));
                put(*at, levels[ends.partition_point(|end| *end <= position)][0]);
            }
        }
    }
}
