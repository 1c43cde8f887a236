//! The errors of forecasts on test windows.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::diagnosis::{Diagnosis, Window, WindowMeans, diagnose};
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
    /// Mean absolute error of each step, standardised; `None` where no value is observed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mae_by_step: Vec<Option<f64>>,
    /// The share of values within the interval of each level at each step, likewise.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub coverage_by_step: BTreeMap<String, Vec<Option<f64>>>,
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
        let mean_of = |step: &StepSums, sum: f64| (step.cells > 0.0).then(|| sum / step.cells);
        let by_step = |at: usize| steps().map(|step| mean_of(step, step.within[at])).collect();
        ForecastErrors {
            mse_standardized: mean(self.squared),
            mae_standardized: mean(self.absolute),
            mase,
            smape: mean(self.percent),
            crps: intervals.then(|| mean(self.pinball)),
            coverage: levels().map(|(at, level)| (level.to_string(), within(at))).collect(),
            mae_by_step: steps().map(|step| mean_of(step, step.absolute)).collect(),
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
    let (own, of_windows) = of(Method::Model)?;
    let diagnosis = match intervals.contains_key(&Method::Model) {
        true => diagnose(&of_windows, model, series, schema, validation),
        false => Diagnosis::default(),
    };
    Some(ForecastScores {
        horizon: model.horizon,
        windows,
        model: own,
        diagnosis,
        ridge: of(Method::Ridge)?.0,
        last_value: of(Method::LastValue)?.0,
        seasonal_naive: of(Method::SeasonalNaive)?.0,
    })
}

/// The errors of a method, and of the model those of each window; `None` if no value is observed.
fn errors(
    method: Method,
    model: &ForecastModel,
    intervals: Option<&Intervals>,
    series: &[SplitSeries],
) -> Option<(ForecastErrors, Vec<Window>)> {
    // Those that are diagnosed.
    let is_kept = method == Method::Model && intervals.is_some();
    let (mut all, mut scaled, mut windows) = (Sums::new(model.horizon), vec![], vec![]);
    for (at, one) in series.iter().enumerate() {
        for column in (0..model.of_column.len()).filter(|&column| one.deviation[column] > 0.0) {
            let last = (one.parts.test.end + 1).saturating_sub(model.horizon);
            let origins: Vec<usize> = (one.parts.test.start..last).collect();
            let sums = |some: &[usize]| {
                let mut sums = Sums::new(model.horizon);
                let of_origin = |&origin: &usize| {
                    let (first, means) = add(&mut sums, method, model, intervals, one, (column, origin))?;
                    is_kept.then_some(Window { series: at, column, origin, first, means })
                };
                let windows: Vec<Window> = some.iter().filter_map(of_origin).collect();
                (sums, windows)
            };
            let parts: Vec<(Sums, Vec<Window>)> = origins.par_chunks(TOGETHER).map(sums).collect();
            let mut own = Sums::new(model.horizon);
            for (sums, more) in parts {
                own.merge(&sums);
                windows.extend(more);
            }
            let naive = one.naive_error[column] / one.unit[column];
            if own.cells > 0.0 && naive > 0.0 {
                scaled.push(own.absolute / own.cells / naive);
            }
            all.merge(&own);
        }
    }
    let mase = (!scaled.is_empty()).then(|| scaled.iter().sum::<f64>() / scaled.len() as f64);
    (all.cells > 0.0).then(|| (all.errors(mase, intervals.is_some()), windows))
}

/// Adds the errors of one window of a column; the error of its first step, and its means. `None` if
/// nothing can be predicted.
fn add(
    sums: &mut Sums,
    method: Method,
    model: &ForecastModel,
    intervals: Option<&Intervals>,
    one: &SplitSeries,
    (column, origin): (usize, usize),
) -> Option<(Option<f64>, Option<WindowMeans>)> {
    let (values, deviation) = (one.columns[column].as_ref()?, one.deviation[column]);
    let made = method.predict(model, column, values, origin, deviation);
    let scale = intervals.map(|intervals| intervals.scale(model, values, origin, deviation));
    let (on, unit) = (one.scales[column], one.unit[column]);
    let (mut first, mut count, mut absolute, mut within_all) = (None, 0.0, 0.0, [0.0; LEVELS.len()]);
    for (step, (&u, x)) in made.iter().zip(&one.observed[column][origin..]).enumerate() {
        if x.is_nan() {
            continue;
        }
        let y = on.back(u);
        let error = (x - y) / unit;
        first = first.or((step == 0).then_some(error));
        count += 1.0;
        absolute += error.abs();
        sums.cells += 1.0;
        sums.squared += error * error;
        sums.absolute += error.abs();
        let size = x.abs() + y.abs();
        sums.percent += if size > 0.0 { 200.0 * (x - y).abs() / size } else { 0.0 };
        let of_step = &mut sums.by_step[step];
        of_step.cells += 1.0;
        of_step.absolute += error.abs();
        let (Some(intervals), Some(scale)) = (intervals, scale) else { continue };
        let of_scale = intervals.at(column, model.horizon, step, scale);
        let quantile = |p: f64| on.difference(u, of_scale(p)) / unit;
        let pinball = |k: u32| {
            let p = f64::from(k) / 20.0;
            let beyond = error - quantile(p);
            (p * beyond).max((p - 1.0) * beyond)
        };
        sums.pinball += 2.0 * CRPS.map(pinball).sum::<f64>() / CRPS.count() as f64;
        let held = within(error, quantile).map(f64::from);
        of_step.within.iter_mut().zip(held).for_each(|(sum, held)| *sum += held);
        within_all.iter_mut().zip(held).for_each(|(sum, held)| *sum += held);
    }
    let means = (count > 0.0)
        .then(|| WindowMeans { mae: absolute / count, within: within_all.map(|sum| sum / count) });
    Some((first, means))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_step_without_values_has_no_error() {
        let mut sums = Sums { cells: 2.0, absolute: 3.0, ..Sums::new(2) };
        sums.by_step[0] = StepSums { cells: 2.0, absolute: 3.0, within: [2.0, 1.0, 0.0] };
        let errors = sums.errors(None, true);
        assert_eq!(errors.mae_by_step, [Some(1.5), None]);
        assert_eq!(errors.coverage_by_step["0.9"], [Some(0.5), None]);
        let json = serde_json::to_string(&errors).unwrap();
        assert_eq!(serde_json::from_str::<ForecastErrors>(&json).unwrap(), errors);
    }
}
