//! Means and variances of encoded columns.

use std::ops::Range;

use super::LOG_VARIANCE_BOUNDS;
use super::family::{Family, LikelihoodBlock, Variance};
use crate::data::Encoded;
use crate::data::rows::{Cells, Codes, Segment};
use crate::stats::elementary::{
    double::{exp, ln},
    square,
};

/// What is known of one encoded column, over its observed cells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub count: f64,
    pub mean: f64,
    pub variance: f64,
    /// Mean absolute deviation from the mean.
    pub deviation: f64,
}

/// The logarithms of the learned variances or scales at which training starts: those of the data,
/// but in no column below that of the block, since a decoder knows no column at the start.
pub(super) fn initial_scales(block: &LikelihoodBlock, rows: &Encoded) -> Option<Vec<f32>> {
    let own = moments(block, rows, f64::from);
    let pooled = own.iter().map(|c| c.variance).sum::<f64>() / own.len().max(1) as f64;
    // A block without any variance, or without rows, has no scale.
    let usable = pooled.is_finite() && pooled > 0.0;
    let each = |log: fn(f64) -> f64| own.iter().map(|c| log(c.variance.max(pooled)) as f32).collect();
    match (block.family, block.variance) {
        _ if !usable => None,
        (Family::Gaussian, Variance::Shared) => Some(vec![log_variance(pooled) as f32]),
        (Family::Gaussian, Variance::PerFeature) => Some(each(log_variance)),
        (Family::StudentT | Family::Laplace, _) => Some(each(|variance| 0.5 * log_variance(variance))),
        _ => None,
    }
}

pub(super) fn log_variance(variance: f64) -> f64 {
    ln(variance.max(exp(LOG_VARIANCE_BOUNDS.0)))
}

/// The statistics of a block's columns, each cell mapped by `value`; two passes over the rows.
pub(super) fn moments(block: &LikelihoodBlock, rows: &Encoded, value: impl Fn(f32) -> f64) -> Vec<Moments> {
    let mut found = vec![Moments::default(); block.width];
    for (columns, segment) in rows.values.placed() {
        let common = columns.start.max(block.start)..columns.end.min(block.start + block.width);
        if common.is_empty() {
            continue;
        }
        let own = &mut found[common.start - block.start..common.end - block.start];
        match &segment.cells {
            Cells::OneHot(codes) if common == columns => of_codes(codes, &columns, rows, &value, own),
            _ => of_cells((columns.start, segment), &common, rows, &value, own),
        }
    }
    found
}

/// The statistics of a category, from the number of rows of each level.
fn of_codes(
    codes: &Codes,
    columns: &Range<usize>,
    rows: &Encoded,
    value: impl Fn(f32) -> f64,
    found: &mut [Moments],
) {
    let seen = |row: &usize| rows.has(*row, &(columns.start..columns.start + 1));
    let mut count = 0.0;
    for row in (0..rows.rows).filter(seen) {
        count += 1.0;
        if let Some(level) = found.get_mut(codes.at(row)) {
            level.count += 1.0;
        }
    }
    for level in found {
        let share = if count > 0.0 { level.count / count } else { 0.0 };
        let (zero, one) = (value(0.0), value(1.0));
        let spread = share * (1.0 - share);
        *level = Moments {
            count,
            mean: zero + share * (one - zero),
            variance: spread * square(one - zero),
            deviation: 2.0 * spread * (one - zero).abs(),
        };
    }
}

fn of_cells(
    (start, segment): (usize, &Segment),
    columns: &Range<usize>,
    rows: &Encoded,
    value: impl Fn(f32) -> f64,
    found: &mut [Moments],
) {
    // Marks are usually kept in the same columns.
    let marks = rows.observed.as_ref().map(|marks| (marks, marks.segment(columns)));
    let is_observed = |row: usize, column: usize| match &marks {
        None => true,
        Some((_, Some((first, marks)))) => marks.at(row, column - first) == 1.0,
        Some((marks, None)) => marks.at(row, column) == 1.0,
    };
    let mut each = |add: &dyn Fn(&mut Moments, f64)| {
        segment.for_each_part(|first, part| {
            for row in 0..part.rows() {
                for (column, moments) in columns.clone().zip(found.iter_mut()) {
                    if is_observed(first + row, column) {
                        add(moments, value(part.at(row, column - start)));
                    }
                }
            }
        });
    };
    each(&|column, x| {
        column.count += 1.0;
        column.mean += (x - column.mean) / column.count;
    });
    each(&|column, x| {
        column.variance += square(x - column.mean) / column.count;
        column.deviation += (x - column.mean).abs() / column.count;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_starts_at_the_scale_of_the_data_and_at_none_that_is_too_small() {
        // Standard deviations 2 and 0.
        let rows = Encoded::from_values([-2.0, 7.0, 2.0, 7.0].repeat(400), 2);
        let of = |block| initial_scales(&block, &rows);
        let log_two = 2f32.ln();
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Shared, 0..2)), Some(vec![log_two]));
        assert_eq!(
            of(LikelihoodBlock::gaussian(Variance::PerFeature, 0..2)),
            Some(vec![2.0 * log_two, log_two])
        );
        assert_eq!(of(LikelihoodBlock::new(Family::Laplace, 0..2)), Some(vec![log_two, 0.5 * log_two]));
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Decoder, 0..2)), None);
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Shared, 1..2)), None, "a constant has no scale");
    }
}
