//! Reading, inspection, comparison.

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_schema::DataType;
use diabolo::artifact::{ModelKind, write_atomically};
use diabolo::data::image::{image_scale, image_shape};
use diabolo::data::{Writer, infer};
use diabolo::pipeline::{Cancel, ComparisonDir, ComparisonEvent, Inspection};
use diabolo::report::comparison::assemble;
use diabolo::report::picture_sheet_png;
use diabolo::task::compare::{Plan, validate};
use diabolo::tensor::Device;
use diabolo::{Config, Error, Result};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::arrow::wrong;
use crate::fit::Made;
use crate::forecast::Forecast;
use crate::input::{Input, config, read_as};
use crate::model::Model;
use crate::synthesis::Synthesis;
use crate::table::Table;
use crate::watch::{compute, raised, watched};

/// The rows of a path, read by the keywords, and notes. With `numbers`, cells of a text file that
/// are numbers become numbers, unless that would change how they are written.
#[pyfunction]
#[pyo3(signature = (path, keywords, numbers=false))]
pub fn read(py: Python, path: &str, keywords: &str, numbers: bool) -> PyResult<(Table, Vec<String>)> {
    let data = config(keywords)?.data;
    // Rows that no model could learn are rows, too.
    let schema = |rows: &_| infer(path, rows, &data.infer_options()).ok().map(|found| found.schema);
    read_as(py, path, &data, |rows| numbers.then(|| schema(rows)).flatten())
}

/// The names of all settings.
#[pyfunction]
pub fn keywords() -> Vec<&'static str> {
    Config::keywords().collect()
}

/// Writes a page, which appears under its name when it is complete.
#[pyfunction]
pub fn write_page(path: PathBuf, text: &str) -> PyResult<()> {
    write_atomically(&path, text.as_bytes()).map_err(raised)
}

/// The images of a table on one sheet, as a PNG.
#[pyfunction]
pub fn pictures<'py>(
    py: Python<'py>,
    table: &Table,
    columns: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let schema = table.rows.schema();
    let found = schema.fields().iter().enumerate().find_map(|(at, field)| Some((at, image_shape(field)?)));
    let (at, shape) = found.ok_or_else(|| PyValueError::new_err("expected images, found none"))?;
    let pixels = table.rows.column(at).as_fixed_size_list().values();
    let pixels = arrow_cast::cast(pixels, &DataType::Float32).map_err(wrong)?;
    let scale = image_scale(schema.field(at));
    let values: Vec<f32> = pixels.as_primitive::<Float32Type>().values().iter().map(|x| x / scale).collect();
    Ok(PyBytes::new(py, &picture_sheet_png(&values, shape, columns).map_err(raised)?))
}

/// The model of a run folder or a model file.
#[pyfunction]
pub fn load(path: PathBuf) -> PyResult<Made> {
    let made = match () {
        () if ModelKind::Forecast.is_at(&path) => Forecast::open(&path).map(Made::Forecast),
        () if ModelKind::Table.is_at(&path) => Synthesis::open(&path).map(Made::Synthesis),
        () => Model::open(&path).map(Made::Model),
    };
    made.map_err(raised)
}

/// What an input holds, column by column, as JSON.
#[pyfunction]
#[pyo3(signature = (input, keywords, name="rows"))]
pub fn inspect(py: Python, input: Input, keywords: &str, name: &str) -> PyResult<String> {
    let config = input.config(keywords)?;
    let found = compute(py, || match &input {
        Input::Path(path) => Inspection::of(path, &config),
        Input::Rows(table) => Inspection::of_rows(name, &table.get().rows, &config),
    })?;
    Ok(json!(found).to_string())
}

/// Compares models, each given by its keywords, in the folder `out`; returns numbers and a text.
#[pyfunction]
#[pyo3(signature = (input, models, seeds, initializations, seconds, tied, out, on_event=None))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments")]
pub fn compare(
    py: Python,
    input: Input,
    models: Vec<String>,
    seeds: Vec<u64>,
    initializations: usize,
    seconds: Option<f64>,
    tied: Option<bool>,
    out: PathBuf,
    on_event: Option<Py<PyAny>>,
) -> PyResult<(String, String)> {
    let models = models.iter().map(|keywords| input.config(keywords)).collect::<PyResult<Vec<_>>>()?;
    let cancel = Cancel::new();
    watched(py, &cancel, on_event.as_ref(), |tell| {
        // Compared models read their rows again for each seed.
        let spool = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
        let input = spooled(&input, &spool.path().join("rows.arrow"))?;
        let plan = Plan { input, models, tied, seeds, initializations, seconds };
        validate(&plan)?;
        let dir = ComparisonDir::open(&out, &plan)?;
        let result = dir.compare(&plan, &Device::cpu(), &cancel, &mut |event| {
            if let ComparisonEvent::Begins { candidate, seed, initialization, .. } = event {
                tell.tell(&json!({
                    "event": "model", "model": candidate.name, "seed": seed, "initialization": initialization,
                }));
            }
        })?;
        let comparison = assemble(&plan, &result);
        write_atomically(&dir.path("report.html"), comparison.to_html().as_bytes())?;
        let numbers = json!(comparison);
        write_atomically(&dir.path("compare.json"), format!("{numbers:#}\n").as_bytes())?;
        Ok((numbers.to_string(), comparison.to_text()))
    })
}

/// The path of the rows: a table is written to `file`.
fn spooled(input: &Input, file: &Path) -> Result<String> {
    let path = file.display().to_string();
    match input {
        Input::Path(path) => Ok(path.clone()),
        Input::Rows(table) => {
            let mut writer = Writer::create(&path, None)?;
            writer.write(&table.get().rows)?;
            writer.finish()?;
            Ok(path)
        }
    }
}
