//! The errors of forecasts on test windows.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::diagnosis::{Diagnosis, diagnose};
use super::intervals::Intervals;
use super::levels::{LEVELS, within};
use super::method::Method;
use crate::data::SeriesSchema;
use crate::model::forecast::{ForecastModel, SplitSeries};

/// The probabilities of the quantiles that the CRPS is the mean of.
const CRPS: std::ops::RangeInclusive<u32> = 1..=19;
/// Windows that one thread scores before it takes others.
const TOGETHER: usize = 256;

/// The errors of one method, over all test windows, columns and steps whose value is observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForecastErrors {
    /// Mean squared error; values are divided by the deviation of their column in training.
    pub mse_standardized: f64,
    /// Mean absolute error, likewise.
    pub mae_standardized: f64,
    /// Mean absolute scaled error (Hyndman and Koehler 2006): of each series and column in units of
    /// the error of the seasonal naive forecast of one step in training, then the mean.
    pub mase: Option<f64>,
    /// Symmetric mean absolute percentage error, 0 to 200: 200 |y − x| / (|y| + |x|).
    pub smape: f64,
    /// Continuous ranked probability score, standardised: twice the mean pinball loss of the
    /// quantiles 0.05, 0.1, …, 0.95. `None` without intervals.
    pub crps: Option<f64>,
    /// The share of values within the interval of each level.
    pub coverage: BTreeMap<String, f64>,
    /// Mean absolute error of each step, standardised.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mae_by_step: Vec<f64>,
    /// The share of values within the interval of each level at each step.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub coverage_by_step: BTreeMap<String, Vec<f64>>,
}

/// The errors of a model beside naive forecasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForecastScores {
    /// H.
    pub horizon: usize,
    /// Number of test windows: origins of all series, each with all columns.
    pub windows: usize,
    /// The model.
    #[serde(flatten)]
    pub model: ForecastErrors,
    /// What its errors say beyond their means.
    #[serde(flatten)]
    pub diagnosis: Diagnosis,
    /// Its linear part alone.
    pub ridge: ForecastErrors,
    /// The last value, repeated.
    pub last_value: ForecastErrors,
    /// The last season, repeated.
    pub seasonal_naive: ForecastErrors,
}

/// Sums over cells.
#[derive(Clone, Default)]
struct Sums {
    cells: f64,
    squared: f64,
    absolute: f64,
    percent: f64,
    pinball: f64,
    by_step: Vec<StepSums>,
}

/// Sums over the cells of a step.
#[derive(Clone, Copy, Default)]
struct StepSums {
    cells: f64,
    absolute: f64,
    within: [f64; LEVELS.len()],
}

impl Sums {
    fn new(horizon: usize) -> Self {
        Sums { by_step: vec![StepSums::default(); horizon], ..Sums::default() }
    }

    fn merge(&mut self, other: &Sums) {
        self.cells += other.cells;
        self.squared += other.squared;
        self.absolute += other.absolute;
        self.percent += other.percent;
        self.pinball += other.pinball;
        for (a, b) in self.by_step.iter_mut().zip(&other.by_step) {
            a.cells += b.cells;
            a.absolute += b.absolute;
            a.within.iter_mut().zip(b.within).for_each(|(a, b)| *a += b);
        }
    }

    fn errors(&self, mase: Option<f64>, intervals: bool) -> ForecastErrors {
        let mean = |sum: f64| sum / self.cells;
        let steps = || self.by_step.iter();
        let levels = || LEVELS.iter().enumerate().filter(|_| intervals);
        let within = |at: usize| mean(steps().map(|step| step.within[at]).sum());
        let by_step = |at: usize| steps().map(|step| step.within[at] / step.cells).collect();
        ForecastErrors {
            mse_standardized: mean(self.squared),
            mae_standardized: mean(self.absolute),
            mase,
            smape: mean(self.percent),
            crps: intervals.then(|| mean(self.pinball)),
            coverage: levels().map(|(at, level)| (level.to_string(), within(at))).collect(),
            mae_by_step: steps().map(|step| step.absolute / step.cells).collect(),
            coverage_by_step: levels().map(|(at, level)| (level.to_string(), by_step(at))).collect(),
        }
    }
}

/// The errors of a model and of naive forecasts on every test window of the series; `intervals`
/// are those of each method, calibrated on so many steps of the `validation` part. `None` if there
/// is no test window.
pub fn evaluate(
    model: &ForecastModel,
    intervals: &BTreeMap<Method, Intervals>,
    series: &[SplitSeries],
    schema: &SeriesSchema,
    validation: usize,
) -> Option<ForecastScores> {
    let windows: usize =
        series.iter().map(|one| (one.parts.test.len() + 1).saturating_sub(model.horizon)).sum();
    let of = |method: Method| errors(method, model, intervals.get(&method), series);
    (windows > 0).then_some(())?;
    Some(ForecastScores {
        horizon: model.horizon,
        windows,
        model: of(Method::Model)?,
        diagnosis: (intervals.get(&Method::Model))
            .map(|intervals| diagnose(model, intervals, series, schema, validation))
            .unwrap_or_default(),
        ridge: of(Method::Ridge)?,
        last_value: of(Method::LastValue)?,
        seasonal_naive: of(Method::SeasonalNaive)?,
    })
}

/// The errors of a method; `None` if no value is observed.
fn errors(
    method: Method,
    model: &ForecastModel,
    intervals: Option<&Intervals>,
    series: &[SplitSeries],
) -> Option<ForecastErrors> {
    let (mut all, mut scaled) = (Sums::new(model.horizon), vec![]);
    for one in series {
        for column in (0..model.of_column.len()).filter(|&column| one.deviation[column] > 0.0) {
            let last = (one.parts.test.end + 1).saturating_sub(model.horizon);
            let origins: Vec<usize> = (one.parts.test.start..last).collect();
            let sums = |some: &[usize]| {
                let mut sums = Sums::new(model.horizon);
                some.iter()
                    .for_each(|&origin| add(&mut sums, method, model, intervals, one, (column, origin)));
                sums
            };
            let parts: Vec<Sums> = origins.par_chunks(TOGETHER).map(sums).collect();
            let mut own = Sums::new(model.horizon);
            parts.iter().for_each(|part| own.merge(part));
            let naive = one.naive_error[column] / one.deviation[column];
            if own.cells > 0.0 && naive > 0.0 {
                scaled.push(own.absolute / own.cells / naive);
            }
            all.merge(&own);
        }
    }
    let mase = (!scaled.is_empty()).then(|| scaled.iter().sum::<f64>() / scaled.len() as f64);
    (all.cells > 0.0).then(|| all.errors(mase, intervals.is_some()))
}

/// Adds the errors of one window of a column.
fn add(
    sums: &mut Sums,
    method: Method,
    model: &ForecastModel,
    intervals: Option<&Intervals>,
    one: &SplitSeries,
    (column, origin): (usize, usize),
) {
    let (Some(values), deviation) = (&one.columns[column], one.deviation[column]) else { return };
    let made = method.predict(model, column, values, origin, deviation);
    let scale = intervals.map(|intervals| intervals.scale(model, values, origin, deviation));
    for (step, (y, x)) in made.iter().zip(&one.observed[column][origin..]).enumerate() {
        if x.is_nan() {
            continue;
        }
        let error = (x - y) / deviation;
        sums.cells += 1.0;
        sums.squared += error * error;
        sums.absolute += error.abs();
        let size = x.abs() + y.abs();
        sums.percent += if size > 0.0 { 200.0 * (x - y).abs() / size } else { 0.0 };
        let of_step = &mut sums.by_step[step];
        of_step.cells += 1.0;
        of_step.absolute += error.abs();
        let (Some(intervals), Some(scale)) = (intervals, scale) else { continue };
        let quantile = intervals.at(column, model.horizon, step, scale / deviation);
        let pinball = |k: u32| {
            let p = f64::from(k) / 20.0;
            let beyond = error - quantile(p);
            (p * beyond).max((p - 1.0) * beyond)
        };
        sums.pinball += 2.0 * CRPS.map(pinball).sum::<f64>() / CRPS.count() as f64;
        let held = within(error, quantile);
        sums.by_step[step].within.iter_mut().zip(held).for_each(|(sum, held)| *sum += f64::from(held));
    }
}
