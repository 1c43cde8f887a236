//! Audits of synthetic rows of any tool.

use diabolo::evaluate::audit::{AuditOptions, audit as audited, tables};
use diabolo::report::audit_page;
use diabolo::{Error, Result};
use pyo3::prelude::*;
use serde_json::json;

use crate::table::Table;
use crate::watch::compute;

/// The figures of synthetic, real and held-out rows as JSON, the page, and notes.
#[pyfunction]
#[pyo3(signature = (synthetic, real, holdout, name="rows", target=None, secret=None, seed=0))]
#[allow(clippy::too_many_arguments, reason = "keyword arguments")]
pub fn audit(
    py: Python,
    synthetic: &Table,
    real: &Table,
    holdout: &Table,
    name: &str,
    target: Option<String>,
    secret: Option<String>,
    seed: u64,
) -> PyResult<(String, String, Vec<String>)> {
    let options = AuditOptions { target, secret, seed, ..AuditOptions::default() };
    compute(py, || {
        check(&options, real)?;
        let levels: Vec<&str> = options.target.iter().map(String::as_str).collect();
        let batches = [(name, &synthetic.rows), ("real rows", &real.rows), ("held-out rows", &holdout.rows)];
        let (tables, notes) = tables(batches, &levels)?;
        let found = audited(tables.each_ref(), &options);
        let [synthetic, real, _] = &tables;
        let page = audit_page(name, &found, [synthetic, real], &notes);
        Ok((json!(found).to_string(), page.to_html(), notes))
    })
}

/// An error for a target or secret that the real rows do not have.
fn check(options: &AuditOptions, real: &Table) -> Result<()> {
    for (setting, column) in [("target", &options.target), ("secret", &options.secret)] {
        if let Some(column) = column.as_ref().filter(|column| real.rows.column_by_name(column).is_none()) {
            let found = format!("'{column}'");
            return Err(Error::invalid_value(setting, "a column of the real rows", found));
        }
    }
    Ok(())
}
