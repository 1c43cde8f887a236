//! Fits.

use std::path::{Path, PathBuf};

use diabolo::artifact::{Run, write_atomically};
use diabolo::pipeline::{Cancel, Event, Fitted};
use diabolo::report::fitted_report;
use diabolo::{FitJob, Result};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::forecast::Forecast;
use crate::input::Input;
use crate::model::Model;
use crate::synthesis::Synthesis;
use crate::watch::{raised, watched};
use crate::words::in_python;

/// A fitted model, of the class that its configuration asks for.
#[derive(IntoPyObject)]
pub enum Made {
    Model(Model),
    Forecast(Forecast),
    Synthesis(Synthesis),
}

/// Fits a model, and writes the run folder `out`; returns it with what was found, as JSON.
#[pyfunction]
#[pyo3(signature = (input, keywords, name="rows", out=None, on_event=None))]
pub fn fit(
    py: Python,
    input: Input,
    keywords: &str,
    name: &str,
    out: Option<PathBuf>,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(Made, String)> {
    let (config, cancel) = (input.config(keywords)?, Cancel::new());
    out.as_deref().map_or(Ok(()), Run::check_unused).map_err(raised)?;
    let task = [config.forecast.is_some(), config.synthesize.is_some()];
    let job = input.job(name).config(config).cancel(cancel.clone());
    let (made, found) = watched(py, &cancel, on_event.as_ref(), |tell| {
        let out = out.as_deref();
        let job = job.on_event(move |event| {
            if let Some(event) = for_callback(&event) {
                tell.tell(&event);
            }
        });
        match task {
            [true, _] => Forecast::fit(job, out).map(|(made, found)| (Made::Forecast(made), found)),
            [_, true] => Synthesis::fit(job, out).map(|(made, found)| (Made::Synthesis(made), found)),
            _ => autoencoder(job, out).map(|(made, found)| (Made::Model(made), found)),
        }
    })?;
    Ok((made, found.to_string()))
}

fn autoencoder(job: FitJob<'_>, out: Option<&Path>) -> Result<(Model, Value)> {
    let fitted: Fitted = match out {
        None => job.run()?,
        Some(folder) => {
            let prepared = job.prepare()?;
            let run = Run::create(folder)?;
            let fitted = prepared.in_run(run.clone())?.run()?;
            if fitted.test.num_rows() > 0 {
                write_atomically(&run.report_path(), fitted_report(&fitted)?.to_html().as_bytes())?;
            }
            fitted
        }
    };
    let found = json!({
        "metrics": fitted.metrics, "history": fitted.history, "warnings": fitted.warnings,
        "stop_reason": fitted.stop.name(), "seconds": fitted.seconds,
    });
    Ok((Model::fitted(fitted), found))
}

/// The event as the dict that a callback gets; `None` for events that it does not get.
fn for_callback(event: &Event) -> Option<Value> {
    match event {
        Event::Phase(phase) => Some(json!({ "event": "phase", "phase": phase.name() })),
        Event::Epoch(record, epochs) => {
            let mut record = json!(record);
            record["event"] = json!("epoch");
            record["epochs"] = json!(epochs);
            Some(record)
        }
        Event::Finding(finding) => Some(warning(&finding.message)),
        Event::Note(text) => Some(json!({ "event": "note", "message": in_python(text) })),
        Event::Warning(text) => Some(warning(text)),
        _ => None,
    }
}

fn warning(text: &str) -> Value {
    json!({ "event": "warning", "message": in_python(text) })
}
