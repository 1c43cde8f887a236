//! Properties for any weights and any rows.
#![allow(clippy::unwrap_used)]

use diabolo::artifact::{SavedModel, weights};
use diabolo::data::prepare;
use diabolo::distribution::{Family, LikelihoodBlock, Posterior};
use diabolo::model::{
    Architecture, Autoencoder, Batch, Context, ContractiveConfig, FamilyConfig, Model, ModelConfig, Trainable,
};
use diabolo::nn::Activation;
use diabolo::pipeline::Fitted;
use diabolo::random::{Purpose, permutation, standard_normal, stream};
use diabolo::task::{self, ScoreConfig};
use diabolo::tensor::Module;
use diabolo::tensor::Tensor;
use diabolo::tensor::{Device, to_host};
use diabolo::train::{self, Hooks, Snapshot, StopReason, TrainingData};
use diabolo::{Config, ErrorClass, FitJob};
use proptest::prelude::*;

fn architecture(family: FamilyConfig, hidden: Vec<usize>, activation: Activation) -> Architecture {
    Architecture {
        family,
        inputs: 6,
        condition: 0,
        stem: None,
        hidden,
        latent_dim: 3,
        activation,
        latent_activation: activation,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..6)],
    }
}

fn rows(seed: u64, count: usize) -> Tensor<2> {
    let values = standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), count * 6);
    Device::cpu_f64().tensor(values.into_iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect(), [count, 6])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_kl_divergence_is_never_negative(mean in prop::collection::vec(-30f32..30.0, 4), log_variance in prop::collection::vec(-10f32..10.0, 4)) {
        let device = Device::cpu_f64();
        let posterior = Posterior { mean: device.tensor(mean, [1, 4]), log_variance: device.tensor(log_variance, [1, 4]) };
        prop_assert!(to_host(posterior.kl_divergence()).iter().all(|kl| *kl >= -1e-6));
    }

    /// The terms of each row depend on that row only.
    #[test]
    fn the_order_of_a_batch_does_not_matter(seed in 0u64..1000, deep in any::<bool>(), choice in 0usize..7) {
        let activation = Activation::ALL[choice];
        let hidden = if deep { vec![5] } else { vec![] };
        let family = FamilyConfig::Contractive(ContractiveConfig { tied: deep, ..Default::default() });
        let device = Device::cpu_f64();
        let model = Model::new(&architecture(family, hidden, activation), seed, &device);
        let order = permutation(&mut stream(seed, Purpose::Shuffle, 0, 0), 8);
        let x = rows(seed, 8);
        let terms = |x: Tensor<2>| {
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let context = &mut Context { noise, epochs: 0.0, training: true, rows: 1, device: &device };
            model.loss(&Batch::new(x), context).into_iter().map(|t| to_host(t.value)).collect::<Vec<_>>()
        };
        let shuffled: Vec<Tensor<2>> = order.iter().map(|&r| x.clone().narrow(0, r, 1)).collect();
        for (straight, shuffled) in terms(x).iter().zip(terms(Tensor::cat(shuffled, 0))) {
            for (at, &row) in order.iter().enumerate() {
                prop_assert!((straight[row] - shuffled[at]).abs() <= 1e-6 * straight[row].abs().max(1.0));
            }
        }
    }

    /// A missing cell contributes nothing, for any content.
    #[test]
    fn content_of_missing_cells_does_not_matter(seed in 0u64..1000, column in 0usize..6, value in -50f32..50.0) {
        let device = Device::cpu_f64();
        let family = FamilyConfig::Plain { tied: false };
        let model = Model::new(&architecture(family, vec![4], Activation::Tanh), seed, &device);
        let parameters = model.decode(model.encode(rows(seed, 2)));
        let mut observed = vec![1.0; 12];
        observed[column] = 0.0;
        let observed = device.tensor(observed, [2, 6]);
        let mut change = vec![0.0; 12];
        change[column] = value;
        let nll = |x: Tensor<2>| to_host(model.likelihood().negative_log_likelihood(parameters.clone(), x, Some(&observed)));
        prop_assert_eq!(nll(rows(seed, 2)), nll(rows(seed, 2) + device.tensor(change, [2, 6])));
    }
}

/// A small prepared fit of the digits.
fn digits(epochs: usize) -> (Config, diabolo::data::Prepared, Architecture) {
    let mut config = Config::default();
    config.training.epochs = Some(epochs);
    let prepared = prepare("digits", &config.data, 0).unwrap();
    let architecture = config.resolve(&prepared).unwrap();
    (config, prepared, architecture)
}

fn fitted(epochs: usize) -> Fitted {
    let mut config = Config::default();
    config.training.epochs = Some(epochs);
    FitJob::input("digits").config(config).run().unwrap()
}

#[test]
fn a_saved_model_comes_back_bit_for_bit() {
    let fitted = fitted(2);
    let saved = fitted.predictor.saved();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    saved.save(&path).unwrap();
    let loaded = SavedModel::load(&path, &Device::cpu()).unwrap();
    assert_eq!(weights::export(&loaded.model), weights::export(&saved.model));
    assert_eq!(loaded.header, saved.header);
    assert_eq!(loaded.architecture, saved.architecture);
}

/// Stops after some steps and keeps the contents of a checkpoint.
struct StopAfter {
    steps: usize,
    kept: Option<train::Resume<Model>>,
}

impl Hooks<Model> for StopAfter {
    fn step(&mut self, _: &train::Progress) {
        self.steps = self.steps.saturating_sub(1);
    }
    fn interrupted(&self) -> bool {
        self.steps == 0
    }
    fn save(&mut self, snapshot: &Snapshot<Model>) -> diabolo::Result<()> {
        self.kept = Some(train::Resume {
            model: snapshot.model.clone(),
            best: snapshot.best.clone(),
            optimizer: snapshot.optimizer.state(),
            state: snapshot.state.clone(),
        });
        Ok(())
    }
}

#[test]
fn a_resumed_fit_takes_the_same_steps() {
    for family in ["variational", "vector_quantized"] {
        resumed_and_whole(family);
    }
}

fn resumed_and_whole(family: &str) {
    let (mut config, prepared, _) = digits(3);
    config.model = ModelConfig { family: FamilyConfig::named(family).unwrap(), ..Default::default() };
    let architecture = config.resolve(&prepared).unwrap();
    let device = Device::cpu();
    let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
    let model = Model::new(&architecture, 0, &device);
    let whole = train::fit(model.clone(), None, &data, &config.training, &device, &mut ()).unwrap();
    assert!(matches!(whole.stop_reason, StopReason::Finished));
    // In the middle of the first epoch, and of the last.
    for steps in [5, 29] {
        let mut hooks = StopAfter { steps, kept: None };
        let stopped = train::fit(model.clone(), None, &data, &config.training, &device, &mut hooks).unwrap();
        assert!(matches!(stopped.stop_reason, StopReason::Interrupted));
        let resumed =
            train::fit(model.clone(), hooks.kept, &data, &config.training, &device, &mut ()).unwrap();
        assert_eq!(
            weights::export(&resumed.model),
            weights::export(&whole.model),
            "{family} stopped after {steps} steps"
        );
        let terms = |o: &train::Outcome<Model>| {
            o.state.history.iter().map(|r| r.validation.clone()).collect::<Vec<_>>()
        };
        assert_eq!(terms(&resumed), terms(&whole));
    }
}

#[test]
fn divergence_is_reported_and_finite_weights_are_kept() {
    let (mut config, prepared, architecture) = digits(3);
    config.training.learning_rate = Some(1e20);
    let device = Device::cpu();
    let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
    let model = Model::new(&architecture, 0, &device);
    let outcome = train::fit(model, None, &data, &config.training, &device, &mut ()).unwrap();
    let StopReason::Diverged(error) = outcome.stop_reason else { panic!("{:?}", outcome.stop_reason) };
    assert_eq!(error.class(), ErrorClass::Diverged);
    assert!(weights::export(&outcome.model).values().all(|t| t.values.iter().all(|v| v.is_finite())));
}

#[test]
fn file_without_scores_is_an_error_until_calibrated() {
    let fitted = fitted(1);
    let device = Device::cpu();
    let mut saved = fitted.predictor.saved().clone();
    saved.detector = None;
    let rows = fitted.test.slice(0, 5);
    let score = |saved: &SavedModel| task::score(saved, "digits", &rows, 0, &ScoreConfig::default(), &device);
    let refused = score(&saved).unwrap_err().to_string();
    assert!(refused.contains("diabolo calibrate RUN INPUT"), "{refused}");
    let held_out = saved.header.preprocessor.encode("digits", &fitted.test, 0).unwrap();
    saved.detector = Some(task::calibrate(&saved, &held_out, &[], &device));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    saved.save(&path).unwrap();
    let loaded = SavedModel::load(&path, &device).unwrap();
    assert_eq!(loaded.detector, saved.detector);
    assert_eq!(score(&loaded).unwrap().scores, score(&saved).unwrap().scores);
}

/// 128 rows of a network with this width are split into two parts, and its gradients are added and
/// applied in several blocks.
#[test]
fn steps_on_several_cores_have_the_bits_of_one() {
    let mut config = Config::default();
    for setting in ["model.hidden=[512]", "training.batch_size=128", "training.epochs=2"] {
        config.set(setting).unwrap();
    }
    let prepared = prepare("digits", &config.data, 0).unwrap();
    let architecture = config.resolve(&prepared).unwrap();
    let fitted = |threads: usize| {
        let device = Device::cpu();
        let model = Model::new(&architecture, 3, &device);
        assert!(model.num_params() * 128 > 8_000_000, "too small to be cut");
        let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fit = || train::fit(model, None, &data, &config.training, &device, &mut ()).unwrap().model;
        weights::export(&pool.install(fit))
            .values()
            .flat_map(|t| t.values.iter().map(|v| v.to_bits()))
            .collect::<Vec<_>>()
    };
    let one = fitted(1);
    assert!(one == fitted(2) && one == fitted(3));
}
