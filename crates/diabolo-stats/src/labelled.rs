//! Labelled feature rows, the input of probes and nearest-neighbour classifiers.

use crate::error::{Result, StatsError};

/// Feature rows and the class of each.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// Rows × width, row-major.
    pub features: &'a [f32],
    /// Features per row.
    pub width: usize,
    /// The class of each row, numbered from 0.
    pub classes: &'a [u32],
}

impl Labelled<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.classes.len()
    }

    /// Checks that there is a feature, that features and classes have the same number of rows, and
    /// that all values are finite and in range.
    pub(crate) fn check(&self, what: &'static str, n_classes: usize) -> Result<()> {
        let wrong = |expected: String, found: String, help: &'static str| {
            Err(StatsError::values(what, expected, found, help))
        };
        if self.width == 0 {
            return wrong("at least one feature".into(), "none".into(), "give each row a feature");
        }
        let expected = self.rows() * self.width;
        if self.features.len() != expected {
            return wrong(
                format!("{} × {} features", self.rows(), self.width),
                format!("{} values", self.features.len()),
                "give each row `width` values and a class",
            );
        }
        let row_error = |row: usize, expected: String, found: String, help: &'static str| {
            Err(StatsError::values(what, expected, found, help).at_row(row as u64 + 1))
        };
        if let Some(row) = self.classes.iter().position(|&class| class as usize >= n_classes) {
            let found = self.classes[row].to_string();
            return row_error(
                row,
                format!("a class below {n_classes}"),
                found,
                "check the number of classes",
            );
        }
        if let Some(at) = self.features.iter().position(|value| !value.is_finite()) {
            let found = self.features[at].to_string();
            let help = "fit the model again with a smaller --learning-rate";
            return row_error(at / self.width, "finite features".into(), found, help);
        }
        Ok(())
    }

    /// [`check`](Self::check), and that there is at least one row.
    pub(crate) fn check_training(&self, n_classes: usize) -> Result<()> {
        if self.rows() == 0 {
            return Err(StatsError::values(
                "training rows",
                "at least one",
                "none",
                "give at least one row a class",
            ));
        }
        self.check("training rows", n_classes)
    }

    /// Checks that these rows, if any, have the same number of features as the training rows.
    pub(crate) fn check_beside(&self, train: &Labelled, n_classes: usize) -> Result<()> {
        if self.rows() == 0 {
            return Ok(());
        }
        if self.width != train.width {
            return Err(StatsError::values(
                "validation rows",
                format!("{} features per row, as in training", train.width),
                self.width.to_string(),
                "give all rows the same features",
            ));
        }
        self.check("validation rows", n_classes)
    }
}

/// The accuracy of `predicted`; NaN if there are no rows.
pub fn accuracy(predicted: &[u32], classes: &[u32]) -> f64 {
    let right = predicted.iter().zip(classes).filter(|(a, b)| a == b).count();
    right as f64 / classes.len() as f64
}

/// The 95 % interval of a share that was seen in `rows` independent rows (Wilson 1927, the score
/// interval): from 0 to 1 without rows.
///
/// ```
/// use diabolo_stats::share_interval;
/// let [low, high] = share_interval(14.0 / 15.0, 15);
/// assert!((low - 0.702).abs() < 0.001 && (high - 0.988).abs() < 0.001);
/// ```
pub fn share_interval(share: f64, rows: usize) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    if rows == 0 {
        return [0.0, 1.0];
    }
    let (n, z2) = (rows as f64, Z * Z);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, UInt8Type};

    /// The built-in digits: 64 pixels from 0 to 16 per row, and their classes.
    pub fn digits() -> (Vec<f32>, Vec<u32>) {
        let table = diabolo_data::digits::digits().unwrap();
        let pixels = table.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>();
        let labels = table.column(1).as_primitive::<Int64Type>();
        (
            pixels.values().iter().map(|&p| f32::from(p)).collect(),
            labels.values().iter().map(|&l| l as u32).collect(),
        )
    }

    /// Shorthand.
    pub fn labelled<'a>(features: &'a [f32], width: usize, classes: &'a [u32]) -> Labelled<'a> {
        Labelled { features, width, classes }
    }

    #[test]
    fn accuracy_counts_the_right_ones() {
        assert_eq!(accuracy(&[0, 1, 2, 2], &[0, 1, 1, 2]), 0.75);
        assert!(accuracy(&[], &[]).is_nan());
    }

    #[test]
    fn errors_name_the_problem() {
        let check = |features: &[f32], width, classes: &[u32]| {
            Labelled { features, width, classes }.check_training(2).unwrap_err().to_string()
        };
        assert!(check(&[], 0, &[0]).contains("at least one feature"));
        assert!(check(&[], 1, &[]).contains("at least one, found none"));
        assert!(check(&[1.0, 2.0, 3.0], 2, &[0, 1]).contains("2 × 2 features, found 3 values"));
        assert!(check(&[1.0, 2.0], 1, &[0, 2]).contains("row 2: expected a class below 2, found 2"));
        assert!(check(&[1.0, 2.0, f32::NAN, 3.0], 2, &[0, 1]).contains("row 2: expected finite features"));
    }
}
