//! Samples of the contractive walk compared with held-out digits and baselines.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use diabolo::artifact::SavedModel;
use diabolo::data::{Encoded, ReadOptions, open};
use diabolo::model::{Autoencoder, FamilyConfig, Model};
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::stats::{SampleQuality, sample_quality};
use diabolo::task::{Draw, WalkConfig, walk};
use diabolo::tensor::Tensor;
use diabolo::tensor::{Device, to_host};
use diabolo::{Config, FitJob};

const SAMPLES: usize = 150;

/// A contractive model, and encoded training and test rows.
struct Walked {
    saved: SavedModel,
    train: Encoded,
    test: Encoded,
}

/// Trained for `epochs` on the first `rows` of `input`, without those held out.
fn fitted(input: &str, rows: usize, epochs: usize) -> Walked {
    let mut config = Config::default();
    config.model.family = FamilyConfig::named("contractive").unwrap();
    config.data.test = 0.2;
    config.training.epochs = Some(epochs);
    let all = open(input, &ReadOptions::default()).unwrap().collect().unwrap();
    let job = FitJob::new(all.slice(0, rows.min(all.num_rows()))).config(config).prepare().unwrap();
    let train = job.rows().train.clone();
    let fitted = job.run().unwrap();
    let saved = fitted.predictor.saved().clone();
    let test = saved.header.preprocessor.encode("test", &fitted.test, 0).unwrap();
    Walked { saved, train, test }
}

fn decoded(model: &Model, code: Tensor<2>) -> Tensor<2> {
    model.likelihood().mean(model.decode(code))
}

/// The same chain with isotropic noise of the same size instead of J Jᵀ ε.
fn isotropic(saved: &SavedModel, transitions: usize, device: &Device) -> Vec<f32> {
    let summary = saved.latent.as_ref().unwrap();
    let width = summary.deviation.len();
    let noise = &mut stream(0, Purpose::Choose, 1, 0);
    let starts = (0..SAMPLES).flat_map(|_| summary.center(noise.random()).to_vec()).collect();
    let mut normal = || device.tensor(standard_normal(noise, SAMPLES * width), [SAMPLES, width]);
    let mut code = device.tensor(starts, [SAMPLES, width]);
    for _ in 0..transitions {
        code = saved.model.encode(decoded(&saved.model, code))
            + normal() * (WalkConfig::default().step * summary.scale());
    }
    to_host(decoded(&saved.model, code))
}

/// Decoded isotropic noise around the mean code, with the standard deviation of the code.
fn decoded_noise(saved: &SavedModel, device: &Device) -> Vec<f32> {
    let summary = saved.latent.as_ref().unwrap();
    let width = summary.deviation.len();
    let mut mean = vec![0f32; width];
    for (center, share) in summary.centers.chunks_exact(width).zip(&summary.shares) {
        mean.iter_mut().zip(center).for_each(|(m, c)| *m += share * c);
    }
    let noise = standard_normal(&mut stream(0, Purpose::Choose, 1, 1), SAMPLES * width);
    let noise: Tensor<2> = device.tensor(noise, [SAMPLES, width]);
    let code = noise * device.tensor(summary.deviation.clone(), [1, width]) + device.tensor(mean, [1, width]);
    to_host(decoded(&saved.model, code))
}

/// Held-out rows are closer to samples of the walk than to the baselines.
fn assert_the_walk_is_better(Walked { saved, train, test }: &Walked) {
    let device = &Device::cpu();
    let reference = test.select(&(0..test.rows.min(500)).collect::<Vec<_>>());
    let quality = |name: &str, samples: &[f32]| -> SampleQuality {
        let found = sample_quality(samples, &reference.values, test.width).unwrap();
        eprintln!("{name}: {found:?}");
        found
    };
    let settings = WalkConfig::default();
    let (samples, _) = walk(saved, SAMPLES, Draw::Mean, &settings, 0, device).unwrap();
    let walked = quality("walk", &samples);
    let chain = quality("isotropic chain", &isotropic(saved, settings.burn_in, device));
    let once = quality("decoded noise", &decoded_noise(saved, device));
    let real = quality("real rows", &train.values[..SAMPLES * test.width]);
    assert!(walked.energy_distance < 0.3 * once.energy_distance);
    // The stronger baseline starts at the same centres, which are already good samples. Measured on
    // 150 samples with two sources of noise: 0.47 and 0.51 on digits, 0.51 and 0.65 on MNIST.
    assert!(walked.energy_distance < 0.75 * chain.energy_distance);
    // Sharp and diverse. Measured: 0.69 of the diversity of digits; longer steps give more
    // diversity, less sharpness.
    assert!(walked.nearest < 1.4 * real.nearest);
    assert!((0.6..1.1).contains(&(walked.diversity / real.diversity)));
}

#[test]
fn walk_has_smaller_energy_distance_than_isotropic_noise() {
    assert_the_walk_is_better(&fitted("digits", 1797, 40));
}

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn walk_on_mnist() {
    assert_the_walk_is_better(&fitted("mnist", 10_000, 12));
}

#[test]
fn summaries_are_kept_and_can_be_missing() {
    let device = Device::cpu();
    let mut saved = fitted("digits", 500, 1).saved;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    saved.save(&path).unwrap();
    assert_eq!(SavedModel::load(&path, &device).unwrap().latent, saved.latent);

    saved.latent = None;
    saved.save(&path).unwrap();
    let without = SavedModel::load(&path, &device).unwrap();
    let error = walk(&without, 5, Draw::Sample, &WalkConfig::default(), 0, &device).err().unwrap();
    assert!(error.to_string().contains("has no summary"), "{error}");
}
