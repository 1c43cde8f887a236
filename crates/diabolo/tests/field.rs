//! The reconstruction field r(x) − x compared with a density whose gradient has a closed form.
//!
//! Rows are drawn from three Gaussians in the plane. Noise of variance σ² added to them makes
//! Gaussians of variance s² + σ² about the same means, whose ∂ log p(x)/∂x is a sum of three terms.
//! Alain & Bengio (2014): r(x) − x = σ² ∂ log p(x)/∂x.
#![allow(clippy::unwrap_used)]

use diabolo::data::{Block, BlockKind, Encoded};
use diabolo::evaluate::reconstruction_field;
use diabolo::model::{Model, ModelConfig};
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::tensor::Device;
use diabolo::train::{self, TrainingConfig, TrainingData};

const CENTRES: [[f64; 2]; 3] = [[0.0, 1.5], [1.3, -0.75], [-1.3, -0.75]];
/// s, the deviation of each Gaussian.
const SPREAD: f64 = 0.4;
/// σ, the deviation of the corruption.
const NOISE: f64 = 0.5;

fn rows(values: Vec<f32>) -> Encoded {
    Encoded::from_values(values, 2)
}

/// Points of the mixture, each Gaussian with this deviation.
fn points(count: usize, deviation: f64, seed: u64) -> Encoded {
    let noise = &mut stream(seed, Purpose::Choose, 0, 0);
    let mut values = Vec::with_capacity(2 * count);
    for _ in 0..count {
        let centre = CENTRES[noise.random_range(0..CENTRES.len())];
        let offset = standard_normal(noise, 2);
        values.extend((0..2).map(|k| (centre[k] + deviation * f64::from(offset[k])) as f32));
    }
    rows(values)
}

/// ∂ log p(x)/∂x of the mixture with this variance: Σ_k w_k(x) (μ_k − x) / variance.
fn score(x: &[f32], variance: f64) -> [f64; 2] {
    let away = |centre: &[f64; 2]| [centre[0] - f64::from(x[0]), centre[1] - f64::from(x[1])];
    let weights =
        CENTRES.each_ref().map(|c| (-(away(c)[0].powi(2) + away(c)[1].powi(2)) / (2.0 * variance)).exp());
    let total: f64 = weights.iter().sum();
    [0, 1].map(|k| CENTRES.iter().zip(weights).map(|(c, w)| w / total * away(c)[k] / variance).sum())
}

/// A model of this family for two numeric columns, trained for `epochs` (0: as it was initialised).
fn model(family: &str, epochs: usize, device: &Device) -> Model {
    let names = vec!["x".into(), "y".into()];
    let blocks =
        [Block { kind: BlockKind::Numeric, start: 0, width: 2, image: None, features: vec![0, 1], names }];
    let text = format!(
        "hidden = [64]\nlatent_dim = 64\nactivation = \"tanh\"\nvariance = {{ kind = \"fixed\", value = 1.0 }}\n{family}"
    );
    let mut config: ModelConfig = toml::from_str(&text).unwrap();
    let architecture = config.resolve(&blocks, false).unwrap();
    let model = Model::new(&architecture, 1, device);
    if epochs == 0 {
        return model;
    }
    // No validation rows: on clean rows the identity would be the best denoiser, and its weights
    // would be kept.
    let (train, validation) = (points(4000, SPREAD, 1), rows(vec![]));
    let mut training = TrainingConfig {
        epochs: Some(epochs),
        batch_size: Some(100),
        learning_rate: Some(3e-3),
        ..Default::default()
    };
    training.resolve(train.rows, 1e-3).unwrap();
    let data = TrainingData { train: &train, validation: &validation };
    train::fit(model, None, &data, &training, device, &mut ()).unwrap().model
}

/// Compares a field with the score at points drawn from the smoothed density: mean cosine,
/// least-squares slope.
fn agreement(field: &[f32], at: &Encoded, variance: f64) -> (f64, f64) {
    let (mut cosine, mut product, mut squares) = (0.0, 0.0, 0.0);
    for (x, arrow) in at.values.chunks(2).zip(field.chunks(2)) {
        let (score, arrow) = (score(x, variance), [f64::from(arrow[0]), f64::from(arrow[1])]);
        let dot = score[0] * arrow[0] + score[1] * arrow[1];
        let (of_score, of_arrow) = (score[0].hypot(score[1]), arrow[0].hypot(arrow[1]));
        cosine += dot / (of_score * of_arrow).max(f64::MIN_POSITIVE);
        product += dot;
        squares += of_score.powi(2);
    }
    (cosine / at.rows as f64, product / squares)
}

const DENOISING: &str =
    "[family]\nkind = \"denoising\"\ncorruption = { kind = \"gaussian\", deviation = 0.5 }";
const CONTRACTIVE: &str = "[family]\nkind = \"contractive\"\ntied = true\ncontraction_weight = 1.0";

#[test]
fn the_score_is_the_gradient_of_the_log_density() {
    let variance = SPREAD.powi(2);
    let log_density = |x: [f64; 2]| {
        let terms =
            CENTRES.map(|c| (-((c[0] - x[0]).powi(2) + (c[1] - x[1]).powi(2)) / (2.0 * variance)).exp());
        terms.iter().sum::<f64>().ln()
    };
    let (x, step) = ([0.25, 0.5], 1e-5);
    let found = score(&[0.25, 0.5], variance);
    for k in 0..2 {
        let moved = |by: f64| [0, 1].map(|j| x[j] + if j == k { by } else { 0.0 });
        let numeric = (log_density(moved(step)) - log_density(moved(-step))) / (2.0 * step);
        assert!((found[k] - numeric).abs() < 1e-6, "{found:?}: {numeric}");
    }
}

#[test]
fn a_denoising_autoencoder_learns_the_score_of_the_smoothed_density() {
    let device = Device::cpu();
    let smoothed = SPREAD.powi(2) + NOISE.powi(2);
    let at = points(2000, smoothed.sqrt(), 3);
    let measure = |epochs| {
        agreement(&reconstruction_field(&model(DENOISING, epochs, &device), &at, &device), &at, smoothed)
    };
    let (cosine, slope) = measure(100);
    eprintln!("denoising: cosine {cosine:.3}, slope {slope:.4} for σ² = {:.4}", NOISE.powi(2));
    assert!(cosine > 0.9, "{cosine}");
    assert!((slope / NOISE.powi(2) - 1.0).abs() < 0.15, "{slope}");
    let (cosine, slope) = measure(0);
    eprintln!("untrained: cosine {cosine:.3}, slope {slope:.4}");
    assert!(
        cosine < 0.8 || (slope / NOISE.powi(2) - 1.0).abs() > 1.0,
        "an untrained model passes: {cosine} {slope}"
    );
}

/// A contraction has an unknown scale, but with tied weights its field has the same direction. (An
/// untied decoder compensates the contraction: the encoder shrinks, the decoder grows, and r is the
/// identity, with a slope of 0.005.)
#[test]
fn a_contractive_autoencoder_points_to_where_rows_are_dense() {
    let device = Device::cpu();
    let at = points(2000, SPREAD, 3);
    let field = reconstruction_field(&model(CONTRACTIVE, 40, &device), &at, &device);
    let (cosine, slope) = agreement(&field, &at, SPREAD.powi(2));
    eprintln!("contractive: cosine {cosine:.3}, slope {slope:.4}");
    assert!(cosine > 0.8 && slope > 0.02, "{cosine} {slope}");
}
