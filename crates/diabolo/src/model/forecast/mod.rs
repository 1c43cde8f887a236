//! Forecasts of series: from the last values of a series to the steps after them.
//!
//! One matrix serves all columns and series ([`LinearForecast`]), or a column has its own, where
//! that is clearly better on validation windows. Columns do not see each other.

mod effect;
mod latent;
mod regressors;
mod ridge;
mod scale;
mod split;
mod windows;

pub use latent::LatentForecast;
pub use regressors::{Effect, KnownSteps, Regressors, effects_in_words};
pub use ridge::{Anchor, LinearForecast, RidgeChoice, choose, ridge};
pub use scale::{Scale, logarithms_in_words};
pub use split::SplitSeries;
pub use windows::{Filled, Parts, Unseen, WindowsFor, drawn_windows, naive_error, spread};

use std::ops::Range;

use rayon::prelude::*;

use crate::stats::LagMoments;
use crate::tensor::Device;
use split::{column_moments, suggested_scales};

/// Columns may have a matrix of their own if they are not more than this.
const MOST_OWN: usize = 32;
/// The error of a matrix of its own must be below this share of that of the shared one, in both
/// halves of the validation part: a choice among many columns finds luck, too.
const CLEARLY: f64 = 0.95;
/// Columns whose moments are held at once.
const TOGETHER: usize = 8;

/// Folds of a cross-fit, at most and at least; of a horizon and a third or more, if possible.
const FOLDS: [usize; 2] = [5, 2];

/// Validation windows of a column by which its scale is chosen, at most.
const MOST_WINDOWS: usize = 4000;

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
    /// What the calendar and known columns add to each column; the matrices forecast the rest.
    pub effects: Vec<Effect>,
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
        let mut made = matrix.predict(&values.before(origin, matrix.window));
        made.iter_mut().enumerate().for_each(|(h, y)| *y += values.effect(origin + h));
        made
    }

    /// The known columns that some effect needs.
    pub fn needed(&self) -> Vec<usize> {
        let terms = self.effects.iter().flat_map(|effect| &effect.terms);
        terms.filter_map(|(regressors, _)| regressors.column()).collect()
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
            effects: vec![Effect::default(); columns],
        };
        if own {
            model.own_matrices(series, choice.window);
        }
        Some(model)
    }

    /// [`fit`](Self::fit), with the columns on logarithmic scales where their swings suggest that,
    /// and the errors on validation windows become smaller.
    pub fn fit_scaled(
        series: &mut [SplitSeries],
        windows: &[usize],
        horizon: usize,
        season: Option<usize>,
    ) -> Option<Self> {
        let linear = Self::fit(series, windows, horizon, season)?;
        let suggested = suggested_scales(series, season);
        if suggested.iter().all(|scale| *scale == Scale::Linear) {
            return Some(linear);
        }
        let before = linear.absolute_errors(series);
        series.iter_mut().for_each(|one| one.set_scales(&suggested));
        let scaled = Self::fit(series, windows, horizon, season)?;
        let after = scaled.absolute_errors(series);
        let better = |(scale, (before, after))| if after < before { scale } else { Scale::Linear };
        let errors = before.into_iter().zip(after);
        let chosen: Vec<Scale> = suggested.iter().copied().zip(errors).map(better).collect();
        if chosen == suggested {
            return Some(scaled);
        }
        series.iter_mut().for_each(|one| one.set_scales(&chosen));
        Self::fit(series, windows, horizon, season)
    }

    /// The mean absolute error of the matrices on validation windows of each column, in deviations
    /// of its numbers as given; NaN without windows.
    fn absolute_errors(&self, series: &[SplitSeries]) -> Vec<f64> {
        let of_column = |column: usize| -> f64 {
            let mut places = vec![];
            for one in series {
                let Some(values) = one.columns[column].as_ref().filter(|_| one.unit[column] > 0.0) else {
                    continue;
                };
                let runs = values.origins(&one.parts.validation, 1, self.horizon);
                places.extend(runs.into_iter().flatten().map(|origin| (one, values, origin)));
            }
            let places = drawn_windows(places, MOST_WINDOWS, WindowsFor::Scale, column);
            let of_window = |(one, values, origin): (&SplitSeries, &Filled, usize)| {
                let (scale, unit) = (one.scales[column], one.unit[column]);
                let made = self.predict_linear(column, values, origin).into_iter();
                let errors = made
                    .zip(&one.observed[column][origin..])
                    .map(move |(u, x)| (x - scale.back(u)).abs() / unit);
                errors.filter(|error| !error.is_nan()).collect::<Vec<f64>>()
            };
            let errors: Vec<f64> = places.into_iter().flat_map(of_window).collect();
            errors.iter().sum::<f64>() / errors.len() as f64
        };
        (0..self.of_column.len()).into_par_iter().map(of_column).collect()
    }

    /// For each fold of the training parts, the matrices fitted to the windows that predict no step
    /// of it, with the same choices; without folds that leave nothing to fit, or have no window.
    pub fn cross_fits(&self, series: &[SplitSeries]) -> Vec<(ForecastModel, Unseen)> {
        let columns = self.of_column.len();
        let of_matrix = |matrix: usize, fold: Unseen| -> Option<LinearForecast> {
            let choice = &self.choices[matrix];
            let mut moments = LagMoments::new(choice.window, self.horizon);
            for column in (0..columns).filter(|column| matrix == 0 || self.of_column[*column] == matrix) {
                let mut add = |part: &dyn Fn(&Parts) -> Range<usize>| {
                    moments.merge(&column_moments(series, column, choice.window, self.horizon, part));
                };
                add(&|parts| parts.train.start..parts.unseen(fold).start);
                add(&|parts| parts.unseen(fold).end..parts.train.end);
            }
            ridge(&moments, choice, self.season)
        };
        let [most, least] = FOLDS;
        let longest = series.iter().map(|one| one.parts.train.len()).max().unwrap_or(0);
        let of = (longest / (self.horizon + self.horizon / 3)).clamp(least, most);
        let of_fold = |at: usize| {
            let fold = Unseen::Fold { at, of };
            let has_window = |one: &SplitSeries| {
                let steps = one.parts.unseen(fold);
                steps.start.max(self.window()) + self.horizon <= steps.end
            };
            series.iter().any(has_window).then_some(())?;
            let matrices = (0..self.matrices.len()).map(|matrix| of_matrix(matrix, fold));
            let matrices = matrices.collect::<Option<Vec<_>>>()?;
            Some((ForecastModel { matrices, latent: None, ..self.clone() }, fold))
        };
        (0..of).into_par_iter().filter_map(of_fold).collect()
    }

    /// This model or, if it has smaller errors on validation windows, one that also uses the
    /// calendar and known columns; the columns of the series then have their effects.
    ///
    /// Long windows hold seasons that an effect of the calendar has, too. Effects are therefore
    /// also looked for with a window of half the length, and taken if that is clearly better.
    pub fn or_with_effects(
        self,
        series: &mut [SplitSeries],
        windows: &[usize],
        groups: &[Regressors],
    ) -> Self {
        if groups.is_empty() {
            return self;
        }
        let chosen = self.window();
        let shorter = windows.iter().copied().filter(|window| 2 * window <= chosen).max();
        let (mut best, mut least) = (self, f64::INFINITY);
        let without = vec![Effect::default(); best.of_column.len()];
        let (horizon, season) = (best.horizon, best.season);
        for start in [Some(chosen), shorter].into_iter().flatten() {
            series.iter_mut().for_each(|one| one.set_effects(&without));
            let Some(found) = ForecastModel::fit(series, &[start], horizon, season) else { continue };
            let effects = found.find_effects(series, groups);
            least = least.min(found.validation_error(series));
            if effects.iter().all(|effect| effect.terms.is_empty()) {
                continue;
            }
            series.iter_mut().for_each(|one| one.set_effects(&effects));
            let Some(found) = ForecastModel::fit(series, windows, horizon, season) else { continue };
            let error = found.validation_error(series);
            if error < if start == chosen { least } else { effect::CLEARLY * least } {
                (best, least) = (ForecastModel { effects, ..found }, error);
            }
        }
        series.iter_mut().for_each(|one| one.set_effects(&best.effects));
        best
    }

    /// The effects that each column has.
    fn find_effects(&self, series: &[SplitSeries], groups: &[Regressors]) -> Vec<Effect> {
        let find = |column: usize| {
            let choice = self.choices[self.of_column[column]];
            effect::find(series, column, (choice, self.horizon, self.season), groups)
        };
        (0..self.of_column.len()).into_par_iter().map(find).collect()
    }

    /// The mean squared error of the matrices on validation windows.
    fn validation_error(&self, series: &[SplitSeries]) -> f64 {
        let of_column = |column: usize| -> (f64, usize) {
            let matrix = &self.matrices[self.of_column[column]];
            let part = |parts: &Parts| parts.validation.clone();
            let moments = column_moments(series, column, matrix.window, self.horizon, part);
            (moments.squared_errors(&matrix.weights_f64()).iter().sum(), moments.count)
        };
        let all: Vec<(f64, usize)> = (0..self.of_column.len()).into_par_iter().map(of_column).collect();
        all.iter().map(|(error, _)| error).sum::<f64>()
            / all.iter().map(|(_, count)| *count as f64).sum::<f64>()
    }

    /// Gives a matrix of its own to each column for which that is clearly better.
    fn own_matrices(&mut self, series: &[SplitSeries], window: usize) {
        let (horizon, season) = (self.horizon, self.season);
        let shared = self.matrices[0].weights_f64();
        let own = |column: usize| {
            let train = column_moments(series, column, window, horizon, |parts| parts.train.clone());
            let halves = [
                column_moments(series, column, window, horizon, |parts| parts.validation_halves()[0].clone()),
                column_moments(series, column, window, horizon, |parts| parts.validation_halves()[1].clone()),
            ];
            let mut validation = halves[0].clone();
            validation.merge(&halves[1]);
            let (choice, _) = choose(&train, &validation, season)?;
            let matrix = ridge(&train, &choice, season)?;
            let weights = matrix.weights_f64();
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

/// The moments of all columns together.
fn shared(series: &[SplitSeries], columns: usize, window: usize, horizon: usize) -> [LagMoments; 2] {
    let mut all = [LagMoments::new(window, horizon), LagMoments::new(window, horizon)];
    for first in (0..columns).step_by(TOGETHER) {
        let some = first..columns.min(first + TOGETHER);
        let of_column = |column: usize| {
            [
                column_moments(series, column, window, horizon, |parts| parts.train.clone()),
                column_moments(series, column, window, horizon, |parts| parts.validation.clone()),
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
