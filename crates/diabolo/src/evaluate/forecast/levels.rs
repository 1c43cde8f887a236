//! The levels whose coverage is measured.

/// The levels.
pub(super) const LEVELS: [f64; 3] = [0.8, 0.9, 0.95];
/// Rounding of an error, in deviations of the series: quantiles are stored in single precision.
const ROUNDING: f64 = 1e-6;

/// Whether an error lies within the interval of each level, by the quantiles of errors.
pub(super) fn within(error: f64, quantile: impl Fn(f64) -> f64) -> [bool; LEVELS.len()] {
    LEVELS.map(|level| {
        let tail = (1.0 - level) / 2.0;
        (quantile(tail) - ROUNDING..=quantile(1.0 - tail) + ROUNDING).contains(&error)
    })
}
