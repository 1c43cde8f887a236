//! How good codes are as features of labelled rows: probes on them as they are, or fine-tuning.

use super::Predictor;
use crate::data::{DataConfig, prepare};
use crate::model::{Autoencoder, Classifier};
use crate::random::{Purpose, stream};
use crate::task::{FeatureScores, FineTuned, LabelledParts, fine_tune, score_features};
use crate::train::{EpochRecord, Hooks, Progress, TrainingConfig};
use crate::{Error, Result};

/// The labelled rows of a fit, split as the fit split them.
pub struct FeatureEvaluation {
    rows: LabelledParts,
}

/// What [`FeatureEvaluation::fine_tune`] reports while it runs.
#[non_exhaustive]
pub enum FineTuneEvent<'a> {
    /// A step of the optimizer.
    Step(&'a Progress<'a>),
    /// An epoch, with the maximum number of epochs.
    Epoch(&'a EpochRecord, usize),
    /// The result of a seed, with the initial weights: "pretrained" or "random".
    Tuned(u64, &'static str, &'a FineTuned),
}

/// The results of fine-tuning, one per seed.
pub struct FineTuning {
    /// The settings, resolved.
    pub training: TrainingConfig,
    /// From the weights of the model.
    pub pretrained: Vec<FineTuned>,
    /// From random weights; empty without a baseline.
    pub random: Vec<FineTuned>,
}

impl FeatureEvaluation {
    /// Reads the rows that the model was fitted on.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a conditional model; [`Error::Data`] if the data has changed since
    /// the fit, or has no label column.
    pub fn new(predictor: &Predictor, data: &DataConfig) -> Result<Self> {
        let saved = predictor.saved();
        if saved.architecture.condition > 0 {
            // Its code leaves out the condition, which may be the label.
            let reason = "give a model fitted without --condition";
            return Err(Error::conflict("features", "a conditional model", reason));
        }
        let source = predictor.source_data()?;
        if !source.unchanged {
            let expected = "the data that the model was fitted on";
            let help = "restore it: other contents would be split into other rows";
            return Err(Error::data(&source.input, expected, "other contents", help));
        }
        let prepared = prepare(&source.input, data, saved.header.config.training.seed)?;
        Ok(FeatureEvaluation { rows: LabelledParts::new(&source.input, prepared)? })
    }

    /// The rows.
    pub fn rows(&self) -> &LabelledParts {
        &self.rows
    }

    /// The scores of the input itself, and of the codes.
    ///
    /// # Errors
    /// If a probe cannot be fitted.
    pub fn scores(&self, predictor: &Predictor) -> Result<[FeatureScores; 2]> {
        let (saved, device) = (predictor.saved(), predictor.device());
        let seed = saved.header.config.training.seed;
        let codes = self.rows.codes(&saved.model, device);
        Ok([score_features(&self.rows, seed)?, score_features(&codes, seed)?])
    }

    /// Trains the encoder under a softmax layer with `repeats` seeds, and with `baseline` the same
    /// network from random weights.
    ///
    /// # Errors
    /// [`Error::Diverged`], and if the settings are invalid.
    pub fn fine_tune(
        &self,
        predictor: &Predictor,
        mut training: TrainingConfig,
        (repeats, baseline): (u64, bool),
        on_event: &mut dyn FnMut(FineTuneEvent),
    ) -> Result<FineTuning> {
        training.resolve(self.rows.train.rows, 1e-3)?;
        let (device, classes) = (predictor.device(), self.rows.classes.len());
        let layers = predictor.saved().model.encoder();
        let mut found = FineTuning { training: training.clone(), pretrained: vec![], random: vec![] };
        for seed in (0..repeats).map(|repeat| training.seed.wrapping_add(repeat)) {
            let training = TrainingConfig { seed, ..training.clone() };
            let noise = &mut stream(seed, Purpose::InitializeClassifier, 0, 0);
            let mut tune = |weights: &'static str, classifier: Classifier| -> Result<FineTuned> {
                let epochs = training.epochs.unwrap_or_default();
                let mut watch = Watch { on_event, epochs };
                let (_, result) = fine_tune(classifier, &self.rows, &training, device, &mut watch)?;
                on_event(FineTuneEvent::Tuned(seed, weights, &result));
                Ok(result)
            };
            let pretrained =
                Classifier::new(predictor.saved().model.encoder().cloned(), classes, noise, device);
            found.pretrained.push(tune("pretrained", pretrained)?);
            if baseline {
                let random = Classifier::untrained(&layers, classes, noise, device);
                found.random.push(tune("random", random)?);
            }
        }
        Ok(found)
    }
}

struct Watch<'a> {
    on_event: &'a mut dyn FnMut(FineTuneEvent),
    epochs: usize,
}

impl Hooks<Classifier> for Watch<'_> {
    fn step(&mut self, progress: &Progress) {
        (self.on_event)(FineTuneEvent::Step(progress));
    }

    fn epoch(&mut self, record: &EpochRecord) {
        (self.on_event)(FineTuneEvent::Epoch(record, self.epochs));
    }
}
