//! One file a verb.

pub mod compare;
pub mod data;
pub mod denoise;
pub mod evaluate;
pub mod features;
pub mod fit;
pub mod generate;
pub mod impute;
pub mod inspect;
pub mod map;
pub mod report;
pub mod score;
pub mod transform;

use std::path::Path;

use arrow_array::RecordBatch;
use diabolo::artifact::{Run, SavedModel};
use diabolo::data::{Encoded, UnknownCells, held_out, open, read::fingerprint};
use diabolo::evaluate::{Evaluation, Metrics};
use diabolo::tensor::Device;
use diabolo::{Config, Error};

use crate::args::{ReadArgs, Shared, TransformArgs};

/// The model of a run folder or a file.
fn load(path: &Path, shared: &Shared) -> diabolo::Result<SavedModel> {
    SavedModel::load(&Run::model_file(path)?, &shared.device()?)
}

/// The model that rows are put through, with what was said about categories it does not know.
fn load_for(args: &TransformArgs, shared: &Shared) -> diabolo::Result<SavedModel> {
    let mut saved = load(&args.model, shared)?;
    if let Some(unknown) = &args.unknown {
        saved.header.preprocessor.unknown_category = unknown.parse()?;
    }
    Ok(saved)
}

/// Says which cells were treated as missing because the model has not seen their category.
fn note_unknown(unknown: &UnknownCells, shared: &Shared) {
    if let Some(note) = unknown.note() {
        shared.note(format!("note: {note}"));
    }
}

fn no_rows(input: &str) -> Error {
    Error::data(input, "at least one row", "none", "check that the file is the right one")
}

/// There is nothing to judge by, or no whole window of it.
fn too_short(input: &str, config: &Config) -> Error {
    match config.data.window {
        Some(window) => {
            let expected = format!("{window} rows or more, for windows of {window}");
            Error::data(input, expected, "fewer", "give a longer part of the series")
        }
        None => no_rows(input),
    }
}

/// Rows to judge a model by.
struct EvaluationRows {
    input: String,
    config: Config,
    /// The rows held out of the fit, if the input is what the model was fitted on; else all of it counts.
    held_out: Option<RecordBatch>,
}

impl EvaluationRows {
    /// `input`, or what the model was fitted on; of the latter only rows it has not seen, unless `all_rows`.
    fn new(
        saved: &SavedModel,
        input: Option<&str>,
        all_rows: bool,
        read: &ReadArgs,
        shared: &Shared,
    ) -> anyhow::Result<Self> {
        let source = &saved.header.source;
        let config = read.over(&saved.header.config)?;
        let named = input.is_some() || source.test_input.is_some();
        let input = input.or(source.test_input.as_deref()).unwrap_or(&source.input).to_string();
        let fitted_on_it = source.fingerprint.is_some() && fingerprint(&input)? == source.fingerprint;
        if !fitted_on_it && !named && !all_rows {
            // Nothing tells which of these rows the model has seen.
            let error = Error::data(
                input,
                "the data that the model was fitted on",
                "other contents",
                "put it back, or name the rows to use",
            );
            return Err(error.into());
        }
        if !fitted_on_it || all_rows {
            return Ok(EvaluationRows { input, config, held_out: None });
        }
        if let Some(test) = &source.test_input {
            shared.note(format!("the model was fitted on {input}: using {test} instead"));
            return Ok(EvaluationRows { input: test.clone(), config, held_out: None });
        }
        if source.split[2] == 0 {
            let error = Error::data(
                input,
                "rows that were held out of the fit",
                "none of this input",
                "give other rows, or pass --all-rows",
            );
            return Err(error.into());
        }
        let rows = open(&input, &config.data.read_options())?.collect()?;
        let rows = held_out(&input, &rows, &config.data, config.training.seed)?;
        shared.note(format!("using the {} rows of {input} that were held out of the fit", rows.num_rows()));
        Ok(EvaluationRows { input, config, held_out: Some(rows) })
    }

    /// All the rows at once.
    fn collect(self) -> diabolo::Result<(String, RecordBatch)> {
        let rows = match self.held_out {
            Some(rows) => rows,
            None => {
                let rows = open(&self.input, &self.config.data.read_options())?.collect()?;
                self.config.data.whole_windows(0, &rows)
            }
        };
        match rows.num_rows() {
            0 => Err(too_short(&self.input, &self.config)),
            _ => Ok((self.input, rows)),
        }
    }

    /// The numbers of `evaluate`, batch by batch; each batch is also shown to `watch`, as read and encoded.
    fn evaluate(
        &self,
        saved: &SavedModel,
        device: &Device,
        mut watch: impl FnMut(&RecordBatch, &Encoded),
    ) -> diabolo::Result<Metrics> {
        let preprocessor = &saved.header.preprocessor;
        let scale = preprocessor.pixel_scale();
        let mut evaluation = Evaluation::new(&saved.model, scale, self.config.training.seed, device);
        let mut add = |batch: &RecordBatch, first_row: u64| -> diabolo::Result<()> {
            let rows = preprocessor.encode(&self.input, batch, first_row)?;
            evaluation.add(&rows);
            watch(batch, &rows);
            Ok(())
        };
        match &self.held_out {
            Some(rows) => add(rows, 0)?,
            None => {
                let mut first_row = 0;
                for batch in open(&self.input, &self.config.data.read_options())? {
                    let batch = batch?;
                    let whole = self.config.data.whole_windows(first_row, &batch);
                    add(&whole, first_row + (batch.num_rows() - whole.num_rows()) as u64)?;
                    first_row += batch.num_rows() as u64;
                }
            }
        }
        let metrics = evaluation.finish();
        match metrics.examples {
            0 => Err(too_short(&self.input, &self.config)),
            _ => Ok(metrics),
        }
    }
}
