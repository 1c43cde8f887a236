//! The errors of forecasts on test windows.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Intervals, Method};
use crate::model::forecast::{ForecastModel, SplitSeries};

/// The probabilities of the quantiles that the CRPS is the mean of.
const CRPS: std::ops::RangeInclusive<u32> = 1..=19;
/// The levels whose coverage is measured.
const LEVELS: [f64; 3] = [0.8, 0.9, 0.95];
/// Rounding of an error, in deviations of the series.
const ROUNDING: f64 = 1e-6;
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
    within: [f64; LEVELS.len()],
    by_step: Vec<[f64; 2]>,
}

impl Sums {
    fn new(horizon: usize) -> Self {
        Sums { by_step: vec![[0.0; 2]; horizon], ..Sums::default() }
    }

    fn merge(&mut self, other: &Sums) {
        self.cells += other.cells;
        self.squared += other.squared;
        self.absolute += other.absolute;
        self.percent += other.percent;
        self.pinball += other.pinball;
        self.within.iter_mut().zip(other.within).for_each(|(a, b)| *a += b);
        for (a, b) in self.by_step.iter_mut().zip(&other.by_step) {
            a[0] += b[0];
            a[1] += b[1];
        }
    }

    fn errors(&self, mase: Option<f64>, intervals: bool) -> ForecastErrors {
        let mean = |sum: f64| sum / self.cells;
        let levels = LEVELS.iter().zip(self.within).filter(|_| intervals);
        ForecastErrors {
            mse_standardized: mean(self.squared),
            mae_standardized: mean(self.absolute),
            mase,
            smape: mean(self.percent),
            crps: intervals.then(|| mean(self.pinball)),
            coverage: levels.map(|(level, within)| (level.to_string(), mean(within))).collect(),
            mae_by_step: self.by_step.iter().map(|[sum, count]| sum / count).collect(),
        }
    }
}

/// The errors of a model and of naive forecasts on every test window of the series; `intervals`
/// are those of each method. `None` if there is no test window.
pub fn evaluate(
    model: &ForecastModel,
    intervals: &BTreeMap<Method, Intervals>,
    series: &[SplitSeries],
) -> Option<ForecastScores> {
    let windows: usize =
        series.iter().map(|one| (one.parts.test.len() + 1).saturating_sub(model.horizon)).sum();
    let of = |method: Method| errors(method, model, intervals.get(&method), series);
    (windows > 0).then_some(())?;
    Some(ForecastScores {
        horizon: model.horizon,
        windows,
        model: of(Method::Model)?,
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
        sums.by_step[step][0] += error.abs();
        sums.by_step[step][1] += 1.0;
        let (Some(intervals), Some(scale)) = (intervals, scale) else { continue };
        let quantile = intervals.at(column, model.horizon, step, scale / deviation);
        let pinball = |k: u32| {
            let p = f64::from(k) / 20.0;
            let beyond = error - quantile(p);
            (p * beyond).max((p - 1.0) * beyond)
        };
        sums.pinball += 2.0 * CRPS.map(pinball).sum::<f64>() / CRPS.count() as f64;
        for (within, level) in sums.within.iter_mut().zip(LEVELS) {
            let tail = (1.0 - level) / 2.0;
            // Quantiles are stored in single precision.
            let (low, high) = (quantile(tail) - ROUNDING, quantile(1.0 - tail) + ROUNDING);
            *within += f64::from((low..=high).contains(&error));
        }
    }
}
