//! Rows to work on, and settings.

use diabolo::data::read::OnNote;
use diabolo::data::{DataConfig, ReadOptions, infer, open};
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

/// The rows of a path, read by these settings, and the notes of the reader.
pub fn read_as(py: Python, path: &str, data: &DataConfig) -> PyResult<(Table, Vec<String>)> {
    read_rows(py, path, data, false)
}

/// [`read_as`]; with `numbers`, cells of a text file that are numbers become numbers, unless that
/// would change how they are written.
pub fn read_rows(py: Python, path: &str, data: &DataConfig, numbers: bool) -> PyResult<(Table, Vec<String>)> {
    let (on_note, notes) = OnNote::kept();
    let options = ReadOptions { windows: None, on_note, ..data.read_options() };
    let (rows, note) = compute(py, || {
        let source = open(path, &options)?;
        let is_text = source.is_text();
        let rows = source.collect()?;
        if !(numbers && is_text) {
            return Ok((rows, None));
        }
        // Rows that no model could learn are rows, too.
        let Ok(found) = infer(path, &rows, &data.infer_options()) else { return Ok((rows, None)) };
        let typed = found.schema.typed(&rows, true)?;
        let note = found.schema.stays_text(&typed.schema());
        Ok((typed, note))
    })?;
    Ok((Table { rows }, notes().into_iter().chain(note).collect()))
}
