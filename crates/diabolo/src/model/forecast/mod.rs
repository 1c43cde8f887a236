//! Forecasts of series: from the last values of a series to the steps after them.
//!
//! One matrix serves all columns and series ([`LinearForecast`]), or a column has its own, where
//! that is clearly better on validation windows. Columns do not see each other.

mod latent;
mod ridge;
mod windows;

pub use latent::LatentForecast;
pub use ridge::{Anchor, LinearForecast, RidgeChoice, choose, ridge};
pub use windows::{Filled, Parts, filled, naive_error, spread};

use rayon::prelude::*;
use std::ops::Range;

use crate::stats::LagMoments;
use crate::tensor::Device;

/// Columns may have a matrix of their own if they are not more than this.
const MOST_OWN: usize = 32;
/// The error of a matrix of its own must be below this share of that of the shared one, in both
/// halves of the validation part: a choice among many columns finds luck, too.
const CLEARLY: f64 = 0.95;
/// Columns whose moments are held at once.
const TOGETHER: usize = 8;

/// A series for the fit or the evaluation of forecasts.
#[derive(Debug, Clone)]
pub struct SplitSeries {
    /// The columns, filled; `None` for one without a number in the training part.
    pub columns: Vec<Option<Filled>>,
    /// The numbers as given; NaN where missing.
    pub observed: Vec<Vec<f64>>,
    /// Training, validation and test.
    pub parts: Parts,
    /// The deviation of each column in the training part; 0 for a constant.
    pub deviation: Vec<f64>,
    /// The scale of MASE of each column: the error of the seasonal naive forecast in the training
    /// part.
    pub naive_error: Vec<f64>,
}

/// Windows vary by this share of the series' deviation at the least: a constant window does not
/// mean that nothing will change.
const LEAST_DEVIATION: f64 = 0.05;

/// A fitted model of forecasts.
#[derive(Debug, Clone)]
pub struct ForecastModel {
    /// H, the steps that it predicts.
    pub horizon: usize,
    /// The season in steps, if there is one.
    pub season: Option<usize>,
    /// The matrices, the shared one first.
    pub matrices: Vec<LinearForecast>,
    /// How each was chosen.
    pub choices: Vec<RidgeChoice>,
    /// The matrix of each column.
    pub of_column: Vec<usize>,
    /// What the matrices miss, for all columns, if that helps.
    pub latent: Option<LatentForecast>,
}

impl ForecastModel {
    /// The H steps of a column from `origin` on, by the values before it; `unit` is the deviation
    /// of the series.
    pub fn predict(&self, column: usize, values: &Filled, origin: usize, unit: f64) -> Vec<f64> {
        let mut made = self.predict_linear(column, values, origin);
        if let Some(latent) = self.latent.as_ref().filter(|_| unit > 0.0) {
            let window = values.before(origin, latent.window());
            let deviation = self.window_deviation(values, origin, unit);
            let more = latent.correction(&window, deviation, &Device::cpu());
            made.iter_mut().zip(more).for_each(|(y, more)| *y += more);
        }
        made
    }

    /// The deviation σ_x within the longest window before `origin`; not much less than `unit`, that
    /// of the series.
    pub fn window_deviation(&self, values: &Filled, origin: usize, unit: f64) -> f64 {
        spread(&values.before(origin, self.window())).max(LEAST_DEVIATION * unit)
    }

    /// [`predict`](Self::predict) by the matrix alone.
    pub fn predict_linear(&self, column: usize, values: &Filled, origin: usize) -> Vec<f64> {
        let matrix = &self.matrices[self.of_column[column]];
        matrix.predict(&values.before(origin, matrix.window))
    }

    /// The longest window of its matrices.
    pub fn window(&self) -> usize {
        self.matrices.iter().map(|matrix| matrix.window).max().unwrap_or(1)
    }

    /// Fits the matrices to the training parts of the series; window, penalty and anchor are those
    /// with the least squared error on the validation parts, in units of each column's deviation.
    ///
    /// Returns `None` if no series has a whole window, or all are constant.
    pub fn fit(
        series: &[SplitSeries],
        windows: &[usize],
        horizon: usize,
        season: Option<usize>,
    ) -> Option<Self> {
        let columns = series.first()?.columns.len();
        let own = columns > 1 && columns <= MOST_OWN;
        let mut best: Option<(RidgeChoice, f64)> = None;
        for &window in windows {
            let [train, validation] = shared(series, columns, window, horizon);
            let found = choose(&train, &validation, season).filter(|_| validation.count > 0);
            if let Some((choice, error)) = found
                && best.is_none_or(|(_, least)| error / (validation.count as f64) < least)
            {
                best = Some((choice, error / validation.count as f64));
            }
        }
        let (choice, _) = best?;
        let [train, _] = shared(series, columns, choice.window, horizon);
        let mut model = ForecastModel {
            horizon,
            season,
            matrices: vec![ridge(&train, &choice, season)?],
            choices: vec![choice],
            of_column: vec![0; columns],
            latent: None,
        };
        if own {
            model.own_matrices(series, choice.window);
        }
        Some(model)
    }

    /// Gives a matrix of its own to each column for which that is clearly better.
    fn own_matrices(&mut self, series: &[SplitSeries], window: usize) {
        let (horizon, season) = (self.horizon, self.season);
        let shared: Vec<f64> = self.matrices[0].weights.iter().map(|a| f64::from(*a)).collect();
        let own = |column: usize| {
            let train = moments(series, column, window, horizon, |parts| parts.train.clone());
            let halves = [
                moments(series, column, window, horizon, |parts| parts.validation_halves()[0].clone()),
                moments(series, column, window, horizon, |parts| parts.validation_halves()[1].clone()),
            ];
            let mut validation = halves[0].clone();
            validation.merge(&halves[1]);
            let (choice, _) = choose(&train, &validation, season)?;
            let matrix = ridge(&train, &choice, season)?;
            let weights: Vec<f64> = matrix.weights.iter().map(|a| f64::from(*a)).collect();
            let error = |half: &LagMoments, weights: &[f64]| half.squared_errors(weights).iter().sum::<f64>();
            let better = |half: &LagMoments| error(half, &weights) < CLEARLY * error(half, &shared);
            halves.iter().all(|half| half.count > 0 && better(half)).then_some((matrix, choice))
        };
        let found: Vec<_> = (0..self.of_column.len()).into_par_iter().map(own).collect();
        for (column, (matrix, choice)) in
            found.into_iter().enumerate().filter_map(|(column, found)| Some((column, found?)))
        {
            self.of_column[column] = self.matrices.len();
            self.matrices.push(matrix);
            self.choices.push(choice);
        }
    }
}

/// The moments of the windows of a column that predict steps of a part.
fn moments(
    series: &[SplitSeries],
    column: usize,
    window: usize,
    horizon: usize,
    part: impl Fn(&Parts) -> Range<usize>,
) -> LagMoments {
    let mut moments = LagMoments::new(window, horizon);
    for one in series.iter().filter(|one| one.deviation[column] > 0.0) {
        let Some(values) = &one.columns[column] else { continue };
        for run in values.origins(&part(&one.parts), window, horizon) {
            let (first, last) = (run.start - window, run.end - 1 - window);
            moments.add(&values.values, first, last, 1.0 / one.deviation[column]);
        }
    }
    moments
}

/// The moments of all columns together.
fn shared(series: &[SplitSeries], columns: usize, window: usize, horizon: usize) -> [LagMoments; 2] {
    let mut all = [LagMoments::new(window, horizon), LagMoments::new(window, horizon)];
    for first in (0..columns).step_by(TOGETHER) {
        let some = first..columns.min(first + TOGETHER);
        let of_column = |column: usize| {
            [
                moments(series, column, window, horizon, |parts| parts.train.clone()),
                moments(series, column, window, horizon, |parts| parts.validation.clone()),
            ]
        };
        let found: Vec<_> = some.into_par_iter().map(of_column).collect();
        for [train, validation] in &found {
            all[0].merge(train);
            all[1].merge(validation);
        }
    }
    all
}
