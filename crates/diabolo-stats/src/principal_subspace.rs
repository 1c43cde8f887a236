//! Principal components, and projection of rows onto them.

use faer::{Mat, Side};

use crate::elementary::square;
use crate::error::{Result, StatsError};

/// All principal components of a set of rows.
pub struct PrincipalSubspace {
    mean: Vec<f64>,
    /// Unit vectors as columns, in order of increasing variance.
    directions: Mat<f64>,
    /// Sums of squares along each, in increasing order.
    squares: Vec<f64>,
}

impl PrincipalSubspace {
    /// Fits to `rows` of `width` numbers each.
    ///
    /// # Errors
    /// [`StatsError::Values`] if a number is not finite, or the eigenvalues do not converge.
    pub fn fit(rows: &[f32], width: usize) -> Result<Self> {
        let count = rows.len() / width.max(1);
        let mut mean = vec![0f64; width];
        for row in rows.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(m, &v)| *m += f64::from(v) / count as f64);
        }
        let failed = |expected: &str, found: &str| {
            let help = "fit again with a smaller --learning-rate";
            StatsError::values("rows for principal components", expected, found, help)
        };
        if mean.iter().any(|m| !m.is_finite()) {
            return Err(failed("finite values", "others"));
        }
        // The solver need not converge for matrices with many rows of zeros.
        let differs = |j: &usize| rows.iter().skip(*j).step_by(width).any(|v| *v != rows[*j]);
        let (varying, constant): (Vec<usize>, Vec<usize>) = (0..width).partition(differs);
        if varying.is_empty() {
            return Ok(PrincipalSubspace {
                mean,
                directions: Mat::identity(width, width),
                squares: vec![0.0; width],
            });
        }
        let centred = Mat::from_fn(count, varying.len(), |i, j| {
            f64::from(rows[i * width + varying[j]]) - mean[varying[j]]
        });
        let covariance = centred.transpose() * &centred;
        let eigen = covariance.self_adjoint_eigen(Side::Lower);
        let eigen = eigen.map_err(|_| failed("values whose components converge", "others"))?;
        let mut directions = Mat::zeros(width, width);
        constant.iter().enumerate().for_each(|(column, &j)| directions[(j, column)] = 1.0);
        for (row, &j) in varying.iter().enumerate() {
            for column in 0..varying.len() {
                directions[(j, constant.len() + column)] = eigen.U()[(row, column)];
            }
        }
        let of_varying = eigen.S().column_vector().iter().map(|v| v.max(0.0));
        let squares = constant.iter().map(|_| 0.0).chain(of_varying).collect();
        Ok(PrincipalSubspace { mean, directions, squares })
    }

    /// The mean of the rows.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The component of this rank (0 is the largest): its direction, whose largest entry is
    /// positive, and its fraction of the variance; `None` beyond the last.
    pub fn component(&self, rank: usize) -> Option<(Vec<f64>, f64)> {
        let width = self.mean.len();
        // Eigenvalues are ascending.
        let column = width.checked_sub(1 + rank)?;
        let all: f64 = self.squares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let entries = || (0..width).map(|j| self.directions[(j, column)]);
        let largest = entries().fold(0f64, |m, v| if v.abs() > m.abs() { v } else { m });
        Some((entries().map(|v| v * largest.signum()).collect(), self.squares[column] / all))
    }

    /// The coordinate of each row along a direction, relative to the mean.
    pub fn along(&self, rows: &[f32], direction: &[f64]) -> Vec<f32> {
        let place = |row: &[f32]| {
            row.iter().zip(&self.mean).zip(direction).map(|((&v, m), d)| (f64::from(v) - m) * d).sum::<f64>()
                as f32
        };
        rows.chunks_exact(self.mean.len().max(1)).map(place).collect()
    }

    /// The number of components with the smallest squared error of the projected `noisy` rows to
    /// the
    /// `clean` ones: with c = Vᵀ(x − m) and ĉ = Vᵀ(x̃ − m), the error at rank r is
    /// Σ_{k≤r} (c_k − ĉ_k)² + Σ_{k>r} c_k².
    pub fn best_rank(&self, noisy: &[f32], clean: &[f32]) -> usize {
        let (noisy, clean) = (self.codes(noisy), self.codes(clean));
        let width = self.mean.len();
        // The change of the error by each component.
        let gain = |column: usize| -> f64 {
            let rows = 0..noisy.nrows();
            rows.map(|i| square(clean[(i, column)] - noisy[(i, column)]) - square(clean[(i, column)])).sum()
        };
        let (mut best, mut least, mut error) = (0, 0.0, 0.0);
        for rank in 1..=width {
            error += gain(width - rank);
            if error < least {
                (best, least) = (rank, error);
            }
        }
        best
    }

    /// Rows projected onto the first `rank` components.
    pub fn project(&self, rows: &[f32], rank: usize) -> Vec<f32> {
        let width = self.mean.len();
        let first = width - rank.min(width);
        let codes = self.codes(rows);
        let kept =
            codes.subcols(first, width - first) * self.directions.subcols(first, width - first).transpose();
        let row = |i: usize| self.mean.iter().enumerate().map(move |(j, m)| (i, j, *m));
        (0..kept.nrows()).flat_map(row).map(|(i, j, m)| (m + kept[(i, j)]) as f32).collect()
    }

    /// Vᵀ(x − m) of each row.
    fn codes(&self, rows: &[f32]) -> Mat<f64> {
        let width = self.mean.len();
        let centred =
            Mat::from_fn(rows.len() / width, width, |i, j| f64::from(rows[i * width + j]) - self.mean[j]);
        centred * &self.directions
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn columns_that_never_change_have_no_variance() {
        // A few columns of many change, as those of a code with few active units.
        let value = |i: usize, j: usize| match j % 97 {
            3 => ((i * 7 + j) as f32).sin(),
            5 if i == j => 1.0,
            _ => 0.25,
        };
        let (count, width) = (200, 600);
        let rows: Vec<f32> = (0..count * width).map(|at| value(at / width, at % width)).collect();
        let found = PrincipalSubspace::fit(&rows, width).unwrap();
        let shares: Vec<f64> = (0..width).map(|rank| found.component(rank).unwrap().1).collect();
        assert!(
            (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares.windows(2).all(|two| two[0] >= two[1])
        );
        assert_eq!(shares[20..].iter().sum::<f64>(), 0.0);
        let (first, _) = found.component(0).unwrap();
        assert!((first.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-9 && first[0] == 0.0);
        for (made, given) in found.project(&rows, width).iter().zip(&rows) {
            assert!((made - given).abs() < 1e-5, "{made} {given}");
        }
        assert!(PrincipalSubspace::fit(&[1.0, f32::NAN], 2).is_err());
        assert!(PrincipalSubspace::fit(&[1.0, 2.0, 1.0, 2.0], 2).unwrap().component(0).unwrap().1 == 0.0);
    }

    #[test]
    fn projection_removes_noise_across_the_components_only() {
        // Clean rows lie on (t, t), noisy ones off it by ±0.1 across.
        let clean: Vec<f32> = (-5..=5).flat_map(|t| [t as f32, t as f32]).collect();
        let across = |(i, v): (usize, &f32)| v + if (i / 2 + i) % 2 == 0 { 0.1 } else { -0.1 };
        let noisy: Vec<f32> = clean.iter().enumerate().map(across).collect();
        let found = PrincipalSubspace::fit(&clean, 2).unwrap();
        assert_eq!(found.best_rank(&noisy, &clean), 1);
        for (made, clean) in found.project(&noisy, 1).iter().zip(&clean) {
            assert!((made - clean).abs() < 1e-5, "{made} {clean}");
        }
        assert_eq!(found.best_rank(&clean, &clean), 1, "the second has nothing to add");
        for (made, noisy) in found.project(&noisy, 2).iter().zip(&noisy) {
            assert!((made - noisy).abs() < 1e-5, "all components give the row back");
        }
    }
}
