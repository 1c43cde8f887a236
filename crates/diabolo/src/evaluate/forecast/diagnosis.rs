//! Where a forecast fails on test windows: the worst windows, what its errors have in common, and
//! whether the intervals hold as often as they say.

use serde::{Deserialize, Serialize};

use super::levels::LEVELS;
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
pub(super) struct Window {
    pub series: usize,
    pub column: usize,
    pub origin: usize,
    /// The error of the first step, standardised, if its value is observed.
    pub first: Option<f64>,
    /// `None` without observed values.
    pub means: Option<WindowMeans>,
}

/// Means over the observed values of a window.
pub(super) struct WindowMeans {
    /// The mean absolute error, standardised.
    pub mae: f64,
    /// The share of values within the interval of each level.
    pub within: [f64; LEVELS.len()],
}

/// Looks at the errors on test windows, which are in order of series, column and time;
/// `validation` is the number of steps that intervals were calibrated on.
pub(super) fn diagnose(
    windows: &[Window],
    model: &ForecastModel,
    series: &[SplitSeries],
    schema: &SeriesSchema,
    validation: usize,
) -> Diagnosis {
    let independent = |steps: usize| (steps as f64 / model.horizon as f64).max(1.0);
    let test = series.iter().map(|one| one.parts.test.len()).sum();
    Diagnosis {
        worst_windows: worst(windows, model.horizon, series, schema),
        residual_autocorrelation: autocorrelation(windows, model.season),
        coverage_differs: differing(windows, [independent(test), independent(validation)], model.horizon),
    }
}

/// The windows of each column of each series.
fn runs(windows: &[Window]) -> impl Iterator<Item = &[Window]> {
    windows.chunk_by(|a, b| (a.series, a.column) == (b.series, b.column))
}

/// The windows with the largest errors; of overlapping ones of a column, the worst.
fn worst(
    windows: &[Window],
    horizon: usize,
    series: &[SplitSeries],
    schema: &SeriesSchema,
) -> Vec<WorstWindow> {
    let mae = |window: &'_ Window| window.means.as_ref().map(|means| means.mae);
    let mut sorted: Vec<(&Window, f64)> =
        windows.iter().filter_map(|window| Some((window, mae(window)?))).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut found: Vec<(&Window, f64)> = vec![];
    for (window, mae) in sorted {
        let apart = |(other, _): &(&Window, f64)| {
            (window.series, window.column) != (other.series, other.column)
                || window.origin.abs_diff(other.origin) >= horizon
        };
        if found.iter().all(apart) {
            found.push((window, mae));
        }
        if found.len() == WORST {
            break;
        }
    }
    let named = |(window, mae): &(&Window, f64)| WorstWindow {
        series: series[window.series].name.clone(),
        column: schema.columns[window.column].name.clone(),
        first: match &schema.key {
            Some(key) => key.text(key.at(&series[window.series].times, window.origin)),
            None => (window.origin + 1).to_string(),
        },
        mae_standardized: *mae,
    };
    found.iter().map(named).collect()
}

/// The autocorrelation of the errors of the next value: Σ e_t e_{t+k} / Σ e_t², with e less its
/// mean in each series and column.
fn autocorrelation(windows: &[Window], season: Option<usize>) -> Vec<f64> {
    let centred = |run: &[Window]| -> Vec<Option<f64>> {
        let given = || run.iter().filter_map(|window| window.first);
        let mean = given().sum::<f64>() / given().count().max(1) as f64;
        run.iter().map(|window| Some(window.first? - mean)).collect()
    };
    let runs: Vec<Vec<Option<f64>>> = runs(windows).map(centred).collect();
    let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
    let (least, most) = LAGS;
    let lags = season.unwrap_or(1).clamp(least, most).min(longest / 4);
    let variance: f64 = runs.iter().flatten().flatten().map(|e| e * e).sum();
    let at = |lag: usize| {
        let pairs = runs.iter().flat_map(|run| run.iter().zip(run.iter().skip(lag)));
        pairs.filter_map(|(a, b)| Some((*a)? * (*b)?)).sum::<f64>() / variance
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
        let coverage = mean_within(windows, at).unwrap_or(*level);
        let blocks = blocks(windows, horizon, at);
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

/// The mean share within the intervals of a level; `None` without observed values.
fn mean_within(windows: &[Window], level: usize) -> Option<f64> {
    let shares = || windows.iter().filter_map(|window| Some(window.means.as_ref()?.within[level]));
    let count = shares().count();
    (count > 0).then(|| shares().sum::<f64>() / count as f64)
}

/// The mean share within the intervals of a level in each block of a horizon, within a column of a
/// series: windows of others do not overlap.
fn blocks(windows: &[Window], horizon: usize, level: usize) -> Vec<f64> {
    let blocks = runs(windows).flat_map(|run| run.chunks(horizon));
    blocks.filter_map(|block| mean_within(block, level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(origin: usize, first: f64, share: f64) -> Window {
        let means = Some(WindowMeans { mae: first.abs(), within: [share; LEVELS.len()] });
        Window { series: 0, column: 0, origin, first: Some(first), means }
    }

    #[test]
    fn blocks_end_with_a_series() {
        let mut windows: Vec<Window> = (0..6).map(|t| window(t, 1.0, 1.0)).collect();
        windows.extend((0..6).map(|t| Window { series: 1, ..window(t, 1.0, 0.0) }));
        windows[6].means = None;
        assert_eq!(blocks(&windows, 4, 0), [1.0, 1.0, 0.0, 0.0]);
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
