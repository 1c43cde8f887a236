//! What a fit of forecasts is to do: season, horizon, windows to try, and the parts of each series.

use std::collections::BTreeMap;
use std::ops::Range;

use super::forecast_split::TimeSplit;
use crate::config::Config;
use crate::data::{DataProblem, Series, SeriesSchema, SeriesSet};
use crate::model::forecast::{
    ForecastModel, Regressors, Scale, Search, SplitSeries, WindowUnit, effects_in_words, logarithms_in_words,
    own_matrices_in_words, validation_windows,
};
use crate::stats::season;
use crate::{Error, Result};

/// The longest season that is looked for: two weeks of ten minutes.
const LONGEST_SEASON: usize = 2016;
/// Steps of a series that a season is looked for in, and columns of series, at most.
const LOOKED_AT: (usize, usize) = (20_000, 24);
/// The longest window that is chosen.
const LONGEST_WINDOW: usize = 768;
/// Windows that are tried: multiples of the season, and other lengths.
const SEASONS: [usize; 7] = [1, 2, 3, 4, 7, 14, 28];
const LENGTHS: [usize; 7] = [4, 8, 16, 32, 64, 128, 336];

/// What is to be fitted.
pub(super) struct Plan {
    pub horizon: usize,
    pub season: Option<usize>,
    /// The lengths of windows to try.
    pub windows: Vec<usize>,
    /// Whether each series is long enough.
    pub fits: Vec<bool>,
    parts: TimeSplit,
    step: String,
}

impl Plan {
    pub fn of(
        name: &str,
        schema: &SeriesSchema,
        set: &SeriesSet,
        config: &Config,
        notes: &mut Vec<String>,
    ) -> Result<Plan> {
        let settings = config.forecast.clone().unwrap_or_default();
        let parts = TimeSplit::of(schema, &config.data, config.forecast.as_ref())?;
        let mut lengths: Vec<usize> = set.series.iter().map(|one| one.len()).collect();
        lengths.sort_unstable();
        let (median, longest) = (lengths[lengths.len() / 2], lengths[lengths.len() - 1]);
        let season = match settings.season {
            Some(0) => None,
            Some(season) => Some(season),
            None => {
                let longest = settings.horizon.unwrap_or(most_usual_horizon(median));
                found_season(schema, set, &parts, longest)
            }
        };
        let step = schema.key.as_ref().map_or("1 row".into(), |key| key.step());
        let horizon = settings.horizon.unwrap_or_else(|| season.unwrap_or(1).min(most_usual_horizon(median)));
        let train: Vec<Option<usize>> =
            set.series.iter().map(|one| Some(parts.parts(one, horizon)?.train.len())).collect();
        let short = train.iter().filter(|train| train.is_none()).count();
        if short == train.len() {
            let expected = parts.expected(horizon);
            let help = "give a longer series, or a smaller --horizon";
            return Err(Error::data(name, expected, format!("{longest} steps at most"), help)
                .because(DataProblem::TooFewRows));
        }
        let tested =
            |one: &Series| parts.parts(one, horizon).is_some_and(|parts| parts.test.len() >= horizon);
        if let Some(text) = settings.test_from.as_ref().filter(|_| !set.series.iter().any(tested)) {
            let expected = format!("a time {horizon} steps (the horizon) or more before the end of a series");
            return Err(Error::invalid_value("--test-from", expected, format!("'{text}'")));
        }
        if short > 0 {
            notes.push(format!(
                "{short} of {} series are too short for a horizon of {horizon}, and are left out of the fit",
                train.len()
            ));
        }
        let fits = train.iter().map(Option::is_some).collect();
        let train: Vec<usize> = train.into_iter().flatten().collect();
        let windows = windows(config.data.window, season, horizon, &train)?;
        Ok(Plan { horizon, season, windows, fits, parts, step })
    }

    /// The series that are long enough, in their parts.
    pub fn split(&self, schema: &SeriesSchema, set: &SeriesSet) -> Vec<SplitSeries> {
        let usable = set.series.iter().zip(&self.fits).filter(|(_, fits)| **fits);
        usable.filter_map(|(one, _)| self.parts.split(schema, one, self.horizon, self.season)).collect()
    }

    /// The test steps of a series; `None` if it is too short.
    pub fn test(&self, series: &Series) -> Option<Range<usize>> {
        Some(self.parts.parts(series, self.horizon)?.test)
    }

    /// What the fit chooses from.
    pub fn search<'a>(&'a self, is_cancelled: &'a (dyn Fn() -> bool + Sync)) -> Search<'a> {
        Search { windows: &self.windows, horizon: self.horizon, season: self.season, is_cancelled }
    }

    pub fn nothing_to_learn(&self, name: &str, schema: &SeriesSchema) -> Error {
        let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let expected =
            "a series that changes, with whole windows of values in its training and validation parts";
        let found = format!("constant or missing values in {}", columns.join(", "));
        Error::data(name, expected, found, "give other columns, a longer series, or a smaller --horizon")
    }

    /// Whether validation windows are too few for intervals.
    pub fn has_few_windows(&self, split: &[SplitSeries]) -> bool {
        const FEW: usize = 100;
        validation_windows(split, self.horizon) < FEW
    }

    /// What the intervals rest on, if the validation windows are few.
    pub fn few_windows(&self, split: &[SplitSeries], crossed: bool) -> Option<String> {
        let count = validation_windows(split, self.horizon);
        let known = 100 * count / (count + 2);
        let text = match crossed {
            true => format!(
                "the validation part has few windows ({count}): intervals also rest on errors in training, of each part \
                 of it by a fit to the others"
            ),
            false => format!(
                "intervals rest on few validation windows ({count}), which overlap: they are rough, and levels above \
                 {known} % have the limits of the largest errors"
            ),
        };
        self.has_few_windows(split).then_some(text)
    }

    /// What was chosen, in one sentence.
    pub fn chosen(&self, schema: &SeriesSchema, model: &ForecastModel, scales: &[Scale]) -> String {
        let season = self.season.map_or("no season".into(), |season| format!("season {season}"));
        let choice = &model.choices[0];
        let unit = match choice.unit {
            WindowUnit::Series => "",
            WindowUnit::Window => ", in units of each window",
        };
        let own = match model.matrices.len() - 1 {
            0 => model.adaptation.as_ref().map_or(String::new(), |adaptation| {
                format!(", {}", own_matrices_in_words(adaptation.strength))
            }),
            1 => ", a matrix of its own for 1 column".into(),
            own => format!(", a matrix of its own for {own} columns"),
        };
        format!(
            "steps of {}, {season}, horizon {}; chosen on validation windows: window {}{unit}, penalty {}, towards {}{own}{}{}",
            self.step,
            self.horizon,
            choice.window,
            choice.penalty,
            choice.anchor.name(),
            logarithms_in_words(schema, scales)
                .map(|columns| format!(", logarithms of {columns}"))
                .unwrap_or_default(),
            effects_in_words(schema, &model.effects)
                .map(|effects| format!(", effects of {effects}"))
                .unwrap_or_default()
        )
    }
}

/// The regressors that a fit of these series may use.
pub(super) fn regressors(schema: &SeriesSchema, split: &[SplitSeries]) -> Vec<Regressors> {
    let longest = split.iter().map(|one| one.parts.train.len()).max().unwrap_or(0);
    Regressors::all(schema, longest)
}

/// The longest horizon that is not asked for, of series of so many steps.
fn most_usual_horizon(steps: usize) -> usize {
    (steps / 8).max(1)
}

/// The season that most columns of the training parts have, of those with one: a column without
/// loses nothing by it, since windows and penalties are chosen by their errors. `horizon` is the
/// longest that the fit may have: a shorter one leaves all of its training steps in training.
fn found_season(schema: &SeriesSchema, set: &SeriesSet, parts: &TimeSplit, horizon: usize) -> Option<usize> {
    let candidates = schema.key.as_ref().map(|key| key.seasons()).unwrap_or_default();
    let (steps, most) = LOOKED_AT;
    let train = |one: &Series| parts.parts(one, horizon).map_or(0, |parts| parts.train.len());
    let columns = set.series.iter().flat_map(|one| one.values.iter().map(move |column| (column, train(one))));
    let mut counts = BTreeMap::<usize, usize>::new();
    for (column, train) in columns.take(most) {
        let train = &column[..train];
        let found = season(&train[train.len().saturating_sub(steps)..], &candidates, LONGEST_SEASON);
        found.into_iter().for_each(|season| *counts.entry(season).or_default() += 1);
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(season, _)| season)
}

/// The lengths of windows to try.
fn windows(
    given: Option<usize>,
    season: Option<usize>,
    horizon: usize,
    train: &[usize],
) -> Result<Vec<usize>> {
    // The training windows of a series: its training steps less the window and the horizon.
    let room = |window: usize| -> usize {
        train.iter().map(|steps| (steps + 1).saturating_sub(window + horizon)).sum()
    };
    if let Some(window) = given {
        return match room(window) {
            0 => Err(Error::invalid_value("--window", "a window that fits into the training steps", window)),
            _ => Ok(vec![window]),
        };
    }
    let of_season = season.into_iter().flat_map(|season| SEASONS.map(|count| count * season));
    let mut tried: Vec<usize> = of_season.chain(LENGTHS).filter(|w| *w <= LONGEST_WINDOW).collect();
    // A season that is longer than all windows is still worth a window of its own.
    tried.extend(season.filter(|season| *season <= LONGEST_SEASON));
    tried.sort_unstable();
    tried.dedup();
    // Half of the windows of the shortest must remain.
    let most = room(2).div_ceil(2).max(1);
    let fitting: Vec<usize> = tried.into_iter().filter(|window| room(*window) >= most).collect();
    Ok(if fitting.is_empty() { vec![2] } else { fitting })
}
