//! Matrix products of row-major host arrays.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// A Bᵀ into `out` (m × n), for A: m × inner and B: n × inner.
pub(crate) fn rows_by_rows(a: &[f32], b: &[f32], inner: usize, out: &mut [f32]) {
    let (m, n) = (a.len() / inner, b.len() / inner);
    let a = MatRef::from_row_major_slice(a, m, inner);
    let b = MatRef::from_row_major_slice(b, n, inner).transpose();
    matmul(MatMut::from_row_major_slice_mut(out, m, n), Accum::Replace, a, b, 1.0, Par::Seq);
}

/// Aᵀ B into `out` (m × n), for A: rows × m and B: rows × n.
pub(crate) fn columns_by_columns(a: &[f32], b: &[f32], rows: usize, out: &mut [f32]) {
    let (m, n) = (a.len() / rows, b.len() / rows);
    let a = MatRef::from_row_major_slice(a, rows, m).transpose();
    let b = MatRef::from_row_major_slice(b, rows, n);
    matmul(MatMut::from_row_major_slice_mut(out, m, n), Accum::Replace, a, b, 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
        let mut out = [0.0; 4];
        rows_by_rows(&a, &b, 2, &mut out);
        assert_eq!(out, [17.0, 23.0, 39.0, 53.0]);
        columns_by_columns(&a, &b, 2, &mut out);
        assert_eq!(out, [26.0, 30.0, 38.0, 44.0]);
    }
}
