//! Means and variances of encoded columns.

use super::LOG_VARIANCE_BOUNDS;
use super::family::{Family, LikelihoodBlock, Variance};
use crate::data::Encoded;
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
    let cells = |row: usize| row * rows.width + block.start..row * rows.width + block.start + block.width;
    let mut found = vec![Moments::default(); block.width];
    let mut each = |add: &dyn Fn(&mut Moments, f64)| {
        for row in 0..rows.rows {
            let observed = rows.observed.as_ref().map(|flags| &flags[cells(row)]);
            for (k, cell) in rows.values[cells(row)].iter().enumerate() {
                if observed.is_none_or(|flags| flags[k] == 1.0) {
                    add(&mut found[k], value(*cell));
                }
            }
        }
    };
    each(&|column, x| {
        column.count += 1.0;
        column.mean += (x - column.mean) / column.count;
    });
    each(&|column, x| {
        column.variance += square(x - column.mean) / column.count;
        column.deviation += (x - column.mean).abs() / column.count;
    });
    found
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
