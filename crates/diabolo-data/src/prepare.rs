//! Preparation of an input for training: read, infer the schema, split, fit the preprocessor on the
//! training rows, encode.

use arrow_array::RecordBatch;

use super::catalog::test_part;
use super::cells::Cells;
use super::datetime::SeriesOrder;
use super::memory;
use super::read::OnNote;
use super::take::{take, take_many};
use super::{DataConfig, Encoded, Inferred, MissingWords, Preprocessor, ReadOptions, Split, infer, open};
use crate::{DataProblem, Error, Result};

/// The least number of rows of a fit.
const FEWEST_ROWS: usize = 10;

/// A data set ready to be fitted.
pub struct Prepared {
    /// The fitted preprocessor.
    pub preprocessor: Preprocessor,
    /// The training rows.
    pub train: Encoded,
    /// The validation rows, for early stopping.
    pub validation: Encoded,
    /// The test rows, not encoded; may be empty.
    pub test: RecordBatch,
    /// Their numbers in the input, from 0; empty if they come from another one.
    pub test_rows: Vec<usize>,
    /// The input that the test rows come from, if not from the input itself.
    pub test_input: Option<String>,
    /// The labels of the training, validation and test rows as text, if there is a label column.
    pub labels: Option<[Vec<Option<String>>; 3]>,
    /// Number of rows in the input.
    pub rows: usize,
    /// Warnings for the user, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads `input` and prepares it according to `config`; `seed` determines the split.
///
/// If a built-in set has its own test part, its training part is split into training and validation
/// rows; other inputs are split three ways, time series in the order of their rows.
pub fn prepare(input: &str, config: &DataConfig, seed: u64) -> Result<Prepared> {
    prepare_checked(input, config, seed, &|| Ok(()))
}

/// A function that is called between the parts of a long work; its error ends the work.
pub type Check<'a> = &'a dyn Fn() -> Result<()>;

/// [`prepare`], until an error of `check`.
pub fn prepare_checked(input: &str, config: &DataConfig, seed: u64, check: Check) -> Result<Prepared> {
    let (on_note, notes) = OnNote::kept();
    let source = open(input, &ReadOptions { windows: None, on_note, ..config.read_options() })?;
    let name = source.name().to_string();
    let rows = examples(&name, source.collect_checked(check)?, config)?;
    check()?;
    let test_input = test_part(input);
    let test = |name: &str| open(name, &config.read_options())?.collect_checked(check);
    let test = test_input.as_deref().map(test).transpose()?;
    let prepared = split_and_fit(input, rows, HeldOut { validation: None, test }, config, seed, check)?;
    let warnings = [notes(), prepared.warnings].concat();
    Ok(Prepared { test_input, warnings, ..prepared })
}

/// [`prepare`] for rows in memory, called `name` in messages. With `validation` rows, `rows` are
/// not split for validation. An error of `check` ends the work.
pub fn prepare_rows(
    name: &str,
    rows: RecordBatch,
    validation: Option<RecordBatch>,
    config: &DataConfig,
    seed: u64,
    check: Check,
) -> Result<Prepared> {
    let rows = examples(name, rows, config)?;
    check()?;
    let whole = |rows| windowed_rows(name, rows, config).map(|rows| config.whole_windows(0, &rows));
    let validation = validation.map(whole).transpose()?;
    split_and_fit(name, rows, HeldOut { validation, test: None }, config, seed, check)
}

/// Rows that are already held out.
struct HeldOut {
    validation: Option<RecordBatch>,
    test: Option<RecordBatch>,
}

fn split_and_fit(
    input: &str,
    (inferred, batch): (Inferred, RecordBatch),
    held_out: HeldOut,
    config: &DataConfig,
    seed: u64,
    check: Check,
) -> Result<Prepared> {
    if batch.num_rows() < FEWEST_ROWS {
        let (expected, found) = (format!("{FEWEST_ROWS} rows or more"), batch.num_rows().to_string());
        let error = Error::data(input, expected, found, "a model cannot be fitted to so few: add rows");
        return Err(error.because(DataProblem::TooFewRows));
    }
    let share = |share: f64, rows: &Option<RecordBatch>| if rows.is_some() { 0.0 } else { share };
    let shares = [share(config.validation, &held_out.validation), share(config.test, &held_out.test)];
    let split = split(input, batch.num_rows(), config, shares, seed)?;
    let (preprocessor, warnings) =
        Preprocessor::fit(input, inferred.schema, &batch, &split.train, &config.preprocess())?;
    check()?;
    // The table itself takes half of the memory for data.
    let limit = memory::limit(config.max_memory) / 4;
    let labels = preprocessor.schema.label.as_deref().and_then(|label| {
        let words = MissingWords::of(&config.missing, label);
        let texts = |rows: &RecordBatch| Some(without(&words, texts(rows, label)?));
        let all = batch.project(&[batch.schema().index_of(label).ok()?]).ok()?;
        let of_part = |rows: &Option<RecordBatch>, chosen: &[usize]| match rows {
            Some(rows) => texts(rows),
            None => texts(&take(input, &all, chosen).ok()?),
        };
        let (validation, test) = (&held_out.validation, &held_out.test);
        Some([
            of_part(&None, &split.train)?,
            of_part(validation, &split.validation)?,
            of_part(test, &split.test)?,
        ])
    });
    check()?;
    let augmented = match config.augment {
        Some(changes) => Some(changes.of_images(preprocessor.schema.image_shape())?),
        None => None,
    };
    let train = preprocessor.encode_training(input, &batch, &split.train, limit)?;
    let train = Encoded { augmented, ..train };
    check()?;
    let validation = match held_out.validation {
        // The first rows of a window's length have no whole window.
        Some(rows) => {
            let first = config.window.map_or(0, |window| window.saturating_sub(1));
            preprocessor.encode(input, &rows, first as u64)?
        }
        None => preprocessor.encode_rows(input, &batch, &split.validation, limit)?,
    };
    check()?;
    let test = match held_out.test {
        Some(rows) => rows,
        None => take_many(input, &batch, &split.test, limit)?,
    };
    Ok(Prepared {
        labels,
        train,
        validation,
        test,
        test_rows: split.test,
        test_input: None,
        rows: batch.num_rows(),
        warnings: [inferred.warnings, warnings].concat(),
        preprocessor,
    })
}

/// The examples of these rows and their schema; the columns of a time series are inferred once, not
/// for each row of a window.
fn examples(name: &str, rows: RecordBatch, config: &DataConfig) -> Result<(Inferred, RecordBatch)> {
    let Some(windows) = config.windows() else {
        return Ok((infer(name, &rows, &config.infer_options())?, rows));
    };
    // Checked before the columns of the window are built.
    Split::in_order(name, rows.num_rows(), windows.length, config.validation, config.test)?;
    let mut inferred = infer(name, &rows, &config.infer_options())?;
    if let Some(key) = &config.key {
        let mut order = SeriesOrder::new(key);
        order.add(&rows);
        inferred.warnings.extend(order.notes());
    }
    let schema = windows.schema(&inferred.schema);
    Ok((Inferred { schema, ..inferred }, windows.of(name, rows)?))
}

/// The windows of a time series; other rows unchanged.
pub fn windowed_rows(name: &str, rows: RecordBatch, config: &DataConfig) -> Result<RecordBatch> {
    match config.windows() {
        Some(windows) => windows.of(name, rows),
        None => Ok(rows),
    }
}

/// Splits rows at random; splits windows in order and without overlap, since neighbouring windows
/// are nearly equal.
fn split(
    input: &str,
    rows: usize,
    config: &DataConfig,
    [validation, test]: [f64; 2],
    seed: u64,
) -> Result<Split> {
    match config.window {
        Some(window) => Split::in_order(input, rows, window, validation, test),
        None => Split::new(input, rows, validation, test, config.split_seed.unwrap_or(seed)),
    }
}

/// The parts into which a fit with these settings splits `rows` rows of `input`.
pub fn parts(input: &str, rows: usize, config: &DataConfig, seed: u64) -> Result<Split> {
    split(input, rows, config, [config.validation, config.test], seed)
}

/// The rows of `input` with these 1-based numbers, in the given order.
pub fn rows_at(input: &str, config: &DataConfig, numbers: &[usize]) -> Result<RecordBatch> {
    let batch = open(input, &config.read_options())?.collect()?;
    if let Some(number) = numbers.iter().find(|n| !(1..=batch.num_rows()).contains(*n)) {
        let expected = format!("a row from 1 to {}", batch.num_rows());
        return Err(Error::data(input, expected, format!("row {number}"), "rows are counted from 1"));
    }
    take(input, &batch, &numbers.iter().map(|n| n - 1).collect::<Vec<_>>())
}

/// A column as text without surrounding blanks, with `None` for empty cells; `None` if there is no
/// such column.
pub fn texts(batch: &RecordBatch, column: &str) -> Option<Vec<Option<String>>> {
    let texts = Cells::of(batch.column_by_name(column)?).texts();
    let cells = texts.iter().map(|text| text.map(str::trim));
    Some(cells.map(|text| text.filter(|text| !text.is_empty()).map(str::to_string)).collect())
}

/// The same texts with `None` for words that mean a missing cell.
fn without(words: &MissingWords, texts: Vec<Option<String>>) -> Vec<Option<String>> {
    texts.into_iter().map(|text| text.filter(|text| !words.contains(text))).collect()
}
