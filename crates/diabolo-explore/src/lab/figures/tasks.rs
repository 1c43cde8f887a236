//! One figure for each application.

use diabolo::codec::{CodecModel, CompressOptions, compress};
use diabolo::stats::{Labelled, NearestNeighbours, accuracy};
use diabolo::task::{self, ForecastOptions, ImputeConfig, Start};
use diabolo::tensor::Device;
use diabolo::{Config, FitJob, Preset, Result};
use serde_json::{Value, json};

use super::{Lab, Query, Use, noise};
use crate::lab::digits::{PIXELS, SIDE, bytes, pictures};

/// Draws for an imputation.
const DRAWS: usize = 500;
const NEIGHBOURS: usize = 5;
/// Hours that the forecast predicts, and hours before them that are shown.
const HORIZON: usize = 24;
const SHOWN: usize = 72;

/// Test digits and spoiled ones, with their scores and p-values.
pub(super) fn anomalies(lab: &Lab) -> Result<Value> {
    let trained = lab.models.get("vae")?;
    let seven = lab.digits.examples.get(7).copied().unwrap_or_default();
    let x = lab.digits.pixels(seven).to_vec();
    let turned: Vec<f32> = (0..PIXELS).map(|i| x[(SIDE - 1 - i % SIDE) * SIDE + i / SIDE]).collect();
    let negative: Vec<f32> = x.iter().map(|v| 1.0 - v).collect();
    let mut spot = x.clone();
    [0, 1, SIDE, SIDE + 1].into_iter().for_each(|i| spot[i] = 1.0);
    let drawn: Vec<f32> =
        noise(Use::Anomaly, 0, PIXELS).iter().map(|e| (0.3 + 0.3 * e).clamp(0.0, 1.0)).collect();
    let spoiled = [("turned by 90°", turned), ("negative", negative), ("a spot", spot), ("noise", drawn)];
    let names = lab.digits.examples.iter().map(|&row| format!("a held-out {}", lab.digits.labels[row]));
    let names: Vec<String> = names.chain(spoiled.iter().map(|(name, _)| name.to_string())).collect();
    let originals = lab.digits.examples.iter().map(|&row| lab.digits.pixels(row));
    let values: Vec<f32> =
        originals.chain(spoiled.iter().map(|(_, v)| v.as_slice())).flatten().copied().collect();
    let rows = lab.digits.preprocessor.decode(&values)?;
    let scored = trained.predictor.clone().reasons(0).score(&rows)?;
    let shown = pictures(&values);
    let one = |k: usize| json!({ "name": names[k], "pixels": shown[k], "score": scored.scores[k], "p_value": scored.p_values[k] });
    Ok(json!((0..names.len()).map(one).collect::<Vec<_>>()))
}

/// The lower half of a digit from its upper half, by `impute`.
pub(super) fn imputation(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get("vae")?;
    let pixels = lab.digits.pixels(lab.row(query, "row")?);
    let is_known = |i: usize| i < PIXELS / 2;
    let seen: Vec<f32> = (0..PIXELS).map(|i| if is_known(i) { pixels[i] } else { f32::NAN }).collect();
    let config = ImputeConfig { samples: DRAWS, ..ImputeConfig::default() };
    let filled = trained.predictor.impute(&lab.digits.table(&seen)?, &config)?.completed;
    let filled = lab.digits.preprocessor.encode("the filled digit", &filled, 0)?;
    // What is not known is drawn black.
    Ok(
        json!({ "known": bytes(&seen), "filled": bytes(&filled.values), "truth": bytes(pixels), "draws": DRAWS }),
    )
}

/// The test digits as a file.
pub(super) fn compression(lab: &Lab) -> Result<Value> {
    let trained = lab.models.get("vae")?;
    let model = CodecModel::from_bytes("model", &trained.predictor.to_bytes()?)?;
    let rows = diabolo::data::take("digits", &lab.digits.rows, &lab.digits.test)?;
    let mut file = vec![];
    compress(&model, rows.schema(), std::iter::once(Ok(rows)), &mut file, &CompressOptions::default())?;
    let count = lab.digits.test.len();
    Ok(
        json!({ "rows": count, "bytes": file.len(), "raw": count * PIXELS, "each": file.len() as f64 / count as f64 }),
    )
}

/// The accuracy of nearest neighbours on codes and on pixels.
pub(super) fn features(lab: &Lab) -> Result<Value> {
    let [train, test] = [&lab.digits.train, &lab.digits.test].map(|rows| lab.digits.select(rows));
    let classes = |rows: &[usize]| rows.iter().map(|&row| lab.digits.labels[row]).collect::<Vec<_>>();
    let (known, truth) = (classes(&lab.digits.train), classes(&lab.digits.test));
    let score = |train: &[f32], test: &[f32], width: usize| -> Result<f64> {
        let labelled = Labelled { features: train, width, classes: &known };
        let neighbours = NearestNeighbours::fit_at(&labelled, NEIGHBOURS)?;
        Ok(accuracy(&neighbours.predict(test), &truth))
    };
    let of = |key: &str| {
        let trained = lab.models.get(key)?;
        let saved = trained.predictor.saved();
        let codes = [&train, &test].map(|rows| task::codes(saved, rows, &Device::cpu()));
        let width = saved.architecture.latent_dim;
        Ok(json!({ "model": key, "width": width, "accuracy": score(&codes[0], &codes[1], width)? }))
    };
    let pixels = json!({ "model": "pixels", "width": PIXELS, "accuracy": score(&train.values, &test.values, PIXELS)? });
    let models: Vec<Value> = ["vae2", "vae", "contractive-0.1"].into_iter().map(of).collect::<Result<_>>()?;
    let results = [&[pixels], &models[..]].concat();
    Ok(json!({ "neighbours": NEIGHBOURS, "results": results }))
}

/// The next day of the taxi rides, from all days before it.
pub(super) fn series(lab: &Lab) -> Result<Value> {
    let mut config = Config::default();
    Preset::Forecast.apply(&mut config);
    config.set(&format!("forecast.horizon={HORIZON}"))?;
    let fitted = FitJob::input("taxi").config(config).cancel(lab.cancel.clone()).forecast()?;
    let rows = diabolo::data::open("taxi", &Default::default())?.collect()?;
    let from = Some(Start::Row(rows.num_rows() - HORIZON + 1));
    let options =
        ForecastOptions { horizon: Some(HORIZON), levels: vec![0.8], from, ..ForecastOptions::default() };
    let found = fitted.forecaster.forecast(&rows, &options)?;
    let column = &found.series[0].columns[0];
    let history = &column.history[column.history.len().saturating_sub(SHOWN)..];
    Ok(json!({
        "history": history, "point": column.point, "actual": column.actual,
        "low": column.limits[0][0], "high": column.limits[0][1], "mase": column.mase,
        "first": found.series[0].times.first(),
    }))
}
