//! Products whose left factor is compact rows: numbers, and categories by the position of their 1.
//!
//! ```text
//! C = X B,   c_i = Σ_k x_ik b_k  =  the product of the numbers  +  the rows of B of the categories
//! ```
//! The chain of an element runs over the columns of X in order, as in `product`: a category adds a
//! row of B, and zeros add nothing, so that the bits are those of the product with one-hot columns.

use crate::data::rows::{Cells, Codes, Rows, Segment};

use super::matrix::Matrix;
use super::{buffer, dispatch_simd};

/// The product with `right`: width × columns, row-major.
pub(crate) fn rows_times(rows: &Rows, right: &[f32], columns: usize) -> Vec<f32> {
    let mut out: Option<Vec<f32>> = None;
    for (own, segment) in rows.placed() {
        let right = &right[own.start * columns..own.end * columns];
        if let Cells::OneHot(codes) = &segment.cells {
            let out = out.get_or_insert_with(|| zeros(rows.rows() * columns));
            add_rows(codes, right, columns, out);
            continue;
        }
        let left = numbers(segment);
        let left = Matrix::new(&left, [rows.rows(), segment.width]);
        out = Some(left.times_onto(Matrix::new(right, [segment.width, columns]), out));
    }
    out.unwrap_or_else(|| zeros(rows.rows() * columns))
}

/// `sum` + the product of the transpose with `right`: rows × columns, row-major. Result: width ×
/// columns.
pub(crate) fn transposed_rows_times(
    rows: &Rows,
    right: &[f32],
    columns: usize,
    sum: Option<Vec<f32>>,
) -> Vec<f32> {
    let mut out = sum.unwrap_or_else(|| zeros(rows.width() * columns));
    for (own, segment) in rows.placed() {
        let out = &mut out[own.start * columns..own.end * columns];
        if let Cells::OneHot(codes) = &segment.cells {
            add_to_rows(codes, right, columns, out);
            continue;
        }
        let left = numbers(segment);
        let left = Matrix::new(&left, [rows.rows(), segment.width]).transposed();
        let product = left.times_onto(Matrix::new(right, [rows.rows(), columns]), Some(out.to_vec()));
        out.copy_from_slice(&product);
        buffer::give(product);
    }
    out
}

fn zeros(count: usize) -> Vec<f32> {
    let mut zeros = buffer::take(count);
    zeros.fill(0.0);
    zeros
}

/// The numbers of a segment that is no category.
fn numbers(segment: &Segment) -> std::borrow::Cow<'_, [f32]> {
    match &segment.cells {
        Cells::Numbers(values) => values.into(),
        _ => Rows::of(segment.rows(), vec![segment.clone()]).into_dense().into(),
    }
}

/// Adds to each row of `out` the row of `right` that has its code.
fn add_rows(codes: &Codes, right: &[f32], columns: usize, out: &mut [f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                if let Some(right) = right[..].get(codes.at(row) * columns..(codes.at(row) + 1) * columns) {
                    out.iter_mut().zip(right).for_each(|(sum, value)| *sum += value);
                }
            }
        },
    );
}

/// The transpose: adds each row of `right` to the row of `out` that has its code.
fn add_to_rows(codes: &Codes, right: &[f32], columns: usize, out: &mut [f32]) {
    dispatch_simd(
        #[inline(always)]
        || {
            for (row, right) in right.chunks_exact(columns).enumerate() {
                if let Some(out) = out.get_mut(codes.at(row) * columns..(codes.at(row) + 1) * columns) {
                    out.iter_mut().zip(right).for_each(|(sum, value)| *sum += value);
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, RngExt, standard_normal, stream};

    /// Numbers, a category of 40, one of 3 with missing cells, and numbers again.
    fn rows(count: usize) -> Rows {
        let mut noise = stream(3, Purpose::Choose, 0, 0);
        let mut category = |levels: usize| {
            let mut codes = Codes::new(count, levels, levels);
            (0..count).for_each(|row| codes.set(row, noise.random_range(0..=levels)));
            Segment { width: levels, cells: Cells::OneHot(codes) }
        };
        let categories = [category(40), category(3)];
        let mut numbers = |width: usize| {
            let cells = Cells::Numbers(standard_normal(&mut noise, count * width));
            Segment { width, cells }
        };
        let [first, last] = [numbers(5), numbers(1)];
        let [a, b] = categories;
        Rows::of(count, vec![first, a, b, last])
    }

    #[test]
    fn products_have_the_bits_of_one_hot_columns() {
        let mut noise = stream(4, Purpose::Choose, 0, 0);
        for (count, columns) in [(1, 7), (90, 33), (128, 64)] {
            let rows = rows(count);
            let dense = rows.to_vec();
            let (weight, g) =
                (standard_normal(&mut noise, 49 * columns), standard_normal(&mut noise, count * columns));
            let left = Matrix::new(&dense, [count, 49]);
            let expected = left.times(Matrix::new(&weight, [49, columns]));
            assert!(rows_times(&rows, &weight, columns) == expected, "{count} × {columns}");
            let back = |sum| left.transposed().times_onto(Matrix::new(&g, [count, columns]), sum);
            assert!(transposed_rows_times(&rows, &g, columns, None) == back(None));
            let found = transposed_rows_times(&rows, &g, columns, Some(weight.clone()));
            let error = found.iter().zip(back(Some(weight))).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
            assert!(error < 1e-4, "{error}");
        }
    }
}
