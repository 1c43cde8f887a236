//! Products of matrices with one order of summation.
//!
//! ```text
//! C = A B,   c_ij = fma(a_i,K−1, b_K−1,j, … fma(a_i1, b_1j, fma(a_i0, b_0j, 0)))
//! ```
//!
//! Each element is one chain of fused multiply-adds in ascending k. Blocks of k take up the chain
//! from C, so that neither blocking nor threads nor the width of a vector changes a bit; a
//! processor without such an instruction computes the same, slowly.
//!
//! A tile of C stays in registers: 8 rows × 3 vectors where there are 32 registers, else 6 × 2. The
//! rows of B are read in place where they are used a few times, else copied once for each panel.
//! Zeros of A are left out where they are many (`skip_zeros`).

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::buffer;
use super::matrix::{Matrix, transpose};
use super::skip_zeros::{self, SkippingProduct};
use super::threads::uses_threads;
use super::update::add;
use crate::stats::end_if_cancelled;

impl Matrix<'_> {
    /// The product with `other`, row-major.
    pub(crate) fn times(self, other: Matrix) -> Vec<f32> {
        self.times_onto(other, None)
    }

    /// `sum` + the product with `other`, row-major; chains begin with the sum.
    pub(crate) fn times_onto(self, other: Matrix, sum: Option<Vec<f32>>) -> Vec<f32> {
        assert_eq!(self.columns, other.rows, "inner widths of a product");
        let skips = skip_zeros::is_faster(self.values, other.columns);
        let copied = other.is_transposed.then_some(other.values.len());
        let is_smaller = copied.is_some_and(|copied| self.values.len() + self.rows * other.columns < copied);
        let would_skip = !skips && skip_zeros::is_faster(other.values, self.rows);
        if skips || !(is_smaller || would_skip) {
            return self.straight(other, skips, sum);
        }
        // (Bᵀ Aᵀ)ᵀ has the same bits, and fewer numbers to turn over, or zeros to skip.
        let transposed = other.transposed().straight(self.transposed(), would_skip, None);
        let mut out = buffer::take(transposed.len());
        transpose(&transposed, [other.columns, self.rows], &mut out);
        buffer::give(transposed);
        if let Some(sum) = sum {
            add(&mut out, &sum);
            buffer::give(sum);
        }
        out
    }

    /// The product with `other`, which is known to be symmetric: half of it is computed.
    pub(super) fn times_symmetric(self, other: Matrix) -> Vec<f32> {
        assert!(self.columns == other.rows && self.rows == other.columns, "a square product");
        let columns = other.columns;
        let mut out = buffer::take(columns * columns);
        out.fill(0.0);
        other.with_rows(|right| {
            let part = |first_row: usize, out: &mut [f32]| {
                let product = Product { left: self, first_row, right, columns, out, wanted: Wanted::Upper };
                Arch::new().dispatch(product)
            };
            in_parts(self, columns, &mut out, part);
        });
        for row in 1..columns {
            let (above, own) = out.split_at_mut(row * columns);
            for (column, out) in own[..row].iter_mut().enumerate() {
                *out = above[column * columns + row];
            }
        }
        out
    }

    /// `sum` + the product; with `skips`, zeros of `self` are left out where that is right.
    fn straight(self, other: Matrix, skips: bool, sum: Option<Vec<f32>>) -> Vec<f32> {
        let continues = sum.is_some();
        let mut out = sum.unwrap_or_else(|| buffer::take(self.rows * other.columns));
        match self.columns {
            0 if continues => {}
            0 => out.fill(0.0),
            _ => other.with_rows(|right| {
                let skips = skips && skip_zeros::is_right(right);
                let part = |first_row: usize, out: &mut [f32]| {
                    let columns = other.columns;
                    if skips {
                        let product =
                            SkippingProduct { left: self, first_row, right, columns, out, continues };
                        return Arch::new().dispatch(product);
                    }
                    let wanted = if continues { Wanted::Sum } else { Wanted::All };
                    let product = Product { left: self, first_row, right, columns, out, wanted };
                    Arch::new().dispatch(product)
                };
                in_parts(self, other.columns, &mut out, part);
            }),
        }
        out
    }

    /// `out` = the product with row-major numbers, on this thread.
    pub(super) fn times_rows_here(self, right: &[f32], columns: usize, out: &mut [f32]) {
        match self.columns {
            0 => out.fill(0.0),
            _ => self.rows_here(right, columns, out, Wanted::All),
        }
    }

    /// `sum` += the product with row-major numbers, on this thread.
    pub(super) fn add_rows_here(self, right: &[f32], columns: usize, sum: &mut [f32]) {
        if self.columns > 0 {
            self.rows_here(right, columns, sum, Wanted::Sum);
        }
    }

    fn rows_here(self, right: &[f32], columns: usize, out: &mut [f32], wanted: Wanted) {
        if !out.is_empty() {
            Arch::new().dispatch(Product { left: self, first_row: 0, right, columns, out, wanted });
        }
    }
}

/// `part` of the rows of a product from a first one on, on all cores if that pays. Passes through
/// networks spend their time here, and cancelled work ends here.
fn in_parts(left: Matrix, columns: usize, out: &mut [f32], part: impl Fn(usize, &mut [f32]) + Sync) {
    end_if_cancelled();
    if out.is_empty() {
    } else if uses_threads(out.len() * left.columns) {
        // As many parts as threads, of whole tiles: the bits do not depend on it.
        let rows = left.rows.div_ceil(rayon::current_num_threads()).next_multiple_of(TILE_ROWS);
        let parts = out.par_chunks_mut(rows * columns).enumerate();
        parts.for_each(|(number, out)| part(number * rows, out));
    } else {
        part(0, out);
    }
}

/// A multiple of the rows of most tiles.
const TILE_ROWS: usize = 8;

/// Rows of a product: `out` = the rows of `left` from `first_row` on, times `right`.
struct Product<'a> {
    left: Matrix<'a>,
    first_row: usize,
    /// Inner width × columns, row-major.
    right: &'a [f32],
    columns: usize,
    /// Rows × columns.
    out: &'a mut [f32],
    wanted: Wanted,
}

/// What of a product is computed.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    All,
    /// `out` holds a sum to which the product is added.
    Sum,
    /// On and right of the diagonal; `out` is 0.
    Upper,
}

/// Neighbouring columns of C, and the rows of B that are added to them.
struct Panel<'a> {
    columns: Range<usize>,
    /// These rows of B from the first of these columns on, a row every `stride` numbers.
    right: &'a [f32],
    stride: usize,
    inner: Range<usize>,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        /// What of B stays in the second cache beside narrow tiles.
        const DEPTH: usize = 256;
        match S::REGISTER_COUNT {
            32 => self.panels::<S, 8, 3>(simd, usize::MAX),
            _ => self.panels::<S, 6, 2>(simd, DEPTH),
        }
    }
}

// Tiles have R rows and V vectors. Loops over them are indexed, since closures are not always
// inlined into code for more instructions than the build's.
#[allow(clippy::needless_range_loop)]
impl Product<'_> {
    /// The product, `depth` rows of B at a time.
    #[inline(always)]
    fn panels<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, depth: usize) {
        let mut start = 0;
        while start < self.left.columns {
            let inner = start..start.saturating_add(depth).min(self.left.columns);
            let mut column = 0;
            while column < self.columns {
                let remaining = (self.columns - column).div_ceil(S::F32_LANES);
                // Two panels of two vectors rather than one of three and one of one.
                let vectors = if V > 2 && remaining == V + 1 { 2 } else { remaining.min(V) };
                let columns = column..(column + vectors * S::F32_LANES).min(self.columns);
                column = columns.end;
                match vectors {
                    1 => self.panel::<S, R, 1>(simd, columns, inner.clone()),
                    2 => self.panel::<S, R, 2>(simd, columns, inner.clone()),
                    _ => self.panel::<S, R, V>(simd, columns, inner.clone()),
                }
            }
            start = inner.end;
        }
    }

    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        columns: Range<usize>,
        inner: Range<usize>,
    ) {
        let padded = V * S::F32_LANES;
        let rows = &self.right[inner.start * self.columns..inner.end * self.columns];
        let is_used_often = self.out.len() / self.columns >= 8 * R;
        if columns.len() == padded && !is_used_often {
            let right = &rows[columns.start..];
            return self.tiles::<S, R, V>(simd, &Panel { columns, right, stride: self.columns, inner });
        }
        let mut copy = buffer::take(padded * inner.len());
        for (to, from) in copy.chunks_exact_mut(padded).zip(rows.chunks_exact(self.columns)) {
            let from = &from[columns.clone()];
            if from.len() == padded {
                store::<S, V>(load::<S, V>(from), to);
                continue;
            }
            to[..from.len()].copy_from_slice(from);
            to[from.len()..].fill(0.0);
        }
        self.tiles::<S, R, V>(simd, &Panel { columns, right: &copy, stride: padded, inner });
        buffer::give(copy);
    }

    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, panel: &Panel) {
        let mut rows = self.out.len() / self.columns;
        if self.wanted == Wanted::Upper {
            rows = rows.min(panel.columns.end.saturating_sub(self.first_row));
        }
        let mut row = 0;
        while row + R <= rows {
            self.tile::<S, R, V>(simd, row, panel);
            row += R;
        }
        while row + 2 <= rows {
            self.tile::<S, 2, V>(simd, row, panel);
            row += 2;
        }
        if row < rows {
            self.tile::<S, 1, V>(simd, row, panel);
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, row: usize, panel: &Panel) {
        let mut sums = self.begun::<S, R, V>(simd, row, panel);
        let (values, own) = (self.left.values, self.first_row + row);
        if self.left.is_transposed {
            for (k, right) in panel.inner.clone().zip(panel.right.chunks(panel.stride)) {
                let a: &[f32; R] = values[k * self.left.rows + own..].first_chunk().expect("R rows remain");
                accumulate::<S, R, V>(
                    simd,
                    &mut sums,
                    #[inline(always)]
                    |i| a[i],
                    right,
                );
            }
        } else {
            let mut lines: [&[f32]; R] = [&[]; R];
            for i in 0..R {
                lines[i] = &values[(own + i) * self.left.columns..][panel.inner.clone()];
            }
            for (k, right) in (0..panel.inner.len()).zip(panel.right.chunks(panel.stride)) {
                accumulate::<S, R, V>(
                    simd,
                    &mut sums,
                    #[inline(always)]
                    |i| lines[i][k],
                    right,
                );
            }
        }
        for i in 0..R {
            // A copy, so that only it must lie in memory.
            let line = sums[i];
            let out = &mut self.out[(row + i) * self.columns..][panel.columns.clone()];
            if out.len() == V * S::F32_LANES {
                store::<S, V>(line, out);
            } else {
                let line: &[f32] = pulp::bytemuck::cast_slice(&line);
                out.copy_from_slice(&line[..out.len()]);
            }
        }
    }

    /// The sums over earlier inner indices, and of earlier products.
    #[inline(always)]
    fn begun<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        panel: &Panel,
    ) -> [[S::f32s; V]; R] {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        if self.wanted == Wanted::Sum || panel.inner.start > 0 {
            for i in 0..R {
                let begun = &self.out[(row + i) * self.columns..][panel.columns.clone()];
                if begun.len() == V * S::F32_LANES {
                    sums[i] = load::<S, V>(begun);
                    continue;
                }
                let mut line = sums[i];
                let flat: &mut [f32] = pulp::bytemuck::cast_slice_mut(&mut line);
                flat[..begun.len()].copy_from_slice(begun);
                sums[i] = line;
            }
        }
        sums
    }
}

/// The first V vectors. Without a call, which a copy of unknown length would be.
#[inline(always)]
fn load<S: Simd, const V: usize>(from: &[f32]) -> [S::f32s; V] {
    *S::as_simd_f32s(&from[..V * S::F32_LANES]).0.first_chunk().expect("V vectors")
}

#[inline(always)]
fn store<S: Simd, const V: usize>(vectors: [S::f32s; V], to: &mut [f32]) {
    *S::as_mut_simd_f32s(&mut to[..V * S::F32_LANES]).0.first_chunk_mut().expect("V vectors") = vectors;
}

/// `sums` ← `sums` + a bᵀ, for a column of A and a row of B.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn accumulate<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::f32s; V]; R],
    a: impl Fn(usize) -> f32,
    right: &[f32],
) {
    let b = load::<S, V>(right);
    for i in 0..R {
        let a = simd.splat_f32s(a(i));
        for j in 0..V {
            sums[i][j] = simd.mul_add_f32s(a, b[j], sums[i][j]);
        }
    }
}

#[cfg(test)]
mod tests;
