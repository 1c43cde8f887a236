//! Audits of synthetic rows of any tool.

use diabolo::evaluate::audit::{AuditOptions, audit as audited};
use diabolo::report::audit_page;
use pyo3::prelude::*;
use serde_json::json;

use crate::table::Table;
use crate::watch::compute;

/// The figures of synthetic, real and held-out rows as JSON, the page, and notes.
#[pyfunction]
#[pyo3(signature = (synthetic, real, holdout, name="rows", target=None, secret=None, require=vec![], seed=0))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments")]
pub fn audit(
    py: Python,
    synthetic: &Table,
    real: &Table,
    holdout: &Table,
    name: &str,
    target: Option<String>,
    secret: Option<String>,
    require: Vec<String>,
    seed: u64,
) -> PyResult<(String, String, Vec<String>)> {
    let options = AuditOptions { target, secret, require, seed, ..Default::default() };
    compute(py, || {
        let batches =
            [(name, &synthetic.rows), ("the real rows", &real.rows), ("the held-out rows", &holdout.rows)];
        let audited = audited(batches, &options)?;
        let page = audit_page(name, &audited, &audited.notes);
        Ok((json!(audited.audit).to_string(), page.to_html(), audited.notes))
    })
}
