//! Noise: restored digits, and the field r(x) − x of a denoising autoencoder.

use diabolo::data::Encoded;
use diabolo::evaluate::reconstruction_field;
use diabolo::stats::elementary::double::sin_cos;
use diabolo::task;
use diabolo::tensor::Device;
use diabolo::{Config, FitJob, Result};
use serde_json::{Value, json};

use super::{Lab, Query, Use, mean_squared_error, noise};
use crate::lab::digits::pictures;

/// Standard deviations of the noise.
pub(super) const LEVELS: [&str; 5] = ["0.1", "0.2", "0.3", "0.4", "0.5"];
const MODELS: [(&str, &str); 3] = [
    ("contractive-0", "plain (λ = 0)"),
    ("contractive-0.1", "contractive (λ = 0.1)"),
    ("denoising", "denoising (σ = 0.2)"),
];
/// Points of the two moons, of the field along each side, and the box that it covers.
const MOONS: usize = 600;
const FIELD: usize = 21;
const BOX: [f32; 4] = [-1.8, 2.8, -1.3, 1.8];

/// Test digits with Gaussian noise, and their reconstructions by three models.
pub(super) fn restored(lab: &Lab, query: &Query) -> Result<Value> {
    let level: f32 = query.number("level")?;
    let (device, clean) = (Device::cpu(), lab.digits.select(&lab.digits.test));
    let noise = noise(Use::Digits, 0, clean.values.len());
    let noisy: Vec<f32> =
        clean.values.iter().zip(&noise).map(|(x, e)| (x + level * e).clamp(0.0, 1.0)).collect();
    let error = |made: &[f32]| mean_squared_error(made, &clean.values);
    // The first digit of each class, in the order of the test rows.
    let at = |row: &usize| lab.digits.test.iter().position(|test| test == row);
    let examples: Vec<usize> = lab.digits.examples.iter().filter_map(at).collect();
    let shown = |values: &[f32]| {
        pictures(&Encoded::from_values(values.to_vec(), clean.width).select(&examples).values)
    };
    let of = |(key, name): &(&str, &str)| {
        let trained = lab.models.get(key)?;
        let rows = Encoded::from_values(noisy.clone(), clean.width);
        let made = task::project(trained.predictor.saved(), &rows, &device);
        Ok(
            json!({ "name": name, "mse": error(&made), "pictures": shown(&made), "command": trained.recipe.command() }),
        )
    };
    Ok(json!({
        "clean": shown(&clean.values), "noisy": shown(&noisy), "mse": error(&noisy),
        "models": MODELS.iter().map(of).collect::<Result<Vec<_>>>()?,
    }))
}

/// Two half circles with noise.
fn moons() -> Vec<f64> {
    let noise = noise(Use::Moons, 0, 2 * MOONS);
    let point = |k: usize| {
        let angle = std::f64::consts::PI * (k / 2) as f64 / (MOONS / 2) as f64;
        let (sin, cos) = sin_cos(angle);
        let [x, y] = if k.is_multiple_of(2) { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
        [x + 0.08 * f64::from(noise[2 * k]), y + 0.08 * f64::from(noise[2 * k + 1])]
    };
    (0..MOONS).flat_map(point).collect()
}

/// r(x) − x on a grid, for a denoising autoencoder of the two moons.
pub(super) fn field(lab: &Lab) -> Result<Value> {
    let points = moons();
    let mut config = Config::default();
    for setting in [
        "model.family={kind='denoising',corruption={kind='gaussian',deviation=0.15}}",
        "model.hidden=[64,64]",
        "model.latent_dim=32",
        "model.activation=tanh",
        "model.latent_activation=tanh",
        "training.epochs=150",
        "training.learning_rate=0.005",
    ] {
        config.set(setting)?;
    }
    let job = FitJob::matrix(&points, &["x", "y"])?.config(config).cancel(lab.cancel.clone());
    let predictor = job.run()?.predictor;
    let saved = predictor.saved();
    let [x0, x1, y0, y1] = BOX.map(f64::from);
    let at = |k: usize, low: f64, high: f64| low + (high - low) * k as f64 / (FIELD - 1) as f64;
    let grid: Vec<f64> =
        (0..FIELD * FIELD).flat_map(|i| [at(i % FIELD, x0, x1), at(i / FIELD, y0, y1)]).collect();
    let table = diabolo::pipeline::matrix(&grid, &["x", "y"])?;
    let rows = saved.header.preprocessor.encode("grid", &table, 0)?;
    let field = reconstruction_field(&saved.model, &rows, &Device::cpu());
    // Encoded numbers are standardised: r(x) and x back in the units of the plane.
    let ends: Vec<f32> = rows.values.iter().zip(&field).map(|(x, f)| x + f).collect();
    let columns = saved.header.preprocessor.numbers(&ends);
    let columns: Vec<Vec<f64>> = columns.into_iter().flatten().collect();
    let ends: Vec<[f64; 2]> = (0..FIELD * FIELD).map(|i| [columns[0][i], columns[1][i]]).collect();
    Ok(json!({ "points": points, "grid": grid, "ends": ends, "box": BOX }))
}
