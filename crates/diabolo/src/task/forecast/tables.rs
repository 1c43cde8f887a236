//! Forecasts as tables.

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::Field;

use super::one::{Made, least};
use super::options::{ColumnForecast, ForecastOptions};
use crate::Result;
use crate::artifact::SavedForecast;
use crate::data::{KeyTime, SeriesSet};
use crate::model::forecast::Scale;
use crate::stats::random::{Purpose, RngExt, stream};
use crate::task::names::free;
use crate::task::table;

/// The first columns of a table: time (or the number of the step), name of the series.
fn key_columns(
    saved: &SavedForecast,
    set: &SeriesSet,
    made: &[Made],
    repeats: usize,
) -> Vec<(Field, ArrayRef)> {
    let schema = &saved.header.forecast.schema;
    let repeated =
        |one: &Made| -> Vec<KeyTime> { (0..repeats).flat_map(|_| one.times.iter().copied()).collect() };
    let times: Vec<KeyTime> = made.iter().flat_map(repeated).collect();
    let series: Vec<usize> =
        made.iter().flat_map(|one| std::iter::repeat_n(one.series, repeats * one.times.len())).collect();
    let key = match &schema.key {
        Some(key) => key.column(&times),
        None => {
            let taken = |name: &str| schema.columns.iter().any(|column| column.name == name);
            let name = free(vec!["step".into()], taken).remove(0);
            let steps: Int64Array = times.iter().map(|time| time.number() as i64).collect();
            (Field::new(name, arrow_schema::DataType::Int64, false), std::sync::Arc::new(steps) as ArrayRef)
        }
    };
    std::iter::once(key).chain(set.names_of(&series)).collect()
}

/// The time of the last value that each forecast uses; without a key, its row.
fn origin_column(saved: &SavedForecast, made: &[Made]) -> (Field, ArrayRef) {
    let schema = &saved.header.forecast.schema;
    let taken = |name: &str| {
        let key = schema.key.as_ref().is_some_and(|key| key.name == name);
        key || schema.id.as_deref() == Some(name) || schema.columns.iter().any(|column| column.name == name)
    };
    let name = free(vec!["origin".into()], taken).remove(0);
    let repeated = |one: &'_ Made| std::iter::repeat_n(one.origin, one.times.len());
    match &schema.key {
        Some(key) => {
            let times: Vec<KeyTime> = made.iter().flat_map(repeated).map(|(_, time)| time).collect();
            let (field, cells) = key.column(&times);
            (field.with_name(name), cells)
        }
        None => {
            let rows: Int64Array = made.iter().flat_map(repeated).map(|(step, _)| step as i64).collect();
            (Field::new(name, arrow_schema::DataType::Int64, false), std::sync::Arc::new(rows))
        }
    }
}

/// A row for each series and step: the forecast and the limits of each column.
pub(super) fn intervals_table(
    saved: &SavedForecast,
    set: &SeriesSet,
    made: &[Made],
    options: &ForecastOptions,
) -> Result<RecordBatch> {
    let schema = &saved.header.forecast.schema;
    let mut columns = key_columns(saved, set, made, 1);
    if options.rolling {
        columns.insert(0, origin_column(saved, made));
    }
    let rows = made.iter().map(|one| one.times.len()).sum();
    let of_all = |values: &dyn Fn(&ColumnForecast) -> &Vec<f64>, column: usize| -> Vec<f64> {
        made.iter().flat_map(|one| values(&one.forecast.columns[column]).iter().copied()).collect()
    };
    for (column, feature) in schema.columns.iter().enumerate() {
        let name = &feature.name;
        columns.push(schema.numbers(column, name, of_all(&|one| &one.point, column).into_iter()));
        for (at, level) in options.levels.iter().enumerate() {
            let percent = (level * 1e4).round() / 1e2;
            let wanted = ["lower", "upper"].map(|side| format!("{name}_{side}_{percent}"));
            let taken = |name: &str| schema.columns.iter().any(|column| column.name == name);
            for (side, name) in free(wanted.to_vec(), taken).into_iter().enumerate() {
                columns.push(schema.numbers(
                    column,
                    &name,
                    of_all(&|one| &one.limits[at][side], column).into_iter(),
                ));
            }
        }
    }
    table(rows, columns)
}

/// A row for each series, path and step: the forecast with the errors of a held-out window.
pub(super) fn samples_table(
    saved: &SavedForecast,
    set: &SeriesSet,
    made: &[Made],
    options: &ForecastOptions,
) -> Result<RecordBatch> {
    let record = &saved.header.forecast;
    let (width, samples) = (record.schema.columns.len() * record.horizon, options.samples);
    let errors_of = paths(saved, options);
    let paths = errors_of.len() / width;
    let mut columns = key_columns(saved, set, made, samples);
    let rows: usize = made.iter().map(|one| one.times.len() * samples).sum();
    let numbers = made.iter().flat_map(|one| {
        (1..=samples).flat_map(move |path| std::iter::repeat_n(path as i64, one.times.len()))
    });
    let taken = |name: &str| record.schema.columns.iter().any(|column| column.name == name);
    let name = free(vec!["sample".into()], taken).remove(0);
    let numbers: Int64Array = numbers.collect();
    columns.push((Field::new(name, arrow_schema::DataType::Int64, false), std::sync::Arc::new(numbers)));
    let scales: Vec<(Scale, f64)> =
        record.scales().into_iter().enumerate().map(|(k, scale)| (scale, least(record, k))).collect();
    let mut drawn = vec![vec![]; record.schema.columns.len()];
    for (at, one) in made.iter().enumerate() {
        let noise = &mut stream(options.seed, Purpose::ForecastPaths, at as u64, 0);
        for _ in 0..samples {
            let path = noise.random_range(0..paths) * width;
            for (column, drawn) in drawn.iter_mut().enumerate() {
                let (scale, least) = scales[column];
                let errors = &errors_of[path + column * record.horizon..];
                let of_step = |(u, error): (&f64, &f32)| {
                    scale.back((u + one.units[column] * f64::from(*error)).max(least))
                };
                drawn.extend(one.points[column].iter().zip(errors).map(of_step));
            }
        }
    }
    for (column, values) in drawn.into_iter().enumerate() {
        columns.push(record.schema.numbers(column, &record.schema.columns[column].name, values.into_iter()));
    }
    table(rows, columns)
}

/// The errors that sample paths are drawn from; as for the intervals.
pub(super) fn paths<'a>(saved: &'a SavedForecast, options: &ForecastOptions) -> &'a [f32] {
    match options.from {
        None => &saved.errors_in_use,
        Some(_) => &saved.errors,
    }
}
