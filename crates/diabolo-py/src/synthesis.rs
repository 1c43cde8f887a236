//! Models of a table, which make synthetic rows.

use std::path::PathBuf;

use diabolo::artifact::ModelKind;
use diabolo::pipeline::{Cancel, FittedTable};
use diabolo::report::audit_page;
use diabolo::task::SynthesizeOptions;
use diabolo::{Preset, Synthesizer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::fit::{Input, config, told};
use crate::table::Table;
use crate::watch::{compute, raised, watched};

/// A fitted model of a table.
#[pyclass(frozen, module = "diabolo._diabolo")]
pub struct Synthesis {
    synthesizer: Synthesizer,
    /// The fit with its rows, for the audit; a file and a pickle have none.
    fitted: Option<FittedTable>,
}

/// Fits a model of a table; returns it with history and notes as JSON.
#[pyfunction]
#[pyo3(signature = (input, keywords, name="rows", on_event=None))]
pub fn fit_synthesis(
    py: Python,
    input: Input,
    keywords: &str,
    name: &str,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(Synthesis, String)> {
    let mut config = config(keywords)?;
    if config.synthesize.is_none() {
        Preset::Synthesize.apply(&mut config);
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
        .synthesize()
    })?;
    let found = json!({ "history": fitted.history, "warnings": fitted.notes });
    Ok((Synthesis { synthesizer: fitted.synthesizer.clone(), fitted: Some(fitted) }, found.to_string()))
}

#[pymethods]
impl Synthesis {
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        Ok(Synthesis { synthesizer: Synthesizer::open(&path).map_err(raised)?, fitted: None })
    }

    /// Whether a run folder or a model file holds a model of a table.
    #[staticmethod]
    fn is_at(path: PathBuf) -> bool {
        ModelKind::Table.is_at(&path)
    }

    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Synthesis { synthesizer: Synthesizer::from_bytes(bytes).map_err(raised)?, fitted: None })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.synthesizer.saved().to_bytes().map_err(raised)?))
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.synthesizer.saved().save(&path).map_err(raised)
    }

    fn describe(&self) -> String {
        json!({ "header": self.synthesizer.saved().header }).to_string()
    }

    /// New rows that fulfil conditions such as `age>=65`, and notes.
    #[pyo3(signature = (count, requirements=vec![], balance=None, seed=0))]
    fn generate(
        &self,
        py: Python,
        count: usize,
        requirements: Vec<String>,
        balance: Option<String>,
        seed: u64,
    ) -> PyResult<(Table, Vec<String>)> {
        let made = compute(py, || {
            let requirements = requirements.iter().map(|text| self.synthesizer.requirement(text));
            let requirements = requirements.collect::<diabolo::Result<_>>()?;
            self.synthesizer.generate(&SynthesizeOptions { count, requirements, balance, seed })
        })?;
        Ok((Table { rows: made.rows }, made.notes))
    }

    /// The audit beside the rows of the fit as JSON, and its page; none without held-out rows.
    fn audit(&self, py: Python) -> PyResult<Option<(String, String)>> {
        let Some(fitted) = &self.fitted else { return Ok(None) };
        let audited = compute(py, || fitted.audit())?;
        Ok(audited.map(|(found, [synthetic, real, _])| {
            let page = audit_page("rows", &found, [&synthetic, &real], &fitted.notes);
            (json!(found).to_string(), page.to_html())
        }))
    }
}
