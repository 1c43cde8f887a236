//! Log-determinant of the encoding, for densities in original units.
//!
//! Encoding maps an original value x to z = g(x), so p(x) = p(z) · |dz/dx|, and for a row
//! −log p(original) = −log p(encoded) − Σ log |dz/dx|, the sum over its continuous cells.

use diabolo_stats::elementary::double::ln;

use super::{Encoded, Preprocessor, Transform};

impl Preprocessor {
    /// Σ log |d encoded / d original| of every row, over its observed encoded numbers, counts and
    /// pixels with `is_density`: −log p(original) = −log p(encoded) − this. `is_density` has one
    /// entry per encoded column: true if the likelihood is a density, false if it is a probability
    /// mass (of a whole number, a binary pixel, or a category).
    ///
    /// A scaled number has −log scale; a count encoded as log(1 + count) has −log(1 + count); a
    /// pixel −log of the value of white, such as 255; a number scaled by quantiles the log slope of
    /// the piecewise linear map, with chords at its knots and point masses. Numbers outside the
    /// range that encoding clamps to count as not clamped.
    ///
    /// # Panics
    /// If `is_density` does not have one entry per encoded column.
    pub fn log_volume(&self, rows: &Encoded, is_density: &[bool]) -> Vec<f64> {
        assert_eq!(
            (rows.width, is_density.len()),
            (self.width(), self.width()),
            "a flag for every encoded column"
        );
        let mut sums = vec![0.0; rows.rows];
        for (transform, units) in self.transforms.iter().zip(self.column_ranges()) {
            let slope: Box<dyn Fn(f32) -> f64> = match transform {
                Transform::Number { scaling, .. } => scaling.log_slope(),
                Transform::Pixels { scale } => {
                    let constant = -ln(f64::from(*scale));
                    Box::new(move |_| constant)
                }
                Transform::Category | Transform::Pooled { .. } | Transform::Unobserved => continue,
            };
            for unit in units.filter(|&unit| is_density[unit]) {
                for (row, sum) in sums.iter_mut().enumerate() {
                    let cell = row * rows.width + unit;
                    if rows.observed.as_ref().is_none_or(|observed| observed[cell] == 1.0) {
                        *sum += slope(rows.values[cell]);
                    }
                }
            }
        }
        sums
    }
}
