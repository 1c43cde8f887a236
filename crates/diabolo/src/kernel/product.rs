//! Products of matrices.

use gemm::{Parallelism, gemm};

use super::threads::is_in_place;

/// A matrix in memory, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Row-major `values`.
    pub(super) fn new(values: &'a [f32], [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix of {rows} × {columns}");
        Matrix { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose.
    pub(super) fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    pub(super) fn rows(self) -> usize {
        self.rows
    }

    pub(super) fn columns(self) -> usize {
        self.columns
    }

    /// The product with `other`, row-major.
    pub(super) fn times(self, other: Matrix) -> Vec<f32> {
        assert_eq!(self.columns, other.rows, "inner widths of a product");
        let size = self.rows * other.columns;
        let mut out: Vec<f32> = Vec::with_capacity(size);
        // SAFETY: `new` checked that every index of both factors lies within its slice. The product
        // writes `size` numbers, which is the capacity, and reads none of them.
        unsafe {
            gemm(
                self.rows,
                other.columns,
                self.columns,
                out.as_mut_ptr(),
                1,
                other.columns as isize,
                false,
                self.values.as_ptr(),
                self.column_stride as isize,
                self.row_stride as isize,
                other.values.as_ptr(),
                other.column_stride as isize,
                other.row_stride as isize,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism(size * self.columns),
            );
            out.set_len(size);
        }
        out
    }
}

/// One thread on a worker of the thread pool, where the other cores work on other rows; else all
/// threads for a large product.
fn parallelism(operations: usize) -> Parallelism {
    const LARGE: usize = 192 * 192 * 192;
    match rayon::current_thread_index() {
        None if operations >= LARGE && !is_in_place() => Parallelism::Rayon(0),
        _ => Parallelism::None,
    }
}
