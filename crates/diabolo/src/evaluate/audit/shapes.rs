//! Columns and pairs of columns, as sdmetrics 0.24.0 compares them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::table::{AuditColumn, AuditTable, Cells, range};
use crate::stats::elementary::square;

/// Bins of numbers that are compared with levels.
const BINS: usize = 10;
/// Lacking levels that are named, at most.
const NAMED: usize = 5;
/// What sdmetrics adds to the count of a level that real rows lack.
const UNSEEN: f64 = 1e-6;

/// A column of real rows beside that of others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub numbers: bool,
    /// Kolmogorov–Smirnov statistic, or total variation; `None` without cells.
    pub error: Option<f64>,
    /// Missing cells, of real rows and of the others.
    pub missing: [f64; 2],
    /// Levels of real rows; 0 of numbers.
    pub levels: usize,
    /// Levels of real rows that the others lack, and the other way round.
    pub lacking: [usize; 2],
    /// The most frequent levels that the others lack.
    pub lacks: Vec<Lacking>,
}

/// A level of real rows that others lack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lacking {
    /// The level.
    pub level: String,
    /// Its real rows.
    pub rows: usize,
}

/// A pair of columns of real rows beside that of others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairTrend {
    /// The positions of the columns.
    pub columns: [usize; 2],
    /// Half the difference of correlations, or total variation; `None` where it is not defined.
    pub error: Option<f64>,
}

/// Compares every column.
pub fn shapes(real: &AuditTable, other: &AuditTable) -> Vec<ColumnShape> {
    real.columns.par_iter().zip(&other.columns).map(|(real, other)| shape(real, other)).collect()
}

fn shape(real: &AuditColumn, other: &AuditColumn) -> ColumnShape {
    let name = real.name.clone();
    match (&real.cells, &other.cells) {
        (Cells::Numbers(a), Cells::Numbers(b)) => {
            let gaps =
                |all: &[f64]| all.iter().filter(|x| x.is_nan()).count() as f64 / all.len().max(1) as f64;
            ColumnShape {
                numbers: true,
                error: kolmogorov(a, b),
                missing: [gaps(a), gaps(b)],
                ..ColumnShape::nothing(name)
            }
        }
        (Cells::Levels(a), Cells::Levels(b)) => {
            let count = |cells: &[u32]| {
                let mut counts = vec![0.0; real.levels.len()];
                cells.iter().for_each(|level| counts[*level as usize] += 1.0);
                counts
            };
            let (a, b): (Vec<f64>, Vec<f64>) = (count(a), count(b));
            let at = real.levels.iter().position(|level| level == super::table::MISSING);
            let share = |counts: &[f64]| {
                let all: f64 = counts.iter().sum();
                at.map_or(0.0, |at| counts[at] / all.max(1.0))
            };
            let (missing, error) = ([share(&a), share(&b)], variation(&a, &b));
            // Missing cells are counted apart.
            let is_level = |level: &usize| Some(*level) != at && a[*level] + b[*level] > 0.0;
            let all: Vec<usize> = (0..a.len()).filter(is_level).collect();
            let mut lost: Vec<usize> = all.iter().copied().filter(|level| b[*level] == 0.0).collect();
            let new = all.iter().filter(|level| a[**level] == 0.0).count();
            lost.sort_by(|i, j| a[*j].total_cmp(&a[*i]));
            let lacks = lost.iter().take(NAMED);
            let lacks =
                lacks.map(|&at| Lacking { level: real.levels[at].clone(), rows: a[at] as usize }).collect();
            let (levels, lacking) = (all.len() - new, [lost.len(), new]);
            ColumnShape { error, missing, levels, lacking, lacks, ..ColumnShape::nothing(name) }
        }
        _ => ColumnShape::nothing(name),
    }
}

impl ColumnShape {
    /// A column without anything.
    fn nothing(name: String) -> Self {
        let (missing, lacking) = ([0.0; 2], [0; 2]);
        ColumnShape { name, numbers: false, error: None, missing, levels: 0, lacking, lacks: vec![] }
    }
}

/// The largest difference of the empirical distribution functions; numbers have 14 decimals.
fn kolmogorov(a: &[f64], b: &[f64]) -> Option<f64> {
    const UNIT: f64 = 1e14;
    let sorted = |all: &[f64]| {
        let round = |x: &f64| {
            let scaled = x * UNIT;
            if scaled.abs() < 4e15 { scaled.round_ties_even() / UNIT } else { *x }
        };
        let mut known: Vec<f64> = all.iter().filter(|x| !x.is_nan()).map(round).collect();
        known.sort_by(f64::total_cmp);
        known
    };
    let (a, b) = (sorted(a), sorted(b));
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let below = |all: &[f64], x: f64| all.partition_point(|y| *y <= x) as f64 / all.len() as f64;
    let gap = |x: &f64| (below(&a, *x) - below(&b, *x)).abs();
    Some(a.iter().chain(&b).map(gap).fold(0.0, f64::max))
}

/// ½ Σ |p − q| of counts; a level that the first lacks counts [`UNSEEN`] there.
fn variation(a: &[f64], b: &[f64]) -> Option<f64> {
    let real = |(a, b): (&f64, &f64)| if *a == 0.0 && *b > 0.0 { UNSEEN } else { *a };
    let a: Vec<f64> = a.iter().zip(b).map(real).collect();
    let (n, m): (f64, f64) = (a.iter().sum(), b.iter().sum());
    (n > 0.0 && m > 0.0).then(|| 0.5 * a.iter().zip(b).map(|(a, b)| (a / n - b / m).abs()).sum::<f64>())
}

/// Compares every pair of columns. Numbers of the other rows are moved into the range of the real
/// ones.
pub fn pair_trends(real: &AuditTable, other: &AuditTable) -> Vec<PairTrend> {
    let count = real.columns.len();
    let binned: Vec<[Vec<u32>; 2]> = real
        .columns
        .iter()
        .zip(&other.columns)
        .map(|(real, other)| bins(&real.cells, &other.cells))
        .collect();
    let pairs: Vec<[usize; 2]> = (0..count).flat_map(|i| (i + 1..count).map(move |j| [i, j])).collect();
    let trend = |&[i, j]: &[usize; 2]| {
        let error = match [(real, i), (real, j), (other, i), (other, j)].map(|(t, at)| &t.columns[at].cells) {
            [Cells::Numbers(a), Cells::Numbers(b), Cells::Numbers(c), Cells::Numbers(d)] => {
                let (c, d) = (clipped(c, a), clipped(d, b));
                correlation(a, b).zip(correlation(&c, &d)).map(|(r, s)| (r - s).abs() / 2.0)
            }
            _ => contingency([&binned[i][0], &binned[j][0]], [&binned[i][1], &binned[j][1]]),
        };
        PairTrend { columns: [i, j], error }
    };
    pairs.par_iter().map(trend).collect()
}

fn clipped(all: &[f64], like: &[f64]) -> Vec<f64> {
    let [low, high] = range(like);
    all.iter().map(|x| if x.is_nan() { f64::NAN } else { x.clamp(low, high) }).collect()
}

/// Levels, or ten equal bins of the real range; the last one is for missing cells.
fn bins(real: &Cells, other: &Cells) -> [Vec<u32>; 2] {
    let [low, high] = match real {
        Cells::Numbers(numbers) => range(numbers),
        Cells::Levels(_) => [0.0; 2],
    };
    let edges: Vec<f64> = (0..=BINS)
        .map(|k| if k == BINS { high } else { low + k as f64 * ((high - low) / BINS as f64) })
        .collect();
    let bin = |x: &f64| match x.is_nan() {
        true => BINS as u32,
        false => {
            let x = x.clamp(low, high);
            (edges.partition_point(|edge| *edge < x).max(1) - 1).min(BINS - 1) as u32
        }
    };
    [real, other].map(|cells| match cells {
        Cells::Numbers(numbers) => numbers.iter().map(bin).collect(),
        Cells::Levels(levels) => levels.clone(),
    })
}

/// Pearson's correlation over the rows that have both numbers; `None` for a constant.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        a.iter().copied().zip(b.iter().copied()).filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = pairs.iter().fold((0.0, 0.0), |(s, t), (a, b)| (s + a / n, t + b / n));
    let (mut of_a, mut of_b, mut both) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (a - mean_a, b - mean_b);
        of_a += square(a);
        of_b += square(b);
        both += a * b;
    }
    let found = both / (of_a.sqrt() * of_b.sqrt());
    found.is_finite().then(|| found.clamp(-1.0, 1.0))
}

/// ½ Σ |p − q| over pairs of levels.
fn contingency(real: [&[u32]; 2], other: [&[u32]; 2]) -> Option<f64> {
    let mut shares: BTreeMap<(u32, u32), [f64; 2]> = BTreeMap::new();
    for (table, [a, b]) in [real, other].into_iter().enumerate() {
        for pair in a.iter().copied().zip(b.iter().copied()) {
            shares.entry(pair).or_default()[table] += 1.0;
        }
    }
    let [n, m] = [real[0].len() as f64, other[0].len() as f64];
    (n > 0.0 && m > 0.0).then(|| 0.5 * shares.values().map(|[a, b]| (a / n - b / m).abs()).sum::<f64>())
}
