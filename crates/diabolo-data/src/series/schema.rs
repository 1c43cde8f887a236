//! The columns of a table of series.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Field;
use serde::{Deserialize, Serialize};

use super::key::{KeyFormat, KeyTime, TimeKey, check_order};
use super::known::KnownColumn;
use super::table::{column_of, groups};
use crate::column::{CellType, Column};
use crate::datetime::Moment;
use crate::infer::{InferOptions, infer};
use crate::preprocess::number_column;
use crate::{DataConfig, Error, Feature, FeatureKind, MissingWords, Result, Spelling, Stride, TypeName};

/// The columns of a table of series: times, names of the series, numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesSchema {
    /// The column of times; without one, rows are steps.
    pub key: Option<TimeKey>,
    /// The column of names of series; without one, the table is one series.
    pub id: Option<String>,
    /// The columns of numbers.
    pub columns: Vec<Feature>,
    /// The columns whose future values are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownColumn>,
}

impl SeriesSchema {
    /// The columns of this table, and what the user should know of them, one sentence each.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no column of numbers, or the key holds no times in order.
    pub fn infer(input: &str, rows: &RecordBatch, config: &DataConfig) -> Result<(Self, Vec<String>)> {
        if rows.num_rows() == 0 {
            return Err(Error::no_rows(input));
        }
        let id = config.series.clone();
        let mut options = config.infer_options();
        options.drop.extend(
            id.iter().chain(&config.condition).filter(|name| rows.column_by_name(name).is_some()).cloned(),
        );
        options.condition = vec![];
        let fields = rows.schema();
        let aside = |name: &str| {
            options.drop.iter().chain(&options.key).chain(&options.label).any(|other| other == name)
        };
        let names: Vec<String> =
            fields.fields().iter().map(|field| field.name().clone()).filter(|name| !aside(name)).collect();
        for name in names {
            // Numbers that repeat, or rise, are numbers of a series, and no levels or identifiers.
            if is_numbers(input, rows, &name, "--key", config)? {
                options.types.entry(name).or_insert(TypeName::Numeric);
            }
        }
        let known = known_columns(input, rows, config, &options)?;
        options.drop.extend(known.iter().map(|known| known.name.clone()));
        let inferred = infer(input, rows, &options)?;
        let (columns, others): (Vec<Feature>, Vec<Feature>) =
            inferred.schema.features.into_iter().partition(|feature| feature.storage.is_number());
        let mut notes: Vec<String> =
            inferred.warnings.into_iter().filter(|note| !note.contains("time of the rows")).collect();
        let time = |feature: &&Feature| !matches!(feature.kind, FeatureKind::Datetime { .. });
        let left = others.iter().filter(time).map(|feature| format!("'{}'", feature.name));
        let left: Vec<String> = left.collect();
        if columns.is_empty() {
            let found = if left.is_empty() { "none".into() } else { left.join(", ") };
            return Err(Error::data(
                input,
                "a column of numbers to forecast",
                found,
                "add a column of numbers",
            ));
        }
        if !left.is_empty() {
            notes.push(format!("not numbers, and not forecast: {}", left.join(", ")));
        }
        let dated = || others.iter().find(|feature| matches!(feature.kind, FeatureKind::Datetime { .. }));
        let found = inferred.schema.key.clone().or_else(|| dated().map(|feature| feature.name.clone()));
        if let (None, Some(time)) = (&config.key, &found) {
            notes.push(format!("column '{time}' is taken as the time of the rows; --key names another one"));
        }
        let key = found.as_deref().map(|key| time_key(input, rows, key, config)).transpose()?;
        if let (None, Some(_)) = (&key, &config.step) {
            let help = "name it with --key, or leave out --step";
            return Err(Error::data(input, "a column of times for --step", "none", help));
        }
        check_known(key.as_ref(), config)?;
        Ok((SeriesSchema { key, id, columns, known }, notes))
    }

    /// A column of numbers as the column of the table writes them, under a name of its own.
    pub fn numbers(&self, column: usize, name: &str, values: impl Iterator<Item = f64>) -> (Field, ArrayRef) {
        let feature = Feature { name: name.into(), ..self.columns[column].clone() };
        number_column(&feature, values)
    }
}

/// Whether a column holds numbers only.
fn is_numbers(input: &str, rows: &RecordBatch, name: &str, flag: &str, config: &DataConfig) -> Result<bool> {
    let missing = MissingWords::of(&config.missing, name);
    let array = column_of(input, rows, name, flag)?;
    let column = Column { input, name, array, first_row: 0, missing: &missing, format: None };
    Ok(matches!(CellType::of(array.data_type()), CellType::Number | CellType::Text)
        && column.numbers().is_ok_and(|numbers| numbers.iter().any(|x| !x.is_nan())))
}

/// The columns of `--known`. They are inferred apart: what a model of rows says of columns, such as
/// that one is constant where it is given, does not hold of them.
fn known_columns(
    input: &str,
    rows: &RecordBatch,
    config: &DataConfig,
    options: &InferOptions,
) -> Result<Vec<KnownColumn>> {
    let mut numbers = vec![];
    for name in &config.known {
        if is_numbers(input, rows, name, "--known", config)? {
            numbers.push(name);
        }
    }
    let fields = rows.schema();
    let others = fields.fields().iter().map(|field| field.name()).filter(|name| !numbers.contains(name));
    let options = InferOptions { key: None, label: None, drop: others.cloned().collect(), ..options.clone() };
    let features = match numbers.is_empty() {
        true => vec![],
        false => infer(input, rows, &options)?.schema.features,
    };
    let number = |name: &String| {
        let found = features.iter().find(|feature| feature.name == *name);
        found.filter(|feature| feature.storage.is_number()).cloned()
    };
    config.known.iter().map(|name| KnownColumn::infer(input, rows, name, number(name), config)).collect()
}

/// A column is not known and the key or the name of the series at once.
fn check_known(key: Option<&TimeKey>, config: &DataConfig) -> Result<()> {
    let key = key.map(|key| &key.name);
    let taken = |name: &&String| Some(*name) == key || Some(*name) == config.series.as_ref();
    match config.known.iter().find(taken) {
        None => Ok(()),
        Some(name) => {
            let expected = "columns other than the key and the names of series, which are known anyway";
            Err(Error::invalid_value("--known", expected, format!("'{name}'")))
        }
    }
}

/// The key of the table: the format of its times, and the usual step within a series.
fn time_key(input: &str, rows: &RecordBatch, name: &str, config: &DataConfig) -> Result<TimeKey> {
    let missing = MissingWords::of(&config.missing, name);
    let array = column_of(input, rows, name, "--key")?;
    let column = Column { input, name, array, first_row: 0, missing: &missing, format: None };
    let found = KeyFormat::find(&column, config.types.get(name))?;
    let times = found.read(&column)?;
    let mut series: Vec<Vec<Moment>> = vec![];
    for (_, rows) in groups(input, rows, config.series.as_deref())? {
        let times: Vec<Moment> = rows.iter().map(|&row| times[row]).collect();
        check_order(&column, &times, &rows, found.format.as_ref(), config.step.is_none())?;
        series.push(times);
    }
    let stride = match (&config.step, &found.format) {
        (Some(step), format) => Some(Stride::given(step, format.is_some())?),
        (None, Some(_)) => Stride::of_dates(&series),
        (None, None) => Stride::of_numbers(&series),
    };
    let stride = stride.ok_or_else(|| {
        let help = "a forecast needs rows of several times; name the column of times with --key";
        column.whole_error("several times", "the same in all rows", help)
    })?;
    let spelling = Spelling { missing, ..Spelling::default() };
    let resampled = config.step.is_some();
    let key = TimeKey {
        name: name.into(),
        format: found.format,
        storage: found.storage,
        spelling,
        stride,
        resampled,
    };
    match (&config.step, times.first()) {
        (Some(step), Some(&first)) if !key.can_write(first) => {
            let expected = format!(
                "a step whose times column '{name}' can write, as it does '{}'",
                key.text(KeyTime(first))
            );
            Err(Error::invalid_value("--step", expected, format!("'{step}'")))
        }
        _ => Ok(key),
    }
}
