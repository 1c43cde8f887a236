//! Comparison of models trained on the same rows.
//!
//! A [`Study`] names the models: the families of a [`Plan`], or the settings of a
//! [`Sweep`](crate::task::sweep::Sweep). Each of its seeds determines a split of the rows, and all
//! noise in the measurements. All models use the same training, validation and test rows and the
//! same noise, and are trained from several initial weights, if that is asked for.
//!
//! The families of a plan have codes of equal width; deterministic ones have the same layers,
//! activations, tying and learning rate, so that they differ by their objective only.
//! Likelihoods are those that a fit chooses.

mod measure;
mod plan;
mod run;
mod split;

use std::collections::BTreeMap;

use diabolo_report::comparison::SUBJECT;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Config;
use crate::data::read::is_stream;
use crate::data::{DataConfig, Prepared};
use crate::model::{Architecture, Model};
use crate::objective::Corruption;
use crate::tensor::Device;
use crate::train::Hooks;
use crate::{Error, Result};

pub use measure::{DISTANCES, NOISE};
pub use plan::Plan;
pub use run::compare;

pub use diabolo_report::comparison::RAW_INPUT;

/// Number of splits used even where they take longer than [`Study::seconds`]: fewer hardly decide
/// anything.
pub const LEAST_SEEDS: usize = 3;

/// What is trained and measured: several models on the same rows.
pub trait Study {
    /// The rows: any input of [`prepare`](crate::data::prepare) that can be read repeatedly.
    fn input(&self) -> &str;

    /// How the rows are read and split, for all models.
    fn data(&self) -> &DataConfig;

    /// The seeds of the splits.
    fn seeds(&self) -> &[u64];

    /// How often each model is trained on a split.
    fn initializations(&self) -> usize;

    /// Seconds that training and measuring may take: of the seeds only the first few are used that
    /// fit in at the pace of the first, [`LEAST_SEEDS`] at least. `None`: all are used.
    fn seconds(&self) -> Option<f64> {
        None
    }

    /// Number of models.
    fn models(&self) -> usize;

    /// Validates what does not depend on the rows.
    fn validate(&self) -> Result<()>;

    /// The models with configurations resolved for the rows, to be trained with this seed.
    fn candidates(&self, prepared: &Prepared, seed: u64) -> Result<Vec<Candidate>>;

    /// The settings that determine the results.
    fn asked(&self) -> Result<Value>;
}

/// Validates a study.
///
/// # Errors
/// [`Error::InvalidValue`]; [`Error::Config`] for conditions.
pub fn validate(study: &dyn Study) -> Result<()> {
    study.validate()?;
    if study.seeds().is_empty() {
        return Err(Error::invalid_value("seeds", "1 or more", 0));
    }
    if study.initializations() == 0 {
        return Err(Error::invalid_value("initializations", "1 or more", 0));
    }
    let condition = &study.data().condition;
    if !condition.is_empty() {
        let expected = "no columns, since test rows are measured without conditions";
        return Err(Error::config("condition", expected, condition.join(", ")));
    }
    if is_stream(study.input()) {
        let expected = "a file, a folder or a built-in set, since every seed reads it again";
        return Err(Error::invalid_value("input", expected, "a stream"));
    }
    Ok(())
}

/// The metrics of one model on one split, from one set of initial weights.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trial {
    /// The name of the [`Candidate`], or [`RAW_INPUT`].
    pub model: String,
    /// The seed of the split.
    pub seed: u64,
    /// The number of the initial weights, from 0.
    #[serde(default)]
    pub initialization: usize,
    /// Metrics by name; undefined ones are absent.
    pub measures: BTreeMap<String, f64>,
    /// Curves by name, as (x, y).
    pub curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// The terms of the objective on test rows by name: nats per example, and the term's weight.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, (f64, f64)>,
    /// What [`alignment`](crate::stats::alignment) compares of the codes of some test rows, if
    /// there are several initial weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub geometry: Vec<f32>,
    /// Seconds of training and measuring.
    #[serde(default)]
    pub seconds: f64,
    /// Reconstructions of the shown images; for the first split and initial weights only.
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
    /// Its unique name, such as that of its family.
    pub name: String,
    /// The resolved configuration.
    pub config: Config,
    /// The architecture.
    pub architecture: Architecture,
}

impl Candidate {
    /// Resolves the configuration for these rows.
    pub(super) fn new(name: String, mut config: Config, prepared: &Prepared) -> Result<Self> {
        let architecture = config.resolve(prepared)?;
        Ok(Candidate { name, config, architecture })
    }

    /// Number of parameters.
    pub fn weights(&self) -> usize {
        let model = Model::new(&self.architecture, self.config.training.seed, &Device::cpu());
        crate::tensor::Module::num_params(&model)
    }

    /// Whether both have the same likelihood, so that nats are comparable.
    pub fn has_likelihood_of(&self, other: &Candidate) -> bool {
        self.architecture.likelihood == other.architecture.likelihood
    }
}

/// The model with whose nats those of others are compared: the subject of all claims, if it is
/// there, else the first.
fn reference(candidates: &[Candidate]) -> Option<&Candidate> {
    candidates.iter().find(|candidate| candidate.name == SUBJECT).or(candidates.first())
}

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct ComparisonResult {
    /// The models, with the configuration for the first seed.
    pub candidates: Vec<Candidate>,
    /// The seeds of the splits.
    pub seeds: Vec<u64>,
    /// How often each model was trained on a split.
    pub initializations: usize,
    /// What the denoising models were trained to remove, which test rows get, too.
    pub corruption: Option<Corruption>,
    /// For each split: one trial for each model and initial weights, and one for the raw input.
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

impl ComparisonResult {
    /// Whether all models have the same likelihood, so that their nats are comparable.
    pub fn has_one_likelihood(&self) -> bool {
        let first = self.candidates.first();
        self.candidates.iter().all(|c| first.is_some_and(|first| c.has_likelihood_of(first)))
    }
}

/// Callbacks during a comparison.
pub trait Observer: Hooks<Model> {
    /// So many splits will be used.
    fn planned(&mut self, _seeds: usize) {}
    /// A model starts to train on the split of `seed`. An error ends the comparison.
    fn begins(&mut self, _candidate: &Candidate, _seed: u64, _initialization: usize) -> Result<()> {
        Ok(())
    }
    /// A model was measured. An error ends the comparison.
    fn finished(&mut self, _trial: &Trial) -> Result<()> {
        Ok(())
    }
}

impl Observer for () {}
