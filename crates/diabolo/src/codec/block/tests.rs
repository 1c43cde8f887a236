#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, UInt8Array};
use arrow_schema::Schema;

use super::*;
use crate::codec::CodecModel;
use crate::config::Config;
use crate::data::image::{image_array, image_field, with_scale};
use crate::pipeline::FitJob;

/// Images of 4 × 4 pixels.
fn pictures(rows: usize, white: u8, pixel: impl Fn(usize) -> u8) -> RecordBatch {
    let field = with_scale(image_field(4, 4, 1, false), f32::from(white));
    let pixels: ArrayRef = Arc::new(UInt8Array::from_iter_values((0..rows * 16).map(pixel)));
    let images = image_array(&field, pixels).unwrap();
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap()
}

fn fitted(rows: &RecordBatch, setting: &str) -> CodecModel {
    let mut config = Config::default();
    for setting in ["training.epochs=2", "model.hidden=[8]", "model.latent_dim=2", setting] {
        config.set(setting).unwrap();
    }
    let fitted = FitJob::new(rows.clone()).config(config).run().unwrap();
    CodecModel::from_bytes("model", &fitted.predictor.to_bytes().unwrap()).unwrap()
}

/// Encodes and decodes; returns the bits of the stack per row.
fn returns(model: &CodecModel, rows: &RecordBatch) -> f64 {
    let describer = Describer::new(model.saved()).unwrap();
    let payload = encode(&describer, rows, None).unwrap();
    let decoded = decode(&describer, &rows.schema(), rows.num_rows(), &payload);
    assert_eq!(decoded.as_ref(), Ok(rows));
    for cut in 0..payload.len().min(40) {
        assert!(decode(&describer, &rows.schema(), rows.num_rows(), &payload[..cut]).is_err());
    }
    let mut unread = Unread(&payload[CHECK..]);
    unread.bytes().unwrap();
    8.0 * unread.0.len() as f64 / rows.num_rows() as f64
}

#[test]
fn pixels_of_every_likelihood_come_back_from_the_model() {
    let grey = pictures(120, 200, |k| ((k * k * 7919) % 201) as u8);
    for likelihood in [
        "gaussian",
        "student_t",
        "laplace",
        "continuous_bernoulli",
        "beta_binomial",
        "discretized_logistic:2",
    ] {
        let model = fitted(&grey, &format!("model.likelihood.pixels={likelihood}"));
        let bits = returns(&model, &grey);
        // Uniform pixels have 7.65 bits each, and a poor model needs more.
        assert!((16.0 * 7.0..16.0 * 14.0).contains(&bits), "{likelihood}: {bits}");
    }
    let bits = pictures(400, 1, |k| u8::from((k * k * 7919) % 11 > 7));
    returns(&fitted(&bits, "model.likelihood.pixels=bernoulli"), &bits);
}

#[test]
fn the_rate_of_numbers_is_that_of_their_distribution() {
    // Normal scores in steps of a hundredth of their deviation: log₂ 100 √(2πe) bits.
    let score = |i: usize| {
        let p = ((i * 7919) % 5000) as f64 / 5000.0 + 1e-4;
        (100.0 * crate::stats::elementary::double::inverse_normal_cdf(p)).round() / 10.0
    };
    let x: ArrayRef = Arc::new(Float64Array::from_iter_values((0..5000).map(score)));
    let rows = RecordBatch::try_from_iter([("x", x)]).unwrap();
    let model = fitted(&rows, "training.epochs=20");
    let expected = (100.0 * (std::f64::consts::TAU * std::f64::consts::E).sqrt()).log2();
    let bits = returns(&model, &rows);
    assert!((bits - expected).abs() < 0.3, "{bits} {expected}");
}
