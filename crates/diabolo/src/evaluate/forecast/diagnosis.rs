//! Where a forecast fails on test windows: the worst windows, what its errors have in common, and
//! whether the intervals hold as often as they say.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::intervals::Intervals;
use super::levels::{LEVELS, within};
use super::method::Method;
use crate::data::SeriesSchema;
use crate::model::forecast::{ForecastModel, SplitSeries};
use crate::stats::elementary::double::inverse_normal_cdf;

/// Worst windows that are named.
const WORST: usize = 5;
/// Lags of the autocorrelation: a season, but so many at least and at most.
const LAGS: (usize, usize) = (24, 400);
/// Coverage differs if chance alone makes such a difference this rarely, or more rarely.
const CHANCE: f64 = 0.01;

/// What the errors of a model on test windows say beyond their means.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The windows with the largest mean absolute errors, which do not overlap.
    pub worst_windows: Vec<WorstWindow>,
    /// The autocorrelation of the errors of the next value at lags 1, 2, …, pooled over series and
    /// columns: what it leaves, a better model could predict.
    pub residual_autocorrelation: Vec<f64>,
    /// The level whose coverage differs most from it, if sampling does not explain that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage_differs: Option<CoverageDiffers>,
}

/// A window with a large error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstWindow {
    /// The name of its series, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The column.
    pub column: String,
    /// The first predicted time; without a key, the row, from 1.
    pub first: String,
    /// The mean absolute error of the window, standardised.
    pub mae_standardized: f64,
}

/// A coverage that differs from its level: test windows are unlike those that intervals were
/// calibrated on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoverageDiffers {
    /// The level.
    pub level: f64,
    /// The share of values within the intervals.
    pub coverage: f64,
    /// The standard error of the difference, if both parts were alike.
    pub standard_error: f64,
}

impl Diagnosis {
    /// A warning if the coverage differs from its level.
    pub fn warning(&self) -> Option<String> {
        let CoverageDiffers { level, coverage, standard_error } = self.coverage_differs?;
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let size = if coverage < level { "larger" } else { "smaller" };
        Some(format!(
            "validation differs from test: {} of the test values lie within the intervals of {} (standard error {}): errors \
             are {size} than those that intervals are calibrated on",
            percent(coverage),
            percent(level),
            percent(standard_error)
        ))
    }
}

/// One test window of a column.
struct Window {
    series: usize,
    column: usize,
    origin: usize,
    /// The mean absolute error, standardised; NaN without observed values.
    mae: f64,
    /// The error of the first step; NaN where missing.
    first: f64,
    /// The share of values within the interval of each level.
    within: [f64; LEVELS.len()],
}

/// Looks at the errors on test windows; `validation` is the number of steps that intervals were
/// calibrated on.
pub(super) fn diagnose(
    model: &ForecastModel,
    intervals: &Intervals,
    series: &[SplitSeries],
    schema: &SeriesSchema,
    validation: usize,
) -> Diagnosis {
    let windows = windows(model, intervals, series);
    let independent = |steps: usize| (steps as f64 / model.horizon as f64).max(1.0);
    let test = series.iter().map(|one| one.parts.test.len()).sum();
    Diagnosis {
        worst_windows: worst(&windows, model.horizon, series, schema),
        residual_autocorrelation: autocorrelation(&windows, model.season),
        coverage_differs: differing(&windows, [independent(test), independent(validation)], model.horizon),
    }
}

/// All test windows of all columns, in order of series, column and time.
fn windows(model: &ForecastModel, intervals: &Intervals, series: &[SplitSeries]) -> Vec<Window> {
    let mut places = vec![];
    for (at, one) in series.iter().enumerate() {
        for column in (0..model.of_column.len()).filter(|&column| one.deviation[column] > 0.0) {
            let last = (one.parts.test.end + 1).saturating_sub(model.horizon);
            places.extend((one.parts.test.start..last).map(|origin| (at, column, origin)));
        }
    }
    let of_place = |&(at, column, origin): &(usize, usize, usize)| {
        let (one, deviation) = (&series[at], series[at].deviation[column]);
        let values = one.columns[column].as_ref()?;
        let made = Method::Model.predict(model, column, values, origin, deviation);
        let scale = intervals.scale(model, values, origin, deviation) / deviation;
        let errors = made.iter().zip(&one.observed[column][origin..]).map(|(y, x)| (x - y) / deviation);
        let errors: Vec<f64> = errors.collect();
        let (mut count, mut sum, mut held) = (0.0, 0.0, [0.0; LEVELS.len()]);
        for (step, error) in errors.iter().enumerate().filter(|(_, error)| !error.is_nan()) {
            count += 1.0;
            sum += error.abs();
            let quantile = intervals.at(column, model.horizon, step, scale);
            held.iter_mut()
                .zip(within(*error, quantile))
                .for_each(|(held, within)| *held += f64::from(within));
        }
        let within = held.map(|held| held / count);
        Some(Window { series: at, column, origin, mae: sum / count, first: errors[0], within })
    };
    places.par_iter().filter_map(of_place).collect()
}

/// The windows with the largest errors; of overlapping ones of a column, the worst.
fn worst(
    windows: &[Window],
    horizon: usize,
    series: &[SplitSeries],
    schema: &SeriesSchema,
) -> Vec<WorstWindow> {
    let mut sorted: Vec<&Window> = windows.iter().filter(|window| window.mae.is_finite()).collect();
    sorted.sort_by(|a, b| b.mae.total_cmp(&a.mae));
    let mut found: Vec<&Window> = vec![];
    for window in sorted {
        let apart = |other: &&Window| {
            (window.series, window.column) != (other.series, other.column)
                || window.origin.abs_diff(other.origin) >= horizon
        };
        if found.iter().all(apart) {
            found.push(window);
        }
        if found.len() == WORST {
            break;
        }
    }
    let named = |window: &&Window| WorstWindow {
        series: series[window.series].name.clone(),
        column: schema.columns[window.column].name.clone(),
        first: match &schema.key {
            Some(key) => key.text(key.at(&series[window.series].times, window.origin)),
            None => (window.origin + 1).to_string(),
        },
        mae_standardized: window.mae,
    };
    found.iter().map(named).collect()
}

/// The autocorrelation of the errors of the next value: Σ e_t e_{t+k} / Σ e_t², with e less its
/// mean in each series and column.
fn autocorrelation(windows: &[Window], season: Option<usize>) -> Vec<f64> {
    let runs: Vec<Vec<f64>> = windows
        .chunk_by(|a, b| (a.series, a.column) == (b.series, b.column))
        .map(|run| {
            let given = || run.iter().map(|window| window.first).filter(|error| !error.is_nan());
            let mean = given().sum::<f64>() / given().count().max(1) as f64;
            run.iter().map(|window| window.first - mean).collect()
        })
        .collect();
    let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
    let (least, most) = LAGS;
    let lags = season.unwrap_or(1).clamp(least, most).min(longest / 4);
    let variance: f64 = runs.iter().flatten().filter(|e| !e.is_nan()).map(|e| e * e).sum();
    let at = |lag: usize| {
        let products = runs.iter().flat_map(|run| run.iter().zip(run.iter().skip(lag)).map(|(a, b)| a * b));
        products.filter(|x| !x.is_nan()).sum::<f64>() / variance
    };
    if variance > 0.0 { (1..=lags).map(at).collect() } else { vec![] }
}

/// The level whose coverage differs most, in standard errors, if chance does not explain it.
///
/// If both parts were alike, the coverage p of n_t independent test windows by intervals of n_v
/// validation windows would have the variance p (1 − p) (1/n_t + 1/n_v). Windows that overlap count
/// once a horizon; if the coverage of such blocks varies more, that variance is taken.
fn differing(windows: &[Window], [test, validation]: [f64; 2], horizon: usize) -> Option<CoverageDiffers> {
    let bound = -inverse_normal_cdf(CHANCE / 2.0);
    let of_level = |(at, level): (usize, &f64)| {
        let shares: Vec<f64> =
            windows.iter().map(|window| window.within[at]).filter(|share| !share.is_nan()).collect();
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
        let coverage = mean(&shares);
        let blocks: Vec<f64> = shares.chunks(horizon).map(mean).collect();
        let spread = blocks.iter().map(|share| (share - coverage) * (share - coverage)).sum::<f64>();
        let own = spread / (blocks.len() as f64 - 1.0).max(1.0) / test;
        let binomial = level * (1.0 - level);
        let standard_error = (own.max(binomial / test) + binomial / validation).sqrt();
        CoverageDiffers { level: *level, coverage, standard_error }
    };
    let size = |found: &CoverageDiffers| (found.coverage - found.level).abs() / found.standard_error;
    let all = LEVELS.iter().enumerate().map(of_level).filter(|found| size(found) > bound);
    all.max_by(|a, b| size(a).total_cmp(&size(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(origin: usize, first: f64, share: f64) -> Window {
        Window { series: 0, column: 0, origin, mae: first.abs(), first, within: [share; LEVELS.len()] }
    }

    #[test]
    fn errors_that_alternate_have_a_negative_autocorrelation() {
        let windows: Vec<Window> =
            (0..200).map(|t| window(t, if t % 2 == 0 { 1.0 } else { -1.0 }, 0.9)).collect();
        let found = autocorrelation(&windows, Some(2));
        assert_eq!(found.len(), LAGS.0);
        assert!((found[0] + 0.995).abs() < 1e-9 && (found[1] - 0.99).abs() < 1e-9, "{found:?}");
        assert!(autocorrelation(&windows[..3], None).is_empty());
    }

    #[test]
    fn a_coverage_differs_if_chance_does_not_explain_it() {
        let with = |share: f64| -> Vec<Window> { (0..400).map(|t| window(t, 1.0, share)).collect() };
        // 100 windows each: of 0.9, a standard error of 0.042.
        assert_eq!(differing(&with(0.9), [100.0; 2], 4), None);
        let found = differing(&with(0.6), [100.0; 2], 4).map(|found| (found.level, found.coverage > 0.59));
        assert_eq!(found, Some((0.95, true)));
        assert_eq!(differing(&with(0.6), [2.0; 2], 200), None, "two windows say little");
        // Blocks that hold all or nothing vary more than independent windows would.
        let blocks: Vec<Window> = (0..400).map(|t| window(t, 1.0, f64::from(t / 50 % 2 == 0))).collect();
        assert_eq!(differing(&blocks, [8.0, 1e9], 50), None);
    }
}
