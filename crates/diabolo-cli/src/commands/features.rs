//! `diabolo features RUN`: evaluation of codes as features.

use diabolo::pipeline::{FeatureEvaluation, FineTuneEvent};
use diabolo::report::comparison::Summary;
use diabolo::task::FineTuned;
use diabolo::{Config, Error, Predictor};
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
    let predictor = load(&args.model, None, shared)?.missing(&args.read.missing)?;
    let mut data = args.read.over(&predictor.saved().header.config)?.data;
    data.augment = tuning.data.augment.or(data.augment);
    let features = FeatureEvaluation::new(&predictor, &data)?;
    let rows = features.rows();
    shared.note(format!(
        "{} training, {} validation and {} test rows of {} in {} classes",
        rows.train.rows,
        rows.validation.rows,
        rows.test.rows,
        predictor.saved().header.source.input,
        rows.classes.len()
    ));
    if args.fine_tune {
        return fine_tune(args, tuning, &predictor, &features, shared);
    }
    let [input, code] = features.scores(&predictor)?;
    match shared.json {
        true => output::print_json(&json!({ "input": input, "code": code })),
        false => output::print(&output::feature_scores(&[("input", input), ("code", code)])),
    }
}

fn fine_tune(
    args: &FeaturesArgs,
    tuning: Config,
    predictor: &Predictor,
    features: &FeatureEvaluation,
    shared: &Shared,
) -> anyhow::Result<()> {
    let mut reporter = Reporter::new(shared.quiet);
    let repeats = (args.repeats, !args.no_baseline);
    let found = features.fine_tune(predictor, tuning.training, repeats, &mut |event| match event {
        FineTuneEvent::Step(progress) => reporter.step(progress),
        FineTuneEvent::Epoch(record, epochs) => reporter.epoch(record, epochs),
        FineTuneEvent::Tuned(seed, weights, result) => {
            let error = output::two_decimals(result.test_error);
            reporter.line(&format!("seed {seed}, {weights} weights: test error {error}"));
        }
        _ => {}
    });
    reporter.finish();
    let found = found?;
    if shared.json {
        let value =
            json!({ "training": found.training, "pretrained": found.pretrained, "random": found.random });
        return output::print_json(&value);
    }
    let error = |results: &[FineTuned]| {
        let errors: Vec<f64> = results.iter().map(|result| result.test_error).collect();
        format!("{} %", Summary::of(&errors).text(100.0))
    };
    let mut rows = vec![("fine-tuned encoder, test error", error(&found.pretrained))];
    if !found.random.is_empty() {
        rows.push(("the same from random weights", error(&found.random)));
    }
    output::print(&output::aligned(&rows))
}
