//! Forecasts.

use std::path::PathBuf;

use diabolo::artifact::ModelKind;
use diabolo::pipeline::Cancel;
use diabolo::task::{ForecastOptions, Start};
use diabolo::{Forecaster, Preset};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::fit::{Input, config, told};
use crate::table::Table;
use crate::watch::{compute, raised, watched};

/// A fitted forecast.
#[pyclass(frozen, module = "diabolo._diabolo")]
pub struct Forecast {
    forecaster: Forecaster,
}

/// Fits a forecast; returns it with its errors on test windows and notes as JSON.
#[pyfunction]
#[pyo3(signature = (input, keywords, name="rows", on_event=None))]
pub fn fit_forecast(
    py: Python,
    input: Input,
    keywords: &str,
    name: &str,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(Forecast, String)> {
    let mut config = config(keywords)?;
    if config.forecast.is_none() {
        Preset::Forecast.apply(&mut config);
    }
    let cancel = Cancel::new();
    let job = input.job(name).config(config).cancel(cancel.clone());
    let fitted = watched(py, &cancel, on_event.as_ref(), |events| {
        job.on_event(move |event| {
            if let Some(event) = told(&event) {
                // Nobody listens if the fit was cancelled.
                let _ = events.send(event.to_string());
            }
        })
        .forecast()
    })?;
    let found = json!({ "scores": fitted.scores, "warnings": fitted.notes });
    Ok((Forecast { forecaster: fitted.forecaster }, found.to_string()))
}

#[pymethods]
impl Forecast {
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        Ok(Forecast { forecaster: Forecaster::open(&path).map_err(raised)? })
    }

    /// Whether a run folder or a model file holds a forecast.
    #[staticmethod]
    fn is_at(path: PathBuf) -> bool {
        ModelKind::Forecast.is_at(&path)
    }

    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Forecast { forecaster: Forecaster::from_bytes(bytes).map_err(raised)? })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.forecaster.saved().to_bytes().map_err(raised)?))
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.forecaster.saved().save(&path).map_err(raised)
    }

    fn describe(&self) -> String {
        json!({ "header": self.forecaster.saved().header }).to_string()
    }

    /// The next values, and notes.
    #[pyo3(signature = (rows, horizon=None, levels=vec![0.8, 0.95], samples=0, seed=0, start=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments")]
    fn forecast(
        &self,
        py: Python,
        rows: &Table,
        horizon: Option<usize>,
        levels: Vec<f64>,
        samples: usize,
        seed: u64,
        start: Option<String>,
    ) -> PyResult<(Table, Vec<String>)> {
        let from = start.map(|start| start.parse().map_or(Start::Time(start), Start::Row));
        let options = ForecastOptions { horizon, levels, samples, seed, from };
        let made = compute(py, || self.forecaster.forecast(&rows.rows, &options))?;
        Ok((Table { rows: made.table }, made.notes))
    }
}
