//! `diabolo features RUN`: what the code is good for.

use std::time::Instant;

use diabolo::artifact::SavedModel;
use diabolo::data::{prepare, read::fingerprint};
use diabolo::model::{Autoencoder, Classifier};
use diabolo::nn::{Dense, Place};
use diabolo::noise::{Purpose, stream};
use diabolo::task::{FeatureScores, FineTuned, LabelledParts, fine_tune, score_features};
use diabolo::train::{EpochRecord, Hooks, Progress, TrainingConfig};
use diabolo::{Config, Error};
use serde_json::json;

use super::load;
use crate::args::{FeaturesArgs, Shared};
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &FeaturesArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.repeats == 0 {
        return Err(Error::config("--repeats", "1 or more", 0).into());
    }
    let saved = load(&args.model, shared)?;
    let place = shared.place()?;
    let config = args.read.over(&saved.header.config)?;
    let input = &saved.header.source.input;
    let prepared = prepare(input, &config.data, config.training.seed)?;
    if fingerprint(input)? != saved.header.source.fingerprint {
        let help = "put it back: other contents would be split into other rows";
        return Err(
            Error::data(input, "the data that the model was fitted on", "other contents", help).into()
        );
    }
    let rows = LabelledParts::new(input, prepared)?;
    shared.note(format!(
        "{} training, {} validation and {} test rows of {input} in {} classes",
        rows.train.rows,
        rows.validation.rows,
        rows.test.rows,
        rows.classes.len()
    ));
    let code = rows.codes(&saved.model, &place);
    let seed = config.training.seed;
    let scores = [("input", score_features(&rows, seed)?), ("code", score_features(&code, seed)?)];
    drop(code);
    if !shared.json {
        output::print(&table(&scores))?;
    }
    let tuned = match args.fine_tune {
        true => Some(Tuned::new(args, &saved, &rows, &place, shared)?),
        false => None,
    };
    if shared.json {
        let [(_, input), (_, code)] = scores;
        let tuned = tuned.map(|t| json!({ "pretrained": t.pretrained, "random": t.random }));
        return output::print_json(&json!({ "input": input, "code": code, "fine_tuning": tuned }));
    }
    match tuned {
        Some(tuned) => output::print(&tuned.table()),
        None => Ok(()),
    }
}

/// What each kind of feature is worth, side by side.
fn table(scores: &[(&str, FeatureScores)]) -> String {
    type Number = fn(&FeatureScores) -> String;
    let measures: [(&str, Number); 4] = [
        ("logistic probe, accuracy", |s| format!("{:.2} %", 100.0 * s.probe_accuracy)),
        ("nearest neighbours, accuracy", |s| format!("{:.2} %", 100.0 * s.neighbours_accuracy)),
        ("k-means, normalised mutual information", |s| format!("{:.3}", s.nmi)),
        ("k-means, adjusted Rand index", |s| format!("{:.3}", s.ari)),
    ];
    let line = |name: &str, cells: Vec<String>| {
        format!("{name:<40}{}\n", cells.iter().map(|cell| format!("{cell:>12}")).collect::<String>())
    };
    let heads = scores.iter().map(|(name, _)| name.to_string()).collect();
    let body =
        measures.iter().map(|(name, number)| line(name, scores.iter().map(|(_, s)| number(s)).collect()));
    line("on the test rows, from the", heads) + &body.collect::<String>()
}

/// Fine-tuning from the model's encoder and from random weights, once per seed.
struct Tuned {
    pretrained: Vec<FineTuned>,
    random: Vec<FineTuned>,
}

impl Tuned {
    fn new(
        args: &FeaturesArgs,
        saved: &SavedModel,
        rows: &LabelledParts,
        place: &Place,
        shared: &Shared,
    ) -> anyhow::Result<Self> {
        let mut config = Config::default();
        args.training.apply(&mut config)?;
        let mut training = config.training;
        training.resolve(rows.train.rows, 1e-3)?;
        let encoder: Vec<Dense> = saved.model.encoder_layers().into_iter().cloned().collect();
        let mut tuned = Tuned { pretrained: vec![], random: vec![] };
        let classes = rows.classes.len();
        for repeat in 0..args.repeats {
            let training = TrainingConfig { seed: training.seed + repeat, ..training.clone() };
            let mut noise = stream(training.seed, Purpose::Initialize, 0, 0);
            let pretrained = Classifier::new(encoder.clone(), classes, &mut noise, place);
            let random = Classifier::untrained(&saved.model.encoder_layers(), classes, &mut noise, place);
            for (name, classifier, results) in
                [("pretrained", pretrained, &mut tuned.pretrained), ("random", random, &mut tuned.random)]
            {
                if name == "random" && args.no_baseline {
                    continue;
                }
                let mut watch = Watch::new(shared, &training);
                let (_, result) = fine_tune(classifier, rows, &training, place, &mut watch)?;
                watch.reporter.finish();
                shared.note(format!(
                    "{name} weights, seed {}: test error {:.2} % (validation {:.2} % at epoch {})",
                    training.seed,
                    100.0 * result.test_error,
                    100.0 * result.validation_error,
                    result.best_epoch
                ));
                results.push(result);
            }
        }
        Ok(tuned)
    }
}

impl Tuned {
    fn table(&self) -> String {
        let rows = [
            ("fine-tuned encoder, test error", &self.pretrained),
            ("the same from random weights", &self.random),
        ];
        let told = rows.iter().filter(|(_, results)| !results.is_empty());
        output::aligned(&told.map(|(name, results)| (*name, mean_error(results))).collect::<Vec<_>>())
    }
}

/// "1.23 %", or "1.23 ± 0.04 % (3 seeds)" with the standard error of the mean.
fn mean_error(results: &[FineTuned]) -> String {
    let n = results.len() as f64;
    let mean = results.iter().map(|r| r.test_error).sum::<f64>() / n;
    if results.len() == 1 {
        return format!("{:.2} %", 100.0 * mean);
    }
    let variance = results.iter().map(|r| (r.test_error - mean).powi(2)).sum::<f64>() / (n - 1.0);
    format!("{:.2} ± {:.2} % ({n} seeds)", 100.0 * mean, 100.0 * (variance / n).sqrt())
}

/// Shows progress.
struct Watch {
    reporter: Reporter,
    epochs: usize,
    epoch_started: Instant,
}

impl Watch {
    fn new(shared: &Shared, training: &TrainingConfig) -> Self {
        let epochs = training.epochs.unwrap_or_default();
        Watch { reporter: Reporter::new(shared.quiet), epochs, epoch_started: Instant::now() }
    }
}

impl Hooks<Classifier> for Watch {
    fn step(&mut self, progress: &Progress) {
        self.reporter.step(progress, self.epoch_started.elapsed().as_secs_f64());
    }

    fn epoch(&mut self, record: &EpochRecord) {
        self.epoch_started = Instant::now();
        self.reporter.epoch(record, self.epochs);
    }
}
