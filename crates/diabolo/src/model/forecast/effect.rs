//! The effect of what is known of every step on a column of series.
//!
//! Regressors are computed for the steps of a few windows at a time, or of a series: those of all
//! steps of many series would not fit into memory.

use std::ops::Range;

use rayon::prelude::*;

use super::regressors::{Effect, Regressors};
use super::ridge::{LinearForecast, RidgeChoice, WindowUnit, ridge};
use super::split::{Lags, SplitSeries};
use super::windows::{Filled, Parts, WindowsFor, drawn_windows};
use crate::stats::{Cholesky, LagMoments};

/// Regressors are used if the squared error falls to this share of what it was, or less, in both
/// halves of the validation part.
pub(super) const CLEARLY: f64 = 0.98;
/// Times that coefficients and matrix are fitted in turn.
const TURNS: usize = 3;
/// Errors that coefficients are fitted to, at most, unless these windows have more.
const ROWS: (usize, usize) = (16_384, 64);
/// Windows whose errors are held at once.
const TOGETHER: usize = 64;
/// The penalty of a coefficient, as a share of the variance of its regressor.
const PENALTY: f64 = 1e-3;

/// One column of several series.
struct ColumnSeries<'a> {
    series: Vec<&'a SplitSeries>,
    column: usize,
    choice: RidgeChoice,
    horizon: usize,
    season: Option<usize>,
    /// See [`places`](Self::places).
    places: Vec<(usize, usize)>,
}

/// Regressors that are tried together, with the variance of each in the training parts.
struct Group {
    regressors: Regressors,
    variances: Vec<f64>,
}

/// An effect, with the matrix of what remains and its squared errors in the halves of the
/// validation part.
struct Tried<'a> {
    groups: Vec<&'a Group>,
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
    let mut fit = ColumnSeries { series, column, choice, horizon, season, places: vec![] };
    fit.places = fit.places();
    let Some(mut best) = fit.tried(vec![], Effect::default()) else { return Effect::default() };
    let group = |group: &Regressors| Group { variances: fit.variances(group), regressors: group.clone() };
    let groups: Vec<Group> = groups.par_iter().map(group).collect();
    let mut open: Vec<&Group> = groups.iter().collect();
    loop {
        let tried: Vec<Option<Tried>> = open.par_iter().map(|group| fit.with(&best, group)).collect();
        let better = tried.into_iter().flatten().filter(|tried| {
            tried.errors.iter().zip(best.errors).all(|(error, before)| *error < CLEARLY * before)
        });
        let sum = |tried: &Tried| tried.errors.iter().sum::<f64>();
        let Some(found) = better.min_by(|a, b| sum(a).total_cmp(&sum(b))) else { return best.effect };
        let is_new =
            |group: &Group| found.groups.iter().all(|used| !used.regressors.contains(&group.regressors));
        open.retain(|group| is_new(group));
        best = found;
    }
}

impl ColumnSeries<'_> {
    /// The moments of what an effect leaves of a part.
    fn moments(&self, filled: &[Filled], part: fn(&Parts) -> Range<usize>) -> LagMoments {
        let all = self.series.iter().zip(filled);
        let all = all.map(|(one, filled)| (filled, part(&one.parts), one.deviation[self.column]));
        Lags { window: self.choice.window, horizon: self.horizon, unit: WindowUnit::Series }.moments(all)
    }

    /// The columns without an effect, and the matrix that forecasts them, if they determine it.
    fn matrix(&self, effect: &Effect) -> Option<(Vec<Filled>, LinearForecast)> {
        let filled = self.series.par_iter().map(|one| one.filled(self.column, effect));
        let filled: Vec<Filled> = filled.collect::<Option<_>>()?;
        let matrix = ridge(&self.moments(&filled, |parts| parts.train.clone()), &self.choice, self.season)?;
        Some((filled, matrix))
    }

    /// An effect with its errors; `None` if a half of the validation part has no window to tell.
    fn tried<'a>(&self, groups: Vec<&'a Group>, effect: Effect) -> Option<Tried<'a>> {
        let (filled, matrix) = self.matrix(&effect)?;
        let weights = matrix.weights_f64();
        let halves: [fn(&Parts) -> Range<usize>; 2] =
            [|parts| parts.validation_halves()[0].clone(), |parts| parts.validation_halves()[1].clone()];
        let halves = halves.map(|half| self.moments(&filled, half));
        let errors = [0, 1].map(|half| halves[half].squared_errors(&weights).iter().sum::<f64>());
        let judged = halves.iter().zip(errors).all(|(half, error)| half.count > 0 && error.is_finite());
        judged.then_some(Tried { groups, effect, matrix, errors })
    }

    /// The effect with one more group, which stands in for those that it contains.
    fn with<'a>(&self, before: &Tried<'a>, group: &'a Group) -> Option<Tried<'a>> {
        let kept = before.groups.iter().filter(|other| !group.regressors.contains(&other.regressors));
        let groups: Vec<&Group> = kept.copied().chain([group]).collect();
        let mut matrix = before.matrix.clone();
        let mut effect = Effect::default();
        for turn in 0..TURNS {
            let mut coefficients = self.coefficients(&matrix, &groups)?.into_iter();
            let term = |group: &&Group| {
                let own = coefficients.by_ref().take(group.variances.len()).collect();
                (group.regressors.clone(), own)
            };
            effect = Effect { terms: groups.iter().map(term).collect() };
            if turn + 1 < TURNS {
                matrix = self.matrix(&effect)?.1;
            }
        }
        self.tried(groups, effect)
    }

    /// β for a given matrix.
    fn coefficients(&self, matrix: &LinearForecast, groups: &[&Group]) -> Option<Vec<f64>> {
        let variances: Vec<f64> = groups.iter().flat_map(|group| group.variances.iter().copied()).collect();
        let (width, span) = (variances.len(), matrix.window + self.horizon);
        let places = &self.places;
        let (mut gram, mut cross) = (vec![0.0; width * width], vec![0.0; width]);
        for chunk in places.chunks(TOGETHER) {
            let overlapping = chunk.chunk_by(|a, b| a.0 == b.0 && b.1 - a.1 <= span);
            let overlapping: Vec<&[(usize, usize)]> = overlapping.collect();
            let errors = overlapping.par_iter().map(|windows| self.errors(matrix, groups, windows));
            let errors: Vec<Vec<Vec<Vec<f64>>>> = errors.collect();
            let dot = |a: usize, b: usize| -> f64 {
                let errors = errors.iter().flatten();
                errors.flat_map(|of| of[a].iter().zip(&of[b])).map(|(x, y)| x * y).sum()
            };
            gram.par_iter_mut().enumerate().for_each(|(at, cell)| {
                let (a, b) = (at / width, at % width);
                // The part above the diagonal is not read.
                *cell += if b <= a { dot(a, b) } else { 0.0 };
            });
            cross.iter_mut().enumerate().for_each(|(a, cell)| *cell += dot(a, width));
        }
        let rows = (places.len() * self.horizon) as f64;
        for (a, variance) in variances.iter().enumerate() {
            let cell = &mut gram[a * width + a];
            *cell += PENALTY * rows * variance;
            // A regressor that never changes has no coefficient.
            *cell = if *variance > 0.0 { *cell } else { 1.0 };
        }
        Some(Cholesky::new(gram, width)?.solve(&cross, 1))
    }

    /// The series and the first predicted step of the windows that coefficients are fitted to.
    fn places(&self) -> Vec<(usize, usize)> {
        let mut places: Vec<(usize, usize)> = vec![];
        for (at, one) in self.series.iter().enumerate() {
            let Some(filled) = &one.columns[self.column] else { continue };
            let runs = filled.origins(&one.parts.train, self.choice.window, self.horizon);
            places.extend(runs.into_iter().flatten().map(|origin| (at, origin)));
        }
        let (rows, fewest) = ROWS;
        let most = (rows / self.horizon).max(fewest);
        drawn_windows(places, most, WindowsFor::Effect, self.column)
    }

    /// The errors of each regressor, and of the column, in overlapping windows of a series.
    fn errors(
        &self,
        matrix: &LinearForecast,
        groups: &[&Group],
        windows: &[(usize, usize)],
    ) -> Vec<Vec<Vec<f64>>> {
        let one = self.series[windows[0].0];
        let first = windows[0].1 - matrix.window;
        let steps = first..windows[windows.len() - 1].1 + self.horizon;
        let values = groups.iter().flat_map(|group| group.regressors.values(&one.known, &steps));
        let values: Vec<Vec<f64>> = values.collect();
        let of_window = |&(_, origin): &(usize, usize)| -> Vec<Vec<f64>> {
            let error = |numbers: &[f64], origin: usize, unit: f64| -> Vec<f64> {
                let made = matrix.predict(&numbers[origin - matrix.window..origin]);
                made.iter().zip(&numbers[origin..]).map(|(y, x)| (x - y) / unit).collect()
            };
            let of_regressors = values.iter().map(|numbers| error(numbers, origin - first, 1.0));
            let target = one.columns[self.column]
                .iter()
                .map(|filled| error(&filled.values, origin, one.deviation[self.column]));
            of_regressors.chain(target).collect()
        };
        windows.par_iter().map(of_window).collect()
    }

    /// The variance of each regressor of a group in the training parts.
    fn variances(&self, group: &Regressors) -> Vec<f64> {
        let count = self.series.iter().map(|one| one.parts.train.len()).sum::<usize>().max(1) as f64;
        let mean_of = |number: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![];
            for one in &self.series {
                for (k, numbers) in group.values(&one.known, &one.parts.train).iter().enumerate() {
                    sums.resize(sums.len().max(k + 1), 0.0);
                    numbers.iter().for_each(|x| sums[k] += number(k, *x));
                }
            }
            sums.into_iter().map(|sum| sum / count).collect()
        };
        let means = mean_of(&|_, x| x);
        mean_of(&|k, x| (x - means[k]) * (x - means[k]))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::regressors::tests::known;
    use super::super::ridge::Anchor;
    use super::super::scale::Scale;
    use super::super::windows::spread;
    use super::*;
    use crate::random::{Purpose, RngExt, stream};

    const CHOICE: RidgeChoice =
        RidgeChoice { window: 2, anchor: Anchor::LastValue, penalty: 0.01, unit: WindowUnit::Series };
    const BY: Regressors = Regressors::KnownBy { column: 0, cycle: crate::data::Cycle::Day, waves: 2 };

    /// Hours that follow a price, with noise, whose validation part has so many steps.
    fn hours(validation: usize) -> SplitSeries {
        let noise = &mut stream(1, Purpose::Corrupt, 0, 0);
        let (_, known) = known((0..480).map(|t| format!("2023-05-{:02} {:02}:00", t / 24 + 1, t % 24)));
        let price = Regressors::Known { column: 0 }.values(&known, &known.all()).remove(0);
        let values: Vec<f64> = price.iter().map(|x| 3.0 * x + noise.random_range(-1.0..1.0)).collect();
        SplitSeries {
            columns: vec![Filled::of(&values)],
            deviation: vec![spread(&values)],
            unit: vec![spread(&values)],
            naive_error: vec![1.0],
            scales: vec![Scale::Linear],
            scaled: vec![values.clone()],
            observed: vec![values],
            parts: Parts { train: 0..300, validation: 300..300 + validation, test: 300 + validation..480 },
            name: None,
            times: vec![],
            known,
        }
    }

    fn found(series: &[SplitSeries]) -> Vec<Regressors> {
        let effect = find(series, 0, (CHOICE, 12, None), &[Regressors::Known { column: 0 }, BY]);
        effect.terms.into_iter().map(|(group, _)| group).collect()
    }

    #[test]
    fn both_halves_of_the_validation_part_must_tell() {
        assert_eq!(found(&[hours(48)]).len(), 1);
        assert_eq!(found(&[hours(20)]), [], "halves of 10 steps have no window of 12");
    }

    #[test]
    fn a_group_stands_in_for_those_that_it_contains() {
        // The effect of the price is larger in the morning.
        let mut series = hours(96);
        let price = Regressors::Known { column: 0 }.values(&series.known, &series.known.all()).remove(0);
        let morning = |t: usize| (t as f64 * std::f64::consts::TAU / 24.0).sin();
        let more = |(t, x): (usize, &mut f64)| *x += 2.0 * price[t] * morning(t);
        series.scaled[0].iter_mut().enumerate().for_each(more);
        series.columns = vec![Filled::of(&series.scaled[0])];
        let groups = [Regressors::Known { column: 0 }, BY];
        let series = [series];
        let mut fit = ColumnSeries {
            series: series.iter().collect(),
            column: 0,
            choice: CHOICE,
            horizon: 12,
            season: None,
            places: vec![],
        };
        fit.places = fit.places();
        let [price, by] =
            groups.map(|regressors| Group { variances: fit.variances(&regressors), regressors });
        let with_price = fit.with(&fit.tried(vec![], Effect::default()).unwrap(), &price).unwrap();
        let both = fit.with(&with_price, &by).unwrap();
        assert_eq!(both.effect.terms.iter().map(|(group, _)| group).collect::<Vec<_>>(), [&BY]);
        assert_eq!(found(&series), [BY]);
    }
}
