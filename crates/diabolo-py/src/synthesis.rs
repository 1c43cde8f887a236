//! Models of a table, which make synthetic rows.

use std::path::{Path, PathBuf};

use diabolo::artifact::{Run, write_atomically};
use diabolo::pipeline::FittedTable;
use diabolo::report::audit_page;
use diabolo::task::SynthesizeOptions;
use diabolo::{FitJob, Result, Synthesizer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};

use crate::input::read_as;
use crate::table::Table;
use crate::watch::{compute, raised};

/// A fitted model of a table.
#[pyclass(frozen, module = "diabolo._diabolo")]
pub struct Synthesis {
    synthesizer: Synthesizer,
    /// The fit with its rows, for the audit; a file and a pickle have none.
    fitted: Option<FittedTable>,
}

impl Synthesis {
    /// Fits a model of a table, and writes its run; with history and notes.
    pub fn fit(job: FitJob<'_>, out: Option<&Path>) -> Result<(Self, Value)> {
        let fitted = job.synthesize()?;
        if let Some(folder) = out {
            let run = Run::create(folder)?;
            fitted.save_run(&run)?;
            if let Some((_, page)) = audited(&fitted)? {
                write_atomically(&run.report_path(), page.as_bytes())?;
            }
        }
        let found = json!({ "history": fitted.history, "warnings": fitted.notes });
        let made = Synthesis { synthesizer: fitted.synthesizer.clone(), fitted: Some(fitted) };
        Ok((made, found))
    }

    pub fn open(path: &Path) -> Result<Self> {
        Ok(Synthesis { synthesizer: Synthesizer::open(path)?, fitted: None })
    }
}

/// The audit beside the rows of the fit as JSON, and its page; none without held-out rows.
fn audited(fitted: &FittedTable) -> Result<Option<(String, String)>> {
    let input = &fitted.synthesizer.saved().header.source.input;
    Ok(fitted.audit()?.map(|audited| {
        let page = audit_page(input, &audited, &fitted.notes);
        (json!(audited.audit).to_string(), page.to_html())
    }))
}

#[pymethods]
impl Synthesis {
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

    /// The rows of a path, read as in the fit, and the notes of the reader.
    fn read(&self, py: Python, path: &str) -> PyResult<(Table, Vec<String>)> {
        read_as(py, path, &self.synthesizer.saved().header.config.data, |_| None)
    }

    /// New rows that fulfil conditions such as `age>=65`, and warnings.
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
        Ok((Table { rows: made.rows }, made.warnings))
    }

    /// The audit beside the rows of the fit as JSON, and its page; none without held-out rows.
    fn audit(&self, py: Python) -> PyResult<Option<(String, String)>> {
        match &self.fitted {
            Some(fitted) => compute(py, || audited(fitted)),
            None => Ok(None),
        }
    }
}
