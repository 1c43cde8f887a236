//! Comparison of several model families with the same rows, splits, budget and seeds.
//!
//! Each seed determines a split of the rows, and all noise. All models use the same training,
//! validation and test rows and the same noise. Deterministic families have the same layers,
//! activations, tying and learning rate, so that they differ by their objective only.

mod measure;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::data::read::is_stream;
use crate::data::{BlockKind, Encoded, Labels, Prepared, prepare};
use crate::distribution::Family;
use crate::model::{Architecture, FamilyConfig, Model};
use crate::random::{Purpose, permutation, stream};
use crate::tensor::Device;
use crate::train::{self, EpochRecord, Hooks, StopReason, TrainingData};
use crate::{Error, Result};

pub use measure::{DISTANCES, NOISE};

pub use diabolo_report::comparison::RAW_INPUT;

/// Number of shown images per model.
const PICTURES: usize = 8;

/// The plan of a comparison.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Any input of [`prepare`] that can be read repeatedly, so not `-`.
    pub input: String,
    /// One configuration per model, with its family in `model.family`; all have the same `data`.
    pub models: Vec<Config>,
    /// The decoders of deterministic models share the encoder's weights.
    pub tied: bool,
    /// The seeds; each determines the split, initial weights, order of rows, and noise.
    pub seeds: Vec<u64>,
    /// Seconds that training and measuring may take: of `seeds` only the first few are used that
    /// fit in at the pace of the first seed, [`LEAST_SEEDS`] at least. `None`: all are used.
    pub seconds: Option<f64>,
}

/// Number of seeds used even where they take longer than [`Plan::seconds`]: fewer hardly decide
/// anything.
pub const LEAST_SEEDS: usize = 3;

/// The metrics of one model for one seed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trial {
    /// The family's name, or [`RAW_INPUT`].
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// Metrics by name; undefined ones are absent.
    pub measures: BTreeMap<String, f64>,
    /// Curves by name, as (x, y).
    pub curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// Seconds of training and measuring.
    #[serde(default)]
    pub seconds: f64,
    /// Reconstructions of the shown images; for the first seed only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<TrialPictures>,
}

/// Images, row-major, in the order of [`ComparisonResult::originals`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrialPictures {
    /// Reconstructions of the clean images.
    pub reconstructions: Vec<Vec<f32>>,
    /// Reconstructions of the noisy images.
    pub restored: Vec<Vec<f32>>,
    /// New images, from the prior if there is one, else from the contractive walk.
    pub samples: Vec<Vec<f32>>,
}

/// A compared model.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The resolved configuration.
    pub config: Config,
    /// The architecture.
    pub architecture: Architecture,
    /// Number of parameters.
    pub weights: usize,
    /// Whether its likelihood is that of the first model, so that nats are comparable.
    pub same_likelihood: bool,
}

impl Candidate {
    /// The family's name.
    pub fn name(&self) -> &'static str {
        self.architecture.family.name()
    }
}

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct ComparisonResult {
    /// The models, with the configuration for the first seed.
    pub candidates: Vec<Candidate>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// One trial for each model and seed, and for the raw input.
    pub trials: Vec<Trial>,
    /// Number of training, validation and test rows.
    pub split: [usize; 3],
    /// Number of encoded columns.
    pub width: usize,
    /// Classes of the label column, if there are suitable labels.
    pub classes: Option<usize>,
    /// Notes for the reader, one sentence each.
    pub notes: Vec<String>,
    /// Height, width, channels, if rows are images.
    pub picture_shape: Option<(usize, usize, usize)>,
    /// Held-out images.
    pub originals: Vec<Vec<f32>>,
    /// The same images with noise.
    pub noisy: Vec<Vec<f32>>,
}

/// Callbacks during a comparison.
pub trait Observer: Hooks<Model> {
    /// So many seeds will be used.
    fn planned(&mut self, _seeds: usize) {}
    /// A model starts to train. An error ends the comparison.
    fn begins(&mut self, _contestant: &Candidate, _seed: u64) -> Result<()> {
        Ok(())
    }
    /// A model was measured. An error ends the comparison.
    fn finished(&mut self, _trial: &Trial) -> Result<()> {
        Ok(())
    }
}

impl Observer for () {}

/// Trains and evaluates all models with all seeds, except those in `done`. `None` if interrupted by
/// the observer.
///
/// # Errors
/// If the plan is invalid, the data cannot be read, or a model diverges.
pub fn compare(
    plan: &Plan,
    mut done: Vec<Trial>,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Option<ComparisonResult>> {
    plan.validate()?;
    let mut result: Option<ComparisonResult> = None;
    let mut seeds = plan.seeds.len();
    for (number, &seed) in plan.seeds.iter().enumerate() {
        if number == seeds {
            break;
        }
        let arena = SeedSplit::new(plan, seed)?;
        let candidates = plan.candidates(&arena.prepared, seed, device)?;
        let result = result.get_or_insert_with(|| arena.describe(plan, candidates.clone()));
        let find =
            |trials: &[Trial], model: &str| trials.iter().position(|t| t.model == model && t.seed == seed);
        for candidate in &candidates {
            let trial = match find(&done, candidate.name()) {
                Some(at) => done.swap_remove(at),
                None => match arena.trial(candidate, seed, number == 0, device, observer)? {
                    Some(trial) => trial,
                    None => return Ok(None),
                },
            };
            result.trials.push(trial);
        }
        if number == 0 {
            seeds = plan.affordable_seeds(result.trials.iter().map(|trial| trial.seconds).sum());
            result.seeds.truncate(seeds);
            observer.planned(seeds);
        }
        result.trials.push(arena.baseline(seed)?);
    }
    Ok(result)
}

impl Plan {
    /// How many seeds are used if the first takes so many seconds.
    fn affordable_seeds(&self, first: f64) -> usize {
        let affordable = self.seconds.map_or(f64::INFINITY, |seconds| seconds / first.max(1e-9));
        // A cast saturates.
        (affordable as usize).max(LEAST_SEEDS).min(self.seeds.len())
    }

    /// Validates the plan.
    pub fn validate(&self) -> Result<()> {
        let names: Vec<&str> = self.models.iter().map(|c| c.model.family.name()).collect();
        if names.len() < 2 {
            return Err(Error::invalid_value("models", "at least two families", names.join(", ")));
        }
        if let Some(name) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
            return Err(Error::invalid_value("models", "each family once", format!("{} twice", name.1)));
        }
        if self.seeds.is_empty() {
            return Err(Error::invalid_value("seeds", "1 or more", 0));
        }
        if is_stream(&self.input) {
            let expected = "a file, a folder or a built-in set, since every seed reads it again";
            return Err(Error::invalid_value("input", expected, "a stream"));
        }
        Ok(())
    }

    /// The models with configurations resolved for the data.
    fn candidates(&self, prepared: &Prepared, seed: u64, device: &Device) -> Result<Vec<Candidate>> {
        let blocks = prepared.preprocessor.blocks();
        let black_and_white = prepared.train.is_black_and_white();
        let mut candidates: Vec<Candidate> = Vec::new();
        for asked in &self.models {
            let mut config = asked.clone();
            config.training.seed = seed;
            if config.model.family.is_layered() {
                config.set(&format!("model.family.tied={}", self.tied))?;
                // Open values are those of a contractive model for these rows.
                let mut reference = asked.model.clone();
                reference.family = FamilyConfig::named("contractive")?;
                let shared = reference.resolve(&blocks, black_and_white)?;
                config.model.hidden = Some(shared.hidden);
                config.model.latent_dim = Some(shared.latent_dim);
                config.model.activation = Some(shared.activation);
                if matches!(config.model.family, FamilyConfig::Plain { .. }) {
                    config.model.latent_activation = Some(shared.latent_activation);
                }
            }
            // The same distribution of pixels, so that nats are comparable.
            let has_pixels = blocks.iter().any(|block| block.kind == BlockKind::Pixels);
            if has_pixels && !asked.model.chooses_pixels(&blocks) {
                config.model.likelihood.insert("pixels".into(), Family::Bernoulli);
            }
            if !config.model.family.is_layered() {
                config.training.pretrain_epochs = 0;
            }
            let architecture = config.resolve(prepared)?;
            let model = Model::new(&architecture, seed, device);
            let first = candidates.first().map_or(&architecture, |c| &c.architecture);
            candidates.push(Candidate {
                weights: crate::tensor::Module::num_params(&model),
                same_likelihood: first.likelihood == architecture.likelihood,
                config,
                architecture,
            });
        }
        Ok(candidates)
    }
}

/// The rows for one seed.
struct SeedSplit {
    prepared: Prepared,
    test: Encoded,
    classes: std::result::Result<Classes, String>,
    /// Test rows in random order.
    order: Vec<usize>,
    seed: u64,
}

/// The labelled rows as (row, class), for training, validation, test.
struct Classes {
    parts: [Vec<(usize, u32)>; 3],
    count: usize,
}

impl SeedSplit {
    fn new(plan: &Plan, seed: u64) -> Result<Self> {
        let data = &plan.models[0].data;
        let prepared = prepare(&plan.input, data, seed)?;
        if prepared.test.num_rows() == 0 {
            return Err(Error::config("test", "a fraction above 0: models are compared on test rows", 0));
        }
        let test = prepared.preprocessor.encode(&plan.input, &prepared.test, 0)?;
        let order = permutation(&mut stream(seed, Purpose::ComparedRows, 0, 0), test.rows);
        Ok(SeedSplit { classes: Classes::of(&plan.input, &prepared), test, order, prepared, seed })
    }

    fn describe(&self, plan: &Plan, candidates: Vec<Candidate>) -> ComparisonResult {
        let shape = self.prepared.preprocessor.schema.image_shape();
        let shown = self.order[..self.order.len().min(PICTURES)].to_vec();
        let pictures = |rows: &Encoded| match shape {
            Some(_) => rows.select(&shown).values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect(),
            None => vec![],
        };
        let mut notes = self.prepared.warnings.clone();
        notes.extend(self.classes.as_ref().err().cloned());
        if candidates.iter().any(|c| !c.same_likelihood) {
            notes.push(
                "Models with another likelihood than the first have no values in nats, since those are not comparable. \
                 Compare squared errors."
                    .into(),
            );
        }
        ComparisonResult {
            candidates,
            seeds: plan.seeds.clone(),
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
        seed: u64,
        pictures: bool,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Option<Trial>> {
        observer.begins(candidate, seed)?;
        let start = Instant::now();
        let data = TrainingData { train: &self.prepared.train, validation: &self.prepared.validation };
        let model = Model::new(&candidate.architecture, seed, device);
        let outcome =
            train::fit_pretrained(model, None, &data, &candidate.config.training, device, observer)?;
        match outcome.stop_reason {
            StopReason::Interrupted => return Ok(None),
            StopReason::Diverged(error) => return Err(error),
            StopReason::Finished | StopReason::EarlyStopped | StopReason::TimeLimit => {}
        }
        let mut trial = measure::model(self, &outcome.model, candidate.same_likelihood, device)?;
        trial.model = candidate.name().into();
        trial.seed = seed;
        trial
            .measures
            .insert("training_seconds".into(), outcome.state.history.iter().map(|r| r.seconds).sum());
        trial.measures.insert("epochs".into(), outcome.state.epoch as f64);
        if candidate.same_likelihood {
            let epochs = candidate.config.training.epochs.unwrap_or_default();
            trial.curves.insert("learning".into(), learning_curve(&outcome.state.history, epochs));
        }
        let samples =
            measure::samples(self, &outcome.model, candidate.architecture.family.has_prior(), device)?;
        if let Some(distance) = measure::energy_distance(self, &samples) {
            trial.measures.insert("sample_energy_distance".into(), distance);
        }
        if pictures && self.prepared.preprocessor.schema.image_shape().is_some() {
            let shown = &self.order[..self.order.len().min(PICTURES)];
            trial.pictures =
                Some(measure::pictures(&outcome.model, &self.test, shown, &samples, seed, device));
        }
        trial.seconds = start.elapsed().as_secs_f64();
        observer.finished(&trial)?;
        Ok(Some(trial))
    }

    /// The metrics of the raw input.
    fn baseline(&self, seed: u64) -> Result<Trial> {
        let mut trial = measure::raw_input(self)?;
        trial.model = RAW_INPUT.into();
        trial.seed = seed;
        Ok(trial)
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

impl Classes {
    /// The labels, or a sentence that explains why there are none.
    fn of(input: &str, prepared: &Prepared) -> std::result::Result<Classes, String> {
        let labels =
            Labels::of(input, prepared).map_err(|cause| format!("Classification is skipped: {cause}."))?;
        let known = |part: Vec<Option<u32>>| {
            part.into_iter().enumerate().filter_map(|(row, class)| Some((row, class?))).collect()
        };
        Ok(Classes { parts: labels.parts.map(known), count: labels.names.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_seeds_as_the_time_allows() {
        let plan = |seconds| Plan {
            input: "digits".into(),
            models: vec![],
            tied: false,
            seeds: (0..10).collect(),
            seconds,
        };
        let seeds = |first| plan(Some(30.0)).affordable_seeds(first);
        assert_eq!([0.0, 1.0, 5.0, 9.0, 600.0].map(seeds), [10, 10, 6, 3, 3]);
        assert_eq!(plan(None).affordable_seeds(600.0), 10);
        assert_eq!(Plan { seeds: vec![7], ..plan(Some(30.0)) }.affordable_seeds(1.0), 1);
    }
}
