//! Means over seeds, differences between models, and what may be concluded from them. The value of
//! a seed is the mean over all initial weights on its split: those values are not independent.
//!
//! ```text
//! standard error = sample standard deviation / √n          over n seeds
//! difference     = mean of (a_s − b_s) over seeds s         models of a seed share split and noise
//! decided        when |difference| > t · its standard error, t = t_{0.975} of Student with n
//!                − 1 degrees
//!                of freedom: 0 is outside the 95 % confidence interval of the paired differences
//! ```

use serde::Serialize;

use diabolo_stats::student_t_quantile;

use crate::number::{fixed, number};

/// The level of the confidence interval that decides.
pub const LEVEL: f64 = 0.95;

/// Which values of a measure are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither: a number to know.
    Neither,
}

/// The verdict of the measurements on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They bear it out.
    Holds,
    /// They speak against it.
    DoesNotHold,
    /// They leave it open.
    NotDecided,
    /// The models do not have the fault that the claimed property would mend.
    CannotShow,
}

/// A mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// The mean; NaN without values.
    pub mean: f64,
    /// Its standard error; `None` for fewer than two values.
    pub standard_error: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Summary {
    /// Of the finite values.
    pub fn of(values: &[f64]) -> Self {
        let values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        // Equal values may differ from their mean by a rounding.
        let error = if error < 1e-12 * mean.abs() { 0.0 } else { error };
        let standard_error = (values.len() > 1).then_some(error);
        Summary { mean, standard_error, count: values.len() }
    }

    /// Of a − b, seed by seed.
    pub fn of_differences(a: &[f64], b: &[f64]) -> Self {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        Summary::of(&differences)
    }

    /// Half the width of the mean's confidence interval of [`LEVEL`]; `None` for fewer than two
    /// values.
    pub fn half_width(&self) -> Option<f64> {
        let t = student_t_quantile(0.5 + LEVEL / 2.0, self.count.saturating_sub(1));
        self.standard_error.map(|error| t * error)
    }

    /// Whether the mean is above 0 by more than chance.
    pub fn is_positive(&self) -> bool {
        self.verdict(Better::Higher) == Verdict::Holds
    }

    /// Whether a smaller or a larger value is what was claimed, and the difference is real.
    pub fn verdict(&self, claimed: Better) -> Verdict {
        let real = self.half_width().is_some_and(|half| self.mean.abs() > half);
        match (real, claimed) {
            (false, _) | (_, Better::Neither) => Verdict::NotDecided,
            (true, Better::Lower) if self.mean < 0.0 => Verdict::Holds,
            (true, Better::Higher) if self.mean > 0.0 => Verdict::Holds,
            (true, _) => Verdict::DoesNotHold,
        }
    }

    /// "12.31 ± 0.04", with two significant digits of the error; a dash without values. `factor`
    /// scales both.
    pub fn text(&self, factor: f64) -> String {
        let (mean, error) = self.parts(factor);
        if error.is_empty() { mean } else { format!("{mean} ± {error}") }
    }

    /// "12.31 ± 0.13", the mean and half the width of its confidence interval of [`LEVEL`].
    pub fn interval_text(&self, factor: f64) -> String {
        Summary { standard_error: self.half_width(), ..*self }.text(factor)
    }

    /// Mean and error as text; the error is empty where there is none.
    pub fn parts(&self, factor: f64) -> (String, String) {
        let mean = self.mean * factor;
        let Some(error) = self.standard_error.map(|e| e * factor).filter(|e| e.is_finite() && *e > 0.0)
        else {
            return (number(mean), self.standard_error.map_or(String::new(), number));
        };
        let decimals = 1 - error.log10().floor() as i32;
        match (0..=6).contains(&decimals) {
            true => (fixed(mean, decimals as usize), fixed(error, decimals as usize)),
            false if decimals < 0 && mean.abs() < 1e7 => (fixed(mean, 0), fixed(error, 0)),
            false => (number(mean), number(error)),
        }
    }
}

/// A statement with several parts holds when all do, and not when one does not.
pub fn of_all(parts: &[Verdict]) -> Verdict {
    match parts {
        _ if parts.contains(&Verdict::DoesNotHold) => Verdict::DoesNotHold,
        _ if parts.is_empty() || parts.contains(&Verdict::NotDecided) => Verdict::NotDecided,
        _ => Verdict::Holds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_standard_error_by_hand() {
        // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, variance 7, error √(7/3).
        let found = Summary::of(&[1.0, f64::NAN, 2.0, 6.0]);
        assert_eq!((found.mean, found.count), (3.0, 3));
        assert!((found.standard_error.unwrap_or(0.0) - (7f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Summary::of(&[4.0]).standard_error, None);
        assert!(Summary::of(&[]).mean.is_nan());
        assert_eq!(Summary::of(&[0.11; 3]).standard_error, Some(0.0));
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        // The values vary by 10 between seeds, the difference by 0.1: −1.0, −1.1, −0.9; error
        // 0.1/√3.
        let (a, b) = ([9.0, 18.9, 29.1], [10.0, 20.0, 30.0]);
        let found = Summary::of_differences(&a, &b);
        assert!((found.mean + 1.0).abs() < 1e-9);
        assert!((found.standard_error.unwrap_or(0.0) - 0.1 / 3f64.sqrt()).abs() < 1e-9);
        assert_eq!(found.verdict(Better::Lower), Verdict::Holds);
        assert_eq!(found.verdict(Better::Higher), Verdict::DoesNotHold);
        assert_eq!(found.verdict(Better::Neither), Verdict::NotDecided);
    }

    #[test]
    fn few_seeds_need_a_clearer_difference() {
        // 1.0, 1.2: mean 1.1, error 0.1; t = 12.7 for one degree of freedom, so eleven errors are
        // too few.
        let two = Summary::of_differences(&[1.0, 1.2], &[0.0, 0.0]);
        assert_eq!(two.verdict(Better::Higher), Verdict::NotDecided);
        // 1, 2, 3: mean 2, error 1/√3, 3.5 of them; t = 4.30.
        let three = Summary::of(&[1.0, 2.0, 3.0]);
        assert!((three.half_width().unwrap_or(0.0) - 4.303 / 3f64.sqrt()).abs() < 1e-3);
        assert_eq!(three.verdict(Better::Higher), Verdict::NotDecided);
        // 2 ± 4.303 / √3 = 2 ± 2.484, which includes 0; the standard error 0.58 does not reach it.
        assert_eq!(three.interval_text(1.0), "2.0 ± 2.5");
        assert_eq!(three.text(1.0), "2.00 ± 0.58");
        // The same spread around 3: 5.2 errors.
        assert_eq!(Summary::of(&[2.0, 3.0, 4.0]).verdict(Better::Higher), Verdict::Holds);
    }

    #[test]
    fn an_interval_with_zero_decides_nothing() {
        // −1, 1, 3: mean 1, error 2/√3 = 1.15.
        let found = Summary::of_differences(&[0.0, 2.0, 4.0], &[1.0, 1.0, 1.0]);
        assert_eq!(found.verdict(Better::Higher), Verdict::NotDecided);
        assert_eq!(Summary::of_differences(&[5.0], &[1.0]).verdict(Better::Higher), Verdict::NotDecided);
        assert_eq!(Summary::of_differences(&[1.0; 3], &[1.0; 3]).verdict(Better::Lower), Verdict::NotDecided);
    }

    #[test]
    fn a_claim_is_as_good_as_its_parts() {
        use Verdict::*;
        assert_eq!(of_all(&[Holds, Holds]), Holds);
        assert_eq!(of_all(&[Holds, NotDecided]), NotDecided);
        assert_eq!(of_all(&[Holds, NotDecided, DoesNotHold]), DoesNotHold);
        assert_eq!(of_all(&[]), NotDecided);
    }

    #[test]
    fn errors_have_two_digits_and_means_as_many_decimals() {
        let text = |mean, error| Summary { mean, standard_error: error, count: 3 }.text(1.0);
        assert_eq!(text(12.3456, Some(0.0417)), "12.346 ± 0.042");
        assert_eq!(text(1234.6, Some(56.7)), "1235 ± 57");
        assert_eq!(text(0.5, None), "0.5");
        assert_eq!(text(0.5, Some(0.0)), "0.5 ± 0");
        assert_eq!(text(f64::NAN, None), "—");
        assert_eq!(
            Summary { mean: 0.9531, standard_error: Some(0.0043), count: 3 }.text(100.0),
            "95.31 ± 0.43"
        );
    }
}
