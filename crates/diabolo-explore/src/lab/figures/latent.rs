//! Codes, posteriors, and what is decoded from them.

use std::sync::Arc;

use diabolo::Result;
use diabolo::data::Encoded;
use diabolo::model::{Autoencoder, Batch};
use diabolo::pipeline::{GenerateConfig, Origin};
use diabolo::stats::elementary::double::inverse_normal_cdf;
use diabolo::task::{self, Path};
use diabolo::tensor::{Device, Tensor, to_host};
use serde_json::{Value, json};

use super::{Lab, Query, numbers, wrong};
use crate::lab::digits::{PIXELS, bytes, pictures};
use crate::lab::models::Trained;

/// Pictures along each side of the grid of the prior.
const GRID: usize = 15;
/// Pictures of a path, both ends included.
const STEPS: usize = 9;

/// A test digit of each class.
pub(super) fn examples(lab: &Lab) -> Value {
    let one = |&row: &usize| json!({ "row": row, "label": lab.digits.labels[row], "pixels": bytes(lab.digits.pixels(row)), "values": lab.digits.pixels(row) });
    json!(lab.digits.examples.iter().map(one).collect::<Vec<_>>())
}

/// The codes of the test digits.
pub(super) fn codes(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    let rows = lab.digits.select(&lab.digits.test);
    let codes = task::codes(trained.predictor.saved(), &rows, &Device::cpu());
    let labels: Vec<u32> = lab.digits.test.iter().map(|&row| lab.digits.labels[row]).collect();
    let width = trained.predictor.saved().architecture.latent_dim;
    Ok(json!({ "codes": codes, "latent": width, "labels": labels, "rows": lab.digits.test }))
}

/// The model's mean picture of each code.
pub(super) fn decoded(trained: &Trained, codes: Vec<f32>) -> Vec<f32> {
    let model = &trained.predictor.saved().model;
    let width = model.latent_dim();
    let z: Tensor<2> = Device::cpu().tensor(codes.clone(), [codes.len() / width, width]);
    to_host(model.likelihood().mean(model.decode(z)))
}

/// Pictures at the quantiles of a standard normal prior: equal shares of the prior between lines.
pub(super) fn prior(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    if trained.predictor.saved().architecture.latent_dim != 2 {
        return Err(wrong("model", "a code of two dimensions", trained.recipe.key));
    }
    let at: Vec<f32> = (0..GRID).map(|k| inverse_normal_cdf((k as f64 + 0.5) / GRID as f64) as f32).collect();
    let codes = (0..GRID * GRID).flat_map(|i| [at[i % GRID], at[GRID - 1 - i / GRID]]).collect();
    Ok(json!({ "side": GRID, "at": at, "pictures": pictures(&decoded(&trained, codes)) }))
}

/// Pictures of codes that are drawn from the prior.
pub(super) fn samples(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    let config = GenerateConfig { count: 32, seed: query.number("seed")?, ..GenerateConfig::default() };
    Ok(
        json!({ "pictures": pictures(&trained.predictor.generate(&config)?.values), "command": format!("diabolo generate RUN -n 32 --seed {} -o new.png", config.seed) }),
    )
}

/// From one digit to another, by codes and by pixels.
pub(super) fn between(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    let rows = [lab.row(query, "from")?, lab.row(query, "to")?];
    // Rows are counted from 1 there.
    let config = GenerateConfig {
        count: STEPS,
        origin: Origin::Between { rows: rows.map(|row| row + 1), path: Path::Linear },
        ..GenerateConfig::default()
    };
    let along = trained.predictor.generate(&config)?.values;
    let (a, b) = (lab.digits.pixels(rows[0]), lab.digits.pixels(rows[1]));
    let mixed: Vec<f32> = (0..STEPS)
        .flat_map(|k| {
            let t = k as f32 / (STEPS - 1) as f32;
            a.iter().zip(b).map(move |(a, b)| (1.0 - t) * a + t * b)
        })
        .collect();
    Ok(json!({ "codes": pictures(&along), "pixels": pictures(&mixed) }))
}

/// New digits of each class by the conditional model.
pub(super) fn classes(lab: &Lab) -> Result<Value> {
    let trained = lab.models.get("conditional")?;
    let of_class = |class: usize| {
        let given = vec![("label".to_string(), class.to_string())];
        let config = GenerateConfig { count: 6, given, seed: 0, ..GenerateConfig::default() };
        Ok(pictures(&trained.predictor.generate(&config)?.values))
    };
    Ok(json!((0..10).map(of_class).collect::<Result<Vec<_>>>()?))
}

/// The posterior of a test digit.
pub(super) fn posterior_of_row(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get(query.text("model")?)?;
    let row = lab.row(query, "row")?;
    let epsilon = vec![0.0; trained.predictor.saved().architecture.latent_dim];
    described(&trained, lab.digits.pixels(row).to_vec(), epsilon)
}

/// The posterior of drawn pixels, and one draw with the given ε.
pub(super) fn posterior(lab: &Lab, body: &Value) -> Result<Value> {
    let trained = model(lab, body)?;
    let width = trained.predictor.saved().architecture.latent_dim;
    let pixels = numbers(body, "pixels", PIXELS)?.into_iter().map(|p| p.clamp(0.0, 1.0)).collect();
    described(&trained, pixels, numbers(body, "epsilon", width)?)
}

fn model(lab: &Lab, body: &Value) -> Result<Arc<Trained>> {
    lab.models.get(body["model"].as_str().unwrap_or_default())
}

/// x → q(z|x) → z = μ + σ ε → p(x|z), with every term of the bound.
fn described(trained: &Trained, pixels: Vec<f32>, epsilon: Vec<f32>) -> Result<Value> {
    let model = &trained.predictor.saved().model;
    let (device, width) = (Device::cpu(), epsilon.len());
    let batch = Batch::gather(&Encoded::from_values(pixels, PIXELS), &[0], &device);
    let posterior = model
        .posterior(batch.input())
        .ok_or_else(|| wrong("model", "a variational model", trained.recipe.key))?;
    let kl = to_host(posterior.kl_divergence());
    let (mean, log_variance) = (to_host(posterior.mean.clone()), to_host(posterior.log_variance.clone()));
    let z = posterior.sample(device.tensor(epsilon, [1, width]));
    let parameters = model.decode(z.clone());
    let nats = model.likelihood().negative_log_likelihood(parameters.clone(), batch.x.clone(), None);
    let (drawn, reconstruction) = (to_host(model.likelihood().mean(parameters)), to_host(nats)[0]);
    let total: f32 = kl.iter().sum();
    Ok(json!({
        "mean": mean, "log_variance": log_variance, "z": to_host(z), "kl": kl, "kl_total": total,
        "decoded": bytes(&drawn), "reconstruction": reconstruction, "negative_elbo": reconstruction + total,
    }))
}

/// The picture of a code.
pub(super) fn decode(lab: &Lab, body: &Value) -> Result<Value> {
    let trained = model(lab, body)?;
    let width = trained.predictor.saved().architecture.latent_dim;
    Ok(json!({ "pixels": bytes(&decoded(&trained, numbers(body, "code", width)?)) }))
}
