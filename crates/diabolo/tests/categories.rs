//! Rows with categories as positions are the rows with one-hot columns: the same losses, the same
//! trained models; and a step that sees some levels of large categories.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use diabolo::artifact::{read_checkpoint, weights, write_checkpoint};
use diabolo::data::Encoded;
use diabolo::data::rows::{Bits, Cells, Codes, Rows, Segment};
use diabolo::distribution::{Family, LikelihoodBlock, Variance};
use diabolo::model::{
    Architecture, Autoencoder, Batch, ContractiveConfig, FamilyConfig, Model, SparseConfig, VariationalConfig,
};
use diabolo::nn::Activation;
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::tensor::{Device, to_host};
use diabolo::train::{self, Hooks, Progress, Resume, Snapshot, TrainingConfig, TrainingData};

const NUMBERS: usize = 3;

fn architecture(family: FamilyConfig, levels: &[usize]) -> Architecture {
    let mut likelihood = vec![LikelihoodBlock::gaussian(Variance::PerFeature, 0..NUMBERS)];
    let mut start = NUMBERS;
    for &levels in levels {
        likelihood.push(LikelihoodBlock::new(Family::Categorical, start..start + levels));
        start += levels;
    }
    Architecture {
        family,
        inputs: start,
        condition: 0,
        stem: None,
        hidden: vec![16],
        latent_dim: 4,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        likelihood,
    }
}

/// Numbers, and categories whose popular levels follow the first number; a tenth of all is missing.
fn rows(count: usize, levels: &[usize], missing: f64) -> Encoded {
    let noise = &mut stream(9, Purpose::Choose, 0, 0);
    let mut numbers = standard_normal(noise, count * NUMBERS);
    let mut of_numbers = Bits::ones(count * NUMBERS);
    for (cell, number) in numbers.iter_mut().enumerate() {
        if noise.random::<f64>() < missing {
            *number = 0.0;
            of_numbers.clear(cell);
        }
    }
    let mut marks = vec![Segment { width: NUMBERS, cells: Cells::Flags(of_numbers) }];
    let mut segments = vec![];
    for &levels in levels {
        let (mut codes, mut observed) = (Codes::new(count, levels, levels), Bits::ones(count));
        for row in 0..count {
            let popular = if numbers[row * NUMBERS] > 0.0 { 1 } else { 0 };
            match noise.random::<f64>() {
                u if u < missing => observed.clear(row),
                u if u < 0.6 => codes.set(row, popular),
                _ => codes.set(row, noise.random_range(0..levels)),
            }
        }
        segments.push(Segment { width: levels, cells: Cells::OneHot(codes) });
        marks.push(Segment { width: levels, cells: Cells::SharedFlags(observed) });
    }
    segments.insert(0, Segment { width: NUMBERS, cells: Cells::Numbers(numbers) });
    let rows = Encoded::from_rows(Rows::of(count, segments));
    if missing > 0.0 { Encoded { observed: Some(Rows::of(count, marks)), ..rows } } else { rows }
}

/// The same rows as numbers.
fn one_hot(rows: &Encoded) -> Encoded {
    let dense = Encoded::from_values(rows.values.to_vec(), rows.width);
    match &rows.observed {
        Some(observed) => dense.with_mask(observed.to_vec()),
        None => dense,
    }
}

fn fit(
    architecture: &Architecture,
    rows: &Encoded,
    (epochs, rate): (usize, f64),
    resume: Option<Resume<Model>>,
    hooks: &mut dyn Hooks<Model>,
) -> Model {
    let device = Device::cpu();
    let config = TrainingConfig {
        epochs: Some(epochs),
        batch_size: Some(64),
        learning_rate: Some(rate),
        ..Default::default()
    };
    let none = rows.select(&[]);
    let data = TrainingData { train: rows, validation: &none };
    train::fit(Model::new(architecture, 0, &device), resume, &data, &config, &device, hooks).unwrap().model
}

fn trained(architecture: &Architecture, rows: &Encoded, epochs: usize, rate: f64) -> Model {
    fit(architecture, rows, (epochs, rate), None, &mut ())
}

#[test]
fn positions_and_one_hot_columns_train_the_same_model() {
    let families = [
        FamilyConfig::Variational(VariationalConfig::default()),
        FamilyConfig::Plain { tied: false },
        FamilyConfig::Plain { tied: true },
        FamilyConfig::Sparse(SparseConfig { tied: false, ..Default::default() }),
        FamilyConfig::Contractive(ContractiveConfig { tied: false, ..Default::default() }),
    ];
    let levels = [40, 5];
    for missing in [0.0, 0.1] {
        let rows = rows(300, &levels, missing);
        assert!(rows.values.is_compact());
        for family in &families {
            let mut architecture = architecture(family.clone(), &levels);
            if family.tied() {
                architecture.likelihood[0] =
                    LikelihoodBlock::gaussian(Variance::Fixed { value: 1.0 }, 0..NUMBERS);
            }
            let [positions, columns] =
                [&rows, &one_hot(&rows)].map(|rows| weights::export(&trained(&architecture, rows, 2, 0.01)));
            for (name, tensor) in &positions {
                let other = &columns[name];
                assert_eq!(tensor.shape, other.shape, "{name}");
                let difference = tensor.values.iter().zip(&other.values).map(|(a, b)| (a - b).abs());
                let largest = difference.fold(0.0f32, f32::max);
                assert!(largest < 1e-5, "{}, missing {missing}: {name} differs by {largest}", family.name());
            }
            let start = weights::export(&Model::new(&architecture, 0, &Device::cpu()));
            assert!(positions["encoder.0.weight"] != start["encoder.0.weight"], "a negative control");
        }
    }
}

/// Mean −log p(x) of reconstructions by all levels.
fn loss(model: &Model, rows: &Encoded) -> f64 {
    let device = Device::cpu();
    let all: Vec<usize> = (0..rows.rows).collect();
    let batch = Batch::gather(rows, &all, &device);
    let parameters = model.reconstruct(&batch);
    let losses =
        model.likelihood().negative_log_likelihood(parameters, batch.x.clone(), batch.observed.as_ref());
    to_host(losses).iter().map(|&loss| f64::from(loss)).sum::<f64>() / rows.rows as f64
}

/// 2,100 levels, of which a step sees those of its 64 rows and 256 others, against all levels.
#[test]
fn steps_that_see_some_levels_learn_as_those_that_see_all() {
    let levels = [2100];
    let rows = rows(640, &levels, 0.0);
    let architecture = architecture(FamilyConfig::Plain { tied: false }, &levels);
    let untrained = loss(&Model::new(&architecture, 0, &Device::cpu()), &rows);
    let some = loss(&trained(&architecture, &rows, 12, 0.01), &rows);
    // One-hot columns as numbers are seen whole.
    let all = loss(&trained(&architecture, &one_hot(&rows), 12, 0.01), &rows);
    assert!(all < untrained - 1.0, "{untrained} before, {all} after training with all levels");
    assert!(
        (some - all).abs() < 0.1 * (untrained - all),
        "some levels {some}, all {all}, before {untrained}"
    );
}

/// Writes a checkpoint where it is interrupted.
struct StopAfter<'a> {
    steps: usize,
    path: &'a Path,
}

impl Hooks<Model> for StopAfter<'_> {
    fn step(&mut self, _: &Progress) {
        self.steps = self.steps.saturating_sub(1);
    }
    fn interrupted(&self) -> bool {
        self.steps == 0
    }
    fn save(&mut self, snapshot: &Snapshot<Model>) -> diabolo::Result<()> {
        write_checkpoint(self.path, snapshot)
    }
}

/// In the middle of an epoch most rows of the weights have yet to receive updates.
#[test]
fn steps_that_see_some_levels_are_resumed_with_the_same_bits() {
    let levels = [2100, 5];
    let rows = rows(640, &levels, 0.1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    for family in [FamilyConfig::Plain { tied: false }, FamilyConfig::default()] {
        let architecture = architecture(family.clone(), &levels);
        let whole = weights::export(&trained(&architecture, &rows, 2, 0.01));
        let all = weights::export(&trained(&architecture, &one_hot(&rows), 2, 0.01));
        assert!(whole != all, "a step sees some levels");
        for steps in [3, 7, 14] {
            let settings = (2, 0.01);
            fit(&architecture, &rows, settings, None, &mut StopAfter { steps, path: &path });
            let model = Model::new(&architecture, 0, &Device::cpu());
            let resume = read_checkpoint(&path, &model, &Device::cpu()).unwrap();
            let resumed = fit(&architecture, &rows, settings, Some(resume), &mut ());
            assert!(weights::export(&resumed) == whole, "{} after {steps} steps", family.name());
        }
    }
}
