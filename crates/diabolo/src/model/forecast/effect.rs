//! The effect of what is known of every step on a column of series.

use std::ops::Range;

use rayon::prelude::*;

use super::regressors::{Effect, Regressors};
use super::ridge::{LinearForecast, RidgeChoice, ridge};
use super::split::{SplitSeries, moments};
use super::windows::{Filled, Parts};
use crate::stats::{Cholesky, LagMoments};

/// Regressors are used if the squared error falls to this share of what it was, or less, in both
/// halves of the validation part.
pub(super) const CLEARLY: f64 = 0.98;
/// Times that coefficients and matrix are fitted in turn.
const TURNS: usize = 3;
/// Errors that coefficients are fitted to, and the fewest windows.
const ROWS: (usize, usize) = (16_384, 64);
/// The penalty of a coefficient, as a share of the variance of its regressor.
const PENALTY: f64 = 1e-3;

/// One column of several series.
struct ColumnSeries<'a> {
    series: Vec<&'a SplitSeries>,
    column: usize,
    choice: RidgeChoice,
    horizon: usize,
    season: Option<usize>,
}

/// An effect, with the matrix of what remains and its squared errors in the halves of the
/// validation part.
struct Tried {
    effect: Effect,
    matrix: LinearForecast,
    errors: [f64; 2],
}

/// The effect on a column that lowers the squared error on validation windows: group by group, the
/// best first.
///
/// With e = y − l − A (x − l) the error of a linear forecast, β and A have the least squares of
///
/// ```text
/// e_h − βᵀ (f_h − f_l − A (f − f_l))
/// ```
///
/// where f are the regressors of the window, f_l of its last step and f_h of a predicted one: the
/// series without its effect is what A forecasts. β and A are fitted in turn, each in closed form.
pub(super) fn find(
    series: &[SplitSeries],
    column: usize,
    (choice, horizon, season): (RidgeChoice, usize, Option<usize>),
    groups: &[Regressors],
) -> Effect {
    let used = |one: &&SplitSeries| one.deviation[column] > 0.0 && one.columns[column].is_some();
    let series = series.iter().filter(used).collect();
    let fit = ColumnSeries { series, column, choice, horizon, season };
    let mut groups = groups.to_vec();
    let Some(mut best) = fit.tried(Effect::default()) else { return Effect::default() };
    loop {
        let tried = |group: &Regressors| fit.with(&best, group);
        let tried: Vec<Option<Tried>> = groups.par_iter().map(tried).collect();
        let better = tried.into_iter().flatten().filter(|tried| {
            tried.errors.iter().zip(best.errors).all(|(error, before)| *error <= CLEARLY * before)
        });
        let sum = |tried: &Tried| tried.errors.iter().sum::<f64>();
        let Some(found) = better.min_by(|a, b| sum(a).total_cmp(&sum(b))) else { return best.effect };
        groups.retain(|group| found.effect.terms.iter().all(|(used, _)| used != group));
        best = found;
    }
}

impl ColumnSeries<'_> {
    /// The moments of what an effect leaves of a part.
    fn moments(&self, filled: &[Filled], part: fn(&Parts) -> Range<usize>) -> LagMoments {
        let all = self.series.iter().zip(filled);
        let all = all.map(|(one, filled)| (filled, part(&one.parts), one.deviation[self.column]));
        moments(all, self.choice.window, self.horizon)
    }

    /// The columns without an effect, and the matrix that forecasts them, if they determine it.
    fn matrix(&self, effect: &Effect) -> Option<(Vec<Filled>, LinearForecast)> {
        let filled = self.series.iter().map(|one| one.filled(self.column, effect));
        let filled: Vec<Filled> = filled.collect::<Option<_>>()?;
        let matrix = ridge(&self.moments(&filled, |parts| parts.train.clone()), &self.choice, self.season)?;
        Some((filled, matrix))
    }

    /// An effect with its errors.
    fn tried(&self, effect: Effect) -> Option<Tried> {
        let (filled, matrix) = self.matrix(&effect)?;
        let weights = matrix.weights_f64();
        let halves: [fn(&Parts) -> Range<usize>; 2] =
            [|parts| parts.validation_halves()[0].clone(), |parts| parts.validation_halves()[1].clone()];
        let errors =
            halves.map(|half| self.moments(&filled, half).squared_errors(&weights).iter().sum::<f64>());
        errors.iter().all(|error| error.is_finite()).then_some(Tried { effect, matrix, errors })
    }

    /// The effect with one more group.
    fn with(&self, before: &Tried, group: &Regressors) -> Option<Tried> {
        let mut groups: Vec<Regressors> =
            before.effect.terms.iter().map(|(group, _)| group.clone()).collect();
        groups.push(group.clone());
        let values: Vec<Vec<Vec<f64>>> = self
            .series
            .iter()
            .map(|one| groups.iter().flat_map(|group| group.values(&one.known)).collect())
            .collect();
        let mut matrix = before.matrix.clone();
        let mut effect = Effect::default();
        for turn in 0..TURNS {
            let mut coefficients = self.coefficients(&matrix, &values)?.into_iter();
            let width = |group: &Regressors| group.values(&self.series[0].known).len();
            let term = |group: &Regressors| {
                let own = coefficients.by_ref().take(width(group)).collect();
                (group.clone(), own)
            };
            effect = Effect { terms: groups.iter().map(term).collect() };
            if turn + 1 < TURNS {
                matrix = self.matrix(&effect)?.1;
            }
        }
        self.tried(effect)
    }

    /// β for a given matrix; `values` are the regressors × steps of each series.
    fn coefficients(&self, matrix: &LinearForecast, values: &[Vec<Vec<f64>>]) -> Option<Vec<f64>> {
        let width = values.first()?.len();
        let mut places: Vec<(usize, usize)> = vec![];
        for (at, one) in self.series.iter().enumerate() {
            let filled = one.columns[self.column].as_ref()?;
            let runs = filled.origins(&one.parts.train, matrix.window, self.horizon);
            places.extend(runs.into_iter().flatten().map(|origin| (at, origin)));
        }
        let (rows, fewest) = ROWS;
        let every = places.len().div_ceil((rows / self.horizon).max(fewest)).max(1);
        let places: Vec<(usize, usize)> = places.into_iter().step_by(every).collect();
        let errors_of = |&(at, origin): &(usize, usize)| -> Vec<Vec<f64>> {
            let one = self.series[at];
            let error = |numbers: &[f64], unit: f64| -> Vec<f64> {
                let made = matrix.predict(&numbers[origin - matrix.window..origin]);
                made.iter().zip(&numbers[origin..]).map(|(y, x)| (x - y) / unit).collect()
            };
            let of_regressors = values[at].iter().map(|numbers| error(numbers, 1.0));
            let target = one.columns[self.column]
                .iter()
                .map(|filled| error(&filled.values, one.deviation[self.column]));
            of_regressors.chain(target).collect()
        };
        let (mut gram, mut cross) = (vec![0.0; width * width], vec![0.0; width]);
        for chunk in places.chunks(64) {
            let errors: Vec<Vec<Vec<f64>>> = chunk.par_iter().map(errors_of).collect();
            let dot = |a: usize, b: usize| -> f64 {
                errors.iter().flat_map(|of| of[a].iter().zip(&of[b])).map(|(x, y)| x * y).sum()
            };
            gram.par_iter_mut().enumerate().for_each(|(at, cell)| {
                let (a, b) = (at / width, at % width);
                // The part above the diagonal is not read.
                *cell += if b <= a { dot(a, b) } else { 0.0 };
            });
            cross.iter_mut().enumerate().for_each(|(a, cell)| *cell += dot(a, width));
        }
        let variance = self.variances(values);
        let rows = (places.len() * self.horizon) as f64;
        for (a, variance) in variance.iter().enumerate() {
            let cell = &mut gram[a * width + a];
            *cell += PENALTY * rows * variance;
            // A regressor that never changes has no coefficient.
            *cell = if *variance > 0.0 { *cell } else { 1.0 };
        }
        Some(Cholesky::new(gram, width)?.solve(&cross, 1))
    }

    /// The variance of each regressor in the training parts.
    fn variances(&self, values: &[Vec<Vec<f64>>]) -> Vec<f64> {
        let of = |k: usize| {
            let train = || {
                self.series
                    .iter()
                    .zip(values)
                    .flat_map(move |(one, values)| &values[k][one.parts.train.clone()])
            };
            let count = train().count().max(1) as f64;
            let mean = train().sum::<f64>() / count;
            train().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count
        };
        (0..values.first().map_or(0, Vec::len)).map(of).collect()
    }
}
