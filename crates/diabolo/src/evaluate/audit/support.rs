//! α-precision and β-recall: whether rows lie where the real ones do, and everywhere they do.
//!
//! Rows are points: numbers by the range of the real ones, levels one-hot, and a missing number is
//! 0 with a coordinate of its own. The α-support of rows is the ball around their mean that holds a
//! share α of them (Alaa et al. 2022, "How Faithful is your Synthetic Data?").
//!
//! ```text
//! P_α = share of rows in the α-support of the real ones
//! R_β = share of real rows that are at least as near to a row as to another real row, where the
//!       nearest such row is in the β-support of all these nearest rows
//! α-precision = 1 − Σ |P_α − α| / Σ α,   β-recall = 1 − Σ |R_β − β| / Σ β   over 30 equal steps
//! ```
//! P and R are the curves of `AlphaPrecision` in synthcity; the sums are such that a curve of 0 has
//! the value 0.

use rayon::prelude::*;

use super::table::{AuditTable, Cells};
use crate::random::{Purpose, permutation, stream};
use crate::stats::elementary::square;

/// Rows of a table that are compared with all others, at most.
const ROWS: usize = 4000;
/// Values of α and β, from 0 to 1.
const STEPS: usize = 30;

/// α-precision and β-recall of each of some tables beside real rows. As many rows of each are
/// compared, since the distance of neighbours depends on it; `None` for fewer than two rows.
pub(super) fn supports<const N: usize>(
    real: &AuditTable,
    others: [&AuditTable; N],
    seed: u64,
) -> [Option<[f64; 2]>; N] {
    let rows = others.iter().map(|table| table.rows).fold(real.rows.min(ROWS), usize::min);
    let sample = |table: &AuditTable, part: u64| {
        let mut order = permutation(&mut stream(seed, Purpose::AuditSupport, 4, part), table.rows);
        order.truncate(rows);
        table.at(&order)
    };
    let real = sample(real, 0);
    let mut part = 0;
    others.map(|table| {
        part += 1;
        support(&real, &sample(table, part))
    })
}

/// α-precision and β-recall of rows beside as many real rows.
pub(super) fn support(real: &AuditTable, other: &AuditTable) -> Option<[f64; 2]> {
    if real.rows < 2 || other.rows < 1 {
        return None;
    }
    let space = Space::of(real);
    let (real, other) = (space.points(real), space.points(other));
    let (to_real, to_other) = (real.distances_to_mean_of(&real), other.distances_to_mean_of(&real));
    let own = other.distances_to_mean_of(&other);
    let nearest: Vec<(f64, usize)> = real.nearest(&other, false);
    let among_real = real.nearest(&real, true);
    let covered: Vec<bool> = nearest.iter().zip(&among_real).map(|(a, b)| a.0 <= b.0).collect();
    let of_nearest: Vec<f64> = nearest.iter().map(|(_, at)| own[*at]).collect();
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let precision = |_: f64, radius: f64| {
        share(to_other.iter().filter(|distance| **distance <= radius).count(), to_other.len())
    };
    let recall = |_: f64, radius: f64| {
        let inside = of_nearest.iter().zip(&covered).filter(|(d, covered)| **covered && **d <= radius);
        share(inside.count(), covered.len())
    };
    Some([one_minus_gap(&to_real, precision), one_minus_gap(&of_nearest, recall)])
}

/// 1 − Σ |curve(a) − a| / Σ a, with the quantiles of distances as radii.
fn one_minus_gap(distances: &[f64], curve: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sorted = distances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut gap, mut sum) = (0.0, 0.0);
    for step in 0..STEPS {
        let share = step as f64 / (STEPS - 1) as f64;
        // Linear interpolation between the order statistics.
        let at = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        let radius = low + (high - low) * (at - at.floor());
        gap += (curve(share, radius) - share).abs();
        sum += share;
    }
    1.0 - gap / sum
}

/// The smallest number and the width of the range of each column of numbers.
struct Space {
    ranges: Vec<[f64; 2]>,
}

/// Rows as points. A level is one coordinate of many, of which only its position is kept.
struct Points {
    rows: usize,
    /// Rows × columns of numbers: scaled numbers, then 1 where they are missing.
    numbers: Vec<f32>,
    /// Rows × columns of levels.
    levels: Vec<u32>,
    /// The number of levels of each column.
    sizes: Vec<usize>,
}

impl Space {
    fn of(real: &AuditTable) -> Self {
        let range = |cells: &Cells| match cells {
            Cells::Levels(_) => [0.0, 1.0],
            Cells::Numbers(numbers) => {
                let known = numbers.iter().filter(|x| !x.is_nan());
                let [low, high] = known.fold([f64::MAX, f64::MIN], |[l, h], x| [l.min(*x), h.max(*x)]);
                if high > low { [low, high - low] } else { [if low == f64::MAX { 0.0 } else { low }, 1.0] }
            }
        };
        Space { ranges: real.columns.iter().map(|column| range(&column.cells)).collect() }
    }

    fn points(&self, table: &AuditTable) -> Points {
        let (mut numbers, mut levels) = (vec![], vec![]);
        for row in 0..table.rows {
            for (column, [low, width]) in table.columns.iter().zip(&self.ranges) {
                match &column.cells {
                    Cells::Numbers(all) if all[row].is_nan() => numbers.extend([0.0, 1.0]),
                    Cells::Numbers(all) => numbers.extend([((all[row] - low) / width) as f32, 0.0]),
                    Cells::Levels(all) => levels.push(all[row]),
                }
            }
        }
        let of_levels = table.columns.iter().filter(|column| matches!(column.cells, Cells::Levels(_)));
        Points {
            rows: table.rows,
            numbers,
            levels,
            sizes: of_levels.map(|column| column.levels.len()).collect(),
        }
    }
}

impl Points {
    fn width(&self) -> usize {
        self.numbers.len() / self.rows
    }

    fn row(&self, row: usize) -> (&[f32], &[u32]) {
        let (width, levels) = (self.width(), self.sizes.len());
        (&self.numbers[row * width..][..width], &self.levels[row * levels..][..levels])
    }

    /// The distance of every row from the mean of some rows.
    fn distances_to_mean_of(&self, others: &Points) -> Vec<f64> {
        let count = others.rows as f64;
        let mut mean = vec![0.0; others.width()];
        let mut shares: Vec<Vec<f64>> = others.sizes.iter().map(|size| vec![0.0; *size]).collect();
        for row in 0..others.rows {
            let (numbers, levels) = others.row(row);
            mean.iter_mut().zip(numbers).for_each(|(mean, x)| *mean += f64::from(*x) / count);
            shares.iter_mut().zip(levels).for_each(|(shares, level)| shares[*level as usize] += 1.0 / count);
        }
        let squares: Vec<f64> =
            shares.iter().map(|shares| shares.iter().copied().map(square).sum()).collect();
        let distance = |row: usize| {
            let (numbers, levels) = self.row(row);
            let gaps: f64 = numbers.iter().zip(&mean).map(|(x, mean)| square(f64::from(*x) - mean)).sum();
            // |e_l − p|² = 1 − 2 p_l + Σ p².
            let of_levels = levels.iter().zip(&shares).zip(&squares);
            let others: f64 = of_levels.map(|((l, shares), sum)| 1.0 - 2.0 * shares[*l as usize] + sum).sum();
            (gaps + others).max(0.0).sqrt()
        };
        (0..self.rows).map(distance).collect()
    }

    /// The squared distance to the nearest of some rows, and its position, for every row; to the
    /// nearest other row where these are the same.
    fn nearest(&self, others: &Points, same: bool) -> Vec<(f64, usize)> {
        let nearest = |row: usize| {
            let (numbers, levels) = self.row(row);
            let distance = |other: usize| {
                let (others_numbers, others_levels) = others.row(other);
                let gaps: f32 = numbers.iter().zip(others_numbers).map(|(x, y)| (x - y) * (x - y)).sum();
                let differ = levels.iter().zip(others_levels).filter(|(a, b)| a != b).count();
                f64::from(gaps) + 2.0 * differ as f64
            };
            (0..others.rows)
                .filter(|other| !same || *other != row)
                .map(|other| (distance(other), other))
                .fold((f64::INFINITY, 0), |best, found| if found.0 < best.0 { found } else { best })
        };
        (0..self.rows).into_par_iter().map(nearest).collect()
    }
}
