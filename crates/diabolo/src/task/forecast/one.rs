//! The forecast of one series.

use super::options::{ColumnForecast, ForecastOptions, SeriesForecast};
use crate::artifact::{ForecastRecord, SavedForecast};
use crate::data::{KeyTime, KnownRows, Series};
use crate::evaluate::forecast::{Intervals, Method};
use crate::model::forecast::{FEWEST, Filled, KnownSteps, Scale, spread};
use crate::{Error, Result};

/// A forecast with what its tables need.
pub(super) struct Made {
    pub forecast: SeriesForecast,
    pub times: Vec<KeyTime>,
    /// The forecast of each column on its scale.
    pub points: Vec<Vec<f64>>,
    /// The unit of the errors of each column.
    pub units: Vec<f64>,
    pub unseen: bool,
    /// The place of the series in the table.
    pub series: usize,
    /// The last step that is used, and its time.
    pub origin: (usize, KeyTime),
}

/// A series to forecast.
pub(super) struct Given<'a> {
    /// The name of the table in messages.
    pub input: &'a str,
    /// Its place in the table.
    pub at: usize,
    pub series: &'a Series,
    /// The effect of what is known on each column at each step, to the end of the last forecast.
    pub effects: Vec<Vec<f64>>,
}

/// The forecast of one series from a step on.
pub(super) fn one_series(
    saved: &SavedForecast,
    given: &Given,
    (start, horizon): (usize, usize),
    options: &ForecastOptions,
    notes: &mut Vec<String>,
) -> Result<Made> {
    let record = &saved.header.forecast;
    let Given { input, series, .. } = given;
    let past = series.until(start);
    let known = record.series.iter().find(|one| one.name == series.name);
    let known = known.or(record.series.first().filter(|one| one.name.is_none() && series.name.is_none()));
    let (mut columns, mut points, mut units) = (vec![], vec![], vec![]);
    let scales = record.scales();
    for (column, feature) in record.schema.columns.iter().enumerate() {
        let values = &past.values[column];
        let matrix = &saved.model.matrices[saved.model.of_column[column]];
        let scaled = scales[column].column(values);
        if let Scale::Log { least } = scales[column]
            && values.iter().any(|x| *x <= 0.0)
        {
            notes.push(format!(
                "column '{}' has numbers that are not positive, which count as {least:.3e}: its logarithms are forecast",
                feature.name
            ));
        }
        let deviation =
            known.map(|one| one.deviation[column]).filter(|d| *d > 0.0).unwrap_or_else(|| spread(&scaled));
        let filled = filled_column(saved, given, column, (&scaled, deviation), notes)?;
        let filled = saved.model.adapted(filled, 0..start, deviation);
        let method = method(saved, column, start);
        if method != Method::Model && options.samples > 0 {
            let expected = format!("{} values before the forecast, for sample paths", matrix.window);
            let help = "give more of the series, or use intervals (without --samples)";
            return Err(Error::data(*input, expected, start.to_string(), help).in_column(&feature.name));
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
        let unit = match deviation > 0.0 {
            true => intervals.scale(&saved.model, &filled, start, deviation),
            false => 0.0,
        };
        let naive = known.and_then(|one| one.naive_error[column]);
        let mut point = method.predict(&saved.model, column, &filled, start, deviation);
        point.truncate(horizon);
        let made = column_forecast(saved, column, &mut point, (intervals, unit), options);
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
        points.push(point);
        units.push(unit);
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
    let origin = (start, times_of(saved, &past, start, 1)[0]);
    let unseen = known.is_none() && series.name.is_some();
    Ok(Made { forecast, times, points, units, unseen, series: given.at, origin })
}

/// A column up to the forecast, without gaps; says how far its last value stands in for others.
fn filled_column(
    saved: &SavedForecast,
    given: &Given,
    column: usize,
    (values, deviation): (&[f64], f64),
    notes: &mut Vec<String>,
) -> Result<Filled> {
    let name = &saved.header.forecast.schema.columns[column].name;
    let window = saved.model.matrices[saved.model.of_column[column]].window;
    let trailing = values.iter().rev().take_while(|x| x.is_nan()).count();
    let filled = Filled::with_effect(values, &given.effects[column], deviation);
    let filled = filled.filter(|_| trailing < window).ok_or_else(|| {
        let expected = format!("a value in the last {window} steps before the forecast");
        let series =
            given.series.name.as_ref().map(|name| format!(" in series '{name}'")).unwrap_or_default();
        let help = "give the values, or let the forecast begin earlier with --from";
        Error::data(given.input, expected, format!("only missing cells{series}"), help).in_column(name)
    })?;
    if trailing > 0 {
        notes.push(format!(
            "column '{name}' is missing in its last {trailing} steps: its last value stands in for them, and the true \
             errors are larger than the intervals say"
        ));
    }
    Ok(filled)
}

/// The effect on each column at the steps of a series up to the end of its forecast, which is that
/// of `steps`.
pub(super) fn effects(
    saved: &SavedForecast,
    (input, series, future): (&str, &Series, Option<&KnownRows>),
    (start, steps): (usize, usize),
) -> Result<Vec<Vec<f64>>> {
    const NAMED: usize = 3;
    let schema = &saved.header.forecast.schema;
    let mut known = KnownSteps::of(schema, series);
    let needed = saved.model.needed();
    known.extend(schema, series, (start + steps, start + saved.model.horizon), future, &needed).map_err(
        |lacking| {
            let names = needed.iter().filter(|column| !schema.known[**column].fixed);
            let mut names: Vec<String> =
                names.map(|column| format!("'{}'", schema.known[*column].name)).collect();
            names.sort();
            names.dedup();
            let text = |time: &KeyTime| match &schema.key {
                Some(key) => key.text(*time),
                None => format!("step {} after the last row", time.number()),
            };
            let times: Vec<String> = lacking.iter().take(NAMED).map(text).collect();
            let more = if lacking.len() > NAMED { ", …" } else { "" };
            let name = series.name.as_ref().map(|name| format!(" of series '{name}'")).unwrap_or_default();
            let expected = format!("values of {} at the predicted steps{name}", names.join(", "));
            let found = format!("none at {} of them: {}{more}", lacking.len(), times.join(", "));
            let help = "give rows with these times with --future, or a smaller --horizon";
            Error::data(input, expected, found, help)
        },
    )?;
    Ok(saved.model.effects.iter().map(|effect| effect.by_step(&known)).collect())
}

/// The model, or what needs fewer values than it where there are fewer. Where series have matrices
/// of their own, short ones had a part in the choice: their first value stands before them.
fn method(saved: &SavedForecast, column: usize, start: usize) -> Method {
    let window = saved.model.matrices[saved.model.of_column[column]].window;
    match saved.model.season {
        _ if start >= window || (saved.model.adaptation.is_some() && start >= FEWEST) => Method::Model,
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

/// Steps of the history that a page shows, at least.
const SHOWN: usize = 60;

/// The point forecast and the limits of each level, from the forecast on the scale of the column:
/// never below 0 for a column that never was.
fn column_forecast(
    saved: &SavedForecast,
    column: usize,
    point: &mut [f64],
    (intervals, unit): (&Intervals, f64),
    options: &ForecastOptions,
) -> (Vec<f64>, Vec<[Vec<f64>; 2]>) {
    let record = &saved.header.forecast;
    let (scale, least) = (record.scale(column), least(record, column));
    point.iter_mut().for_each(|u| *u = u.max(least));
    let limit = |probability: f64, lower: bool| -> Vec<f64> {
        let of_step = |(step, u): (usize, &f64)| {
            let error = intervals.at(column, record.horizon, step, unit)(probability);
            let limit = u + if lower { error.min(0.0) } else { error.max(0.0) };
            scale.back(limit.max(least))
        };
        point.iter().enumerate().map(of_step).collect()
    };
    let limits = options.levels.iter().map(|level| (1.0 - level) / 2.0);
    let limits = limits.map(|tail| [limit(tail, true), limit(1.0 - tail, false)]).collect();
    (point.iter().map(|u| scale.back(*u)).collect(), limits)
}

/// The least number of a forecast, on the scale of its column: 0 for one that was never below it.
/// Exponentials never are.
pub(super) fn least(record: &ForecastRecord, column: usize) -> f64 {
    let is_linear = record.scale(column) == Scale::Linear;
    if record.non_negative[column] && is_linear { 0.0 } else { f64::MIN }
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
    let time = |step: usize| match &saved.header.forecast.schema.key {
        Some(key) => key.at(&past.times, step),
        None => KeyTime::of_number((step + 1 - start) as f64),
    };
    (start..start + horizon).map(time).collect()
}

/// The times of the last steps before `start`.
fn times_of(saved: &SavedForecast, past: &Series, start: usize, count: usize) -> Vec<KeyTime> {
    let time = |step: usize| match &saved.header.forecast.schema.key {
        Some(key) => key.at(&past.times, step),
        None => KeyTime::of_number(step as f64 - start as f64 + 1.0),
    };
    (start - count..start).map(time).collect()
}
