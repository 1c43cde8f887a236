//! `diabolo features RUN`: evaluation of codes as features.

use diabolo::artifact::SavedModel;
use diabolo::data::{prepare, read::fingerprint};
use diabolo::model::{Autoencoder, Classifier};
use diabolo::random::{Purpose, stream};
use diabolo::report::comparison::Summary;
use diabolo::task::{FeatureScores, FineTuned, LabelledParts, fine_tune, score_features};
use diabolo::tensor::Device;
use diabolo::train::{EpochRecord, Hooks, Progress, TrainingConfig};
use diabolo::{Config, Error};
use serde_json::json;

use super::load;
use crate::args::{FeaturesArgs, Shared};
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &FeaturesArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.repeats == 0 {
        return Err(Error::invalid_value("--repeats", "1 or more", 0).into());
    }
    let mut tuning = Config::default();
    args.training.apply(&mut tuning)?;
    if !args.fine_tune && tuning != Config::default() {
        let expected = "this flag, which training flags need";
        return Err(Error::invalid_value("--fine-tune", expected, "not given").into());
    }
    if tuning.training.pretrain_epochs > 0 {
        return Err(Error::conflict("--pretrain-epochs", "features", "only `fit` pretrains").into());
    }
    let predictor = load(&args.model, shared)?;
    let saved = predictor.saved();
    if saved.architecture.condition > 0 {
        // Its code excludes the condition, which may be the label.
        let reason = "give a model fitted without --condition";
        return Err(Error::conflict("features", "a conditional model", reason).into());
    }
    let device = shared.device()?;
    let config = args.read.over(&saved.header.config)?;
    let input = &saved.header.source.input;
    if fingerprint(input)? != saved.header.source.fingerprint {
        let help = "restore it, since other contents would be split differently";
        return Err(
            Error::data(input, "the data that the model was fitted on", "other contents", help).into()
        );
    }
    let rows = LabelledParts::new(input, prepare(input, &config.data, config.training.seed)?)?;
    shared.note(format!(
        "{} training, {} validation and {} test rows of {input} in {} classes",
        rows.train.rows,
        rows.validation.rows,
        rows.test.rows,
        rows.classes.len()
    ));
    match args.fine_tune {
        true => fine_tuned(args, tuning.training, saved, &rows, &device, shared),
        false => frozen(saved, rows, config.training.seed, &device, shared),
    }
}

/// Scores the codes, and the input as a baseline.
fn frozen(
    saved: &SavedModel,
    rows: LabelledParts,
    seed: u64,
    device: &Device,
    shared: &Shared,
) -> anyhow::Result<()> {
    let input = score_features(&rows, seed)?;
    let code = score_features(&rows.codes(&saved.model, device), seed)?;
    match shared.json {
        true => output::print_json(&json!({ "input": input, "code": code })),
        false => output::print(&table(&[("input", input), ("code", code)])),
    }
}

/// The scores of codes and input as a table.
fn table(scores: &[(&str, FeatureScores)]) -> String {
    type Number = fn(&FeatureScores) -> String;
    let measures: [(&str, Number); 4] = [
        ("linear probe, accuracy", |s| two_decimals(s.probe_accuracy)),
        ("nearest neighbours, accuracy", |s| two_decimals(s.neighbours_accuracy)),
        ("k-means, normalized mutual information", |s| format!("{:.3}", s.nmi)),
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

/// Fine-tunes the encoder with a softmax layer, and trains the same network from random weights,
/// once per seed.
fn fine_tuned(
    args: &FeaturesArgs,
    mut training: TrainingConfig,
    saved: &SavedModel,
    rows: &LabelledParts,
    device: &Device,
    shared: &Shared,
) -> anyhow::Result<()> {
    training.resolve(rows.train.rows, 1e-3)?;
    let (mut pretrained, mut random) = (vec![], vec![]);
    for seed in (0..args.repeats).map(|repeat| training.seed.wrapping_add(repeat)) {
        let training = TrainingConfig { seed, ..training.clone() };
        let mut noise = stream(seed, Purpose::InitializeClassifier, 0, 0);
        let layers = saved.model.encoder();
        let tune = |name: &str, classifier: Classifier| -> anyhow::Result<FineTuned> {
            let epochs = training.epochs.unwrap_or_default();
            let mut watch = Watch { reporter: Reporter::new(shared.quiet), epochs };
            let (_, result) = fine_tune(classifier, rows, &training, device, &mut watch)?;
            watch.reporter.finish();
            shared
                .note(format!("seed {seed}, {name} weights: test error {}", two_decimals(result.test_error)));
            Ok(result)
        };
        let classes = rows.classes.len();
        pretrained.push(tune("pretrained", Classifier::new(layers.cloned(), classes, &mut noise, device))?);
        if !args.no_baseline {
            random.push(tune("random", Classifier::untrained(&layers, classes, &mut noise, device))?);
        }
    }
    if shared.json {
        return output::print_json(
            &json!({ "training": training, "pretrained": pretrained, "random": random }),
        );
    }
    let error = |results: &[FineTuned]| {
        let errors: Vec<f64> = results.iter().map(|result| result.test_error).collect();
        format!("{} %", Summary::of(&errors).text(100.0))
    };
    let mut rows = vec![("fine-tuned encoder, test error", error(&pretrained))];
    if !random.is_empty() {
        rows.push(("the same from random weights", error(&random)));
    }
    output::print(&output::aligned(&rows))
}

fn two_decimals(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Shows progress.
struct Watch {
    reporter: Reporter,
    epochs: usize,
}

impl Hooks<Classifier> for Watch {
    fn step(&mut self, progress: &Progress) {
        self.reporter.step(progress);
    }

    fn epoch(&mut self, record: &EpochRecord) {
        self.reporter.epoch(record, self.epochs);
    }
}
