//! The evidence lower bound: for one digit, by draw, by dimension, by weight.

use diabolo::Result;
use diabolo::distribution::Posterior;
use diabolo::evaluate::{log_likelihoods, unit_statistics};
use diabolo::model::Autoencoder;
use diabolo::model::Batch;
use diabolo::pipeline::GenerateConfig;
use diabolo::stats::elementary::single::ln;
use diabolo::task;
use diabolo::tensor::{Device, repeat_rows, to_host};
use serde_json::{Value, json};

use super::{Lab, Query, Use, noise, numbers, wrong};
use crate::lab::digits::{bytes, pictures};

/// β of the models, and their names.
const WEIGHTS: [(&str, f64); 4] = [("beta-0.1", 0.1), ("vae", 1.0), ("beta-4", 4.0), ("beta-20", 20.0)];
/// Draws that are shown, and those of the estimates of log p(x).
const DRAWS: usize = 24;
const ESTIMATES: [usize; 5] = [1, 10, 100, 1000, 10_000];

/// Every term of the bound of one digit.
pub(super) fn of_row(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get("vae")?;
    let row = lab.row(query, "row")?;
    let (model, device) = (&trained.predictor.saved().model, Device::cpu());
    let batch = Batch::gather(&lab.digits.encoded, &[row], &device);
    let posterior = model.posterior(batch.input()).ok_or_else(|| wrong("model", "a posterior", "none"))?;
    let width = model.latent_dim();
    let kl = to_host(posterior.kl_divergence());
    let (mean, log_variance) = (to_host(posterior.mean.clone()), to_host(posterior.log_variance.clone()));
    let epsilon = noise(Use::Bound, 0, DRAWS * width);
    let z = posterior.repeat(DRAWS).sample(device.tensor(epsilon, [DRAWS, width]));
    let parameters = model.decode(z);
    let draws = model.likelihood().negative_log_likelihood(
        parameters.clone(),
        repeat_rows(batch.x.clone(), DRAWS),
        None,
    );
    let draws = to_host(draws);
    let means = to_host(model.likelihood().mean(parameters));
    let one = lab.digits.select(&[row]);
    let estimate = |samples: usize| {
        let found = log_likelihoods(model, &one, samples, 0, 0, &device).unwrap_or_default();
        found.first().map(|row| json!([samples, -row.bound]))
    };
    let reconstruction = draws.iter().map(|v| f64::from(*v)).sum::<f64>() / DRAWS as f64;
    let divergence = kl.iter().map(|v| f64::from(*v)).sum::<f64>();
    Ok(json!({
        "pixels": bytes(lab.digits.pixels(row)), "label": lab.digits.labels[row],
        "mean": mean, "log_variance": log_variance, "kl": kl, "kl_total": divergence,
        "draws": draws, "pictures": pictures(&means)[..8], "reconstruction": reconstruction,
        "negative_elbo": reconstruction + divergence,
        "estimates": ESTIMATES.map(estimate),
    }))
}

/// What β does: the KL divergence of each dimension, reconstructions, new digits, the doctor.
pub(super) fn by_weight(lab: &Lab) -> Result<Value> {
    let device = Device::cpu();
    let rows = lab.digits.select(&lab.digits.test);
    let shown = lab.digits.select(&lab.digits.examples);
    let of = |&(key, weight): &(&str, f64)| {
        let trained = lab.models.get(key)?;
        let saved = trained.predictor.saved();
        let units = unit_statistics(&saved.model, &rows, &device).unwrap_or_default();
        let mut kl: Vec<f64> = units.iter().map(|unit| unit.kl_divergence).collect();
        kl.sort_by(|a, b| b.total_cmp(a));
        let config = GenerateConfig { count: 16, ..GenerateConfig::default() };
        Ok(json!({
            "weight": weight, "command": trained.recipe.command(),
            "reconstruction": trained.metrics.reconstruction, "kl_divergence": trained.metrics.kl_divergence,
            "negative_elbo": trained.metrics.negative_elbo, "active": trained.metrics.active_units,
            "kl": kl, "doctor": trained.findings(),
            "pictures": pictures(&task::project(saved, &shown, &device)),
            "samples": pictures(&trained.predictor.generate(&config)?.values),
        }))
    };
    Ok(json!(WEIGHTS.iter().map(of).collect::<Result<Vec<_>>>()?))
}

/// z = μ + σ ε for the same draws of ε.
pub(super) fn reparameterise(body: &Value) -> Result<Value> {
    let settings = numbers(body, "settings", 3)?;
    let [mean, deviation, seed] = [settings[0], settings[1].abs().max(1e-3), settings[2]];
    let (device, count) = (Device::cpu(), DRAWS);
    let epsilon = noise(Use::Frozen, seed as u64, count);
    let tensor = |value: f32| device.tensor::<2>(vec![value; count], [count, 1]);
    let posterior = Posterior { mean: tensor(mean), log_variance: tensor(2.0 * ln(deviation)) };
    let kl = to_host(posterior.kl_divergence())[0];
    let z = to_host(posterior.sample(device.tensor(epsilon.clone(), [count, 1])));
    Ok(json!({ "epsilon": epsilon, "z": z, "kl": kl }))
}
