//! Formatting of fractions as percentages.

/// A fraction in percent, with one decimal if it is small.
///
/// ```
/// use diabolo_stats::percent;
/// assert_eq!([0.0004, 0.0234, 0.701].map(percent), ["< 0.1 %", "2.3 %", "70 %"]);
/// ```
pub fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 0.05 => "< 0.1 %".into(),
        p if p > 0.0 && p < 9.95 => format!("{p:.1} %").replace(".0 %", " %"),
        p => format!("{p:.0} %"),
    }
}
