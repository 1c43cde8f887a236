//! Split-conformal prediction intervals (Papadopoulos et al. 2002; Lei et al. 2018).

use rayon::prelude::*;

use super::Method;
use crate::model::forecast::{Filled, ForecastModel, SplitSeries, Unseen, WindowsFor, drawn_windows};

/// The probabilities of the stored quantiles of errors.
pub const PROBABILITIES: [f64; 25] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75,
    0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995,
];
/// Validation windows of a column that are used, at most.
const MOST_WINDOWS: usize = 4000;

/// Quantiles of the errors of a method on held-out windows, for each column and step.
///
/// With errors e_1 ≤ … ≤ e_n, in units of the deviation of the series, the upper quantile of
/// probability p is e_⌈(n+1)p⌉ and the lower one e_⌊(n+1)p⌋. An interval then holds a new value
/// with the probability of its level, if new errors have the distribution of those; windows that
/// overlap make it approximate.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// Whether errors are relative to the deviation within the window, which changes with it.
    pub local: bool,
    /// Columns × steps × [`PROBABILITIES`].
    pub quantiles: Vec<f32>,
}

/// The errors of a validation window at each step, in deviations of the series; NaN where the value
/// is missing.
struct WindowErrors {
    errors: Vec<f32>,
    local: f32,
}

impl Intervals {
    /// The quantiles of a method's errors on the windows that these models have not seen, in their
    /// order; `None` without any.
    pub fn fit(
        method: Method,
        held_out: &[(&ForecastModel, Unseen)],
        series: &[SplitSeries],
    ) -> Option<Intervals> {
        let (model, _) = held_out.first()?;
        let columns = model.of_column.len();
        let errors: Vec<Vec<WindowErrors>> =
            (0..columns).into_par_iter().map(|column| errors(method, held_out, series, column)).collect();
        errors.iter().any(|errors| !errors.is_empty()).then_some(())?;
        let local = local_is_better(&errors, model.horizon);
        let of_column = |errors: &Vec<WindowErrors>| -> Vec<f32> {
            let all: Vec<&WindowErrors> = errors.iter().collect();
            (0..model.horizon).flat_map(|h| quantiles(scaled(&all, h, local))).collect()
        };
        Some(Intervals { local, quantiles: errors.par_iter().flat_map_iter(of_column).collect() })
    }

    /// The quantiles of the errors at a step of a column, on its scale.
    pub fn at(&self, column: usize, horizon: usize, step: usize, scale: f64) -> impl Fn(f64) -> f64 + '_ {
        let start = (column * horizon + step) * PROBABILITIES.len();
        let errors = &self.quantiles[start..start + PROBABILITIES.len()];
        move |probability| {
            let above = PROBABILITIES.partition_point(|p| *p < probability).clamp(1, PROBABILITIES.len() - 1);
            let (low, high) = (PROBABILITIES[above - 1], PROBABILITIES[above]);
            let part = ((probability - low) / (high - low)).clamp(0.0, 1.0);
            let value = |at: usize| f64::from(errors[at]);
            scale * (value(above - 1) + part * (value(above) - value(above - 1)))
        }
    }

    /// The unit of the errors at an origin: the deviation of the series or that of the window.
    pub fn scale(&self, model: &ForecastModel, values: &Filled, origin: usize, deviation: f64) -> f64 {
        match self.local {
            true => model.window_deviation(values, origin, deviation),
            false => deviation,
        }
    }
}

/// The values before a forecast: all that a model needs, in the training part; later ones have
/// more than that, unless the series is short.
fn least_window(model: &ForecastModel, unseen: Unseen) -> usize {
    if matches!(unseen, Unseen::Fold { .. }) { model.window() } else { 1 }
}

/// The errors on the windows of a column that the models have not seen.
fn errors(
    method: Method,
    held_out: &[(&ForecastModel, Unseen)],
    series: &[SplitSeries],
    column: usize,
) -> Vec<WindowErrors> {
    let mut places = vec![];
    for (model, unseen) in held_out {
        for one in series.iter().filter(|one| one.deviation[column] > 0.0) {
            if let Some(values) = &one.columns[column] {
                let runs =
                    values.origins(&one.parts.unseen(*unseen), least_window(model, *unseen), model.horizon);
                places.extend(runs.into_iter().flatten().map(|origin| (*model, one, origin)));
            }
        }
    }
    let of_window = |&(model, one, origin): &(&ForecastModel, &SplitSeries, usize)| {
        let (values, deviation) = (one.columns[column].as_ref()?, one.deviation[column]);
        let made = method.predict(model, column, values, origin, deviation);
        let errors =
            made.iter().zip(&one.scaled[column][origin..]).map(|(y, x)| ((x - y) / deviation) as f32);
        let local = (model.window_deviation(values, origin, deviation) / deviation) as f32;
        Some(WindowErrors { errors: errors.collect(), local })
    };
    let places = drawn_windows(places, MOST_WINDOWS, WindowsFor::Intervals, column);
    places.iter().filter_map(of_window).collect()
}

/// The errors at a step in the unit, sorted, without missing ones.
fn scaled(errors: &[&WindowErrors], step: usize, local: bool) -> Vec<f32> {
    let unit = |window: &WindowErrors| if local { window.local } else { 1.0 };
    let found =
        errors.iter().map(|window| window.errors[step] / unit(window)).filter(|error| !error.is_nan());
    let mut found: Vec<f32> = found.collect();
    found.sort_by(f32::total_cmp);
    found
}

/// The quantiles of sorted errors; all 0 without errors.
fn quantiles(sorted: Vec<f32>) -> [f32; PROBABILITIES.len()] {
    let count = sorted.len();
    PROBABILITIES.map(|probability| {
        let rank = (count + 1) as f64 * probability;
        let rank = if probability > 0.5 { (rank - 1e-9).ceil() } else { (rank + 1e-9).floor() };
        let at = (rank as usize).clamp(1, count.max(1)) - 1;
        sorted.get(at).copied().unwrap_or(0.0)
    })
}

/// Whether the first half of the windows gives better quantiles of the second half if errors are
/// relative to the deviation within the window.
fn local_is_better(errors: &[Vec<WindowErrors>], horizon: usize) -> bool {
    let loss = |local: bool| -> f64 {
        let of_column = |errors: &Vec<WindowErrors>| -> f64 {
            let (first, second) = errors.split_at(errors.len() / 2);
            let first: Vec<&WindowErrors> = first.iter().collect();
            let of_step = |step: usize| {
                let known = quantiles(scaled(&first, step, local));
                second.iter().map(|window| window_loss(window, step, local, &known)).sum::<f64>()
            };
            (0..horizon).map(of_step).sum()
        };
        errors.par_iter().map(of_column).collect::<Vec<f64>>().iter().sum()
    };
    loss(true) < loss(false)
}

/// The pinball loss of quantiles at a step of a window.
fn window_loss(window: &WindowErrors, step: usize, local: bool, quantiles: &[f32]) -> f64 {
    let (error, unit) = (f64::from(window.errors[step]), if local { f64::from(window.local) } else { 1.0 });
    if error.is_nan() {
        return 0.0;
    }
    let loss = |(p, q): (&f64, &f32)| {
        let beyond = error - f64::from(*q) * unit;
        (p * beyond).max((p - 1.0) * beyond)
    };
    PROBABILITIES.iter().zip(quantiles).map(loss).sum()
}

/// Paths of errors on windows that these models have not seen: paths × columns × steps, joint over
/// columns and steps, in the unit of intervals that are `local` or not. Windows with a missing
/// value are left out.
pub fn paths_of_errors(
    held_out: &[(&ForecastModel, Unseen)],
    series: &[SplitSeries],
    local: bool,
    most: usize,
) -> Vec<f32> {
    let path = |model: &ForecastModel, one: &SplitSeries, origin: usize| -> Option<Vec<f32>> {
        let columns = model.of_column.len();
        let mut path = Vec::with_capacity(columns * model.horizon);
        for column in 0..columns {
            let deviation = one.deviation[column];
            let values = one.columns[column].as_ref()?;
            let unit = if local { model.window_deviation(values, origin, deviation) } else { deviation };
            let made = Method::Model.predict(model, column, values, origin, deviation);
            path.extend(made.iter().zip(&one.scaled[column][origin..]).map(|(y, x)| ((x - y) / unit) as f32));
        }
        (path.len() == columns * model.horizon && path.iter().all(|error| error.is_finite())).then_some(path)
    };
    let mut places = vec![];
    for (model, unseen) in held_out {
        for one in series {
            let steps = one.parts.unseen(*unseen);
            let first = steps.start.max(least_window(model, *unseen));
            let origins = first..(steps.end + 1).saturating_sub(model.horizon);
            places.extend(origins.map(|origin| (*model, one, origin)));
        }
    }
    let places = drawn_windows(places, most, WindowsFor::Paths, 0);
    places.into_iter().filter_map(|(model, one, origin)| path(model, one, origin)).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_conformal() {
        // Of 19 errors, the upper one of 0.95 is the 19th, and the lower one of 0.05 the first.
        let found = quantiles((1..=19).map(|e| e as f32).collect());
        let at = |p: f64| found[PROBABILITIES.iter().position(|q| *q == p).unwrap_or_default()];
        assert_eq!((at(0.05), at(0.1), at(0.9), at(0.95), at(0.995)), (1.0, 2.0, 18.0, 19.0, 19.0));
        assert_eq!(quantiles(vec![]), [0.0; PROBABILITIES.len()]);
    }

    #[test]
    fn levels_between_the_stored_ones_are_interpolated() {
        let quantiles = PROBABILITIES.map(|p| p as f32).to_vec();
        let intervals = Intervals { local: false, quantiles };
        let at = intervals.at(0, 1, 0, 2.0);
        assert!((at(0.33) - 0.66).abs() < 1e-6 && (at(0.0001) - 0.01).abs() < 1e-6);
    }

    #[test]
    fn errors_that_grow_with_the_window_are_relative_to_it() {
        let error = |k: usize| ((k * 7) % 13) as f32 - 6.0;
        let windows = |grow: bool| -> Vec<WindowErrors> {
            let local = |k: usize| 1.0 + k as f32 / 50.0;
            let unit = |k: usize| if grow { local(k) } else { 1.0 };
            (0..200).map(|k| WindowErrors { errors: vec![error(k) * unit(k)], local: local(k) }).collect()
        };
        assert!(local_is_better(&[windows(true)], 1));
        assert!(!local_is_better(&[windows(false)], 1));
    }
}
