//! Supervised fine-tuning: an encoder under a softmax classifier, all of it trained on rows with classes.

use arrow_array::RecordBatch;

use super::in_chunks;
use crate::data::{DataConfig, Encoded, Labels, Preprocessor, parts};
use crate::error::{Error, Result};
use crate::model::Classifier;
use crate::nn::{Place, to_host};
use crate::train::{Ended, Hooks, TrainingConfig, TrainingData, fit};

/// The rows of a fit that have a class, in its own parts, each with [`Encoded::classes`].
pub struct LabelledParts {
    /// Rows to learn from.
    pub train: Encoded,
    /// Rows that choose: the penalty, the number of neighbours, the epoch.
    pub validation: Encoded,
    /// Rows that only measure.
    pub test: Encoded,
    /// The classes' names.
    pub classes: Vec<String>,
}

impl LabelledParts {
    /// Reads `input` and splits it as the fit with these settings did; rows without a label are left out.
    ///
    /// # Errors
    /// If there is no label column, or a part has no rows with a class.
    pub fn read(preprocessor: &Preprocessor, input: &str, config: &DataConfig, seed: u64) -> Result<Self> {
        let parts = parts(input, config, seed)?;
        let labels = Labels::find(input, &parts.train, preprocessor.schema.label.as_deref())?;
        let labelled = |rows: &RecordBatch, part: &str| {
            let classes = labels.of(input, rows)?;
            let known: Vec<usize> = (0..classes.len()).filter(|&row| classes[row].is_some()).collect();
            if known.is_empty() {
                let help = "give --validation and --test a share of the rows when fitting";
                return Err(Error::data(input, format!("{part} rows with a label"), "none", help));
            }
            let mut encoded = preprocessor.encode(input, rows, 0)?;
            encoded.classes = Some(classes.into_iter().map(Option::unwrap_or_default).collect());
            Ok(if known.len() == encoded.rows { encoded } else { encoded.select(&known) })
        };
        Ok(LabelledParts {
            train: labelled(&parts.train, "training")?,
            validation: labelled(&parts.validation, "validation")?,
            test: labelled(&parts.test, "test")?,
            classes: labels.names,
        })
    }
}

/// How a fine-tuned classifier does.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct FineTuned {
    /// Share of wrong answers on the validation rows, at the best epoch.
    pub validation_error: f64,
    /// Share of wrong answers on the test rows, with the weights of that epoch.
    pub test_error: f64,
    /// The 1-based epoch with the fewest wrong answers on the validation rows.
    pub best_epoch: usize,
    /// Wall time of the training.
    pub seconds: f64,
}

/// Trains `classifier` on the training rows, keeps the weights that err least on the validation rows, and measures
/// them once on the test rows. `config` must be resolved.
pub fn fine_tune(
    classifier: Classifier,
    rows: &LabelledParts,
    config: &TrainingConfig,
    place: &Place,
    hooks: &mut dyn Hooks<Classifier>,
) -> Result<(Classifier, FineTuned)> {
    let data = TrainingData { train: &rows.train, validation: &rows.validation };
    let outcome = fit(classifier, None, &data, config, place, hooks)?;
    if let Ended::Diverged(error) = outcome.ended {
        return Err(error);
    }
    let (validation_error, best_epoch) = outcome.state.best.unwrap_or((f64::NAN, 0));
    let test_error = error_rate(&outcome.model, &rows.test, place);
    let seconds = outcome.state.seconds;
    Ok((outcome.model, FineTuned { validation_error, test_error, best_epoch, seconds }))
}

/// Share of wrong answers on rows with classes.
pub fn error_rate(classifier: &Classifier, rows: &Encoded, place: &Place) -> f64 {
    let answers = in_chunks(rows, place, |batch| to_host(classifier.logits(batch.x).argmax(1).float()));
    let classes = rows.classes.iter().flatten();
    let wrong = classes.zip(&answers).filter(|&(&class, &answer)| class != answer as u32).count();
    wrong as f64 / rows.rows.max(1) as f64
}
