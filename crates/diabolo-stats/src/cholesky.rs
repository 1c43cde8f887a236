//! Positive definite systems in f64, with the same bits on every processor and for any number of
//! threads.

use rayon::prelude::*;

/// Columns of a right-hand side that are solved together: they stay in the cache.
const TOGETHER: usize = 64;

/// The factor L of a positive definite matrix A = L Lᵀ.
///
/// ```
/// use diabolo_stats::Cholesky;
/// // 4x + 2y = 10, 2x + 3y = 9
/// let factor = Cholesky::new(vec![4.0, 2.0, 2.0, 3.0], 2).unwrap();
/// let solution = factor.solve(&[10.0, 9.0], 1);
/// assert!((solution[0] - 1.5).abs() < 1e-12 && (solution[1] - 2.0).abs() < 1e-12);
/// assert!(Cholesky::new(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
/// ```
pub struct Cholesky {
    size: usize,
    /// Row-major; the part above the diagonal is not used.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors the row-major matrix, of which the part above the diagonal is not read; `None` if it
    /// is not positive definite.
    ///
    /// # Panics
    /// If the matrix does not have `size` × `size` numbers.
    pub fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        assert_eq!(matrix.len(), size * size, "the matrix is square");
        let mut column = vec![0.0; size];
        for k in 0..size {
            let pivot = matrix[k * size + k];
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            let root = pivot.sqrt();
            matrix[k * size + k] = root;
            for i in k + 1..size {
                matrix[i * size + k] /= root;
                column[i] = matrix[i * size + k];
            }
            for i in k + 1..size {
                let factor = column[i];
                let row = &mut matrix[i * size + k + 1..i * size + i + 1];
                row.iter_mut().zip(&column[k + 1..=i]).for_each(|(cell, other)| *cell -= factor * other);
            }
        }
        Some(Cholesky { size, lower: matrix })
    }

    /// X with A X = B, for row-major B: size × `columns`.
    ///
    /// # Panics
    /// If B does not have `size` rows.
    pub fn solve(&self, b: &[f64], columns: usize) -> Vec<f64> {
        assert_eq!(b.len(), self.size * columns, "a row for each unknown");
        let starts: Vec<usize> = (0..columns).step_by(TOGETHER).collect();
        let parts: Vec<Vec<f64>> = starts
            .par_iter()
            .map(|&start| {
                let width = TOGETHER.min(columns - start);
                let rows = b.chunks_exact(columns).flat_map(|row| &row[start..start + width]);
                self.solve_part(rows.copied().collect(), width)
            })
            .collect();
        let mut solution = vec![0.0; b.len()];
        for (start, part) in starts.into_iter().zip(parts) {
            let width = TOGETHER.min(columns - start);
            for (row, cells) in solution.chunks_exact_mut(columns).zip(part.chunks_exact(width)) {
                row[start..start + width].copy_from_slice(cells);
            }
        }
        solution
    }

    /// xᵀ A⁻¹ x, by forward substitution.
    pub(crate) fn squared_length(&self, x: &[f64]) -> f64 {
        let mut solved = Vec::with_capacity(self.size);
        for (i, line) in self.lower.chunks_exact(self.size.max(1)).enumerate() {
            let known: f64 = line[..i].iter().zip(&solved).map(|(l, y)| l * y).sum();
            solved.push((x[i] - known) / line[i]);
        }
        solved.iter().map(|y| y * y).sum()
    }

    /// Forward, then backward substitution, row by row.
    fn solve_part(&self, mut x: Vec<f64>, width: usize) -> Vec<f64> {
        let (size, lower) = (self.size, &self.lower);
        let subtract = |row: &mut [f64], factor: f64, other: &[f64]| {
            row.iter_mut().zip(other).for_each(|(cell, other)| *cell -= factor * other);
        };
        for i in 0..size {
            let (above, rest) = x.split_at_mut(i * width);
            let row = &mut rest[..width];
            for k in 0..i {
                subtract(row, lower[i * size + k], &above[k * width..(k + 1) * width]);
            }
            row.iter_mut().for_each(|cell| *cell /= lower[i * size + i]);
        }
        for i in (0..size).rev() {
            let (rest, below) = x.split_at_mut((i + 1) * width);
            let row = &mut rest[i * width..];
            for k in i + 1..size {
                let at = (k - i - 1) * width;
                subtract(row, lower[k * size + i], &below[at..at + width]);
            }
            row.iter_mut().for_each(|cell| *cell /= lower[i * size + i]);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn solutions_solve_the_system() {
        let (size, columns) = (37, 131);
        let cell = |i: usize, j: usize| ((i * 31 + j * 17) % 23) as f64 / 23.0;
        let half: Vec<f64> = (0..size * size).map(|k| cell(k / size, k % size)).collect();
        let product =
            |i: usize, j: usize| (0..size).map(|k| half[i * size + k] * half[j * size + k]).sum::<f64>();
        let matrix: Vec<f64> = (0..size * size)
            .map(|k| product(k / size, k % size) + if k % (size + 1) == 0 { 0.5 } else { 0.0 })
            .collect();
        let b: Vec<f64> = (0..size * columns).map(|k| cell(k % 7, k / 3)).collect();
        let x = Cholesky::new(matrix.clone(), size).unwrap().solve(&b, columns);
        for i in 0..size {
            for j in 0..columns {
                let found: f64 = (0..size).map(|k| matrix[i * size + k] * x[k * columns + j]).sum();
                assert!((found - b[i * columns + j]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn squared_length_by_hand() {
        // The inverse of (4 2; 2 3) is (3 −2; −2 4) / 8.
        let factor = Cholesky::new(vec![4.0, 2.0, 2.0, 3.0], 2).unwrap();
        assert!((factor.squared_length(&[1.0, 2.0]) - (3.0 - 8.0 + 16.0) / 8.0).abs() < 1e-12);
    }

    #[test]
    fn singular_and_non_finite_matrices_are_refused() {
        assert!(Cholesky::new(vec![1.0, 1.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
        assert!(Cholesky::new(vec![f64::INFINITY], 1).is_none());
        assert!(Cholesky::new(vec![], 0).unwrap().solve(&[], 3).is_empty());
    }
}
