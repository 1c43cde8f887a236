//! Forecasts.

use std::path::{Path, PathBuf};

use diabolo::artifact::{Run, write_atomically};
use diabolo::report::fit_page;
use diabolo::task::{ForecastOptions, FutureRows, Start};
use diabolo::{FitJob, Forecaster, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};

use crate::input::read_as;
use crate::table::Table;
use crate::watch::{compute, raised};

/// A fitted forecast.
#[pyclass(frozen, module = "diabolo._diabolo")]
pub struct Forecast {
    forecaster: Forecaster,
}

/// Where a forecast begins: a number is a row, a text what it is on the command line.
#[derive(FromPyObject)]
enum Begin {
    Row(usize),
    Text(String),
}

impl Forecast {
    /// Fits a forecast, and writes its run; with its errors on test windows and notes.
    pub fn fit(job: FitJob<'_>, out: Option<&Path>) -> Result<(Self, Value)> {
        let fitted = job.forecast()?;
        if let Some(folder) = out {
            let run = Run::create(folder)?;
            fitted.save_run(&run)?;
            write_atomically(&run.report_path(), fit_page(&fitted).to_html().as_bytes())?;
        }
        let found = json!({ "metrics": fitted.scores, "warnings": fitted.warnings });
        Ok((Forecast { forecaster: fitted.forecaster }, found))
    }

    pub fn open(path: &Path) -> Result<Self> {
        Ok(Forecast { forecaster: Forecaster::open(path)? })
    }
}

#[pymethods]
impl Forecast {
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

    /// The rows of a path, read as in the fit, and the notes of the reader.
    fn read(&self, py: Python, path: &str) -> PyResult<(Table, Vec<String>)> {
        read_as(py, path, &self.forecaster.saved().header.config.data, |_| None)
    }

    /// The same forecast with intervals by its errors on these rows.
    fn calibrate(&self, py: Python, rows: &Table) -> PyResult<Self> {
        let (forecaster, _) = compute(py, || self.forecaster.calibrate(&rows.rows))?;
        Ok(Forecast { forecaster })
    }

    /// The next values, and notes.
    #[pyo3(signature = (rows, horizon=None, levels=vec![0.8, 0.95], samples=0, seed=0, start=None, future=None, rolling=false))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments")]
    fn forecast(
        &self,
        py: Python,
        rows: &Table,
        horizon: Option<usize>,
        levels: Vec<f64>,
        samples: usize,
        seed: u64,
        start: Option<Begin>,
        future: Option<&Table>,
        rolling: bool,
    ) -> PyResult<(Table, Vec<String>)> {
        let (row, text) = match start {
            Some(Begin::Row(row)) => (Some(Start::Row(row)), None),
            Some(Begin::Text(text)) => (None, Some(text)),
            None => (None, None),
        };
        let future = future.map(|given| FutureRows { input: "future".into(), rows: given.rows.clone() });
        let options = ForecastOptions { horizon, levels, samples, seed, from: row, rolling, future };
        let options = self.forecaster.options(options, text.as_deref());
        let made = compute(py, || self.forecaster.forecast(&rows.rows, &options))?;
        Ok((Table { rows: made.table }, made.notes))
    }
}
