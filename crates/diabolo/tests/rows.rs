//! The loss, code, reconstruction and score of a row do not depend on other rows, for every
//! row-separable model.
//!
//! With the same batch size and position of the row, the bits are the same, since shapes determine
//! the order of sums. With another batch size, matrix products may be summed in another order, so
//! the tolerance is 10⁻⁶.
#![allow(clippy::unwrap_used)]

#[path = "common/names.rs"]
mod names;
#[path = "common/options.rs"]
mod options;

use diabolo::Config;
use diabolo::distribution::{Family, LikelihoodBlock};
use diabolo::model::{Architecture, Autoencoder, Batch, Context, Model, Trainable};
use diabolo::nn::Activation;
use diabolo::random::{Purpose, RowNoise, standard_normal, stream};
use diabolo::tensor::{Device, Tensor, to_host};

const INPUTS: usize = 6;
/// Width of the conditions of conditional models.
const GIVEN: usize = 2;
const ROWS: usize = 8;
/// The row under test.
const AT: usize = 3;

fn model(family: &str, condition: usize) -> Model {
    let mut config = Config::default();
    config.set(&format!("model.family={{{family}}}")).unwrap();
    let architecture = Architecture {
        family: config.model.family,
        inputs: INPUTS,
        condition,
        stem: None,
        hidden: vec![5],
        latent_dim: 4,
        activation: Activation::Tanh,
        latent_activation: Activation::Sigmoid,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..INPUTS)],
    };
    Model::new(&architecture, 1, &Device::cpu())
}

/// Rows of inputs and conditions, between 0 and 1.
fn rows(seed: u64) -> Tensor<2> {
    let width = INPUTS + GIVEN;
    let normal = standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), ROWS * width);
    Device::cpu().tensor(normal.into_iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect(), [ROWS, width])
}

fn batch(rows: Tensor<2>, condition: usize) -> Batch {
    let given = (condition > 0).then(|| rows.clone().narrow(1, INPUTS, condition));
    Batch { condition: given, ..Batch::new(rows.narrow(1, 0, INPUTS)) }
}

/// Row `at` of a tensor with one row per row of the batch.
fn row<const D: usize>(tensor: Tensor<D>, at: usize) -> Vec<f32> {
    let width: usize = tensor.dims()[1..].iter().product();
    to_host(tensor)[at * width..(at + 1) * width].to_vec()
}

/// The terms of the loss of row `at`, by name.
fn loss(model: &Model, batch: &Batch, at: usize) -> Vec<(String, Vec<f32>)> {
    let device = Device::cpu();
    let noise = &mut stream(2, Purpose::Train, 0, 0);
    let context = &mut Context { noise, epochs: 1.0, training: true, rows: ROWS, device: &device };
    model.loss(batch, context).into_iter().map(|term| (term.name.into(), row(term.value, at))).collect()
}

/// The deterministic outputs of row `at`, by name.
fn outputs(model: &Model, batch: &Batch, at: usize) -> Vec<(String, Vec<f32>)> {
    let mut found = vec![
        ("code".to_string(), row(model.encode(batch.input()), at)),
        ("reconstruction".into(), row(model.reconstruct(batch), at)),
        ("contraction".into(), row(model.contraction(batch.input()), at)),
    ];
    for (k, parameters) in model.reconstructions(batch).into_iter().enumerate() {
        let score = model.likelihood().negative_log_likelihood(parameters, batch.x.clone(), None);
        found.push((format!("score {k}"), row(score, at)));
    }
    if let Some(posterior) = model.posterior(batch.input()) {
        found.push(("log-variance".into(), row(posterior.log_variance, at)));
    }
    // The same for all rows, and so independent of the position of the row under test.
    let noise = &mut RowNoise::Common(&mut stream(3, Purpose::Choose, 0, 0));
    found.extend(
        model.log_weights(batch, 2, noise, &Device::cpu()).map(|w| ("log-weights".into(), row(w, at))),
    );
    found
}

/// Whether the loss of the row under test is unchanged when other rows change; its outputs always
/// are.
fn is_loss_of_a_row_its_own(family: &str, condition: usize) -> bool {
    let model = model(family, condition);
    let watched = |rows: &Tensor<2>| rows.clone().narrow(0, AT, 1);
    let (one, other) = (rows(1), rows(2));
    let behind = ROWS - AT - 1;
    let parts = vec![other.clone().narrow(0, 0, AT), watched(&one), other.narrow(0, AT + 1, behind)];
    let alone = batch(watched(&one), condition);
    let [one, other] = [one, Tensor::cat(parts, 0)].map(|rows| batch(rows, condition));
    let found = outputs(&model, &one, AT);
    assert_eq!(found, outputs(&model, &other, AT), "{family}, given {condition}");
    for ((name, found), (_, alone)) in found.iter().zip(outputs(&model, &alone, 0)) {
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
        assert!(found.iter().zip(&alone).all(near), "{name} of {family}: {found:?}, alone {alone:?}");
    }
    let its_own = loss(&model, &one, AT) == loss(&model, &other, AT);
    assert!(
        its_own || !model.is_row_separable(),
        "{family}, condition {condition}: claims to be row-separable"
    );
    its_own
}

#[test]
fn a_row_does_not_depend_on_those_beside_it() {
    let mut dependent = vec![];
    for family in options::family_settings() {
        let conditional = family.contains("\"variational\"");
        for condition in if conditional { vec![0, GIVEN] } else { vec![0] } {
            if !is_loss_of_a_row_its_own(&family, condition) {
                dependent.push(family.clone());
            }
        }
    }
    // Negative control: dependence on the whole batch is detected.
    for name in ["total_correlation", "mmd", "\"kl\""] {
        assert!(dependent.iter().any(|family| family.contains(name)), "{name}: {dependent:?}");
    }
}
