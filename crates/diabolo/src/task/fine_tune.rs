//! Supervised fine-tuning: an encoder with a softmax layer, trained on labelled rows.

use super::LabelledParts;
use crate::Result;
use crate::data::Encoded;
use crate::model::{Classifier, in_chunks};
use crate::tensor::Device;
use crate::train::{Hooks, StopReason, TrainingConfig, TrainingData, fit};

/// The result of fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct FineTuned {
    /// Error rate on the validation rows, at the best epoch.
    pub validation_error: f64,
    /// Error rate on the test rows, with the weights of that epoch.
    pub test_error: f64,
    /// The 1-based epoch with the fewest errors on the validation rows.
    pub best_epoch: usize,
    /// Wall time of the training.
    pub seconds: f64,
}

/// Trains `classifier` on the training rows, keeps the weights with the fewest errors on the
/// validation rows, and evaluates them once on the test rows. `config` must be resolved.
pub fn fine_tune(
    classifier: Classifier,
    rows: &LabelledParts,
    config: &TrainingConfig,
    device: &Device,
    hooks: &mut dyn Hooks<Classifier>,
) -> Result<(Classifier, FineTuned)> {
    let data = TrainingData { train: &rows.train, validation: &rows.validation };
    let outcome = fit(classifier, None, &data, config, device, hooks)?;
    if let StopReason::Diverged(error) = outcome.stop_reason {
        return Err(error);
    }
    let (validation_error, best_epoch) = outcome.state.best.unwrap_or((f64::NAN, 0));
    let test_error = error_rate(&outcome.model, &rows.test, device);
    let seconds = outcome.state.seconds;
    Ok((outcome.model, FineTuned { validation_error, test_error, best_epoch, seconds }))
}

/// Error rate on labelled rows.
pub fn error_rate(classifier: &Classifier, rows: &Encoded, device: &Device) -> f64 {
    let answers = in_chunks(rows, device, |batch| {
        classifier.logits(batch.x).argmax().values().iter().map(|&class| class as f32).collect()
    });
    let classes = rows.classes.iter().flatten();
    let wrong = classes.zip(&answers).filter(|&(&class, &answer)| class != answer as u32).count();
    wrong as f64 / rows.rows.max(1) as f64
}
