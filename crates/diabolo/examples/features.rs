//! Feature learning: how well a logistic probe and nearest neighbours find the class of a digit,
//! from pixels and from codes.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::data::prepare;
use diabolo::task::{LabelledParts, score_features};
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    Preset::Features.apply(&mut config);
    config.set("data.label=label")?;
    config.set("training.epochs=10")?;
    let fitted = FitJob::input("digits").config(config.clone()).run()?;
    let saved = fitted.predictor.saved();
    let rows = LabelledParts::new("digits", prepare("digits", &config.data, 0)?)?;
    let codes = rows.codes(&saved.model, fitted.predictor.device());
    for (name, rows) in [("pixels", &rows), ("codes", &codes)] {
        let scores = score_features(rows, 0)?;
        println!(
            "{name:<8} logistic probe {:.3}, nearest neighbours {:.3}, k-means NMI {:.3}",
            scores.probe_accuracy, scores.neighbours_accuracy, scores.nmi
        );
    }
    Ok(())
}
