//! Forecasts: the next values of the series of a table.

mod tables;

use arrow_array::RecordBatch;

use crate::artifact::SavedForecast;
use crate::data::{KeyTime, Series};
use crate::evaluate::forecast::{Intervals, Method};
use crate::model::forecast::{Filled, spread};
use crate::{Error, Result};
use tables::{intervals_table, samples_table};

/// Sample paths at most: a table of more would not fit into memory.
const MOST_PATHS: usize = 10_000;

/// Where a forecast begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// This row of each series, from 1: the rows from it on are not used.
    Row(usize),
    /// The first step at this time or later, as text.
    Time(String),
}

/// The options of a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastOptions {
    /// Steps to predict; those of the fit by default.
    pub horizon: Option<usize>,
    /// The levels of the intervals, each between 0 and 1.
    pub levels: Vec<f64>,
    /// Number of sample paths, instead of intervals.
    pub samples: usize,
    /// The seed of the paths.
    pub seed: u64,
    /// Where the forecast begins; after the last row by default.
    pub from: Option<Start>,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        ForecastOptions { horizon: None, levels: vec![0.8, 0.95], samples: 0, seed: 0, from: None }
    }
}

/// The forecast of one column of one series, in original units.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnForecast {
    /// The predicted values.
    pub point: Vec<f64>,
    /// The lower and upper limits at each level.
    pub limits: Vec<[Vec<f64>; 2]>,
    /// The last values before it; NaN where missing.
    pub history: Vec<f64>,
    /// The values at the predicted steps, as far as the rows have them.
    pub actual: Vec<f64>,
    /// The mean absolute error at these, in units of the seasonal naive error in training.
    pub mase: Option<f64>,
}

/// The forecast of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesForecast {
    /// Its name, if there are several.
    pub name: Option<String>,
    /// The times of the predicted steps, as text; their numbers without a key.
    pub times: Vec<String>,
    /// The times of the history, likewise.
    pub history_times: Vec<String>,
    /// The columns.
    pub columns: Vec<ColumnForecast>,
}

/// Forecasts of the series of a table.
#[derive(Debug, Clone)]
pub struct Forecasts {
    /// A row for each series and step (with sample paths: and path).
    pub table: RecordBatch,
    /// The series, in order of their first row.
    pub series: Vec<SeriesForecast>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

/// Forecasts the series of `rows`; `input` is their name in messages.
///
/// # Errors
/// [`Error::InvalidValue`] for options that the fit cannot serve; [`Error::Data`] if the rows are
/// no such series, or a column has no value where the forecast begins.
pub fn forecast(
    saved: &SavedForecast,
    input: &str,
    rows: &RecordBatch,
    options: &ForecastOptions,
) -> Result<Forecasts> {
    let horizon = checked(saved, options)?;
    let set = saved.header.forecast.schema.read(input, rows)?;
    let mut notes = set.notes.clone();
    let (mut made, mut left_out) = (vec![], vec![]);
    for series in &set.series {
        match start(saved, series, options) {
            Ok(start) => made.push(one_series(saved, input, series, (start, horizon), options, &mut notes)?),
            Err(cause) => left_out.push((series.name.as_deref().unwrap_or_default(), cause)),
        }
    }
    if made.is_empty()
        && let Some((_, cause)) = left_out.pop()
    {
        return Err(cause);
    }
    notes.extend(left_out.into_iter().map(|(name, cause)| format!("series '{name}' is left out: {cause}")));
    let new: Vec<&str> =
        made.iter().filter(|one| one.unseen).filter_map(|one| one.forecast.name.as_deref()).collect();
    if let Some(first) = new.first() {
        let count = new.len();
        notes.push(format!(
            "{count} series not in training ({first}{}): intervals have the scale of the given rows",
            if count > 1 { ", …" } else { "" }
        ));
    }
    let table = match options.samples {
        0 => intervals_table(saved, &set, &made, options)?,
        _ => samples_table(saved, &set, &made, options)?,
    };
    notes.dedup();
    Ok(Forecasts { table, series: made.into_iter().map(|one| one.forecast).collect(), notes })
}

/// A forecast with what its tables need.
struct Made {
    forecast: SeriesForecast,
    times: Vec<KeyTime>,
    /// The scale of the errors of each column.
    scales: Vec<f64>,
    unseen: bool,
}

/// The horizon; an error for options out of range.
fn checked(saved: &SavedForecast, options: &ForecastOptions) -> Result<usize> {
    let most = saved.header.forecast.horizon;
    let horizon = options.horizon.unwrap_or(most);
    if !(1..=most).contains(&horizon) {
        let more = if horizon > most { format!(" (fit with --horizon {horizon})") } else { String::new() };
        let expected = format!("1 to {most}, the steps that the run was fitted for{more}");
        return Err(Error::invalid_value("--horizon", expected, horizon));
    }
    if let Some(level) = options.levels.iter().find(|level| !(0.01..=0.99).contains(*level)) {
        return Err(Error::invalid_value("--level", "numbers from 0.01 to 0.99", level));
    }
    if options.samples > MOST_PATHS {
        let expected = format!("a whole number up to {MOST_PATHS}");
        return Err(Error::invalid_value("--samples", expected, options.samples));
    }
    if options.samples > 0 && paths(saved, options).is_empty() {
        return Err(Error::Unsupported {
            what:
                "the run holds no errors to draw sample paths from: all validation windows have missing cells"
                    .into(),
            help: "use intervals (without --samples)".into(),
        });
    }
    Ok(horizon)
}

/// The step that is predicted first.
fn start(saved: &SavedForecast, series: &Series, options: &ForecastOptions) -> Result<usize> {
    let steps = series.len();
    let schema = &saved.header.forecast.schema;
    let start = match (&options.from, &schema.key) {
        (None, _) => steps,
        (Some(Start::Row(0)), _) => 0,
        (Some(Start::Row(row)), Some(_)) => match series.times.get(row - 1) {
            Some((step, _)) => *step,
            None if *row == series.times.len() + 1 => steps,
            None => steps + 1,
        },
        (Some(Start::Row(row)), None) => row - 1,
        (Some(Start::Time(text)), Some(key)) => {
            let time = key.parse("--from", text)?;
            let next = series.times.last().map(|(_, last)| key.after(*last, 1));
            if let Some(next) = next.filter(|next| next.is_before(time)) {
                let expected = format!("a time up to {}, the step after the last row", key.text(next));
                return Err(Error::invalid_value("--from", expected, format!("'{text}'")));
            }
            series.times.iter().find(|(_, other)| !other.is_before(time)).map_or(steps, |(step, _)| *step)
        }
        (Some(Start::Time(text)), None) => {
            return Err(Error::invalid_value(
                "--from",
                "the number of a row: the run has no key",
                format!("'{text}'"),
            ));
        }
    };
    if start == 0 || start > steps {
        let (expected, found) = match &options.from {
            Some(Start::Time(text)) => ("a time after that of the first row".into(), format!("'{text}'")),
            Some(Start::Row(row)) => (format!("a row from 2 to {}", series.times.len() + 1), row.to_string()),
            None => ("rows before the forecast".into(), "none".into()),
        };
        return Err(Error::invalid_value("--from", expected, found));
    }
    Ok(start)
}

fn one_series(
    saved: &SavedForecast,
    input: &str,
    series: &Series,
    (start, horizon): (usize, usize),
    options: &ForecastOptions,
    notes: &mut Vec<String>,
) -> Result<Made> {
    let record = &saved.header.forecast;
    let past = series.until(start);
    let known = record.series.iter().find(|one| one.name == series.name);
    let known = known.or(record.series.first().filter(|one| one.name.is_none() && series.name.is_none()));
    let (mut columns, mut scales) = (vec![], vec![]);
    for (column, feature) in record.schema.columns.iter().enumerate() {
        let values = &past.values[column];
        let matrix = &saved.model.matrices[saved.model.of_column[column]];
        let trailing = values.iter().rev().take_while(|x| x.is_nan()).count();
        let filled = Filled::of(values).filter(|_| trailing < matrix.window).ok_or_else(|| {
            let expected = format!("a value in the last {} steps before the forecast", matrix.window);
            let name = series.name.as_ref().map(|name| format!(" in series '{name}'")).unwrap_or_default();
            let help = "give the values, or let the forecast begin earlier with --from";
            Error::data(input, expected, format!("only missing cells{name}"), help).in_column(&feature.name)
        })?;
        if trailing > 0 {
            notes.push(format!(
                "column '{}' is missing in its last {trailing} steps: its last value stands in for them, and the true \
                 errors are larger than the intervals say",
                feature.name
            ));
        }
        let deviation =
            known.map(|one| one.deviation[column]).filter(|d| *d > 0.0).unwrap_or_else(|| spread(values));
        let method = method(saved, column, start);
        if method != Method::Model && options.samples > 0 {
            let expected = format!("{} values before the forecast, for sample paths", matrix.window);
            let help = "give more of the series, or use intervals (without --samples)";
            return Err(Error::data(input, expected, start.to_string(), help).in_column(&feature.name));
        }
        if method != Method::Model {
            let name = series.name.as_ref().map(|name| format!("series '{name}': ")).unwrap_or_default();
            notes.push(format!(
                "{name}{start} of the {} values that the model needs for '{}': the forecast repeats the last {}",
                matrix.window,
                feature.name,
                if method == Method::SeasonalNaive { "season" } else { "value" }
            ));
        }
        let intervals = intervals(saved, method, options);
        let scale = match deviation > 0.0 {
            true => intervals.scale(&saved.model, &filled, start, deviation),
            false => 0.0,
        };
        let naive = known.and_then(|one| one.naive_error[column]);
        let point = method.predict(&saved.model, column, &filled, start, deviation);
        let made = column_forecast(saved, column, point, (intervals, scale, horizon), options);
        let actual: Vec<f64> = series.values[column].iter().skip(start).take(horizon).copied().collect();
        let mase = mase(&made.0, &actual, naive);
        let shown = values.len().saturating_sub(SHOWN.max(2 * horizon));
        columns.push(ColumnForecast {
            point: made.0,
            limits: made.1,
            history: values[shown..].to_vec(),
            actual,
            mase,
        });
        scales.push(scale);
    }
    let times = times_after(saved, &past, start, horizon);
    let key = record.schema.key.as_ref();
    let text = |time: &KeyTime| key.map_or_else(|| time.number().to_string(), |key| key.text(*time));
    let history = columns.iter().map(|one| one.history.len()).max().unwrap_or(0);
    let history_times = times_of(saved, &past, start, history);
    let forecast = SeriesForecast {
        name: series.name.clone(),
        times: times.iter().map(text).collect(),
        history_times: history_times.iter().map(text).collect(),
        columns,
    };
    Ok(Made { forecast, times, scales, unseen: known.is_none() && series.name.is_some() })
}

/// The model, or what needs fewer values than it where there are fewer.
fn method(saved: &SavedForecast, column: usize, start: usize) -> Method {
    let window = saved.model.matrices[saved.model.of_column[column]].window;
    match saved.model.season {
        _ if start >= window => Method::Model,
        Some(season) if start >= season => Method::SeasonalNaive,
        _ => Method::LastValue,
    }
}

/// The intervals of the method: of the model those that have seen the errors on test windows,
/// unless a forecast begins earlier and may lie there.
fn intervals<'a>(saved: &'a SavedForecast, method: Method, options: &ForecastOptions) -> &'a Intervals {
    match (method, &options.from) {
        (Method::Model, None) => &saved.in_use,
        _ => &saved.intervals[&method],
    }
}

/// The errors that sample paths are drawn from; as for the intervals.
fn paths<'a>(saved: &'a SavedForecast, options: &ForecastOptions) -> &'a [f32] {
    match options.from {
        None => &saved.errors_in_use,
        Some(_) => &saved.errors,
    }
}

/// Steps of the history that a page shows, at least.
const SHOWN: usize = 60;

/// The point forecast and the limits of each level: never below 0 for a column that never was.
fn column_forecast(
    saved: &SavedForecast,
    column: usize,
    point: Vec<f64>,
    (intervals, scale, horizon): (&Intervals, f64, usize),
    options: &ForecastOptions,
) -> (Vec<f64>, Vec<[Vec<f64>; 2]>) {
    let record = &saved.header.forecast;
    let least = if record.non_negative[column] { 0.0 } else { f64::MIN };
    let point: Vec<f64> = point.into_iter().take(horizon).map(|y| y.max(least)).collect();
    let limit = |probability: f64, lower: bool| -> Vec<f64> {
        let of_step = |(step, y): (usize, &f64)| {
            let error = intervals.at(column, record.horizon, step, scale)(probability);
            let limit = y + if lower { error.min(0.0) } else { error.max(0.0) };
            limit.max(least)
        };
        point.iter().enumerate().map(of_step).collect()
    };
    let limits = options.levels.iter().map(|level| (1.0 - level) / 2.0);
    let limits = limits.map(|tail| [limit(tail, true), limit(1.0 - tail, false)]).collect();
    (point, limits)
}

/// The error beside observed values.
fn mase(point: &[f64], actual: &[f64], naive: Option<f64>) -> Option<f64> {
    let errors: Vec<f64> =
        point.iter().zip(actual).map(|(y, x)| (y - x).abs()).filter(|e| !e.is_nan()).collect();
    let naive = naive.filter(|naive| *naive > 0.0)?;
    (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64 / naive)
}

/// The times of the steps from `start` on.
fn times_after(saved: &SavedForecast, past: &Series, start: usize, horizon: usize) -> Vec<KeyTime> {
    match (&saved.header.forecast.schema.key, past.times.last()) {
        (Some(key), Some((step, time))) => {
            (start..start + horizon).map(|at| key.after(*time, at - step)).collect()
        }
        _ => (1..=horizon).map(|step| KeyTime::of_number(step as f64)).collect(),
    }
}

/// The times of the last steps before `start`.
fn times_of(saved: &SavedForecast, past: &Series, start: usize, count: usize) -> Vec<KeyTime> {
    let first = start - count;
    let time = |step: usize| -> KeyTime {
        let Some(key) = &saved.header.forecast.schema.key else {
            return KeyTime::of_number(step as f64 - start as f64 + 1.0);
        };
        let before = past.times.partition_point(|(other, _)| *other <= step).max(1) - 1;
        let (known, time) = past.times[before];
        key.after(time, step.saturating_sub(known))
    };
    (first..start).map(time).collect()
}
