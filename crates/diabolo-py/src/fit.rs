//! Fits.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use diabolo::artifact::{Run, write_atomically};
use diabolo::pipeline::{Cancel, Event, Fitted};
use diabolo::{Config, FitJob, Result, report};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::{Map, Value, json};

use crate::model::Model;
use crate::table::Table;
use crate::watch::{raised, watched};

/// Rows to fit: a table, or a path or the name of a built-in set.
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
}

/// The configuration of keywords, given as JSON.
pub fn config(keywords: &str) -> PyResult<Config> {
    let given: Map<String, Value> =
        serde_json::from_str(keywords).map_err(|cause| PyValueError::new_err(cause.to_string()))?;
    Config::of_keywords(&given).map_err(raised)
}

/// The resolved settings of keywords as JSON, before they see rows.
#[pyfunction]
pub fn settings(keywords: &str) -> PyResult<String> {
    Ok(json!(config(keywords)?).to_string())
}

/// Fits a model; returns it with metrics, history, warnings and the reason of the end as JSON.
#[pyfunction]
#[pyo3(signature = (input, keywords, name="rows", out=None, on_event=None))]
pub fn fit(
    py: Python,
    input: Input,
    keywords: &str,
    name: &str,
    out: Option<PathBuf>,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(Model, String)> {
    let (config, cancel) = (config(keywords)?, Cancel::new());
    let job = input.job(name).config(config).cancel(cancel.clone());
    let fitted = watched(py, &cancel, on_event.as_ref(), |events| run(job, out, events))?;
    let found = json!({
        "metrics": fitted.metrics, "history": fitted.history, "warnings": fitted.warnings,
        "stop_reason": fitted.stop.name(), "seconds": fitted.seconds,
    });
    Ok((Model::fitted(fitted), found.to_string()))
}

fn run(job: FitJob<'_>, out: Option<PathBuf>, events: Sender<String>) -> Result<Fitted> {
    let job = job.on_event(move |event| {
        if let Some(event) = told(&event) {
            // Nobody listens if the fit was cancelled.
            let _ = events.send(event.to_string());
        }
    });
    let Some(folder) = out else { return job.run() };
    Run::check_unused(&folder)?;
    let run = Run::create(&folder)?;
    let fitted = job.prepare()?.in_run(run.clone())?.run()?;
    if fitted.test.num_rows() > 0 {
        let (saved, device) = (fitted.predictor.saved(), fitted.predictor.device());
        let page = report::assemble(saved, &fitted.history, &fitted.test, &fitted.metrics, device)?;
        write_atomically(&run.report_path(), page.to_html().as_bytes())?;
    }
    Ok(fitted)
}

/// What a callback is told.
pub fn told(event: &Event) -> Option<Value> {
    match event {
        Event::Phase(phase) => Some(json!({ "event": "phase", "phase": phase.name() })),
        Event::Epoch(record, epochs) => {
            let mut record = json!(record);
            record["event"] = json!("epoch");
            record["epochs"] = json!(epochs);
            Some(record)
        }
        Event::Finding(finding) => Some(json!({ "event": "warning", "message": finding.message })),
        Event::Warning(text) => Some(json!({ "event": "warning", "message": text })),
        _ => None,
    }
}
