//! Forecasts: the next values of the series of a table.

mod one;
mod options;
mod tables;

use arrow_array::RecordBatch;

pub use options::{ColumnForecast, ForecastOptions, FutureRows, SeriesForecast, Start};

use crate::artifact::SavedForecast;
use crate::data::Series;
use crate::stats::end_if_cancelled;
use crate::{Error, Result};
use one::{Given, effects, one_series};
use tables::{intervals_table, paths, samples_table};

/// Sample paths at most: a table of more would not fit into memory.
const MOST_PATHS: usize = 10_000;

/// Notes of the origins of a back-test, at most.
const MOST_NOTES: usize = 6;

/// Forecasts of the series of a table.
#[derive(Debug, Clone)]
pub struct Forecasts {
    /// A row for each series and step (with sample paths: and path; rolling: and origin).
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
    let schema = &saved.header.forecast.schema;
    let set = schema.read(input, rows)?;
    let future = options.future.as_ref();
    let future = future.map(|given| schema.read_known(&given.input, &given.rows)).transpose()?;
    let mut notes = set.notes.clone();
    let (mut made, mut left_out, mut of_origins) = (vec![], vec![], vec![]);
    for (at, series) in set.series.iter().enumerate() {
        let found = start(saved, series, options).and_then(|start| origins(series, start, horizon, options));
        let (first, last) = match found {
            Ok(origins) => origins,
            Err(cause) => {
                left_out.push((series.name.as_deref().unwrap_or_default(), cause));
                continue;
            }
        };
        let effects = effects(saved, (input, series, future.as_ref()), (last, horizon))?;
        let given = Given { input, at, series, effects };
        for origin in first..=last {
            end_if_cancelled();
            made.push(one_series(saved, &given, (origin, horizon), options, &mut of_origins)?);
        }
    }
    if made.is_empty()
        && let Some((_, cause)) = left_out.pop()
    {
        return Err(cause);
    }
    notes.extend(shortened(of_origins, options));
    notes.extend(left_out.into_iter().map(|(name, cause)| format!("series '{name}' is left out: {cause}")));
    let mut new: Vec<&str> =
        made.iter().filter(|one| one.unseen).filter_map(|one| one.forecast.name.as_deref()).collect();
    new.dedup();
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
    Ok(Forecasts { table, series: made.into_iter().map(|one| one.forecast).collect(), notes })
}

/// The forecast of a series from a step on whose values it holds, by intervals that know nothing of
/// them.
///
/// # Errors
/// [`Error::Data`] if a column has no value where the forecast begins.
pub fn forecast_from(
    saved: &SavedForecast,
    input: &str,
    series: &Series,
    start: usize,
) -> Result<SeriesForecast> {
    let horizon = saved.header.forecast.horizon;
    let options = ForecastOptions { from: Some(Start::Row(start + 1)), ..ForecastOptions::default() };
    let effects = effects(saved, (input, series, None), (start, horizon))?;
    let given = Given { input, at: 0, series, effects };
    Ok(one_series(saved, &given, (start, horizon), &options, &mut vec![])?.forecast)
}

/// The different notes of origins; of a back-test, the first ones.
fn shortened(mut notes: Vec<String>, options: &ForecastOptions) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    notes.retain(|note| seen.insert(note.clone()));
    if options.rolling && notes.len() > MOST_NOTES {
        let more = notes.len() - MOST_NOTES;
        notes.truncate(MOST_NOTES);
        notes.push(format!("{more} notes more, of other origins"));
    }
    notes
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
    if options.rolling && options.from.is_none() {
        return Err(Error::invalid_value("--rolling", "--from, the step that it begins from", "none"));
    }
    if options.rolling && options.samples > 0 {
        let reason = "a back-test from many steps writes intervals";
        return Err(Error::conflict("--rolling", "--samples", reason));
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

/// The first and the last step that forecasts begin at: one, or all whose values the rows hold.
fn origins(
    series: &Series,
    start: usize,
    horizon: usize,
    options: &ForecastOptions,
) -> Result<(usize, usize)> {
    if !options.rolling {
        return Ok((start, start));
    }
    let last = series.len().saturating_sub(horizon);
    if last < start {
        let expected = format!("{horizon} steps or more after --from, the horizon of a back-test");
        return Err(Error::invalid_value("--rolling", expected, series.len() - start));
    }
    Ok((start, last))
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
