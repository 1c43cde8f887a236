//! Products of matrices.

use gemm::{Parallelism, gemm};

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
    /// `values` row by row.
    pub(super) fn new(values: &'a [f32], [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix of {rows} × {columns}");
        Matrix { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Columns become rows.
    pub(super) fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// This times `other`, row by row.
    pub(super) fn times(self, other: Matrix) -> Vec<f32> {
        let size = self.rows * other.columns;
        let mut out = Vec::with_capacity(size);
        // SAFETY: the capacity is what is written, and all of it is written without being read.
        unsafe {
            self.write_product(other, out.as_mut_ptr(), false);
            out.set_len(size);
        }
        out
    }

    /// out ← out + this times `other`, row by row.
    pub(super) fn times_onto(self, other: Matrix, out: &mut [f32]) {
        assert_eq!(out.len(), self.rows * other.columns, "the size of the product");
        // SAFETY: the slice is exactly what is read and written.
        unsafe { self.write_product(other, out.as_mut_ptr(), true) }
    }

    /// # Safety
    /// `out` must hold rows × other.columns numbers; with `add` they must be initialised.
    unsafe fn write_product(self, other: Matrix, out: *mut f32, add: bool) {
        assert_eq!(self.columns, other.rows, "inner widths of a product");
        if self.rows == 0 || other.columns == 0 {
            return;
        }
        // Shapes were checked, so every index of the three matrices lies within its slice.
        unsafe {
            gemm(
                self.rows,
                other.columns,
                self.columns,
                out,
                1,
                other.columns as isize,
                add,
                self.values.as_ptr(),
                self.column_stride as isize,
                self.row_stride as isize,
                other.values.as_ptr(),
                other.column_stride as isize,
                other.row_stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                parallelism(self.rows * other.columns * self.columns),
            );
        }
    }
}

/// On a worker of the thread pool the other cores are busy with other rows; else a large product takes all of them.
fn parallelism(operations: usize) -> Parallelism {
    const LARGE: usize = 192 * 192 * 192;
    match rayon::current_thread_index() {
        None if operations >= LARGE => Parallelism::Rayon(0),
        _ => Parallelism::None,
    }
}
