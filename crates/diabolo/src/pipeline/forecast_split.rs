//! How series are split in time.

use crate::data::{DataConfig, KeyTime, Series, SeriesSchema};
use crate::model::ForecastConfig;
use crate::model::forecast::{Filled, KnownSteps, Parts, Scale, SplitSeries, naive_error, spread};
use crate::{Error, Result};

/// Both parts are needed: one to choose and calibrate, one (unless it is 0) to test.
pub(super) fn check_shares(data: &DataConfig) -> Result<()> {
    let (validation, test) = (data.validation, data.test);
    if !(0.01..=0.9).contains(&validation) {
        return Err(Error::config(
            "validation",
            "a fraction from 0.01 to 0.9, to choose and calibrate",
            validation,
        ));
    }
    match (0.0..=0.9).contains(&test) && validation + test <= 0.95 {
        true => Ok(()),
        false => Err(Error::config("test", "a fraction that leaves rows for training", test)),
    }
}

/// Where the test part of a series begins.
enum FirstTest {
    /// After the other parts, by its share.
    Share(f64),
    /// At this time or later.
    Time(KeyTime),
    /// At this row, from 1.
    Row(usize),
}

/// How series are split in time.
pub(super) struct TimeSplit {
    validation: f64,
    test: FirstTest,
}

impl TimeSplit {
    /// By the settings of a fit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the first test step is no time of the key.
    pub fn of(schema: &SeriesSchema, data: &DataConfig, settings: Option<&ForecastConfig>) -> Result<Self> {
        let flag = "--test-from";
        let test = match (settings.and_then(|settings| settings.test_from.as_deref()), &schema.key) {
            (None, _) => FirstTest::Share(data.test),
            (Some(text), Some(key)) => FirstTest::Time(key.parse(flag, text)?),
            (Some(text), None) => FirstTest::Row(text.parse().map_err(|_| {
                Error::invalid_value(flag, "the number of a row: there is no key", format!("'{text}'"))
            })?),
        };
        Ok(TimeSplit { validation: data.validation, test })
    }

    /// The parts of a series; `None` if it is too short.
    pub fn parts(&self, series: &Series, horizon: usize) -> Option<Parts> {
        let steps = series.len();
        let first = match self.test {
            FirstTest::Share(share) => return Parts::of(steps, horizon, [self.validation, share]),
            FirstTest::Row(row) => row.saturating_sub(1).min(steps),
            FirstTest::Time(first) => {
                let found = series.times.iter().find(|(_, time)| !time.is_before(first));
                found.map_or(steps, |(step, _)| *step)
            }
        };
        Parts::before(first, steps, horizon, self.validation)
    }

    /// What a series must have, if none is long enough for this horizon.
    pub fn expected(&self, horizon: usize) -> String {
        match self.test {
            FirstTest::Share(share) => {
                let fewest = Parts::fewest(horizon, [self.validation, share]);
                format!("a series of {fewest} steps or more, for a horizon of {horizon}")
            }
            _ => {
                let share = 100.0 * self.validation;
                format!(
                    "steps before --test-from for training and validation ({share} %), for a horizon of {horizon}"
                )
            }
        }
    }

    /// The parts and scales of one series; `None` if it is too short.
    pub fn split(
        &self,
        schema: &SeriesSchema,
        series: &Series,
        horizon: usize,
        season: Option<usize>,
    ) -> Option<SplitSeries> {
        let values = &series.values;
        let parts = self.parts(series, horizon)?;
        let train = |column: &Vec<f64>| column[parts.train.clone()].to_vec();
        let columns = values.iter().map(|column| {
            let known = column[parts.train.clone()].iter().any(|x| !x.is_nan());
            Filled::of(column).filter(|_| known)
        });
        let deviation: Vec<f64> = values.iter().map(|column| spread(&train(column))).collect();
        Some(SplitSeries {
            columns: columns.collect(),
            scales: vec![Scale::Linear; values.len()],
            scaled: values.clone(),
            unit: deviation.clone(),
            deviation,
            naive_error: values
                .iter()
                .map(|column| naive_error(&train(column), season.unwrap_or(1)))
                .collect(),
            observed: values.clone(),
            name: series.name.clone(),
            times: series.times.clone(),
            known: KnownSteps::of(schema, series),
            parts,
        })
    }
}
