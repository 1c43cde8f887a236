//! Two settings at once: a model for each pair of a width of the code and a weight.

use diabolo::Result;
use diabolo::pipeline::GenerateConfig;
use diabolo::task;
use diabolo::tensor::Device;
use serde_json::{Value, json};

use super::{Lab, Query, wrong};
use crate::lab::digits::pictures;
use crate::lab::recipes::GRIDS;

/// New digits of a variational model.
const NEW: usize = 10;

/// The settings of a grid, and the models of its cells, which need not be trained for it.
pub(super) fn of_family(query: &Query) -> Result<Value> {
    let family = query.text("family")?;
    let grid = GRIDS.iter().find(|grid| grid.family == family);
    let grid = grid.ok_or_else(|| wrong("family", "contractive or variational", family))?;
    Ok(json!({ "widths": grid.widths, "weights": grid.weights, "keys": grid.keys }))
}

/// One model of a grid: its metrics, reconstructions, and new digits.
pub(super) fn cell(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    let saved = trained.predictor.saved();
    let shown = lab.digits.select(&lab.digits.examples);
    let config = GenerateConfig { count: NEW, ..GenerateConfig::default() };
    let samples = match saved.architecture.family.is_variational() {
        true => pictures(&trained.predictor.generate(&config)?.values),
        false => vec![],
    };
    Ok(json!({
        "command": trained.recipe.command(), "metrics": trained.metrics, "doctor": trained.findings(),
        "epochs": saved.header.config.training.epochs,
        "pictures": pictures(&task::project(saved, &shown, &Device::cpu())), "samples": samples,
    }))
}
