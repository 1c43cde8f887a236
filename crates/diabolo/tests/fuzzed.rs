//! A thousand random configurations on nasty tables: each ends in a model that only writes finite numbers, or in a clear error.
#![allow(clippy::unwrap_used)]

mod common;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use common::header;
use diabolo::artifact::SavedModel;
use diabolo::data::prepare;
use diabolo::evaluate::{LatentSummary, evaluate, log_likelihoods};
use diabolo::model::{Architecture, Model};
use diabolo::nn::Activation;
use diabolo::random::{Purpose, RngExt, Stream, stream};
use diabolo::task::{self, Draw};
use diabolo::tensor::Device;
use diabolo::train::{self, StopReason, TrainingData};
use diabolo::{Config, Error};

const CASES: u64 = 1000;

fn pick<'a>(noise: &mut Stream, choices: &[&'a str]) -> &'a str {
    choices[noise.random_range(0..choices.len() as u64) as usize]
}

/// A CSV that a user might have, each with something wrong with it.
fn table(noise: &mut Stream) -> String {
    let wide = noise.random_range(0..40u64) == 0;
    let columns = if wide { 2000 } else { 1 + noise.random_range(0..6u64) as usize };
    let rows = [1, 2, 3, 7, 40][noise.random_range(0..5u64) as usize];
    let kinds: Vec<&str> = (0..columns)
        .map(|_| {
            pick(
                noise,
                &[
                    "normal",
                    "constant",
                    "huge",
                    "tiny",
                    "mixed",
                    "missing",
                    "counts",
                    "big counts",
                    "yes",
                    "words",
                    "order",
                ],
            )
        })
        .collect();
    let mut text = (0..columns).map(|c| format!("c{c}")).collect::<Vec<_>>().join(",") + "\n";
    for _ in 0..rows {
        let cells: Vec<String> = kinds.iter().map(|kind| cell(kind, noise)).collect();
        text += &(cells.join(",") + "\n");
    }
    text
}

fn cell(kind: &str, noise: &mut Stream) -> String {
    let u: f64 = noise.random();
    match kind {
        "normal" => format!("{:.3}", 4.0 * u - 2.0),
        "constant" => "7.5".into(),
        "huge" => format!("{:e}", if u < 0.5 { 1e30 } else { -1e30 * u }),
        "tiny" => format!("{:e}", 1e-30 * u),
        "mixed" => format!("{}", if u < 0.1 { 1e30 } else { u }),
        "missing" if u < 0.8 => String::new(),
        "missing" => format!("{u:.2}"),
        "counts" => format!("{}", (1.0 / (u + 0.05)) as u64),
        "big counts" => format!("{}", (1e9 * u) as u64),
        "yes" => pick(noise, &["yes", "no"]).into(),
        "words" => pick(noise, &["red", "green", "blue", ""]).into(),
        _ => pick(noise, &["1", "2", "3"]).into(),
    }
}

/// Any settings, sensible or not.
fn config(noise: &mut Stream) -> Vec<String> {
    let mut set: Vec<String> = vec![];
    let family = pick(
        noise,
        &["variational", "variational", "variational", "plain", "sparse", "contractive", "denoising"],
    );
    set.push(format!("model.family={{kind=\"{family}\"}}"));
    let mut maybe = |noise: &mut Stream, key: &str, values: &[&str]| {
        if noise.random::<bool>() {
            set.push(format!("{key}={}", pick(noise, values)));
        }
    };
    maybe(noise, "model.hidden", &["[]", "[3]", "[5, 4]", "[1]"]);
    maybe(noise, "model.latent_dim", &["1", "2", "6", "0"]);
    let activations: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
    maybe(noise, "model.activation", &activations);
    maybe(
        noise,
        "model.variance",
        &[
            "{kind=\"shared\"}",
            "{kind=\"per_feature\"}",
            "{kind=\"decoder\"}",
            "{kind=\"fixed\", value=1e-6}",
            "{kind=\"fixed\", value=-1.0}",
        ],
    );
    maybe(noise, "data.numeric", &["min_max", "quantile", "standardize"]);
    maybe(noise, "data.validation", &["0.0", "0.3", "0.9"]);
    maybe(noise, "data.test", &["0.0", "0.3"]);
    maybe(noise, "training.learning_rate", &["1e-4", "0.1", "1.0", "100.0", "1e30"]);
    maybe(noise, "training.gradient_clip", &["1.0", "1e-3"]);
    maybe(
        noise,
        "training.optimizer",
        &["{kind=\"sgd\", momentum=0.9}", "{kind=\"adam_w\", weight_decay=0.1}"],
    );
    maybe(noise, "training.schedule", &["{kind=\"constant\"}", "{kind=\"cosine\"}"]);
    maybe(noise, "training.batch_size", &["1", "4", "1000"]);
    if family == "variational" {
        maybe(noise, "model.family.kl_weight", &["0.0", "1e-3", "100.0", "1e30"]);
        maybe(noise, "model.family.kl_warmup_epochs", &["1.0", "0.3"]);
        maybe(
            noise,
            "model.family.bound",
            &[
                "{kind=\"free_bits\", nats=0.5}",
                "{kind=\"capacity\", nats=3.0, epochs=1.0}",
                "{kind=\"importance\", samples=3}",
                "{kind=\"importance\", samples=2, doubly_reparameterized=true}",
                "{kind=\"total_correlation\", weight=6.0}",
                "{kind=\"mmd\", weight=100.0}",
            ],
        );
        maybe(
            noise,
            "model.family.prior",
            &[
                "{kind=\"mixture\", components=3}",
                "{kind=\"vamp_prior\", pseudo_inputs=3}",
                "{kind=\"hierarchical\", hidden=[3], latent_dim=2}",
            ],
        );
        maybe(
            noise,
            "model.family.flow",
            &["{kind=\"planar\", layers=2}", "{kind=\"inverse_autoregressive\", layers=2, hidden=4}"],
        );
    }
    set.push("training.epochs=2".into());
    set
}

/// Whether every number of the table is finite; missing cells are none.
fn is_finite(rows: &RecordBatch) -> bool {
    rows.columns().iter().all(|column| match column.as_primitive_opt::<Float64Type>() {
        Some(numbers) => numbers.iter().flatten().all(f64::is_finite),
        None => true,
    })
}

/// Fits, evaluates, generates and reconstructs; `Err` is a refusal.
fn attempt(path: &str, settings: &[String], seed: u64) -> Result<(), Error> {
    let mut config = Config::default();
    for setting in settings {
        config.set(setting)?;
    }
    config.training.seed = seed;
    let device = Device::cpu();
    let prepared = prepare(path, &config.data, seed)?;
    let architecture: Architecture = config.resolve(&prepared)?;
    let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
    let model = Model::new(&architecture, seed, &device);
    let outcome = train::fit(model, None, &data, &config.training, &device, &mut ())?;
    for record in &outcome.state.history {
        let bad = record.train.iter().chain(&record.validation).find(|(_, value)| !value.is_finite());
        // The last epoch before a divergence may hold what diverged.
        assert!(bad.is_none() || matches!(outcome.stop_reason, StopReason::Diverged(_)), "history: {bad:?}");
    }
    let latent = match architecture.family.has_prior() {
        true => None,
        false => Some(LatentSummary::measure(&outcome.model, &prepared.train, seed, &device)?),
    };
    let metrics = evaluate(&outcome.model, &prepared.train, None, seed, &device);
    let diverged = match outcome.stop_reason {
        StopReason::Diverged(error) => Some(error),
        _ => None,
    };
    let header = header(config, prepared.preprocessor.clone());
    let saved = SavedModel { header, architecture, model: outcome.model, latent, detector: None };
    if let Some(values) = log_likelihoods(&saved.model, &prepared.train, 3, seed, 0, &device) {
        assert!(diverged.is_some() || values.iter().all(|v| v.is_finite()), "log-likelihoods {values:?}");
    }
    for draw in [Draw::Mean, Draw::Sample] {
        let (_, rows) = task::generate(&saved, 5, draw, &[], seed, &device)?;
        assert!(is_finite(&rows), "generated: {rows:?}");
    }
    let made = saved.header.preprocessor.decode(&task::project(&saved, &prepared.train, &device))?;
    assert!(is_finite(&made), "reconstructed: {made:?}");
    if let Some(error) = diverged {
        return Err(error);
    }
    let numbers = [metrics.reconstruction, metrics.mse, metrics.kl_divergence.unwrap_or_default()];
    assert!(numbers.iter().all(|v| v.is_finite()), "{metrics:?}");
    Ok(())
}

#[test]
fn a_thousand_configurations_end_in_a_model_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (mut fitted, mut refused) = (0, std::collections::BTreeMap::<&str, usize>::new());
    for case in 0..CASES {
        let noise = &mut stream(case, Purpose::Choose, 77, 0);
        let path = folder.path().join("t.csv");
        let table = table(noise);
        std::fs::write(&path, &table).unwrap();
        let settings = config(noise);
        let run = || attempt(path.to_str().unwrap(), &settings, case);
        match std::panic::catch_unwind(run) {
            Ok(Ok(())) => fitted += 1,
            Ok(Err(error)) => {
                let message = error.to_string();
                assert!(message.len() > 10 && !message.contains("report this"), "case {case}: {message}");
                *refused
                    .entry(match error {
                        Error::Config { .. } | Error::InvalidValue { .. } | Error::Conflict { .. } => {
                            "settings"
                        }
                        Error::Data { .. } => "data",
                        Error::Diverged { .. } => "diverged",
                        _ => "other",
                    })
                    .or_default() += 1;
            }
            Err(_) => {
                let head: String = table.chars().take(600).collect();
                panic!("case {case}: {settings:?}\n{head}")
            }
        }
    }
    eprintln!("{fitted} models, refused: {refused:?}");
    // Enough of each that both ends are tried.
    assert!(fitted > 300, "{fitted} models, {refused:?}");
    assert!(refused.values().sum::<usize>() > 50, "{refused:?}");
}
