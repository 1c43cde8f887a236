//! What a fit of forecasts is to do: season, horizon, windows to try, and the parts of each series.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::data::{DataConfig, DataProblem, SeriesSchema, SeriesSet};
use crate::model::forecast::{Filled, ForecastModel, Parts, SplitSeries, naive_error, spread};
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

/// Both parts are needed: one to choose and calibrate, one (unless it is 0) to test.
pub(super) fn check_shares(data: &DataConfig) -> Result<()> {
    let (validation, test) = (data.validation, data.test);
    if !(0.01..=0.9).contains(&validation) {
        return Err(Error::config(
            "validation",
            "a fraction from 0.01 to 0.9, to choose and calibrate",
            validation,
        ));
    }
    match (0.0..=0.9).contains(&test) && validation + test <= 0.95 {
        true => Ok(()),
        false => Err(Error::config("test", "a fraction that leaves rows for training", test)),
    }
}

/// What is to be fitted.
pub(super) struct Plan {
    pub horizon: usize,
    pub season: Option<usize>,
    /// The lengths of windows to try.
    pub windows: Vec<usize>,
    /// Whether each series is long enough.
    pub fits: Vec<bool>,
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
        let shares = [config.data.validation, config.data.test];
        let mut lengths: Vec<usize> = set.series.iter().map(|one| one.len()).collect();
        lengths.sort_unstable();
        let (median, longest) = (lengths[lengths.len() / 2], lengths[lengths.len() - 1]);
        let season = match settings.season {
            Some(0) => None,
            Some(season) => Some(season),
            None => found_season(schema, set, shares),
        };
        let step = schema.key.as_ref().map_or("1 row".into(), |key| key.step());
        let horizon = settings.horizon.unwrap_or_else(|| season.unwrap_or(1).min(median / 8).max(1));
        let fits: Vec<bool> =
            set.series.iter().map(|one| Parts::of(one.len(), horizon, shares).is_some()).collect();
        let short = fits.iter().filter(|fits| !**fits).count();
        if short == fits.len() {
            let fewest = Parts::fewest(horizon, shares);
            let expected = format!("a series of {fewest} steps or more, for a horizon of {horizon}");
            let help = "give a longer series, or a smaller --horizon";
            return Err(Error::data(name, expected, format!("{longest} steps at most"), help)
                .because(DataProblem::TooFewRows));
        }
        if short > 0 {
            notes.push(format!(
                "{short} of {} series are too short for a horizon of {horizon}, and are left out of the fit",
                fits.len()
            ));
        }
        let usable: Vec<usize> =
            set.series.iter().zip(&fits).filter(|(_, fits)| **fits).map(|(one, _)| one.len()).collect();
        let windows = windows(config.data.window, season, horizon, &usable, shares)?;
        Ok(Plan { horizon, season, windows, fits, step })
    }

    /// The series that are long enough, in their parts.
    pub fn split(&self, set: &SeriesSet, data: &DataConfig) -> Vec<SplitSeries> {
        let usable = set.series.iter().zip(&self.fits).filter(|(_, fits)| **fits);
        usable
            .filter_map(|(one, _)| {
                split(&one.values, self.horizon, self.season, [data.validation, data.test])
            })
            .collect()
    }

    pub fn nothing_to_learn(&self, name: &str, schema: &SeriesSchema) -> Error {
        let columns: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let expected =
            "a series that changes, with whole windows of values in its training and validation parts";
        let found = format!("constant or missing values in {}", columns.join(", "));
        Error::data(name, expected, found, "give other columns, a longer series, or a smaller --horizon")
    }

    /// A note if the intervals rest on few windows.
    pub fn few_windows(&self, split: &[SplitSeries]) -> Option<String> {
        const FEW: usize = 50;
        let windows = |one: &SplitSeries| (one.parts.validation.len() + 1).saturating_sub(self.horizon);
        let count: usize = split.iter().map(windows).sum();
        (count < FEW)
            .then(|| {
                let known = 100 * count / (count + 2);
                format!(
                    "intervals rest on few validation windows ({count}), which overlap: they are rough, and levels \
                     above {known} % have the limits of the largest errors"
                )
            })
    }

    /// What was chosen, in one sentence.
    pub fn chosen(&self, model: &ForecastModel) -> String {
        let season = self.season.map_or("no season".into(), |season| format!("season {season}"));
        let choice = &model.choices[0];
        let own = model.matrices.len() - 1;
        let own = match own {
            0 => String::new(),
            1 => ", a matrix of its own for 1 column".into(),
            own => format!(", a matrix of its own for {own} columns"),
        };
        format!(
            "steps of {}, {season}, horizon {}; chosen on validation windows: window {}, penalty {}, towards {}{own}",
            self.step,
            self.horizon,
            choice.window,
            choice.penalty,
            choice.anchor.name()
        )
    }
}

/// The parts and scales of one series; `None` if it is too short.
pub(super) fn split(
    values: &[Vec<f64>],
    horizon: usize,
    season: Option<usize>,
    shares: [f64; 2],
) -> Option<SplitSeries> {
    let parts = Parts::of(values.first()?.len(), horizon, shares)?;
    let train = |column: &Vec<f64>| column[parts.train.clone()].to_vec();
    let columns = values.iter().map(|column| {
        let known = column[parts.train.clone()].iter().any(|x| !x.is_nan());
        Filled::of(column).filter(|_| known)
    });
    Some(SplitSeries {
        columns: columns.collect(),
        deviation: values.iter().map(|column| spread(&train(column))).collect(),
        naive_error: values.iter().map(|column| naive_error(&train(column), season.unwrap_or(1))).collect(),
        observed: values.to_vec(),
        parts,
    })
}

/// The season that most columns of the training parts have, of those with one: a column without
/// loses nothing by it, since windows and penalties are chosen by their errors.
fn found_season(schema: &SeriesSchema, set: &SeriesSet, shares: [f64; 2]) -> Option<usize> {
    let candidates = schema.key.as_ref().map(|key| key.seasons()).unwrap_or_default();
    let (steps, most) = LOOKED_AT;
    let held_out: f64 = shares.iter().sum();
    let columns = set.series.iter().flat_map(|one| one.values.iter());
    let mut counts = BTreeMap::<usize, usize>::new();
    for column in columns.take(most) {
        let train = &column[..(column.len() as f64 * (1.0 - held_out)) as usize];
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
    lengths: &[usize],
    shares: [f64; 2],
) -> Result<Vec<usize>> {
    // The training windows of a series: its training steps less the window and the horizon.
    let room = |window: usize| -> usize {
        let train = |steps: &usize| Parts::of(*steps, horizon, shares).map_or(0, |parts| parts.train.len());
        lengths.iter().map(|steps| (train(steps) + 1).saturating_sub(window + horizon)).sum()
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
