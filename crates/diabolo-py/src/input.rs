//! Rows to work on, and settings.

use diabolo::arrow::RecordBatch;
use diabolo::data::read::OnNote;
use diabolo::data::{DataConfig, ReadOptions, Schema, open};
use diabolo::{Config, Error, FitJob};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::{Map, Value};

use crate::table::Table;
use crate::watch::{compute, raised};

/// Rows: a table, or a path or the name of a built-in set.
#[derive(FromPyObject)]
pub enum Input {
    Rows(Py<Table>),
    Path(String),
}

impl Input {
    pub fn job<'a>(&self, name: &str) -> FitJob<'a> {
        match self {
            Input::Rows(table) => FitJob::new(table.get().rows.clone()).name(name),
            Input::Path(path) => FitJob::input(path),
        }
    }

    /// The configuration of keywords, given as JSON, for these rows.
    pub fn config(&self, keywords: &str) -> PyResult<Config> {
        let config = config(keywords)?;
        match (self, config.data.of_files()) {
            (Input::Rows(_), Some(name)) => {
                Err(raised(Error::config(name, "a file, whose reading it sets", "rows in memory")))
            }
            _ => Ok(config),
        }
    }
}

/// The configuration of keywords, given as JSON.
pub fn config(keywords: &str) -> PyResult<Config> {
    let given: Map<String, Value> =
        serde_json::from_str(keywords).map_err(|cause| PyValueError::new_err(cause.to_string()))?;
    Config::of_keywords(&given).map_err(raised)
}

/// The rows of a path, read by these settings, and notes. Cells of a text file that are numbers by
/// the schema become numbers, unless that would change how they are written.
pub fn read_as(
    py: Python,
    path: &str,
    data: &DataConfig,
    schema: impl FnOnce(&RecordBatch) -> Option<Schema> + Send,
) -> PyResult<(Table, Vec<String>)> {
    let (on_note, notes) = OnNote::kept();
    let options = ReadOptions { windows: None, on_note, ..data.read_options() };
    let (rows, note) = compute(py, || {
        let source = open(path, &options)?;
        let is_text = source.is_text();
        let rows = source.collect()?;
        let Some(schema) = is_text.then(|| schema(&rows)).flatten() else { return Ok((rows, None)) };
        let typed = schema.typed(&rows, true)?;
        let note = schema.stays_text(&typed.schema());
        Ok((typed, note))
    })?;
    Ok((Table { rows }, notes().into_iter().chain(note).collect()))
}
