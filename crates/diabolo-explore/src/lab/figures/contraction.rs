//! The contraction: by weight, by unit, by direction.

use diabolo::Result;
use diabolo::data::Encoded;
use diabolo::evaluate::tangents as tangents_of;
use diabolo::model::{Autoencoder, Batch};
use diabolo::nn::Layer;
use diabolo::pipeline::EvaluateOptions;
use diabolo::stats::elementary::square;
use diabolo::stats::preservation;
use diabolo::task;
use diabolo::tensor::{Device, to_host};
use serde_json::{Value, json};

use super::{Lab, Query, wrong};
use crate::lab::digits::{PIXELS, bytes, pictures};
use crate::lab::recipes::INPUT;

/// λ of the models.
pub(super) const WEIGHTS: [&str; 5] = ["0", "0.01", "0.1", "1", "10"];
const FILTERS: usize = 32;
const DIRECTIONS: usize = 6;
/// Neighbours that should stay neighbours, and the pairs whose distances are shown.
const NEIGHBOURS: usize = 10;
const PAIRS: usize = 300;

fn key(weight: &str) -> String {
    format!("contractive-{weight}")
}

/// What λ does: terms of the loss, singular values, robustness, pictures.
pub(super) fn by_weight(lab: &Lab) -> Result<Value> {
    let device = Device::cpu();
    let rows = diabolo::data::take(INPUT, &lab.digits.rows, &lab.digits.test)?;
    let shown = lab.digits.select(&lab.digits.examples);
    let options = EvaluateOptions { diagnose: true, ..EvaluateOptions::default() };
    let of = |weight: &&str| {
        let trained = lab.models.get(&key(weight))?;
        let found = trained.predictor.evaluate(&rows, &options)?;
        let (metrics, diagnostics) = (found.metrics, found.diagnostics.unwrap_or_default());
        let (spectrum, ratios) = (diagnostics.spectrum, diagnostics.contraction_ratios);
        Ok(json!({
            "weight": weight, "command": trained.recipe.command(),
            "reconstruction": metrics.reconstruction, "contraction": metrics.contraction,
            "norm": metrics.jacobian_norm, "mse": metrics.mse,
            "active": metrics.active_units, "units": metrics.latent_dim,
            "saturated": metrics.saturated_fraction,
            "singular_values": spectrum.as_ref().map(|s| &s.mean),
            "effective_rank": spectrum.as_ref().map(|s| s.effective_rank),
            "radii": ratios.iter().map(|r| r.radius).collect::<Vec<_>>(),
            "ratios": ratios.iter().map(|r| r.root_mean_square).collect::<Vec<_>>(),
            "pictures": pictures(&task::project(trained.predictor.saved(), &shown, &device)),
        }))
    };
    Ok(json!(WEIGHTS.iter().map(of).collect::<Result<Vec<_>>>()?))
}

/// The weights of the units with the largest norms, as signed pictures.
pub(super) fn filters(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(&key(query.text("weight")?))?;
    let encoder = trained.predictor.saved().model.encoder();
    let layer = encoder[0].as_linear().ok_or_else(|| wrong("weight", "a dense model", "another"))?;
    let weights = to_host(layer.weight.val());
    let norm = |unit: &[f32]| unit.iter().map(|w| w * w).sum::<f32>();
    let mut units: Vec<&[f32]> = weights.chunks_exact(PIXELS).collect();
    units.sort_by(|a, b| norm(b).total_cmp(&norm(a)));
    Ok(json!(units[..FILTERS.min(units.len())]))
}

/// Σ_j φ′(a_j)² ‖W_j‖² for one digit, unit by unit, beside the library's ‖J‖²_F.
pub(super) fn by_unit(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(&key(query.text("weight")?))?;
    let model = &trained.predictor.saved().model;
    let x = batch(lab, query)?.input();
    let encoder = model.encoder();
    let layer = encoder[0].as_linear().ok_or_else(|| wrong("weight", "a dense model", "another"))?;
    let trace = layer.trace(x.clone());
    let (code, slope) = (to_host(trace.output), to_host(trace.derivative));
    let weights = to_host(layer.weight.val());
    let norms: Vec<f32> =
        weights.chunks_exact(PIXELS).map(|unit| unit.iter().map(|w| w * w).sum::<f32>()).collect();
    let parts: Vec<f32> = slope.iter().zip(&norms).map(|(slope, norm)| slope * slope * norm).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| parts[b].total_cmp(&parts[a]));
    let units = order.iter().take(8).map(
        |&j| json!({ "unit": j + 1, "code": code[j], "slope": slope[j], "norm": norms[j], "part": parts[j] }),
    );
    Ok(json!({
        "units": units.collect::<Vec<_>>(), "count": parts.len(),
        "parts": order.iter().map(|&j| parts[j]).collect::<Vec<_>>(),
        "sum": parts.iter().map(|v| f64::from(*v)).sum::<f64>(),
        "library": to_host(model.contraction(x))[0],
    }))
}

fn batch(lab: &Lab, query: &Query) -> Result<Batch> {
    Ok(Batch::gather(&lab.digits.encoded, &[lab.row(query, "row")?], &Device::cpu()))
}

/// The directions of the input to which the code of one digit is most sensitive.
pub(super) fn tangents(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(&key(query.text("weight")?))?;
    let model = &trained.predictor.saved().model;
    let row = lab.row(query, "row")?;
    let found = tangents_of(model, &lab.digits.encoded, &[row], model.latent_dim(), &Device::cpu())?;
    let found = &found[0];
    let x = lab.digits.pixels(row);
    // The digit moved along each direction, which changes the code by σ per unit of length.
    let moved = |direction: &Vec<f32>, by: f32| {
        bytes(&x.iter().zip(direction).map(|(x, v)| x + by * v).collect::<Vec<_>>())
    };
    let first = found.directions.iter().take(DIRECTIONS);
    let lines = first.map(|v| json!({ "direction": v, "moved": [moved(v, -1.5), moved(v, 1.5)] }));
    Ok(json!({
        "pixels": bytes(x), "singular_values": found.singular_values, "lines": lines.collect::<Vec<_>>(),
        "squared": found.singular_values.iter().map(|s| s * s).sum::<f64>(),
    }))
}

/// Whether similar inputs have similar codes: distances of pairs, and neighbours that are kept.
pub(super) fn similar(lab: &Lab) -> Result<Value> {
    let rows: Encoded = lab.digits.select(&lab.digits.test);
    let of = |weight: &&str| {
        let trained = lab.models.get(&key(weight))?;
        let width = trained.predictor.saved().architecture.latent_dim;
        let codes = task::codes(trained.predictor.saved(), &rows, &Device::cpu());
        let kept = preservation(&rows.values, PIXELS, &codes, width, NEIGHBOURS)?;
        let distance = |values: &[f32], width: usize, i: usize, j: usize| {
            let row = |k: usize| &values[k * width..(k + 1) * width];
            row(i).iter().zip(row(j)).map(|(a, b)| square(f64::from(a - b))).sum::<f64>().sqrt()
        };
        let pairs = (0..PAIRS).map(|k| (k % rows.rows, (k * 7 + 1 + k / rows.rows) % rows.rows));
        let pairs: Vec<[f64; 2]> = pairs
            .filter(|(i, j)| i != j)
            .map(|(i, j)| [distance(&rows.values, PIXELS, i, j), distance(&codes, width, i, j)])
            .collect();
        let largest = pairs.iter().map(|[x, h]| h / x).fold(0.0, f64::max);
        Ok(json!({ "weight": weight, "kept": kept.preservation, "pairs": pairs, "largest_ratio": largest }))
    };
    Ok(json!(WEIGHTS.iter().map(of).collect::<Result<Vec<_>>>()?))
}
