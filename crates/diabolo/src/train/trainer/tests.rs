use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::artifact::weights;
use crate::data::Encoded;
use crate::distribution::{Family, LikelihoodBlock};
use crate::model::{Architecture, FamilyConfig, Model};
use crate::module;
use crate::nn::Activation;
use crate::objective::Term;
use crate::random::RngExt;
use crate::tensor::{Module, Tensor};

const WIDTH: usize = 6;

fn model(family: &str) -> Model {
    model_of(FamilyConfig::named(family).expect("a family"), Family::Bernoulli)
}

fn model_of(family: FamilyConfig, likelihood: Family) -> Model {
    let architecture = Architecture {
        family,
        condition: 0,
        convolutions: None,
        inputs: WIDTH,
        hidden: vec![8],
        latent_dim: 8,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        likelihood: vec![LikelihoodBlock::new(likelihood, 0..WIDTH)],
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
    train_on(&rows(64), model, config, hooks)
}

fn train_on<M: Trainable + Module>(
    train: &Encoded,
    model: M,
    config: &TrainingConfig,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    let data = TrainingData { train, validation: &other_rows(16) };
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
#[derive(Clone, Debug)]
struct Named {
    model: Model,
    names: [&'static str; 2],
}
module!(Named { model });

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

/// The model that a diverged run returns, and where it diverged.
fn diverged_run(learning_rate: f64) -> (Model, usize, usize, f64) {
    // Unlike rows: huge weights may fit two kinds of rows by chance.
    let coins = &mut stream(0, Purpose::Choose, 0, 0);
    let coins = (0..64 * WIDTH).map(|_| f32::from(coins.random::<bool>())).collect();
    let coins = Encoded::from_values(coins, WIDTH);
    let outcome =
        train_on(&coins, model("plain"), &config(learning_rate, None), &mut ()).expect("hooks save nothing");
    match outcome.stop_reason {
        StopReason::Diverged(Error::Diverged { epoch, step, term: "reconstruction", value }) => {
            (outcome.model, epoch, step, value)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_huge_objective_is_a_divergence_and_the_weights_from_before_are_kept() {
    let (model, epoch, step, value) = diverged_run(1e4);
    assert!(value.is_finite() && value > 1e4, "{value}");
    // The first of four steps an epoch is healthy, the others are not.
    assert_eq!((epoch, step), (1, 4));
    let (rows, device) = (rows(16), Device::cpu());
    let batch = Batch::gather(&rows, &(0..16).collect::<Vec<_>>(), &device);
    let noise = &mut stream(0, Purpose::Evaluate, 0, 0);
    let context = &mut Context { noise, epochs: 0.0, training: false, rows: 16, device: &device };
    let loss = TermMean::of(&model.loss(&batch, context)[0]).value;
    assert!(loss < 10.0, "{loss}");
}

#[test]
fn a_single_row_far_from_all_others_is_no_divergence() {
    let mut rows = rows(64);
    rows.values[0] = 1e4;
    let data = TrainingData { train: &rows, validation: &rows };
    let config = TrainingConfig { epochs: Some(20), patience: 0, ..config(1e-3, None) };
    let start = model_of(FamilyConfig::named("plain").expect("a family"), Family::Gaussian);
    let outcome = fit(start, None, &data, &config, &Device::cpu(), &mut ()).expect("hooks save nothing");
    assert!(matches!(outcome.stop_reason, StopReason::Finished), "{:?}", outcome.stop_reason);
    assert!(outcome.state.history[0].train["objective"] > 1e5, "the row is not far enough");
}

#[test]
fn patience_counts_from_the_end_of_a_warmup() {
    let family = |text: &str| {
        let mut config = crate::Config::default();
        config.set(&format!("model.family={{kind=\"variational\", {text}}}")).expect("settings");
        config.model.family
    };
    for (settings, end) in [
        ("kl_warmup_epochs=0", 0),
        ("kl_warmup_epochs=30", 30),
        ("kl_warmup_epochs=10, kl_cycles=2", 30),
        ("bound={kind=\"capacity\", nats=1, epochs=40}", 40),
    ] {
        let start = model_of(family(settings), Family::Bernoulli);
        let outcome = train(start, &config(1e-2, None), &mut ()).expect("hooks save nothing");
        assert!(matches!(outcome.stop_reason, StopReason::EarlyStopped), "{settings}");
        let best = outcome.state.best.expect("an epoch is done").1;
        assert_eq!(outcome.state.epoch, best.max(end) + 1, "{settings}");
    }
}
