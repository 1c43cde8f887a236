//! One figure for each application.

use diabolo::codec::{CodecModel, CompressOptions, compress};
use diabolo::data::Encoded;
use diabolo::model::{Autoencoder, Batch};
use diabolo::random::RowNoise;
use diabolo::stats::{Labelled, NearestNeighbours, accuracy};
use diabolo::task::{self, ForecastOptions, Start};
use diabolo::tensor::{Device, to_host};
use diabolo::{Config, FitJob, Preset, Result};
use serde_json::{Value, json};

use super::{Lab, Query, Use, noise, wrong};
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

/// The lower half of a digit from its upper half: Σ_k w_k E[x | z_k] / Σ_k w_k over draws z_k of
/// q(z | what is known), w = p(x known, z) / q (Mattei & Frellsen 2019).
pub(super) fn imputation(lab: &Lab, query: &Query) -> Result<Value> {
    let trained = lab.models.get("vae")?;
    let (row, count): (usize, _) = (query.number("row")?, lab.digits.labels.len());
    if row >= count {
        return Err(wrong("row", format!("a row below {count}"), row));
    }
    let (model, device) = (&trained.predictor.saved().model, Device::cpu());
    let known = |i: usize| i < PIXELS / 2;
    let observed: Vec<f32> = (0..PIXELS).map(|i| f32::from(u8::from(known(i)))).collect();
    let x: Vec<f32> = lab.digits.pixels(row).iter().zip(&observed).map(|(x, seen)| x * seen).collect();
    let rows = Encoded {
        observed: Some(diabolo::data::rows::Rows::dense(observed, PIXELS)),
        ..Encoded::from_values(x.clone(), PIXELS)
    };
    let stream = &mut super::noise_stream(Use::Imputation, 0);
    let batch = Batch::gather(&rows, &[0], &device);
    let draws = model.draw_posterior(&batch, DRAWS, &mut RowNoise::Own(stream), &device);
    let draws = draws.ok_or_else(|| wrong("model", "a posterior", "none"))?;
    let weights = to_host(draws.log_weights);
    let most = weights.iter().copied().fold(f32::MIN, f32::max);
    let weights: Vec<f64> = weights.iter().map(|w| f64::from(w - most).exp()).collect();
    let total: f64 = weights.iter().sum();
    let means = to_host(model.likelihood().mean(draws.parameters));
    let mut expected = vec![0f64; PIXELS];
    for (mean, weight) in means.chunks_exact(PIXELS).zip(&weights) {
        expected.iter_mut().zip(mean).for_each(|(sum, v)| *sum += weight / total * f64::from(*v));
    }
    let filled: Vec<f32> = (0..PIXELS).map(|i| if known(i) { x[i] } else { expected[i] as f32 }).collect();
    let effective = total * total / weights.iter().map(|w| w * w).sum::<f64>();
    Ok(json!({
        "known": bytes(&x), "filled": bytes(&filled), "truth": bytes(lab.digits.pixels(row)),
        "draws": DRAWS, "effective": effective,
    }))
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
