//! A fitted model.

use std::path::{Path, PathBuf};

use diabolo::arrow::RecordBatch;
use diabolo::artifact::{weights, write_atomically};
use diabolo::data::read::OnNote;
use diabolo::evaluate::DataProfile;
use diabolo::pipeline::{EvaluateOptions, EvaluationRows, Fitted, GenerateConfig, ScoreRun};
use diabolo::report::{ReportRows, assemble};
use diabolo::task::{Draw, ImputeConfig, Rule, Scored, latent_names};
use diabolo::train::EpochRecord;
use diabolo::{Predictor, Result};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde_json::json;

use crate::input::{Input, read_as};
use crate::table::Table;
use crate::watch::{compute, raised};

/// A model file in memory.
#[pyclass(frozen, module = "diabolo._diabolo")]
pub struct Model {
    predictor: Predictor,
    /// For the report; empty for a model from a file.
    history: Vec<EpochRecord>,
    /// What a report shows of the rows of a fit; a file and a pickle have none.
    rows: Option<FittedRows>,
}

/// What a report shows of the rows of a fit.
#[derive(Clone)]
struct FittedRows {
    /// The test rows, of which it shows some, and their numbers.
    test: RecordBatch,
    numbers: Vec<usize>,
    data: DataProfile,
}

impl Model {
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Model { predictor: Predictor::open(path)?, history: vec![], rows: None })
    }

    pub fn fitted(fitted: Fitted) -> Self {
        let Fitted { predictor, history, test, test_rows: numbers, data, .. } = fitted;
        let rows = (test.num_rows() > 0).then_some(FittedRows { test, numbers, data });
        Model { predictor, history, rows }
    }

    /// The same fit with another predictor.
    fn with(&self, predictor: Predictor) -> Self {
        Model { predictor, history: self.history.clone(), rows: self.rows.clone() }
    }

    /// The rows in memory to evaluate: those given, or the test rows of this fit.
    fn at_hand<'a>(&'a self, input: Option<&'a Input>) -> Option<&'a RecordBatch> {
        match input {
            Some(Input::Rows(table)) => Some(&table.get().rows),
            Some(Input::Path(_)) => None,
            None => self.rows.as_ref().map(|rows| &rows.test),
        }
    }

    /// The rows of a path to evaluate, of the data of the fit the held-out ones.
    fn named(&self, input: Option<&Input>, on_note: OnNote) -> Result<EvaluationRows> {
        let path = input.and_then(|input| match input {
            Input::Path(path) => Some(path.as_str()),
            Input::Rows(_) => None,
        });
        let data = &self.predictor.saved().header.config.data;
        EvaluationRows::new(&self.predictor, path, false, data, on_note)
    }

    fn transform(
        &self,
        py: Python,
        rows: &Table,
        how: fn(&Predictor, &RecordBatch) -> Result<RecordBatch>,
    ) -> PyResult<Table> {
        Ok(Table { rows: compute(py, || how(&self.predictor, &rows.rows))? })
    }
}

/// The rule of this name.
fn rule(name: &str, value: f64) -> PyResult<Rule> {
    let rule = match name {
        "alpha" => Rule::Alpha(value),
        "fdr" => Rule::FalseDiscovery(value),
        // A whole number: Python passes one.
        "top" => Rule::Top(value as usize),
        "alerts_per_1000" => Rule::AlertsPerThousand(value),
        "quantile" => Rule::Quantile(value),
        other => {
            let known = "alpha, fdr, top, alerts_per_1000 or quantile";
            return Err(PyValueError::new_err(format!("rule: expected {known}, found '{other}'")));
        }
    };
    rule.validate().map_err(raised)?;
    Ok(rule)
}

#[pymethods]
impl Model {
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Ok(Model { predictor: Predictor::from_bytes(bytes).map_err(raised)?, history: vec![], rows: None })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.predictor.to_bytes().map_err(raised)?))
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        self.predictor.save(&path).map_err(raised)
    }

    /// Writes an ONNX file; the names of its outputs, and notes on what is left out.
    fn to_onnx(&self, py: Python, path: PathBuf) -> PyResult<(Vec<String>, Vec<String>)> {
        compute(py, || {
            let made = self.predictor.to_onnx()?;
            write_atomically(&path, &made.bytes)?;
            Ok((made.outputs, made.notes))
        })
    }

    /// The header of the model file, the shapes of its tensors, and what follows from them: JSON.
    fn describe(&self) -> String {
        let saved = self.predictor.saved();
        let shapes: serde_json::Map<_, _> = weights::export(&saved.model)
            .into_iter()
            .map(|(name, tensor)| (name, json!(tensor.shape)))
            .collect();
        let family = &saved.architecture.family;
        json!({
            "header": saved.header, "tensors": shapes, "family": family.name(),
            "layers": saved.architecture.encoder_shapes(), "latent_dim": saved.architecture.latent_dim,
            "latent_names": latent_names(saved), "columns": self.predictor.columns().collect::<Vec<_>>(),
            "is_variational": family.is_variational(), "decodes_codes": family.decodes_codes(),
            "held_out_scores": saved.detector.as_ref().map(|detector| detector.scores.len()),
        })
        .to_string()
    }

    /// The codes, after the key and label columns, or `alone`.
    fn encode(&self, py: Python, rows: &Table, alone: bool) -> PyResult<Table> {
        self.transform(py, rows, if alone { Predictor::encode_alone } else { Predictor::encode })
    }

    fn decode(&self, py: Python, codes: &Table) -> PyResult<Table> {
        self.transform(py, codes, Predictor::decode)
    }

    fn reconstruct(&self, py: Python, rows: &Table) -> PyResult<Table> {
        self.transform(py, rows, Predictor::reconstruct)
    }

    /// Scores, p-values and alarms beside the rows, or alone, with so many reasons, and notes.
    #[pyo3(signature = (rows, rule="alpha", value=0.05, reasons=3, explain_all=false, alone=false, by_row=false))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments")]
    fn score(
        &self,
        py: Python,
        rows: &Table,
        rule: &str,
        value: f64,
        reasons: usize,
        explain_all: bool,
        alone: bool,
        by_row: bool,
    ) -> PyResult<(Table, Vec<String>)> {
        let predictor = self.predictor.clone().rule(self::rule(rule, value)?).by_row(by_row);
        let predictor = predictor.reasons(reasons).explain_all(explain_all);
        let beside =
            if alone { rows.rows.project(&[]).map_err(crate::arrow::wrong)? } else { rows.rows.clone() };
        let (rows, notes) = compute(py, || {
            let mut run = ScoreRun::new(&predictor, None, false)?;
            let found: Scored = run.add(&rows.rows)?;
            Ok((found.table(&beside, reasons)?, run.warnings()))
        })?;
        Ok((Table { rows }, notes))
    }

    /// The score above which a p-value is at most `alpha`; none without held-out rows.
    fn threshold(&self, alpha: f64) -> Option<f64> {
        self.predictor.saved().detector.as_ref()?.threshold(alpha)
    }

    /// The rows of a path, read as in the fit, and notes.
    fn read(&self, py: Python, path: &str) -> PyResult<(Table, Vec<String>)> {
        let header = &self.predictor.saved().header;
        read_as(py, path, &header.config.data, |_| Some(header.preprocessor.schema.clone()))
    }

    /// The test rows of this fit.
    fn test_rows(&self) -> Option<Table> {
        self.rows.as_ref().map(|rows| Table { rows: rows.test.clone() })
    }

    /// The drift since the fit, as JSON.
    fn drift(&self, py: Python, rows: &Table) -> PyResult<String> {
        let report = compute(py, || {
            let mut run = ScoreRun::new(&self.predictor, None, true)?;
            run.add(&rows.rows)?;
            Ok(json!(run.summary().drift))
        })?;
        Ok(report.to_string())
    }

    /// The completed table, the mask, the standard errors if wanted, and `multiple` drawn tables.
    /// `numbers` are those of the rows in their input, from 0, on which draws depend.
    #[pyo3(signature = (rows, samples=1000, multiple=0, errors=false, seed=0, numbers=None))]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments")]
    fn impute<'py>(
        &self,
        py: Python<'py>,
        rows: &Table,
        samples: usize,
        multiple: usize,
        errors: bool,
        seed: u64,
        numbers: Option<Vec<u64>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let config = ImputeConfig { samples, multiple, errors, seed, numbers };
        let found = compute(py, || self.predictor.impute(&rows.rows, &config))?;
        let table = |rows: RecordBatch| Table { rows };
        let made = PyDict::new(py);
        made.set_item("completed", Py::new(py, table(found.completed))?)?;
        made.set_item("mask", Py::new(py, table(found.mask))?)?;
        if let Some(errors) = found.errors {
            made.set_item("errors", Py::new(py, table(errors))?)?;
        }
        let draws =
            found.draws.into_iter().map(|rows| Py::new(py, table(rows))).collect::<PyResult<Vec<_>>>()?;
        made.set_item("draws", draws)?;
        made.set_item("imputed", found.filled)?;
        made.set_item("low_ess_rows", found.low_ess_rows)?;
        Ok(made)
    }

    /// New rows; `given` are conditions.
    #[pyo3(signature = (count, given=vec![], mean=None, seed=0))]
    fn generate(
        &self,
        py: Python,
        count: usize,
        given: Vec<(String, String)>,
        mean: Option<bool>,
        seed: u64,
    ) -> PyResult<Table> {
        let draw = mean.map(|mean| if mean { Draw::Mean } else { Draw::Sample });
        let config = GenerateConfig { count, draw, given, seed, ..GenerateConfig::default() };
        Ok(Table { rows: compute(py, || self.predictor.generate(&config))?.rows })
    }

    /// The same model with these rows as the reference of scores.
    fn calibrate(&self, py: Python, rows: &Table) -> PyResult<Self> {
        let predictor = compute(py, || self.predictor.calibrate(&rows.rows))?;
        Ok(self.with(predictor))
    }

    /// Metrics as JSON, of these rows or of held-out ones, and notes.
    #[pyo3(signature = (input=None, samples=None, diagnose=false))]
    fn evaluate(
        &self,
        py: Python,
        input: Option<Input>,
        samples: Option<usize>,
        diagnose: bool,
    ) -> PyResult<(String, Vec<String>)> {
        let options = EvaluateOptions { samples, diagnose };
        let (on_note, notes) = OnNote::kept();
        let (found, named) = compute(py, || match self.at_hand(input.as_ref()) {
            Some(rows) => Ok((self.predictor.evaluate(rows, &options)?, None)),
            None => {
                let named = self.named(input.as_ref(), on_note)?;
                Ok((named.evaluate(&self.predictor, &options)?, named.note))
            }
        })?;
        let notes = [notes(), named.into_iter().collect(), found.warnings()].concat();
        Ok((json!(found).to_string(), found.unknown.note().into_iter().chain(notes).collect()))
    }

    /// The report on these rows, or on held-out ones: a page, or the figure as SVG; and notes.
    #[pyo3(signature = (input=None, figure=false))]
    fn report(&self, py: Python, input: Option<Input>, figure: bool) -> PyResult<(String, Vec<String>)> {
        let (on_note, notes) = OnNote::kept();
        let (text, named) = compute(py, || {
            let own = self.rows.as_ref();
            let (rows, numbers, predictor, named) = match self.at_hand(input.as_ref()) {
                Some(rows) => {
                    let numbers = own.filter(|_| input.is_none()).map(|own| own.numbers.clone());
                    (rows.clone(), numbers.unwrap_or_default(), self.predictor.clone(), None)
                }
                None => {
                    let named = self.named(input.as_ref(), on_note)?;
                    let rows = named.collect()?;
                    let numbers = named.numbers(&rows);
                    (rows, numbers, self.predictor.clone().input(&named.input), named.note)
                }
            };
            let metrics = predictor.evaluate(&rows, &EvaluateOptions::default())?.metrics;
            let data = match own {
                Some(own) => Some(own.data.clone()),
                None => predictor.data_profile(&predictor.saved().header.config.data)?,
            };
            let rows = ReportRows { held_out: &rows, numbers: &numbers, data: data.as_ref() };
            let page = assemble(predictor.saved(), &self.history, &rows, &metrics, predictor.device())?;
            Ok((if figure { page.card_svg() } else { page.to_html() }, named))
        })?;
        Ok((text, [notes(), named.into_iter().collect()].concat()))
    }

    /// ‖J_f(x)‖²_F of each row.
    fn contraction(&self, py: Python, rows: &Table) -> PyResult<Vec<f32>> {
        compute(py, || self.predictor.contraction(&rows.rows))
    }
}
