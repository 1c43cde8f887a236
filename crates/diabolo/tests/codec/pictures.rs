use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt8Array};
use arrow_schema::Schema;
use diabolo::codec::{CompressOptions, compress};
use diabolo::data::image::{image_array, image_field, with_scale};

use crate::{fitted, returns};

/// Images of 4 × 4 pixels.
fn pictures(rows: usize, white: u8, pixel: impl Fn(usize, usize) -> u8) -> RecordBatch {
    let field = with_scale(image_field(4, 4, 1, false), f32::from(white));
    let pixels = (0..rows).flat_map(|row| (0..16).map(move |k| (row, k))).map(|(row, k)| pixel(row, k));
    let pixels: ArrayRef = Arc::new(UInt8Array::from_iter_values(pixels));
    let images = image_array(&field, pixels).unwrap();
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap()
}

#[test]
fn grey_pixels_of_every_likelihood_come_back() {
    let rows = pictures(120, 255, |row, k| ((row * 37 + k * k * 11) % 200) as u8);
    for likelihood in [
        "gaussian",
        "student_t",
        "laplace",
        "continuous_bernoulli",
        "beta_binomial",
        "discretized_logistic:2",
    ] {
        let model = fitted(&rows, &[&format!("model.likelihood.pixels={likelihood}")]);
        returns(&model, &rows);
    }
}

#[test]
fn black_and_white_pixels_come_back_whatever_white_is() {
    let bits = |white: u8| pictures(200, white, move |row, k| if (row * 7 + k) % 3 == 0 { white } else { 0 });
    let model = fitted(&bits(1), &["model.likelihood.pixels=bernoulli"]);
    returns(&model, &bits(1));
    returns(&model, &bits(255));
    let grey = pictures(200, 255, |row, k| (row * 7 + k) as u8);
    let batches = [Ok(grey.clone())].into_iter();
    let options = CompressOptions::default();
    let refused = compress(&model, grey.schema(), batches, std::io::sink(), &options).unwrap_err();
    assert!(refused.to_string().contains("discretized_logistic"), "{refused}");
}
