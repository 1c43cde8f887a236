//! Text as numbers.

/// The largest n such that all whole numbers up to n are exact in an `f64`.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses text as a number, ignoring surrounding blanks; NaN means missing.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}
