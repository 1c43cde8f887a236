//! The kinds of model files, and what all have in common.

use std::path::Path;

use serde_json::Value;

use super::{Run, container};
use crate::{Error, Result};

/// What a model file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// An autoencoder, for a `Predictor`.
    Autoencoder,
    /// A forecast, for a `Forecaster`.
    Forecast,
    /// A model of a table, for a `Synthesizer`.
    Table,
}

impl ModelKind {
    fn of(json: &Value) -> Self {
        match (json.get("forecast"), json.get("table")) {
            (Some(_), _) => ModelKind::Forecast,
            (None, Some(_)) => ModelKind::Table,
            (None, None) => ModelKind::Autoencoder,
        }
    }

    /// Whether a run folder or a model file is of this kind.
    pub fn is_at(self, path: &Path) -> bool {
        let header = || container::header(&std::fs::read(Run::model_file(path).ok()?).ok()?);
        header().is_some_and(|json| ModelKind::of(&json) == self)
    }

    /// Checks that a file with this header is of this kind.
    pub(super) fn check(self, path: &Path, json: &Value) -> Result<()> {
        let (problem, help) = match (self, ModelKind::of(json)) {
            (wanted, found) if wanted == found => return Ok(()),
            (ModelKind::Autoencoder, ModelKind::Forecast) => (
                "this run was fitted for forecasts, and has no autoencoder",
                "use it with `diabolo forecast`, `evaluate`, `report` or `inspect`",
            ),
            (ModelKind::Autoencoder, _) => (
                "this run was fitted for synthetic tables, and has no autoencoder",
                "use it with `diabolo generate` or `inspect`, and its rows with `diabolo audit`",
            ),
            (ModelKind::Forecast, _) => (
                "this run was fitted without a horizon, and cannot forecast",
                "fit the series with --preset forecast",
            ),
            (ModelKind::Table, _) => {
                ("this run was not fitted for synthetic tables", "fit the table with --preset synthesize")
            }
        };
        Err(Error::Artifact { path: path.into(), problem: problem.into(), help: help.into() })
    }
}
