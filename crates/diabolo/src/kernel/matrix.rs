//! Row-major matrices, and their transposes.

use super::{buffer, dispatch_simd};

/// A row-major matrix, or its transpose.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Row-major `values`.
    pub(crate) fn new(values: &'a [f32], [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix of {rows} × {columns}");
        Matrix { values, rows, columns, is_transposed: false }
    }

    /// The transpose.
    pub(crate) fn transposed(self) -> Self {
        Matrix { rows: self.columns, columns: self.rows, is_transposed: !self.is_transposed, ..self }
    }

    #[inline(always)]
    pub(super) fn at(self, row: usize, column: usize) -> f32 {
        match self.is_transposed {
            true => self.values[column * self.rows + row],
            false => self.values[row * self.columns + column],
        }
    }

    /// `work` on the values in row-major order, copied only if transposed.
    pub(super) fn with_rows<R>(self, work: impl FnOnce(&[f32]) -> R) -> R {
        if !self.is_transposed {
            return work(self.values);
        }
        let mut copy = buffer::take(self.values.len());
        transpose(self.values, [self.columns, self.rows], &mut copy);
        let result = work(&copy);
        buffer::give(copy);
        result
    }
}

/// The transpose of row-major `values`.
pub(crate) fn transposed<T: Copy + Default>(values: &[T], [rows, columns]: [usize; 2]) -> Vec<T> {
    let mut out = vec![T::default(); values.len()];
    transpose(values, [rows, columns], &mut out);
    out
}

/// The same into `out`.
pub(super) fn transpose<T: Copy + Default>(values: &[T], [rows, columns]: [usize; 2], out: &mut [T]) {
    dispatch_simd(
        #[inline(always)]
        || transpose_blocks(values, [rows, columns], out),
    );
}

/// By square blocks that stay in registers and the nearest cache.
#[inline(always)]
fn transpose_blocks<T: Copy + Default>(values: &[T], [rows, columns]: [usize; 2], out: &mut [T]) {
    const BLOCK: usize = 16;
    let (whole_rows, whole_columns) = (rows / BLOCK * BLOCK, columns / BLOCK * BLOCK);
    for row in (0..whole_rows).step_by(BLOCK) {
        for column in (0..whole_columns).step_by(BLOCK) {
            let mut block = [[T::default(); BLOCK]; BLOCK];
            for (i, from) in block.iter_mut().enumerate() {
                from.copy_from_slice(&values[(row + i) * columns + column..][..BLOCK]);
            }
            for j in 0..BLOCK {
                let to = &mut out[(column + j) * rows + row..][..BLOCK];
                to.iter_mut().zip(&block).for_each(|(to, from)| *to = from[j]);
            }
        }
    }
    for row in 0..rows {
        let rest = if row < whole_rows { whole_columns } else { 0 };
        for column in rest..columns {
            out[column * rows + row] = values[row * columns + column];
        }
    }
}
