//! Many series: a matrix of its own for each, which leans on the shared one.
//!
//! ```text
//! A_s = argmin Σ ‖y − Aᵀ c‖² + n₀ tr (A − A₀)ᵀ S (A − A₀) ,      S = (G + λI) / n
//!     = (G_s + n₀ S)⁻¹ (B_s + n₀ S A₀)
//! ```
//!
//! The sum is over the windows of the series (G_s = Σ c cᵀ, B_s = Σ c yᵀ, relative to their last
//! values), and A₀ is the ridge of the n windows of all series. It counts as n₀ windows of the
//! series (Lindley and Smith 1972): a series of few windows has A₀, one of many its own matrix.
//!
//! Window, unit and n₀ are those with the least mean absolute scaled error in validation, averaged
//! over series: by squared errors, a few large or wandering series would choose for all.

use std::ops::Range;

use rayon::prelude::*;

use super::ridge::{LinearForecast, RidgeChoice, WindowUnit, choose, ridge};
use super::split::{Lags, SplitSeries, validation_windows};
use super::windows::{Filled, WindowsFor, drawn_windows};
use super::{ForecastModel, Search, shared};
use crate::stats::{Cholesky, LagMoments};

/// Series of which each may have a matrix of its own, at least.
const FEWEST_SERIES: usize = 30;
/// Validation windows by which series may have a matrix of their own, at least.
const FEWEST_WINDOWS: usize = 100;
/// The longest window of such a matrix, and the numbers of those of all series, at most.
const LONGEST: usize = 128;
const MOST_NUMBERS: usize = 1 << 26;
/// n₀ that is tried with every window, and others that are tried with the best one.
const FIRST: f64 = 300.0;
const MORE: [f64; 4] = [30.0, 100.0, 1000.0, 3000.0];
/// Validation windows of a column by which models are compared, at most.
const MOST_WINDOWS: usize = 4000;

/// How the matrix of a series leans on the shared one.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptation {
    /// n₀, the windows of a series that the shared matrix counts as.
    pub strength: f64,
    /// S: W × W, row-major.
    pub precision: Vec<f32>,
}

impl Adaptation {
    fn new(strength: f64, train: &LagMoments, choice: &RidgeChoice) -> Self {
        let penalty = choice.penalty_of(train);
        let of_cell = |(at, g): (usize, &f64)| {
            let own = if at % (train.window + 1) == 0 { penalty } else { 0.0 };
            ((g + own) / train.count as f64) as f32
        };
        Adaptation { strength, precision: train.gram.iter().enumerate().map(of_cell).collect() }
    }

    /// A_s; `None` if its system cannot be solved.
    fn matrix(&self, own: &LagMoments, prior: &LinearForecast) -> Option<LinearForecast> {
        let LinearForecast { window, horizon, .. } = *prior;
        let weights = prior.weights_f64();
        let (mut matrix, mut right) = (own.gram.clone(), own.cross.clone());
        for (i, row) in self.precision.chunks_exact(window).enumerate() {
            let cells = &mut right[i * horizon..(i + 1) * horizon];
            for (j, s) in row.iter().enumerate() {
                let s = self.strength * f64::from(*s);
                matrix[i * window + j] += s;
                let prior = &weights[j * horizon..(j + 1) * horizon];
                cells.iter_mut().zip(prior).for_each(|(cell, a)| *cell += s * a);
            }
        }
        let found = Cholesky::new(matrix, window)?.solve(&right, horizon);
        let weights: Vec<f32> = found.into_iter().map(|a| a as f32).collect();
        weights.iter().all(|a| a.is_finite()).then_some(LinearForecast { window, horizon, weights })
    }
}

/// The matrices of series that have their own, where the shared one counts as so many windows.
pub fn own_matrices_in_words(strength: f64) -> String {
    format!("a matrix of its own for each series, in which that of all counts as {strength} windows")
}

impl ForecastModel {
    /// A column of a series with the matrix that follows from its windows which predict these
    /// steps; without one if the model has no [`Adaptation`].
    pub fn adapted(&self, values: Filled, steps: Range<usize>, deviation: f64) -> Filled {
        let Some(adaptation) = self.adaptation.as_ref().filter(|_| deviation > 0.0) else {
            return values.with_matrix(None);
        };
        let choice = &self.choices[0];
        let lags = Lags { window: choice.window, horizon: self.horizon, unit: choice.unit };
        let own = lags.moments(std::iter::once((&values, steps, deviation)));
        let matrix = adaptation.matrix(&own, &self.matrices[0]);
        values.with_matrix(matrix)
    }

    /// Gives each column of these series its matrix, by the training part.
    pub fn adapt(&self, series: &mut [SplitSeries]) {
        series.par_iter_mut().for_each(|one| {
            for (column, deviation) in one.columns.iter_mut().zip(&one.deviation) {
                let train = one.parts.train.clone();
                *column = column.take().map(|values| self.adapted(values, train, *deviation));
            }
        });
    }

    /// The mean absolute error on validation windows of each column, in units of the naive error of
    /// the series, averaged over series; NaN without windows.
    pub(super) fn scaled_errors(&self, series: &[SplitSeries]) -> Vec<f64> {
        (0..self.of_column.len()).into_par_iter().map(|column| self.scaled_error(series, column)).collect()
    }

    fn scaled_error(&self, series: &[SplitSeries], column: usize) -> f64 {
        let mut places = vec![];
        for (at, one) in series.iter().enumerate() {
            if let Some(values) = one.columns[column].as_ref().filter(|_| one.unit[column] > 0.0) {
                let runs = values.origins(&one.parts.validation, 1, self.horizon);
                places.extend(runs.into_iter().flatten().map(|origin| (at, origin)));
            }
        }
        let places = drawn_windows(places, MOST_WINDOWS, WindowsFor::Scale, column);
        let of_series = |places: &[(usize, usize)]| -> Option<f64> {
            let one = &series[places[0].0];
            let errors: Vec<f64> =
                places.iter().flat_map(|&(_, origin)| self.errors_at(one, column, origin)).collect();
            let naive = one.naive_error[column];
            let unit = if naive > 0.0 { naive } else { one.unit[column] };
            (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64 / unit)
        };
        let errors: Vec<f64> = places.chunk_by(|a, b| a.0 == b.0).filter_map(of_series).collect();
        errors.iter().sum::<f64>() / errors.len() as f64
    }

    /// The absolute errors of the steps from `origin` on where a number is given.
    fn errors_at(&self, one: &SplitSeries, column: usize, origin: usize) -> Vec<f64> {
        let Some(values) = &one.columns[column] else { return vec![] };
        let made = self.predict_linear(column, values, origin).into_iter();
        let given = &one.observed[column][origin..];
        let errors = made.zip(given).map(|(u, x)| (x - one.scales[column].back(u)).abs());
        errors.filter(|error| !error.is_nan()).collect()
    }
}

/// Whether the mean over these series is a guide, with validation windows to choose by. On the
/// seven of ETTh1, what it chooses has larger squared errors in the test months.
pub(super) fn are_many(series: &[SplitSeries], horizon: usize) -> bool {
    series.len() >= FEWEST_SERIES && validation_windows(series, horizon) >= FEWEST_WINDOWS
}

/// The best model so far, with its error.
#[derive(Default)]
struct Best(Option<(ForecastModel, f64)>);

impl Best {
    /// Keeps a model if its errors on validation windows are smaller.
    fn offer(&mut self, model: ForecastModel, series: &mut [SplitSeries]) {
        model.adapt(series);
        let errors = model.scaled_errors(series);
        let error: f64 = errors.into_iter().filter(|error| error.is_finite()).sum();
        if self.0.as_ref().is_none_or(|(_, least)| error < *least) {
            self.0 = Some((model, error));
        }
    }
}

/// Fits many series, which then have the matrices of the model.
pub(super) fn fit_many(series: &mut [SplitSeries], search: Search) -> Option<ForecastModel> {
    let Search { windows, horizon, season, is_cancelled } = search;
    let columns = series.first()?.columns.len();
    let numbers = |window: usize| series.len() * columns * window * horizon;
    let own: Vec<usize> =
        windows.iter().copied().filter(|w| *w <= LONGEST && numbers(*w) <= MOST_NUMBERS).collect();
    let mut best = Best::default();
    let all = windows.iter().flat_map(|window| WindowUnit::ALL.map(|unit| (*window, unit)));
    for (window, unit) in all.take_while(|_| !is_cancelled()) {
        let [train, validation] = shared(series, columns, Lags { window, horizon, unit });
        let found = choose(&train, &validation, season).filter(|_| validation.count > 0);
        let Some(choice) = found.map(|(choice, _)| RidgeChoice { unit, ..choice }) else { continue };
        let Some(matrix) = ridge(&train, &choice, season) else { continue };
        let model = ForecastModel::of_one(matrix, choice, season, columns);
        if own.contains(&window) {
            let adaptation = Some(Adaptation::new(FIRST, &train, &choice));
            best.offer(ForecastModel { adaptation, ..model.clone() }, series);
        }
        best.offer(model, series);
    }
    let (first, _) = best.0.clone()?;
    if let Some(adaptation) = &first.adaptation {
        for strength in MORE.into_iter().take_while(|_| !is_cancelled()) {
            let adaptation = Some(Adaptation { strength, ..adaptation.clone() });
            best.offer(ForecastModel { adaptation, ..first.clone() }, series);
        }
    }
    let (model, _) = best.0?;
    model.adapt(series);
    Some(model)
}
