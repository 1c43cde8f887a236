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

impl Matrix<'_> {
    /// The product with `other`, row-major.
    pub(crate) fn times(self, other: Matrix) -> Vec<f32> {
        assert_eq!(self.columns, other.rows, "inner widths of a product");
        let skips = skip_zeros::is_faster(self.values, other.columns);
        let copied = other.is_transposed.then_some(other.values.len());
        let is_smaller = copied.is_some_and(|copied| self.values.len() + self.rows * other.columns < copied);
        let would_skip = !skips && skip_zeros::is_faster(other.values, self.rows);
        if !skips && (is_smaller || would_skip) {
            // (Bᵀ Aᵀ)ᵀ has the same bits, and fewer numbers to turn over, or zeros to skip.
            let turned = other.transposed().straight(self.transposed(), would_skip);
            let mut out = buffer::take(turned.len());
            transpose(&turned, [other.columns, self.rows], &mut out);
            buffer::give(turned);
            return out;
        }
        self.straight(other, skips)
    }

    /// The product; with `skips`, zeros of `self` are left out where that is right.
    fn straight(self, other: Matrix, skips: bool) -> Vec<f32> {
        let mut out = buffer::take(self.rows * other.columns);
        match self.columns {
            0 => out.fill(0.0),
            _ => other.with_rows(|right| self.times_rows(right, other.columns, skips, &mut out)),
        }
        out
    }

    /// `out` = the product with row-major numbers.
    fn times_rows(self, right: &[f32], columns: usize, skips: bool, out: &mut [f32]) {
        let skips = skips && skip_zeros::is_right(right);
        let part = |first_row: usize, out: &mut [f32]| match skips {
            true => Arch::new().dispatch(SkippingProduct { left: self, first_row, right, columns, out }),
            false => Arch::new().dispatch(Product { left: self, first_row, right, columns, out }),
        };
        if out.is_empty() {
        } else if uses_threads(out.len() * self.columns) {
            // As many parts as threads, of whole tiles: the bits do not depend on it.
            let rows = self.rows.div_ceil(rayon::current_num_threads()).next_multiple_of(TILE_ROWS);
            let parts = out.par_chunks_mut(rows * columns).enumerate();
            parts.for_each(|(number, out)| part(number * rows, out));
        } else {
            part(0, out);
        }
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
            to[..columns.len()].copy_from_slice(&from[columns.clone()]);
            to[columns.len()..].fill(0.0);
        }
        self.tiles::<S, R, V>(simd, &Panel { columns, right: &copy, stride: padded, inner });
        buffer::give(copy);
    }

    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, panel: &Panel) {
        let rows = self.out.len() / self.columns;
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
                add::<S, R, V>(
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
                add::<S, R, V>(
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
            let line: &[f32] = pulp::bytemuck::cast_slice(&line);
            let out = &mut self.out[(row + i) * self.columns..][panel.columns.clone()];
            match out.len() == V * S::F32_LANES {
                true => out.copy_from_slice(&line[..V * S::F32_LANES]),
                false => out.copy_from_slice(&line[..out.len()]),
            }
        }
    }

    /// The sums over earlier inner indices.
    #[inline(always)]
    fn begun<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        panel: &Panel,
    ) -> [[S::f32s; V]; R] {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        if panel.inner.start > 0 {
            for i in 0..R {
                let mut line = sums[i];
                let begun = &self.out[(row + i) * self.columns..][panel.columns.clone()];
                let flat: &mut [f32] = pulp::bytemuck::cast_slice_mut(&mut line);
                flat[..begun.len()].copy_from_slice(begun);
                sums[i] = line;
            }
        }
        sums
    }
}

/// `sums` ← `sums` + a bᵀ, for a column of A and a row of B.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn add<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::f32s; V]; R],
    a: impl Fn(usize) -> f32,
    right: &[f32],
) {
    let vectors = S::as_simd_f32s(&right[..V * S::F32_LANES]).0;
    let b: &[S::f32s; V] = vectors.first_chunk().expect("V vectors");
    for i in 0..R {
        let a = simd.splat_f32s(a(i));
        for j in 0..V {
            sums[i][j] = simd.mul_add_f32s(a, b[j], sums[i][j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{in_place, transposed};
    use crate::random::{Purpose, RngExt, stream};

    /// Numbers of nine decades, a third of them zero.
    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut random = stream(seed, Purpose::Train, 0, 0);
        let number = |_| match random.random_range(0..3) {
            0 => 0.0,
            _ => (random.random::<f32>() - 0.5) * 10f32.powi(random.random_range(-4..5)),
        };
        (0..count).map(number).collect()
    }

    fn chain(a: Matrix, b: Matrix) -> Vec<u32> {
        let at = |m: Matrix, row: usize, column: usize| match m.is_transposed {
            true => m.values[column * m.rows + row],
            false => m.values[row * m.columns + column],
        };
        let cells = (0..a.rows).flat_map(|i| (0..b.columns).map(move |j| (i, j)));
        let sum = |(i, j)| (0..a.columns).fold(0.0f32, |sum, k| at(a, i, k).mul_add(at(b, k, j), sum));
        cells.map(|cell| sum(cell).to_bits()).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// The product as compiled for each instruction set of this processor.
    fn by_instruction_set(left: Matrix, right: &[f32], columns: usize) -> Vec<Vec<f32>> {
        let mut all = both(pulp::Scalar::new(), left, right, columns);
        #[cfg(target_arch = "x86_64")]
        {
            let sets = (pulp::x86::V3::try_new(), pulp::x86::V4::try_new());
            all.extend(sets.0.into_iter().flat_map(|set| both(set, left, right, columns)));
            all.extend(sets.1.into_iter().flat_map(|set| both(set, left, right, columns)));
        }
        all
    }

    /// With and without zeros.
    fn both(set: impl Simd, left: Matrix, right: &[f32], columns: usize) -> Vec<Vec<f32>> {
        let mut all = vec![vec![0.0; left.rows * columns]; 2];
        let [whole, skipping] = &mut all[..] else { unreachable!() };
        set.vectorize(Product { left, first_row: 0, right, columns, out: whole });
        set.vectorize(SkippingProduct { left, first_row: 0, right, columns, out: skipping });
        all
    }

    #[test]
    fn every_shape_and_instruction_set_gives_the_bits_of_the_chain() {
        let shapes = (0..60).map(|seed| [1 + seed * 7 % 23, 1 + seed * 31 % 71, 1 + seed * 13 % 53]);
        // Blocks of k, whole tiles, and one row or column.
        let shapes = shapes.chain([[7, 40, 600], [48, 96, 300], [1, 1, 700], [17, 1, 1], [1, 130, 2]]);
        for (seed, [rows, columns, inner]) in shapes.enumerate() {
            let (a, b) = (numbers(rows * inner, seed as u64), numbers(inner * columns, !seed as u64));
            let straight = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
            let a_turned = Matrix::new(&a, [inner, rows]).transposed();
            let b_turned = Matrix::new(&b, [columns, inner]).transposed();
            for (left, right) in
                [straight, (a_turned, straight.1), (straight.0, b_turned), (a_turned, b_turned)]
            {
                let expected = chain(left, right);
                assert_eq!(bits(&left.times(right)), expected, "{rows} × {inner} × {columns}");
                for product in right.with_rows(|right| by_instruction_set(left, right, columns)) {
                    assert_eq!(bits(&product), expected, "{rows} × {inner} × {columns}");
                }
            }
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let [rows, columns, inner] = [203, 211, 197];
        let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
        let (a, b) = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
        assert!(uses_threads(rows * columns * inner));
        let alone = in_place(|| a.times(b));
        assert_eq!(bits(&a.times(b)), bits(&alone));
    }

    #[test]
    fn zeros_are_skipped_unless_they_meet_infinity() {
        let [rows, columns, inner] = [5, 70, 90];
        let mut a = numbers(rows * inner, 1);
        a.iter_mut().enumerate().filter(|(k, _)| k % 10 != 0).for_each(|(_, a)| *a = 0.0);
        let mut b = numbers(inner * columns, 2);
        for worst in [1.0, f32::INFINITY, f32::NAN] {
            b[0] = worst;
            let (left, right) = (Matrix::new(&a, [rows, inner]), Matrix::new(&b, [inner, columns]));
            assert!(skip_zeros::is_faster(&a, columns) && skip_zeros::is_right(&b) == (worst == 1.0));
            let [found, expected] = [bits(&left.times(right)), chain(left, right)];
            let is_nan = |bits: &u32| f32::from_bits(*bits).is_nan();
            assert!(found.iter().zip(&expected).all(|(f, e)| f == e || is_nan(f) && is_nan(e)), "{worst}");
            // The turned product has the zeros on the right.
            let turned = right.transposed().times(left.transposed());
            let expected = transposed(&left.times(right), [rows, columns]);
            assert!(turned.iter().zip(&expected).all(|(t, e)| t == e || t.is_nan() && e.is_nan()));
        }
    }

    #[test]
    fn nothing_times_nothing() {
        assert!(Matrix::new(&[], [0, 3]).times(Matrix::new(&[0.0; 6], [3, 2])).is_empty());
        assert_eq!(Matrix::new(&[], [2, 0]).times(Matrix::new(&[], [0, 2])), [0.0; 4]);
    }
}
