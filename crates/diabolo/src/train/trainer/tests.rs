use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::artifact::weights;
use crate::distribution::{Family, LikelihoodBlock};
use crate::model::{Architecture, FamilyConfig, Model};
use crate::nn::Activation;
use crate::objective::Term;
use crate::tensor::{Module, Tensor};

const WIDTH: usize = 6;

fn model(family: &str) -> Model {
    let architecture = Architecture {
        family: FamilyConfig::named(family).expect("a family"),
        condition: 0,
        inputs: WIDTH,
        hidden: vec![8],
        latent_dim: 8,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..WIDTH)],
    };
    Model::new(&architecture, 0, &Device::cpu())
}

/// Rows of two types: zeros followed by ones, and ones followed by zeros.
fn rows(count: usize) -> Encoded {
    let cell = |i: usize| f32::from((i % WIDTH < WIDTH / 2) == (i / WIDTH).is_multiple_of(2));
    Encoded::from_values((0..count * WIDTH).map(cell).collect(), WIDTH)
}

/// Rows unlike those of training: what is learned from these makes the loss of others worse.
fn other_rows(count: usize) -> Encoded {
    Encoded::from_values((0..count * WIDTH).map(|i| f32::from(i.is_multiple_of(2))).collect(), WIDTH)
}

fn config(learning_rate: f64, max_seconds: Option<f64>) -> TrainingConfig {
    TrainingConfig {
        epochs: Some(100),
        batch_size: Some(16),
        learning_rate: Some(learning_rate),
        patience: 1,
        max_seconds,
        ..Default::default()
    }
}

fn train<M: Trainable + Module>(
    model: M,
    config: &TrainingConfig,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    let (train, validation) = (rows(64), other_rows(16));
    let data = TrainingData { train: &train, validation: &validation };
    fit(model, None, &data, config, &Device::cpu(), hooks)
}

/// Stops when it receives a message; each message is read once.
struct Channel(Receiver<()>);

impl<M> Hooks<M> for Channel {
    fn interrupted(&self) -> bool {
        self.0.try_recv().is_ok()
    }
}

fn one_message() -> Channel {
    let (sender, receiver) = channel();
    sender.send(()).expect("the receiver lives");
    Channel(receiver)
}

#[test]
fn an_interruption_that_is_answered_once_is_no_time_limit() {
    let outcome = train(model("plain"), &config(1e-3, None), &mut one_message()).expect("hooks save nothing");
    assert!(matches!(outcome.stop_reason, StopReason::Interrupted), "{:?}", outcome.stop_reason);
}

#[test]
fn whatever_ends_training_the_prior_of_quantised_codes_is_that_of_the_returned_weights() {
    let start = || model("vector_quantized");
    let ended =
        |config, hooks: &mut dyn Hooks<Model>| train(start(), &config, hooks).expect("hooks save nothing");
    let outcomes = [
        ("Interrupted", ended(config(1e-3, None), &mut one_message())),
        ("TimeLimit", ended(config(1e-3, Some(0.0)), &mut ())),
        ("EarlyStopped", ended(config(1e-2, None), &mut ())),
        ("Diverged", ended(config(1e30, None), &mut ())),
        ("Finished", ended(TrainingConfig { epochs: Some(1), ..config(1e-3, None) }, &mut ())),
    ];
    let prior = |model: &Model| weights::export(model).remove("prior.shares").expect("it has a prior").values;
    for (reason, outcome) in outcomes {
        assert!(format!("{:?}", outcome.stop_reason).starts_with(reason), "{:?}", outcome.stop_reason);
        let mut fitted = outcome.model.clone();
        fitted.after_training(&rows(64), 0, &Device::cpu());
        assert_eq!(prior(&outcome.model), prior(&fitted), "{reason}");
        assert_ne!(prior(&outcome.model), prior(&start()), "{reason}: as before training");
    }
}

/// A model whose two terms have given names; the second has weight 0.
#[derive(Module, Debug)]
struct Named {
    model: Model,
    #[module(skip)]
    names: [&'static str; 2],
}

impl Trainable for Named {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let reconstruction = self.model.loss(batch, context).remove(0);
        let other: Tensor<1> = reconstruction.value.clone() * 1000.0;
        vec![Term { name: self.names[0], ..reconstruction }, Term::new(self.names[1], other).weighted(0.0)]
    }
}

#[test]
fn a_term_needs_a_name_of_its_own() {
    let trained = |names| train(Named { model: model("plain"), names }, &config(1e-3, None), &mut ());
    for names in [["loss", "objective"], ["negative_elbo", "other"], ["loss", "loss"]] {
        match trained(names) {
            Err(Error::Config { key, found, .. }) => {
                assert!(key == "term" && names.contains(&found.as_str()), "{key}: {found}");
            }
            other => panic!("{names:?}: {:?}", other.map(|outcome| outcome.stop_reason)),
        }
    }
    // A term with weight 0 is reported and does not change the objective.
    let outcome = trained(["loss", "other"]).expect("two names");
    let first = &outcome.state.history[0].validation;
    assert_eq!((first.len(), first["objective"]), (3, first["loss"]));
}
