//! From an input to encoded rows: read, infer, split, fit the preprocessing on training rows, encode.

use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::DataType;
use arrow_select::take::take_record_batch;

use super::catalog::test_part;
use super::column::number;
use super::{DataConfig, Encoded, Inferred, Preprocessor, ReadOptions, Split, infer, open};
use crate::{Error, Result};

/// A data set ready to be fitted.
pub struct Prepared {
    /// The fitted way from rows to numbers and back.
    pub preprocessor: Preprocessor,
    /// Rows that gradients see.
    pub train: Encoded,
    /// Rows that early stopping sees.
    pub validation: Encoded,
    /// Rows that nothing has seen, as they were read; empty if there are none.
    pub test: RecordBatch,
    /// Where the test rows come from, if not from the input itself.
    pub test_input: Option<String>,
    /// The labels of the training, validation and test rows as text, if there is a label column.
    pub labels: Option<[Vec<Option<String>>; 3]>,
    /// Rows in the input.
    pub rows: usize,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads `input` and prepares it as `config` says; `seed` decides the split.
///
/// A built-in set with a test part of its own gives its training part to training and validation,
/// and its test part to the test; other inputs are split three ways, a series in the order of its rows.
pub fn prepare(input: &str, config: &DataConfig, seed: u64) -> Result<Prepared> {
    let (inferred, batch) = examples(input, config)?;
    let test_input = test_part(input);
    let share = if test_input.is_some() { 0.0 } else { config.test };
    let split = split(input, batch.num_rows(), config, share, seed)?;
    let (preprocessor, warnings) =
        Preprocessor::fit(input, inferred.schema, &batch, &split.train, &config.preprocess())?;
    let encode = |rows: &[usize]| preprocessor.encode(input, &take(input, &batch, rows)?, 0);
    let test = match &test_input {
        Some(name) => open(name, &config.read_options())?.collect()?,
        None => take(input, &batch, &split.test)?,
    };
    let labels = preprocessor.schema.label.as_deref().and_then(|label| {
        let all = texts(&batch, label)?;
        let of = |rows: &[usize]| rows.iter().map(|&row| all[row].clone()).collect();
        Some([of(&split.train), of(&split.validation), texts(&test, label)?])
    });
    Ok(Prepared {
        labels,
        train: preprocessor.encode_training(input, &take(input, &batch, &split.train)?)?,
        validation: encode(&split.validation)?,
        test,
        test_input,
        rows: batch.num_rows(),
        warnings: [inferred.warnings, warnings].concat(),
        preprocessor,
    })
}

/// The examples of `input`, and what their columns are: of a series judged once, not for each row of a window.
fn examples(input: &str, config: &DataConfig) -> Result<(Inferred, RecordBatch)> {
    let read = config.read_options();
    let Some(windows) = read.windows.clone() else {
        let rows = open(input, &read)?.collect()?;
        return Ok((infer(input, &rows, &config.infer_options())?, rows));
    };
    let series = open(input, &ReadOptions { windows: None, ..read })?;
    let (name, rows) = (series.name().to_string(), series.collect()?);
    // Refused before there are columns for every row of a window.
    Split::in_order(input, rows.num_rows(), windows.length, config.validation, config.test)?;
    let mut inferred = infer(input, &rows, &config.infer_options())?;
    inferred.warnings.extend(config.key.as_ref().and_then(|key| disorder(&rows, key)));
    let schema = windows.schema(&inferred.schema);
    Ok((Inferred { schema, ..inferred }, windows.of(&name, rows)?))
}

/// A sentence if the key of a series, numbers or ISO dates, goes back somewhere.
fn disorder(series: &RecordBatch, key: &str) -> Option<String> {
    let keys: Vec<String> = texts(series, key)?.into_iter().collect::<Option<_>>()?;
    let numbers: Option<Vec<f64>> = keys.iter().map(|key| number(key)).collect();
    let is_date = |key: &String| key.len() == keys[0].len() && key.as_bytes().get(4) == Some(&b'-');
    let back = match numbers {
        Some(numbers) => numbers.windows(2).position(|two| two[1] < two[0]),
        None if keys.iter().all(is_date) => keys.windows(2).position(|two| two[1] < two[0]),
        None => None,
    }?;
    Some(format!(
        "rows are a series in the order they come in, but '{key}' goes back at row {}: if it is the time, sort them",
        back + 2
    ))
}

/// Rows at random; windows in their order and without overlap, since a window next to another is nearly the same.
fn split(input: &str, rows: usize, config: &DataConfig, test: f64, seed: u64) -> Result<Split> {
    match config.window {
        Some(window) => Split::in_order(input, rows, window, config.validation, test),
        None => Split::new(input, rows, config.validation, test, seed),
    }
}

/// The rows of `input` that a fit with these settings held out for the test.
pub fn held_out(input: &str, batch: &RecordBatch, config: &DataConfig, seed: u64) -> Result<RecordBatch> {
    let split = split(input, batch.num_rows(), config, config.test, seed)?;
    take(input, batch, &split.test)
}

/// The rows of `input` with these 1-based numbers, in the order asked for.
pub fn rows_at(input: &str, config: &DataConfig, numbers: &[usize]) -> Result<RecordBatch> {
    let batch = open(input, &config.read_options())?.collect()?;
    if let Some(number) = numbers.iter().find(|n| !(1..=batch.num_rows()).contains(*n)) {
        let expected = format!("a row from 1 to {}", batch.num_rows());
        return Err(Error::data(input, expected, format!("row {number}"), "rows are counted from 1"));
    }
    take(input, &batch, &numbers.iter().map(|n| n - 1).collect::<Vec<_>>())
}

/// A column as text; `None` for missing cells, and for a column that is not there or is no text, number or truth value.
pub fn texts(batch: &RecordBatch, column: &str) -> Option<Vec<Option<String>>> {
    let texts = arrow_cast::cast(batch.column_by_name(column)?, &DataType::Utf8).ok()?;
    Some(texts.as_string::<i32>().iter().map(|text| text.map(str::to_string)).collect())
}

/// Some of the rows.
pub fn take(input: &str, batch: &RecordBatch, rows: &[usize]) -> Result<RecordBatch> {
    let rows = UInt32Array::from_iter_values(rows.iter().map(|&row| row as u32));
    take_record_batch(batch, &rows).map_err(|cause| {
        Error::data(input, "rows that fit in memory", cause.to_string(), "fit a sample of the rows")
    })
}
