//! The central rows of a set that may contain outliers.

use rayon::prelude::*;

use crate::Cholesky;
use crate::elementary::square;
use crate::random::{Purpose, permutation, stream};

/// Maximum number of rows that the centre is estimated from.
const MOST_ROWS: usize = 8192;
/// With more columns, only their variances are used: a covariance would take minutes.
const MOST_COLUMNS: usize = 512;
/// Rounds of concentration; most sets need fewer.
const ROUNDS: usize = 8;

/// The `share` of the rows that are nearest to a robust centre, in row order.
///
/// ```text
/// d²(x) = (x − m)ᵀ (C + v I)⁻¹ (x − m) ,     v = tr C / width
/// ```
///
/// m and C are mean and covariance of the rows with the smallest d² by the last m and C, starting
/// from all rows: the concentration steps of the minimum covariance determinant (Rousseeuw & Van
/// Driessen 1999). The shrinkage v bounds the weight of directions in which the rows hardly vary.
///
/// ```
/// let rows = [0.0, 0.1, 0.2, 0.3, 9.0f32];
/// assert_eq!(diabolo_stats::central_rows(&rows, 1, 0.8), [0, 1, 2, 3]);
/// ```
pub fn central_rows(rows: &[f32], width: usize, share: f64) -> Vec<usize> {
    let count = rows.len() / width.max(1);
    let mut chosen = permutation(&mut stream(0, Purpose::CentralRows, 0, 0), count);
    chosen.truncate(MOST_ROWS);
    chosen.sort_unstable();
    let sample: Vec<f32> =
        chosen.iter().flat_map(|&row| &rows[row * width..(row + 1) * width]).copied().collect();
    let mut kept: Vec<usize> = (0..chosen.len()).collect();
    let mut centre = Centre::of(&sample, width, &kept);
    for _ in 0..ROUNDS {
        let nearest = nearest(&centre.distances(&sample), share);
        if nearest == kept {
            break;
        }
        centre = Centre::of(&sample, width, &nearest);
        kept = nearest;
    }
    nearest(&centre.distances(rows), share)
}

/// The `share` of the rows with the smallest distance, in row order; of equals the first.
fn nearest(distances: &[f64], share: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    order.truncate((share * distances.len() as f64).ceil() as usize);
    order.sort_unstable();
    order
}

/// Mean and shrunk covariance, or variances.
struct Centre {
    mean: Vec<f64>,
    variances: Vec<f64>,
    /// `None` for many columns.
    covariance: Option<Cholesky>,
}

impl Centre {
    fn of(rows: &[f32], width: usize, chosen: &[usize]) -> Self {
        let count = chosen.len().max(1) as f64;
        let mut mean = vec![0f64; width];
        for row in chosen {
            let row = &rows[row * width..(row + 1) * width];
            mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x) / count);
        }
        // One line of the covariance after the other, each a sum in row order.
        let line = |i: usize, from: usize| {
            let mut line = vec![0f64; i + 1 - from];
            for row in chosen {
                let row = &rows[row * width..(row + 1) * width];
                let own = (f64::from(row[i]) - mean[i]) / count;
                let others = row[from..=i].iter().zip(&mean[from..=i]);
                line.iter_mut()
                    .zip(others)
                    .for_each(|(cell, (&x, mean))| *cell += own * (f64::from(x) - mean));
            }
            line
        };
        let variances: Vec<f64> = (0..width).into_par_iter().map(|i| line(i, i)[0]).collect();
        // Rows that do not differ are all at distance 0.
        let shrinkage = (variances.iter().sum::<f64>() / width.max(1) as f64).max(f64::MIN_POSITIVE);
        let covariance = (width <= MOST_COLUMNS).then(|| {
            let lines: Vec<Vec<f64>> = (0..width).into_par_iter().map(|i| line(i, 0)).collect();
            let mut matrix = vec![0f64; width * width];
            for (i, line) in lines.iter().enumerate() {
                matrix[i * width..=i * width + i].copy_from_slice(line);
                matrix[i * width + i] += shrinkage;
            }
            Cholesky::new(matrix, width)
        });
        let variances = variances.into_iter().map(|variance| variance + shrinkage).collect();
        Centre { mean, variances, covariance: covariance.flatten() }
    }

    /// d² of each row.
    fn distances(&self, rows: &[f32]) -> Vec<f64> {
        let width = self.mean.len();
        let of_rows = |rows: &[f32]| -> Vec<f64> {
            let centred = |row: &[f32]| -> Vec<f64> {
                row.iter().zip(&self.mean).map(|(&x, mean)| f64::from(x) - mean).collect()
            };
            let rows = rows.chunks_exact(width).map(centred);
            match &self.covariance {
                Some(covariance) => rows.map(|row| covariance.squared_length(&row)).collect(),
                None => rows
                    .map(|row| row.iter().zip(&self.variances).map(|(x, v)| square(*x) / v).sum::<f64>())
                    .collect(),
            }
        };
        rows.par_chunks(256 * width.max(1)).flat_map_iter(of_rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::standard_normal;

    #[test]
    fn correlated_rows_are_central_and_rows_across_are_not() {
        // Two columns that are nearly equal, and a tenth of the rows, within the range of both, in
        // which they are opposite.
        let draws = standard_normal(&mut stream(1, Purpose::Evaluate, 0, 0), 400);
        let rows: Vec<f32> = draws
            .chunks_exact(2)
            .enumerate()
            .flat_map(|(i, d)| if i % 10 == 0 { [2.0 + 0.1 * d[1], -2.0] } else { [d[0], d[0] + 0.1 * d[1]] })
            .collect();
        let found = central_rows(&rows, 2, 0.75);
        assert_eq!(found.len(), 150);
        assert!(found.iter().all(|row| row % 10 != 0), "{found:?}");
        assert_eq!(central_rows(&rows, 2, 1.0).len(), 200);
    }

    #[test]
    fn rows_that_do_not_differ_and_wide_rows_have_central_ones() {
        assert_eq!(central_rows(&[1.0; 6], 2, 0.5), [0, 1]);
        let width = MOST_COLUMNS + 1;
        let rows: Vec<f32> =
            (0..4 * width).map(|i| if i / width == 2 { 5.0 } else { 0.1 * (i % 7) as f32 }).collect();
        assert_eq!(central_rows(&rows, width, 0.75), [0, 1, 3]);
        assert!(central_rows(&[], 3, 0.75).is_empty());
    }
}
