//! Boosted trees that distinguish synthetic from real rows, and that learn from them.

use serde::Serialize;

use super::table::{AuditTable, Cells};
use crate::random::{Purpose, stream};
use crate::stats::Ranking;
use crate::stats::boosting::{BoostedTrees, BoostingConfig};

/// Parts of the cross-validation.
const FOLDS: usize = 3;

/// A column and its share of the gain of the trees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Telling {
    /// The column.
    pub name: String,
    /// Its share, from 0 to 1.
    pub share: f64,
}

/// 1 − (2 AUC − 1), the mean over three folds, for trees that distinguish rows from real ones: 1
/// if they cannot; and the columns by their share of the gain. As many rows of each are used.
pub fn distinguish(real: &AuditTable, other: &AuditTable, seed: u64) -> (Option<f64>, Vec<Telling>) {
    let n = real.rows.min(other.rows);
    if n < 2 * FOLDS {
        return (None, vec![]);
    }
    let chosen =
        |table: &AuditTable, part: u64| table.sample(n, &mut stream(seed, Purpose::AuditLearners, 2, part));
    let (real, other) = (chosen(real, 0), chosen(other, 1));
    let columns: Vec<Vec<f32>> = (real.columns.iter().zip(&other.columns))
        .map(|(real, other)| [real.cells.features(), other.cells.features()].concat())
        .collect();
    // Rows are in random order: the k-th of each table is in fold k mod 3.
    let fold = |row: usize| row % n % FOLDS;
    let mut scores = vec![];
    let mut gains = vec![0.0; columns.len()];
    for held in 0..FOLDS {
        let part = |inside: bool| (0..2 * n).filter(|row| (fold(*row) == held) == inside).collect::<Vec<_>>();
        let (train, test) = (part(false), part(true));
        let labels: Vec<bool> = train.iter().map(|row| *row >= n).collect();
        let trees = BoostedTrees::fit(&at(&columns, &train), &labels, BoostingConfig::default());
        let truth: Vec<bool> = test.iter().map(|row| *row >= n).collect();
        scores.push(auc(&trees.scores(&at(&columns, &test)), &truth).max(0.5));
        gains.iter_mut().zip(trees.gains()).for_each(|(sum, gain)| *sum += gain);
    }
    let mean = scores.iter().map(|auc| 2.0 * auc - 1.0).sum::<f64>() / scores.len() as f64;
    let total: f64 = gains.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let telling = real.columns.iter().zip(gains).map(|(column, gain)| (column.name.clone(), gain / total));
    let mut telling: Vec<Telling> = telling.map(|(name, share)| Telling { name, share }).collect();
    telling.sort_by(|a, b| b.share.total_cmp(&a.share));
    (Some(1.0 - mean), telling)
}

/// The AUC on held-out rows of trees that learned the target from `rows`: of its last level by name
/// against the others; of numbers, of those above the median of the held-out ones.
pub fn usefulness(rows: &AuditTable, holdout: &AuditTable, target: Option<&str>) -> Option<f64> {
    let at_target = holdout.position(target?)?;
    let limit = Limit::of(&holdout.columns[at_target].cells)?;
    let features = |table: &AuditTable| -> Vec<Vec<f32>> {
        let others = table.columns.iter().enumerate().filter(|(at, _)| *at != at_target);
        others.map(|(_, column)| column.cells.features()).collect()
    };
    let config = BoostingConfig { rounds: 200, depth: 5, learning_rate: 0.1 };
    let labels = limit.positive(&rows.columns[at_target].cells);
    let trees = BoostedTrees::fit(&features(rows), &labels, config);
    let truth = limit.positive(&holdout.columns[at_target].cells);
    Some(auc(&trees.scores(&features(holdout)), &truth))
}

/// Cells above this are positive: a position of a level, or a number.
#[derive(Clone, Copy)]
struct Limit(f64);

impl Limit {
    /// By held-out cells; `None` if all or none of them are positive.
    fn of(cells: &Cells) -> Option<Self> {
        let limit = match cells {
            Cells::Levels(levels) => Limit(f64::from(*levels.iter().max()?) - 0.5),
            Cells::Numbers(numbers) => {
                let mut known: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
                known.sort_by(f64::total_cmp);
                Limit(*known.get(known.len() / 2)?)
            }
        };
        let found = limit.positive(cells);
        (found.contains(&true) && found.contains(&false)).then_some(limit)
    }

    fn positive(self, cells: &Cells) -> Vec<bool> {
        match cells {
            Cells::Levels(levels) => levels.iter().map(|level| f64::from(*level) > self.0).collect(),
            Cells::Numbers(numbers) => numbers.iter().map(|x| *x > self.0).collect(),
        }
    }
}

/// The area under the ROC curve; ½ if one class is missing.
pub(super) fn auc(scores: &[f64], positive: &[bool]) -> f64 {
    Ranking::of(scores, positive).map_or(0.5, |ranking| ranking.auroc())
}

fn at(columns: &[Vec<f32>], rows: &[usize]) -> Vec<Vec<f32>> {
    columns.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect()
}
