//! `diabolo features RUN`: what the code is good for.

use std::time::Instant;

use diabolo::artifact::SavedModel;
use diabolo::model::{Autoencoder, Classifier};
use diabolo::nn::{Dense, Place};
use diabolo::noise::{Purpose, stream};
use diabolo::task::{FineTuned, LabelledParts, fine_tune};
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
    let rows = LabelledParts::read(&saved.header.preprocessor, input, &config.data, config.training.seed)?;
    shared.note(format!(
        "{} training, {} validation and {} test rows of {input} in {} classes",
        rows.train.rows,
        rows.validation.rows,
        rows.test.rows,
        rows.classes.len()
    ));
    let tuned = match args.fine_tune {
        true => Some(Tuned::new(args, &saved, &rows, &place, shared)?),
        false => None,
    };
    if shared.json {
        return output::print_json(
            &json!({ "fine_tuning": tuned.map(|t| json!({ "pretrained": t.pretrained, "random": t.random })) }),
        );
    }
    Ok(())
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
