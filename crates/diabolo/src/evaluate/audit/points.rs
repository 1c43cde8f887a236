//! Rows as points: numbers by the range of the real ones, levels one-hot, and a missing number is 0
//! with a coordinate of its own.

use super::table::{AuditTable, Cells, range};
use crate::kernel::in_parallel;
use crate::stats::elementary::square;

/// The smallest number and the width of the range of each column of numbers.
pub(super) struct Space {
    ranges: Vec<[f64; 2]>,
}

/// Rows as points. A level is one coordinate of many, of which only its position is kept.
pub(super) struct Points {
    pub rows: usize,
    /// Rows × columns of numbers: scaled numbers, then 1 where they are missing.
    numbers: Vec<f32>,
    /// Rows × columns of levels.
    levels: Vec<u32>,
    /// The number of levels of each column.
    sizes: Vec<usize>,
}

impl Space {
    pub fn of(real: &AuditTable) -> Self {
        let of = |cells: &Cells| match cells {
            Cells::Levels(_) => [0.0, 1.0],
            Cells::Numbers(numbers) => match range(numbers) {
                [low, high] if high > low => [low, high - low],
                [low, _] if low.is_finite() => [low, 1.0],
                _ => [0.0, 1.0],
            },
        };
        Space { ranges: real.columns.iter().map(|column| of(&column.cells)).collect() }
    }

    pub fn points(&self, table: &AuditTable) -> Points {
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
        self.numbers.len() / self.rows.max(1)
    }

    fn row(&self, row: usize) -> (&[f32], &[u32]) {
        let (width, levels) = (self.width(), self.sizes.len());
        (&self.numbers[row * width..][..width], &self.levels[row * levels..][..levels])
    }

    /// The distance of every row from the mean of some rows.
    pub fn distances_to_mean_of(&self, others: &Points) -> Vec<f64> {
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

    /// The distance to the nearest of some rows, and its position, for every row: the sum of the
    /// gaps of numbers, and 2 for each level that differs.
    pub fn nearest(&self, others: &Points, gap: impl Fn(f32, f32) -> f32 + Sync) -> Vec<(f64, usize)> {
        self.of_each_row(|row| self.nearest_of(row, others, 0..others.rows, &gap))
    }

    /// The same of each row's nearest other row.
    pub fn nearest_other(&self, gap: impl Fn(f32, f32) -> f32 + Sync) -> Vec<(f64, usize)> {
        self.of_each_row(|row| {
            let others = (0..self.rows).filter(|other| *other != row);
            self.nearest_of(row, self, others, &gap)
        })
    }

    fn of_each_row<R: Send>(&self, of: impl Fn(usize) -> R + Sync) -> Vec<R> {
        let rows: Vec<usize> = (0..self.rows).collect();
        in_parallel(&rows, 1, |row| of(row[0]))
    }

    fn nearest_of(
        &self,
        row: usize,
        others: &Points,
        among: impl Iterator<Item = usize>,
        gap: &impl Fn(f32, f32) -> f32,
    ) -> (f64, usize) {
        let (numbers, levels) = self.row(row);
        let distance = |other: usize| {
            let (others_numbers, others_levels) = others.row(other);
            let gaps: f32 = numbers.iter().zip(others_numbers).map(|(x, y)| gap(*x, *y)).sum();
            let differ = levels.iter().zip(others_levels).filter(|(a, b)| a != b).count();
            f64::from(gaps) + 2.0 * differ as f64
        };
        among
            .map(|other| (distance(other), other))
            .fold((f64::INFINITY, 0), |best, found| if found.0 < best.0 { found } else { best })
    }
}
