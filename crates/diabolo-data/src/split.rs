//! Splitting rows into training, validation and test.

use crate::{Error, Result};
use diabolo_stats::random::{Purpose, permutation, stream};

/// Row numbers, each in at most one part, in the order of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The training rows; never empty.
    pub train: Vec<usize>,
    /// The validation rows, for early stopping.
    pub validation: Vec<usize>,
    /// The test rows.
    pub test: Vec<usize>,
}

impl Split {
    /// Splits `rows` rows at random; the parts depend only on the number of rows, the fractions and
    /// the seed.
    ///
    /// A part with a fraction above 0 gets at least one row while two are left, validation first.
    ///
    /// ```
    /// let split = diabolo_data::Split::new("rows.csv", 10, 0.2, 0.1, 0)?;
    /// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (7, 2, 1));
    /// # Ok::<(), diabolo_data::Error>(())
    /// ```
    pub fn new(input: &str, rows: usize, validation: f64, test: f64, seed: u64) -> Result<Self> {
        check(validation, test)?;
        if rows < 2 {
            return Err(Error::data(
                input,
                "at least two rows",
                rows.to_string(),
                "fit a model on more rows",
            ));
        }
        let share = |fraction: f64, most: usize| match fraction {
            0.0 => 0,
            _ => ((rows as f64 * fraction).round() as usize).max(1).min(most),
        };
        // One row remains for training and, of three or more, one for testing.
        let reserved = if test > 0.0 && rows > 2 { 2 } else { 1 };
        let validation = share(validation, rows - reserved);
        let test = share(test, rows - validation - 1);
        let mut order = permutation(&mut stream(seed, Purpose::Split, 0, 0), rows);
        let mut part = |size: usize| {
            let mut part = order.split_off(order.len() - size);
            part.sort_unstable();
            part
        };
        Ok(Split { validation: part(validation), test: part(test), train: part(rows - validation - test) })
    }

    /// Splits the windows of a time series, each identified by its last row: training first, then
    /// validation, then test. Windows that share a row with another part are in no part, nor are
    /// incomplete windows at the start.
    ///
    /// ```
    /// let split = diabolo_data::Split::in_order("series.csv", 30, 3, 0.1, 0.1)?;
    /// assert_eq!((split.train[0], split.train.len()), (2, 18));
    /// assert_eq!((split.validation, split.test), (vec![22, 23, 24], vec![27, 28, 29]));
    /// # Ok::<(), diabolo_data::Error>(())
    /// ```
    pub fn in_order(input: &str, rows: usize, window: usize, validation: f64, test: f64) -> Result<Self> {
        check(validation, test)?;
        let lead = window.saturating_sub(1);
        let size = |share: f64| ((rows as f64 * share).round() as usize).max(usize::from(share > 0.0));
        let held_out =
            [validation, test].map(size).map(|size| if size > 0 { lead.saturating_add(size) } else { 0 });
        let needed = held_out.into_iter().fold(lead.saturating_add(1), usize::saturating_add);
        if rows < needed {
            let expected = format!("{needed} rows or more, for windows of {window}");
            return Err(Error::data(
                input,
                expected,
                rows.to_string(),
                "fit shorter windows, or on a longer series",
            ));
        }
        let [test_from, validation_from] = [rows - held_out[1], rows - held_out[1] - held_out[0]];
        let after_gap = |from: usize, to: usize| if to > from { (from + lead..to).collect() } else { vec![] };
        Ok(Split {
            train: (lead..validation_from).collect(),
            validation: after_gap(validation_from, test_from),
            test: after_gap(test_from, rows),
        })
    }
}

/// Checks that the fractions leave rows for training.
fn check(validation: f64, test: f64) -> Result<()> {
    for (key, fraction) in [("validation", validation), ("test", test)] {
        if !(0.0..1.0).contains(&fraction) {
            return Err(Error::config(key, "a fraction from 0 up to, but not including, 1", fraction));
        }
    }
    // In floating point, 0.9 + 0.1 may differ from 1.
    match validation + test > 1.0 - 1e-9 {
        true => Err(Error::config(
            "validation and test",
            "a sum below 1: no row is left to train on",
            validation + test,
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_is_in_one_part_and_training_has_one(
            rows in 2usize..300, validation in 0.0f64..0.6, test in 0.0f64..0.39, seed in 0u64..9,
        ) {
            let split = Split::new("t", rows, validation, test, seed).unwrap();
            prop_assert!(!split.train.is_empty());
            prop_assert!(validation == 0.0 || !split.validation.is_empty());
            let mut all = [split.train.as_slice(), &split.validation, &split.test].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sizes_are_the_rounded_fractions() {
        let sizes = |rows, validation, test| {
            let split = Split::new("t", rows, validation, test, 3).unwrap();
            (split.train.len(), split.validation.len(), split.test.len())
        };
        assert_eq!(sizes(1000, 0.1, 0.2), (700, 100, 200));
        assert_eq!(sizes(2, 0.1, 0.1), (1, 1, 0));
        assert_eq!(sizes(3, 0.01, 0.01), (1, 1, 1));
        assert_eq!(sizes(5, 0.0, 0.0), (5, 0, 0));
        assert_eq!(sizes(3, 0.5, 0.4), (1, 1, 1));
    }

    proptest! {
        #[test]
        fn windows_of_two_parts_share_no_row(
            rows in 1usize..200, window in 1usize..20, validation in 0.0f64..0.5, test in 0.0f64..0.4,
        ) {
            let Ok(split) = Split::in_order("t", rows, window, validation, test) else {
                // Too short: some part would be empty or overlap.
                let parts = 1 + usize::from(validation > 0.0) + usize::from(test > 0.0);
                let held_out = (rows as f64 * validation).round() + (rows as f64 * test).round();
                prop_assert!(rows < parts * window + held_out as usize);
                return Ok(());
            };
            let parts = [&split.train, &split.validation, &split.test];
            prop_assert!(!split.train.is_empty() && split.train[0] + 1 == window);
            prop_assert_eq!([validation, test].map(|share| share > 0.0), [1, 2].map(|k| !parts[k].is_empty()));
            let kept: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            for two in kept.windows(2) {
                prop_assert_eq!(two[0][two[0].len() - 1] + window, two[1][0]);
            }
            prop_assert_eq!(kept[kept.len() - 1].last(), Some(&(rows - 1)));
        }
    }

    #[test]
    fn split_depends_on_the_seed_only() {
        let split = |seed| Split::new("t", 100, 0.2, 0.2, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn invalid_fractions_and_too_few_rows_are_errors() {
        for (validation, test) in
            [(f64::NAN, 0.0), (0.0, f64::NAN), (-0.1, 0.0), (1.0, 0.0), (0.5, 0.5), (0.9, 0.1)]
        {
            assert!(Split::new("t", 10, validation, test, 0).is_err(), "{validation} {test}");
        }
        let message = Split::new("t.csv", 1, 0.1, 0.0, 0).unwrap_err().to_string();
        assert_eq!(message, "t.csv: expected at least two rows, found 1; fit a model on more rows");
    }
}
