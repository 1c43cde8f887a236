#![allow(clippy::unwrap_used)]
use super::*;
use crate::distribution::{Family, LikelihoodBlock};
use crate::model::{FamilyConfig, Model};
use crate::nn::Activation;
use crate::random::{Purpose, stream};
use crate::tensor::to_host;

fn model(device: &Device) -> Multiscale {
    let architecture = Architecture {
        family: FamilyConfig::Multiscale(MultiscaleConfig::default()),
        inputs: 5,
        condition: 0,
        stem: None,
        hidden: vec![6],
        latent_dim: 4,
        activation: Activation::Silu,
        latent_activation: Activation::Silu,
        likelihood: vec![
            LikelihoodBlock::new(Family::Gaussian, 0..3),
            LikelihoodBlock::new(Family::Categorical, 3..5),
        ],
    };
    match Model::new(&architecture, 3, device) {
        Model::Multiscale(model) => model,
        _ => unreachable!("it was asked for"),
    }
}

fn batch(device: &Device) -> Batch {
    let rows = vec![0.3, -1.0, 2.0, 1.0, 0.0, -0.4, 0.1, 0.0, 0.0, 1.0];
    Batch::new(device.tensor(rows, [2, 5]))
}

#[test]
fn at_the_smallest_noise_level_it_is_the_plain_encoder() {
    let device = Device::cpu_f64();
    let (model, batch) = (model(&device), batch(&device));
    let level = model.fixed_level(&batch.x, 0.2);
    let codes = [model.encode(batch.x.clone()), model.denoiser.encode(batch.x.clone(), &level)].map(to_host);
    assert_eq!(codes[0], codes[1]);
    let all = model.reconstructions(&batch);
    assert_eq!(all.len(), 5);
    assert_eq!(to_host(model.reconstruct(&batch)), to_host(all[0].clone()));
}

#[test]
fn a_left_out_category_does_not_see_itself() {
    let device = Device::cpu_f64();
    let mut model = model(&device);
    let rows = [vec![0.3, -1.0, 2.0, 1.0, 0.0], vec![0.3, -1.0, 2.0, 0.0, 1.0]].concat();
    let batch = Batch::new(device.tensor(rows, [2, 5]));
    let differ = |model: &Multiscale| -> Vec<bool> {
        let made = to_host(model.expected_reconstruction(&batch));
        (0..5).map(|j| made[j] != made[5 + j]).collect()
    };
    assert_eq!(differ(&model), [true; 5]);
    model.config.leave_out = true;
    assert_eq!(differ(&model), [true, true, true, false, false]);
    // A quarter of the cells, both numbers of a category together.
    let noise = &mut stream(1, Purpose::Train, 0, 0);
    let context = &mut Context { noise, epochs: 0.0, training: true, rows: 2, device: &device };
    let kept = to_host(model.draw_kept([4000, 5], context).unwrap());
    assert!(kept.chunks_exact(5).all(|row| row[..3] == [1.0; 3] && row[3] == row[4]));
    let share = kept.chunks_exact(5).filter(|row| row[3] == 0.0).count() as f64 / 4000.0;
    // Four standard errors of a quarter.
    assert!((share - 0.25).abs() < 0.028, "{share}");
}

#[test]
fn only_numbers_have_a_skip_connection() {
    let device = Device::cpu_f64();
    let (model, batch) = (model(&device), batch(&device));
    let level = model.fixed_level(&batch.x, 2.0);
    let own = Autoencoder::decode(&model, model.denoiser.encode(batch.x.clone(), &level));
    let out = to_host(model.denoised(batch.x.clone(), own.clone(), &level));
    let own = to_host(own);
    // y / 5 + 2 / √5 · g, with y = −1.
    assert!((out[1] - (-0.2 + own[1] * 2.0 / 5f32.sqrt())).abs() < 1e-6);
    assert_eq!(out[3..5], own[3..5]);
}

#[test]
fn loss_is_the_error_of_the_network_output() {
    // At every σ: (x − D)² (1 + σ²) / σ² = (g − target)², target = (x − y / (1 + σ²)) √(1 + σ²)
    // / σ (Karras et al. 2022, eq. 7).
    let device = Device::cpu_f64();
    let (model, batch) = (model(&device), batch(&device));
    let noise = &mut stream(1, Purpose::Train, 0, 0);
    let context = &mut Context { noise, epochs: 0.0, training: true, rows: 2, device: &device };
    let loss = to_host(model.loss(&batch, context).remove(0).value);
    let noise = &mut stream(1, Purpose::Train, 0, 0);
    let (low, high) = (0.2f64.ln(), 4f64.ln());
    let sigma: Vec<f64> = (0..2).map(|_| (low + (high - low) * noise.random::<f64>()).exp()).collect();
    let epsilon = standard_normal(noise, 10);
    let x = to_host(batch.x.clone());
    for row in 0..2 {
        let s = sigma[row];
        let y: Vec<f32> = (0..5).map(|j| x[row * 5 + j] + s as f32 * epsilon[row * 5 + j]).collect();
        let tensor = device.tensor::<2>(y.clone(), [1, 5]);
        let code = model.denoiser.encode(tensor.clone(), &model.fixed_level(&tensor, s));
        let own = to_host(Autoencoder::decode(&model, code));
        let numbers: f64 = (0..3)
            .map(|j| {
                let (x, y) = (f64::from(x[row * 5 + j]), f64::from(y[j]));
                let target = (x - y / (1.0 + s * s)) * (1.0 + s * s).sqrt() / s;
                0.5 * (f64::from(own[j]) - target).powi(2)
            })
            .sum();
        let logits = [f64::from(own[3]), f64::from(own[4])];
        let chosen = if x[row * 5 + 3] == 1.0 { logits[0] } else { logits[1] };
        let category = (logits[0].exp() + logits[1].exp()).ln() - chosen;
        assert!(
            (f64::from(loss[row]) - numbers - category).abs() < 1e-4,
            "{} {}",
            loss[row],
            numbers + category
        );
    }
}
