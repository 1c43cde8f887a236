//! Training and measuring the models of a study.

use std::time::Instant;

use super::split::SeedSplit;
use super::{
    Candidate, ComparisonResult, LEAST_SEEDS, Observer, RAW_INPUT, Study, Trial, measure, reference, validate,
};
use crate::Result;
use crate::data::Encoded;
use crate::model::Model;
use crate::tensor::Device;
use crate::train::{self, EpochRecord, StopReason, TrainingData};

/// Number of shown images per model.
const PICTURES: usize = 8;
/// From the seed of one set of initial weights to that of the next, far from the seeds of splits.
const NEXT_INITIALIZATION: u64 = 1 << 32;

/// Trains and evaluates all models on all splits, except those in `done`. `None` if interrupted by
/// the observer.
///
/// # Errors
/// If the study is invalid, the data cannot be read, or a model diverges.
pub fn compare(
    study: &dyn Study,
    mut done: Vec<Trial>,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Option<ComparisonResult>> {
    validate(study)?;
    let mut result: Option<ComparisonResult> = None;
    let mut seeds = study.seeds().len();
    for (number, &seed) in study.seeds().iter().enumerate() {
        if number == seeds {
            break;
        }
        let split = SeedSplit::new(study, seed)?;
        let result = result.get_or_insert_with(|| split.describe(study));
        for initialization in 0..study.initializations() {
            for candidate in &split.candidates {
                let same = |trial: &Trial| {
                    (trial.model.as_str(), trial.seed, trial.initialization)
                        == (candidate.name.as_str(), seed, initialization)
                };
                let trial = match done.iter().position(same) {
                    Some(at) => done.swap_remove(at),
                    None => match split.trial(candidate, initialization, number == 0, device, observer)? {
                        Some(trial) => trial,
                        None => return Ok(None),
                    },
                };
                result.trials.push(trial);
            }
        }
        if number == 0 {
            let first = result.trials.iter().map(|trial| trial.seconds).sum();
            seeds = affordable_seeds(study.seconds(), first, seeds);
            result.seeds.truncate(seeds);
            observer.planned(seeds);
        }
        result.trials.push(split.baseline(device)?);
    }
    Ok(result)
}

/// How many of `seeds` are used if the first takes `first` seconds.
fn affordable_seeds(seconds: Option<f64>, first: f64, seeds: usize) -> usize {
    let affordable = seconds.map_or(f64::INFINITY, |seconds| seconds / first.max(1e-9));
    // A cast saturates.
    (affordable as usize).max(LEAST_SEEDS).min(seeds)
}

impl SeedSplit {
    fn describe(&self, study: &dyn Study) -> ComparisonResult {
        let shape = self.prepared.preprocessor.schema.image_shape();
        let shown = self.order[..self.order.len().min(PICTURES)].to_vec();
        let pictures = |rows: &Encoded| match shape {
            Some(_) => rows.select(&shown).values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect(),
            None => vec![],
        };
        let mut notes = self.prepared.warnings.clone();
        notes.extend(self.classes.as_ref().err().cloned());
        let reference = reference(&self.candidates);
        if let Some(reference) = reference.filter(|_| self.candidates.iter().any(|c| !self.has_nats(c))) {
            notes.push(format!(
                "Models with another likelihood than the model '{}' have no values in nats, since those are not \
                 comparable: compare squared errors. A likelihood is the same if its distributions (--likelihood) and \
                 the kind of their variance (--variance) are.",
                reference.name
            ));
        }
        ComparisonResult {
            candidates: self.candidates.clone(),
            seeds: study.seeds().to_vec(),
            initializations: study.initializations(),
            corruption: self.corruption,
            trials: vec![],
            split: [self.prepared.train.rows, self.prepared.validation.rows, self.test.rows],
            width: self.test.width,
            classes: self.classes.as_ref().ok().map(|c| c.count),
            notes,
            picture_shape: shape,
            originals: pictures(&self.test),
            noisy: pictures(&measure::noisy(&self.test, measure::SHOWN_NOISE, self.seed)),
        }
    }

    /// Trains and evaluates one model; `None` if interrupted.
    fn trial(
        &self,
        candidate: &Candidate,
        initialization: usize,
        first: bool,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Option<Trial>> {
        observer.begins(candidate, self.seed, initialization)?;
        let start = Instant::now();
        let data = TrainingData { train: &self.prepared.train, validation: &self.prepared.validation };
        let mut training = candidate.config.training.clone();
        training.seed = self.seed.wrapping_add(initialization as u64 * NEXT_INITIALIZATION);
        let model = Model::new(&candidate.architecture, training.seed, device);
        let outcome = train::fit_pretrained(model, None, &data, &training, device, observer)?;
        match outcome.stop_reason {
            StopReason::Interrupted => return Ok(None),
            StopReason::Diverged(error) => return Err(error),
            StopReason::Finished | StopReason::EarlyStopped | StopReason::TimeLimit => {}
        }
        let mut trial = measure::model(self, &outcome.model, self.has_nats(candidate), device)?;
        trial.model = candidate.name.clone();
        trial.seed = self.seed;
        trial.initialization = initialization;
        trial
            .measures
            .insert("training_seconds".into(), outcome.state.history.iter().map(|r| r.seconds).sum());
        trial.measures.insert("epochs".into(), outcome.state.epoch as f64);
        if self.has_nats(candidate) {
            let epochs = training.epochs.unwrap_or_default();
            trial.curves.insert("learning".into(), learning_curve(&outcome.state.history, epochs));
        }
        let samples =
            measure::samples(self, &outcome.model, candidate.architecture.family.has_prior(), device)?;
        if let Some(distance) = measure::energy_distance(self, &samples) {
            trial.measures.insert("sample_energy_distance".into(), distance);
        }
        let pictures = first && initialization == 0;
        if pictures && self.prepared.preprocessor.schema.image_shape().is_some() {
            let shown = &self.order[..self.order.len().min(PICTURES)];
            trial.pictures =
                Some(measure::pictures(&outcome.model, &self.test, shown, &samples, self.seed, device));
        }
        trial.seconds = start.elapsed().as_secs_f64();
        observer.finished(&trial)?;
        Ok(Some(trial))
    }

    /// The metrics of the raw input.
    fn baseline(&self, device: &Device) -> Result<Trial> {
        Ok(Trial { model: RAW_INPUT.into(), seed: self.seed, ..measure::raw_input(self, device)? })
    }
}

/// The validation reconstruction term by epoch of joint training (the training term without
/// validation rows).
///
/// The first tenth of all `epochs` is omitted, since its large values would flatten the curve.
fn learning_curve(history: &[EpochRecord], epochs: usize) -> Vec<(f64, f64)> {
    let value = |record: &EpochRecord| {
        let terms = if record.validation.is_empty() { &record.train } else { &record.validation };
        terms.get("reconstruction").copied().filter(|v| v.is_finite())
    };
    let shown = history.iter().filter(|record| record.layer.is_none()).skip(epochs / 10);
    shown.filter_map(|record| Some((record.epoch as f64, value(record)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_seeds_as_the_time_allows() {
        let seeds = |first| affordable_seeds(Some(30.0), first, 10);
        assert_eq!([0.0, 1.0, 5.0, 9.0, 600.0].map(seeds), [10, 10, 6, 3, 3]);
        assert_eq!(affordable_seeds(None, 600.0, 10), 10);
        assert_eq!(affordable_seeds(Some(30.0), 1.0, 1), 1);
    }
}
