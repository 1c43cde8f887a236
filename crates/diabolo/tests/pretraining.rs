//! Greedy layerwise pretraining, and fine-tuning of a classifier, on the built-in digits.
#![allow(clippy::unwrap_used)]

use diabolo::Config;
use diabolo::artifact::weights;
use diabolo::data::{Prepared, prepare};
use diabolo::model::{Autoencoder, Classifier, Layerwise, Model};
use diabolo::random::{Purpose, stream};
use diabolo::task::{LabelledParts, fine_tune};
use diabolo::tensor::Device;
use diabolo::train::{self, EpochRecord, Hooks, StopReason, TrainingData};

/// Two sigmoid layers, too deep to learn in a few epochs from random weights.
fn deep(family: &str, epochs: usize, pretrain_epochs: usize) -> (Config, Prepared, Model) {
    let mut config = Config::default();
    config.set(&format!("model.family={{kind={family:?}}}")).unwrap();
    for setting in [
        "model.hidden=[64]",
        "model.latent_dim=32",
        "model.activation=sigmoid",
        "model.latent_activation=sigmoid",
    ] {
        config.set(setting).unwrap();
    }
    config.training.epochs = Some(epochs);
    config.training.pretrain_epochs = pretrain_epochs;
    let prepared = prepare("digits", &config.data, 0).unwrap();
    let architecture = config.resolve(&prepared).unwrap();
    let model = Model::new(&architecture, 0, &Device::cpu());
    (config, prepared, model)
}

fn fit(family: &str, epochs: usize, pretrain_epochs: usize) -> train::Outcome<Model> {
    let (config, prepared, model) = deep(family, epochs, pretrain_epochs);
    let rows = TrainingData { train: &prepared.train, validation: &prepared.validation };
    train::fit_pretrained(model, None, &rows, &config.training, &Device::cpu(), &mut ()).unwrap()
}

fn last_reconstruction(history: &[EpochRecord], layer: Option<usize>) -> f64 {
    history.iter().rfind(|record| record.layer == layer).unwrap().validation["reconstruction"]
}

#[test]
fn pretraining_lets_a_deep_sigmoid_network_learn() {
    for family in ["plain", "denoising", "contractive"] {
        let cold = fit(family, 3, 0);
        let warm = fit(family, 3, 8);
        let layers: Vec<Option<usize>> = warm.state.history.iter().map(|record| record.layer).collect();
        let expected = [vec![Some(1); 8], vec![Some(2); 8], vec![None; 3]].concat();
        assert_eq!(layers, expected, "{family}");
        let (cold, warm) =
            (last_reconstruction(&cold.state.history, None), last_reconstruction(&warm.state.history, None));
        assert!(warm < cold - 0.3, "{family}: {warm} nats after pretraining, {cold} without");
    }
}

#[test]
fn a_layer_taken_out_and_put_back_changes_nothing() {
    for family in ["plain", "denoising", "contractive"] {
        for tied in [false, true] {
            let (mut config, prepared, _) = deep(family, 1, 1);
            config.set(&format!("model.family.tied={tied}")).unwrap();
            let architecture = config.resolve(&prepared).unwrap();
            let device = Device::cpu();
            let model = Model::new(&architecture, 3, &device);
            let mut rebuilt = Model::new(&architecture, 4, &device);
            assert_ne!(weights::export(&rebuilt), weights::export(&model));
            for k in 0..model.depth() {
                rebuilt = rebuilt.with_layer(k, model.layer(k, &device).unwrap());
            }
            assert_eq!(weights::export(&rebuilt), weights::export(&model), "{family}, tied: {tied}");
        }
    }
}

#[test]
fn models_without_layers_to_pretrain_are_refused() {
    for (family, hidden) in [("plain", "[]"), ("variational", "[64]"), ("vector_quantized", "[64]")] {
        let mut config = Config::default();
        config.set(&format!("model.family={{kind={family:?}}}")).unwrap();
        config.set(&format!("model.hidden={hidden}")).unwrap();
        config.training.pretrain_epochs = 2;
        let prepared = prepare("digits", &config.data, 0).unwrap();
        let error = config.resolve(&prepared).unwrap_err();
        assert_eq!(error.class(), diabolo::ErrorClass::Usage, "{error}");
    }
}

/// An interruption during the second layer stops the run.
#[test]
fn an_interruption_ends_pretraining() {
    struct Stop(std::cell::Cell<bool>);
    impl Hooks<Model> for Stop {
        fn epoch(&mut self, record: &EpochRecord) {
            self.0.set(record.layer == Some(2));
        }
        fn interrupted(&self) -> bool {
            self.0.get()
        }
    }
    let (config, prepared, model) = deep("plain", 3, 2);
    let rows = TrainingData { train: &prepared.train, validation: &prepared.validation };
    let mut stop = Stop(false.into());
    let outcome =
        train::fit_pretrained(model, None, &rows, &config.training, &Device::cpu(), &mut stop).unwrap();
    assert!(matches!(outcome.stop_reason, StopReason::Interrupted));
    assert_eq!(outcome.state.history.len(), 3);
}

#[test]
fn fine_tuned_classifier_classifies_digits() {
    let (mut config, prepared, model) = deep("plain", 1, 0);
    config.training.epochs = Some(40);
    config.training.learning_rate = Some(5e-3);
    let rows = LabelledParts::new("digits", prepared).unwrap();
    assert_eq!(rows.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let device = Device::cpu();
    let noise = &mut stream(0, Purpose::Initialize, 0, 0);
    let classifier = Classifier::new(model.encoder().cloned(), rows.classes.len(), noise, &device);
    let (_, result) = fine_tune(classifier, &rows, &config.training, &device, &mut ()).unwrap();
    // Guessing is wrong on 90 % of rows; a logistic regression on the pixels on about 4 %.
    assert!(result.test_error < 0.1, "{result:?}");
}
