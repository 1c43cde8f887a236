//! How much encoding stretches space, for densities in original units.
//!
//! Encoding maps an original value x to z = g(x), so p(x) = p(z) · |dz/dx|, and for a row
//! −log p(original) = −log p(encoded) − Σ log |dz/dx|, the sum over its continuous cells.

use super::{Encoded, Preprocessor, Transform};

impl Preprocessor {
    /// Σ log |d encoded / d original| of every row, over its observed encoded numbers, counts and pixels with `is_density`:
    /// −log p(original) = −log p(encoded) − this. `is_density` has one entry for every encoded column, and is true of
    /// those whose likelihood is a density (not the probability of a whole number, of a pixel being on, or of a category).
    ///
    /// A scaled number has −log scale; a count encoded as log(1 + count) has −log(1 + count); a pixel −log of the value of
    /// white, such as 255; a number scaled by quantiles the log of the broken line's slope, with chords where that has a
    /// corner or a point mass. A number beyond the range that encoding clamps to is taken as if it were not clamped.
    ///
    /// # Panics
    /// If `is_density` is not one flag for every encoded column.
    pub fn log_volume(&self, rows: &Encoded, is_density: &[bool]) -> Vec<f64> {
        assert_eq!(
            (rows.width, is_density.len()),
            (self.width(), self.width()),
            "a flag for every encoded column"
        );
        let mut sums = vec![0.0; rows.rows];
        for (transform, units) in self.transforms.iter().zip(self.column_ranges()) {
            let slope: Box<dyn Fn(f32) -> f64> = match transform {
                Transform::Number { scaling } => scaling.log_slope(),
                Transform::Pixels { scale } => {
                    let constant = -f64::from(*scale).ln();
                    Box::new(move |_| constant)
                }
                Transform::Category => continue,
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
