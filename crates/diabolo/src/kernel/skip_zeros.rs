//! Products whose left factor is mostly zeros: one-hot categories, counts, pixels of thin drawings.
//!
//! The chain of an element of C leaves out the terms with a_ik = 0. Such a term changes nothing but
//! the sign of a zero that underflowed, except where b_kj is infinite or NaN: then all terms are
//! computed. Whether zeros are left out depends on the numbers alone, never on the processor.

use pulp::{Simd, WithSimd};

use super::dispatch_simd;
use super::matrix::Matrix;

/// Columns of C from which a skipped row of B pays for finding it.
const FEWEST_COLUMNS: usize = 64;

/// Whether leaving out the zeros of `left` is faster: at most an eighth of it is not 0.
///
/// With two units for multiply-adds, a fifth (MNIST) still costs more than it saves: a vector of B
/// is loaded for two products instead of eight, and the other factor is transposed.
pub(super) fn is_faster(left: &[f32], columns: usize) -> bool {
    // Most factors are dense, which a sample tells.
    const SAMPLE: usize = 256;
    let sample = || left.iter().step_by((left.len() / SAMPLE).max(1));
    let used = || -> usize {
        dispatch_simd(
            #[inline(always)]
            || left.iter().map(|a| usize::from(*a != 0.0)).sum(),
        )
    };
    columns >= FEWEST_COLUMNS
        && 4 * sample().filter(|a| **a != 0.0).count() <= sample().len()
        && 8 * used() <= left.len()
}

/// Whether leaving out zeros is right: `right` is finite.
pub(super) fn is_right(right: &[f32]) -> bool {
    dispatch_simd(
        #[inline(always)]
        || right.iter().fold(true, |finite, b| finite & b.is_finite()),
    )
}

/// `out` = the rows of `left` from `first_row` on, times `right` (inner width × columns).
pub(super) struct SkippingProduct<'a> {
    pub left: Matrix<'a>,
    pub first_row: usize,
    pub right: &'a [f32],
    pub columns: usize,
    pub out: &'a mut [f32],
    /// Whether `out` holds a sum to which the product is added.
    pub continues: bool,
}

/// A row of B and what it is multiplied by, for two rows of C.
#[derive(Clone, Copy)]
struct Term {
    inner: usize,
    factors: [f32; 2],
}

impl WithSimd for SkippingProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SkippingProduct { left, first_row, right, columns, out, continues } = self;
        let lanes = S::F32_LANES;
        let whole = columns / lanes * lanes;
        // The columns after the last whole vector, filled up with zeros.
        let mut rest = vec![0.0; if whole < columns { lanes * left.columns } else { 0 }];
        for (to, from) in rest.chunks_exact_mut(lanes).zip(right.chunks_exact(columns)) {
            to[..columns - whole].copy_from_slice(&from[whole..]);
        }
        let mut terms = Vec::with_capacity(left.columns);
        for (pair, out) in out.chunks_mut(2 * columns).enumerate() {
            let row = first_row + 2 * pair;
            terms.clear();
            let last = if out.len() == columns { row } else { row + 1 };
            for inner in 0..left.columns {
                let factors = [left.at(row, inner), left.at(last, inner)];
                if factors != [0.0, 0.0] {
                    terms.push(Term { inner, factors });
                }
            }
            let mut column = 0;
            while column < whole {
                let vectors = (whole - column) / lanes;
                let b = Rows { right: &right[column..], stride: columns, continues };
                let to = column..whole;
                column += lanes
                    * match vectors {
                        13.. if S::REGISTER_COUNT == 32 => lines::<S, 13>(simd, &terms, b, out, columns, to),
                        6.. => lines::<S, 6>(simd, &terms, b, out, columns, to),
                        3.. => lines::<S, 3>(simd, &terms, b, out, columns, to),
                        _ => lines::<S, 1>(simd, &terms, b, out, columns, to),
                    };
            }
            if whole < columns {
                let b = Rows { right: &rest, stride: lanes, continues };
                lines::<S, 1>(simd, &terms, b, out, columns, whole..columns);
            }
        }
    }
}

/// Rows of B from one column on, one every `stride` numbers; whether their product is added to C.
#[derive(Clone, Copy)]
struct Rows<'a> {
    right: &'a [f32],
    stride: usize,
    continues: bool,
}

/// Two lines of C, at most V vectors from `to.start`; returns V.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "as in `product`")]
fn lines<S: Simd, const V: usize>(
    simd: S,
    terms: &[Term],
    b: Rows,
    out: &mut [f32],
    columns: usize,
    to: std::ops::Range<usize>,
) -> usize {
    let mut sums = [[simd.splat_f32s(0.0); V]; 2];
    if b.continues {
        for (line, out) in sums.iter_mut().zip(out.chunks_exact(columns)) {
            let line: &mut [f32] = pulp::bytemuck::cast_slice_mut(line);
            let out = &out[to.clone()];
            let width = out.len().min(V * S::F32_LANES);
            line[..width].copy_from_slice(&out[..width]);
        }
    }
    for term in terms {
        let row = &b.right[term.inner * b.stride..][..V * S::F32_LANES];
        let vectors: &[S::f32s; V] = S::as_simd_f32s(row).0.first_chunk().expect("V vectors");
        let factors = [simd.splat_f32s(term.factors[0]), simd.splat_f32s(term.factors[1])];
        for j in 0..V {
            sums[0][j] = simd.mul_add_f32s(factors[0], vectors[j], sums[0][j]);
            sums[1][j] = simd.mul_add_f32s(factors[1], vectors[j], sums[1][j]);
        }
    }
    for (line, out) in sums.into_iter().zip(out.chunks_exact_mut(columns)) {
        let line: &[f32] = pulp::bytemuck::cast_slice(&line);
        let out = &mut out[to.clone()];
        let width = out.len().min(V * S::F32_LANES);
        out[..width].copy_from_slice(&line[..width]);
    }
    V
}
