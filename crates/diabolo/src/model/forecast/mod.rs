//! Forecasts of series: from the last values of a series to the steps after them.
//!
//! One matrix serves all columns and series ([`LinearForecast`]), or a column has its own, where
//! that is clearly better on validation windows. Of many series each has its own, which leans on
//! that of all ([`Adaptation`]). Columns do not see each other.

mod effect;
mod latent;
mod many;
mod regressors;
mod ridge;
mod scale;
mod split;
mod windows;

pub use latent::LatentForecast;
pub use many::{Adaptation, own_matrices_in_words};
pub use regressors::{Effect, KnownSteps, Regressors, effects_in_words};
pub use ridge::{Anchor, LinearForecast, RidgeChoice, WindowUnit, choose, ridge};
pub use scale::{Scale, logarithms_in_words};
pub use split::{SplitSeries, validation_windows};
pub use windows::{FEWEST, Filled, Parts, Unseen, WindowsFor, drawn_windows, naive_error, spread};

use std::ops::Range;

use rayon::prelude::*;

use crate::stats::LagMoments;
use crate::tensor::Device;
use many::{are_many, fit_many};
use split::{Lags, suggested_scales};

/// Columns may have a matrix of their own if they are not more than this.
const MOST_OWN: usize = 32;
/// The error of a matrix of its own must be below this share of that of the shared one, in both
/// halves of the validation part: a choice among many columns finds luck, too.
const CLEARLY: f64 = 0.95;
/// Columns whose moments are held at once.
const TOGETHER: usize = 8;

/// Folds of a cross-fit, at most and at least; of a horizon and a third or more, if possible.
const FOLDS: [usize; 2] = [5, 2];

/// Windows vary by this share of the series' deviation at the least: a constant window does not
/// mean that nothing will change.
const LEAST_DEVIATION: f64 = 0.05;

/// What a fit chooses from.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// The windows to try.
    pub windows: &'a [usize],
    /// H, the steps to predict.
    pub horizon: usize,
    /// The season in steps, if there is one.
    pub season: Option<usize>,
    /// Whether to end early, with the best so far, if there is one.
    pub is_cancelled: &'a (dyn Fn() -> bool + Sync),
}

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
    /// How the matrix of a series follows from the shared one, if series have their own.
    pub adaptation: Option<Adaptation>,
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
        let matrix = values.matrix().unwrap_or(&self.matrices[self.of_column[column]]);
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

    /// Of one matrix for all columns.
    fn of_one(matrix: LinearForecast, choice: RidgeChoice, season: Option<usize>, columns: usize) -> Self {
        ForecastModel {
            horizon: matrix.horizon,
            season,
            matrices: vec![matrix],
            choices: vec![choice],
            of_column: vec![0; columns],
            adaptation: None,
            latent: None,
            effects: vec![Effect::default(); columns],
        }
    }

    /// Fits the matrices to the training parts of the series; window, penalty and anchor are those
    /// with the least squared error on the validation parts, in units of each column's deviation.
    /// Of many series, each may have its own, and a window is chosen for the mean of them
    /// ([`Adaptation`]).
    ///
    /// Returns `None` if no series has a whole window, or all are constant.
    pub fn fit(series: &mut [SplitSeries], search: Search) -> Option<Self> {
        let mut model = match are_many(series, search.horizon) {
            true => fit_many(series, search)?,
            false => Self::fit_shared(series, search)?,
        };
        if model.adaptation.is_none() && (2..=MOST_OWN).contains(&model.of_column.len()) {
            model.own_matrices(series);
        }
        Some(model)
    }

    /// One matrix for all columns and series.
    fn fit_shared(series: &[SplitSeries], search: Search) -> Option<Self> {
        let Search { windows, horizon, season, is_cancelled } = search;
        let columns = series.first()?.columns.len();
        let lags = |window: usize| Lags { window, horizon, unit: WindowUnit::Series };
        let mut best: Option<(RidgeChoice, f64)> = None;
        for &window in windows.iter().take_while(|_| !is_cancelled()) {
            let [train, validation] = shared(series, columns, lags(window));
            let found = choose(&train, &validation, season).filter(|_| validation.count > 0);
            if let Some((choice, error)) = found
                && best.is_none_or(|(_, least)| error / (validation.count as f64) < least)
            {
                best = Some((choice, error / validation.count as f64));
            }
        }
        let (choice, _) = best?;
        let [train, _] = shared(series, columns, lags(choice.window));
        Some(Self::of_one(ridge(&train, &choice, season)?, choice, season, columns))
    }

    /// [`fit`](Self::fit), with the columns on logarithmic scales where their swings suggest that,
    /// and the errors on validation windows become smaller.
    pub fn fit_scaled(series: &mut [SplitSeries], search: Search) -> Option<Self> {
        let linear = Self::fit(series, search)?;
        let suggested = suggested_scales(series, search.season, are_many(series, search.horizon));
        if suggested.iter().all(|scale| *scale == Scale::Linear) {
            return Some(linear);
        }
        let before = linear.scaled_errors(series);
        series.iter_mut().for_each(|one| one.set_scales(&suggested));
        let scaled = Self::fit(series, search)?;
        let after = scaled.scaled_errors(series);
        let better = |(scale, (before, after))| if after < before { scale } else { Scale::Linear };
        let errors = before.into_iter().zip(after);
        let chosen: Vec<Scale> = suggested.iter().copied().zip(errors).map(better).collect();
        if chosen == suggested {
            return Some(scaled);
        }
        series.iter_mut().for_each(|one| one.set_scales(&chosen));
        if chosen.iter().all(|scale| *scale == Scale::Linear) {
            linear.adapt(series);
            return Some(linear);
        }
        Self::fit(series, search)
    }

    /// For each fold of the training parts, the matrices fitted to the windows that predict no step
    /// of it, with the same choices; without folds that leave nothing to fit, or have no window.
    pub fn cross_fits(&self, series: &[SplitSeries]) -> Vec<(ForecastModel, Unseen)> {
        let columns = self.of_column.len();
        let of_matrix = |matrix: usize, fold: Unseen| -> Option<LinearForecast> {
            let choice = &self.choices[matrix];
            let lags = Lags { window: choice.window, horizon: self.horizon, unit: choice.unit };
            let mut moments = LagMoments::new(choice.window, self.horizon);
            for column in (0..columns).filter(|column| matrix == 0 || self.of_column[*column] == matrix) {
                let mut add = |part: &dyn Fn(&Parts) -> Range<usize>| {
                    moments.merge(&lags.column_moments(series, column, part));
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
    /// calendar and known columns; the columns of the series then have their effects and matrices.
    ///
    /// Long windows hold seasons that an effect of the calendar has, too. Effects are therefore
    /// also looked for with a window of half the length, and taken if that is clearly better.
    pub fn or_with_effects(self, series: &mut [SplitSeries], groups: &[Regressors], search: Search) -> Self {
        let windows = search.windows;
        if groups.is_empty() {
            return self;
        }
        let chosen = self.window();
        let shorter = windows.iter().copied().filter(|window| 2 * window <= chosen).max();
        let (mut best, mut least) = (self, f64::INFINITY);
        let without = vec![Effect::default(); best.of_column.len()];
        for start in [Some(chosen), shorter].into_iter().flatten().take_while(|_| !(search.is_cancelled)()) {
            series.iter_mut().for_each(|one| one.set_effects(&without));
            let Some(found) = Self::fit_shared(series, Search { windows: &[start], ..search }) else {
                continue;
            };
            let effects = found.find_effects(series, groups);
            least = least.min(found.validation_error(series));
            if effects.iter().all(|effect| effect.terms.is_empty()) {
                continue;
            }
            series.iter_mut().for_each(|one| one.set_effects(&effects));
            let tried = if best.adaptation.is_some() { &[start] } else { windows };
            let Some(found) = Self::fit(series, Search { windows: tried, ..search }) else { continue };
            let error = found.validation_error(series);
            if error < if start == chosen { least } else { effect::CLEARLY * least } {
                (best, least) = (ForecastModel { effects, ..found }, error);
            }
        }
        series.iter_mut().for_each(|one| one.set_effects(&best.effects));
        best.adapt(series);
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
            let lags = Lags { window: matrix.window, horizon: self.horizon, unit: WindowUnit::Series };
            let moments = lags.column_moments(series, column, |parts| parts.validation.clone());
            (moments.squared_errors(&matrix.weights_f64()).iter().sum(), moments.count)
        };
        let all: Vec<(f64, usize)> = (0..self.of_column.len()).into_par_iter().map(of_column).collect();
        all.iter().map(|(error, _)| error).sum::<f64>()
            / all.iter().map(|(_, count)| *count as f64).sum::<f64>()
    }

    /// Gives a matrix of its own to each column for which that is clearly better.
    fn own_matrices(&mut self, series: &[SplitSeries]) {
        let season = self.season;
        let RidgeChoice { window, unit, .. } = self.choices[0];
        let lags = Lags { window, horizon: self.horizon, unit };
        let shared = self.matrices[0].weights_f64();
        let own = |column: usize| {
            let train = lags.column_moments(series, column, |parts| parts.train.clone());
            let half = |at: usize| {
                lags.column_moments(series, column, |parts| parts.validation_halves()[at].clone())
            };
            let halves = [half(0), half(1)];
            let mut validation = halves[0].clone();
            validation.merge(&halves[1]);
            let (choice, _) = choose(&train, &validation, season)?;
            let choice = RidgeChoice { unit, ..choice };
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
fn shared(series: &[SplitSeries], columns: usize, lags: Lags) -> [LagMoments; 2] {
    let mut all = [LagMoments::new(lags.window, lags.horizon), LagMoments::new(lags.window, lags.horizon)];
    for first in (0..columns).step_by(TOGETHER) {
        let some = first..columns.min(first + TOGETHER);
        let of_column = |column: usize| {
            [
                lags.column_moments(series, column, |parts| parts.train.clone()),
                lags.column_moments(series, column, |parts| parts.validation.clone()),
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
