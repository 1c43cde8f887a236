//! Lossless compression.

use std::io::Cursor;

use diabolo::codec::{Archive, CodecModel, CompressOptions};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrow::wrong;
use crate::table::Table;
use crate::watch::{compute, raised};

/// The bytes of a `.dbz` file of these rows.
#[pyfunction]
#[pyo3(signature = (model, rows, embed=false, error=None, block_rows=None))]
pub fn compress<'py>(
    py: Python<'py>,
    model: &[u8],
    rows: &Table,
    embed: bool,
    error: Option<f64>,
    block_rows: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let usual = CompressOptions::default();
    let options = CompressOptions { embed, error, block_rows: block_rows.unwrap_or(usual.block_rows) };
    let (model, batch) = (model.to_vec(), rows.rows.clone());
    let file = compute(py, || {
        let model = CodecModel::from_bytes("model", &model)?;
        let mut file = vec![];
        diabolo::codec::compress(&model, batch.schema(), [Ok(batch)].into_iter(), &mut file, &options)?;
        Ok(file)
    })?;
    Ok(PyBytes::new(py, &file))
}

/// The rows of a `.dbz` file.
#[pyfunction]
#[pyo3(signature = (file, model=None))]
pub fn decompress(py: Python, file: &[u8], model: Option<&[u8]>) -> PyResult<Table> {
    let mut archive = Archive::open(Cursor::new(file.to_vec()), "rows.dbz").map_err(raised)?;
    let model = model.map(<[u8]>::to_vec);
    let (schema, batches) = compute(py, || {
        if let Some(bytes) = model.filter(|_| archive.needs_model()) {
            archive.set_model(&CodecModel::from_bytes("model", &bytes)?)?;
        }
        let info = archive.info();
        let batches = archive.batches(0..info.rows)?.collect::<diabolo::Result<Vec<_>>>()?;
        Ok((info.schema, batches))
    })?;
    Ok(Table { rows: arrow_select::concat::concat_batches(&schema, &batches).map_err(wrong)? })
}
