//! `model.safetensors`: a self-contained model.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::container::{self, Part, broken, parsed};
use super::kind::ModelKind;
use super::weights::{self, HostTensor};
use super::{detector, summary, write_atomically};
use crate::config::Config;
use crate::data::Preprocessor;
use crate::data::read::fingerprint;
use crate::evaluate::{AggregatePosterior, Detector, LatentSummary};
use crate::model::{Architecture, Model};
use crate::tensor::Device;
use crate::{Error, Result};

/// The format version that this program writes, and the newest one that it reads.
/// Version 2 renamed keys of version 1, which are read as aliases.
pub const FORMAT_VERSION: u64 = 2;

/// Everything in a model file that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u64,
    /// The version of diabolo that wrote it.
    pub diabolo_version: String,
    /// The resolved configuration.
    pub config: Config,
    /// The preprocessor, with the schema.
    pub preprocessor: Preprocessor,
    /// The data it was fitted on.
    pub source: SourceRecord,
    /// The record of training.
    pub training: TrainingRecord,
    /// The rows that scores are compared with, if not those held out of the fit: the input of
    /// [`calibrate`](crate::Predictor::calibrate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated_on: Option<String>,
}

/// The data a model was fitted on: enough to recognize it, but no rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecord {
    /// Path or built-in name, as given.
    pub input: String,
    /// SHA-256 of the file; absent for a stream.
    pub fingerprint: Option<String>,
    /// Number of rows.
    pub rows: usize,
    /// Number of training, validation and test rows.
    pub split: [usize; 3],
    /// The default input of `evaluate`, if the data set has its own test part.
    pub test_input: Option<String>,
}

impl SourceRecord {
    /// Whether `input` has the contents that the model was fitted on.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn is(&self, input: &str) -> Result<bool> {
        Ok(self.fingerprint.is_some() && fingerprint(input)? == self.fingerprint)
    }
}

/// The record of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// Number of epochs.
    pub epochs: usize,
    /// The epoch of the weights; `None` if no epoch was completed.
    pub best_epoch: Option<usize>,
    /// "finished", "early_stopped", "time_limit", "interrupted" or "diverged"; "time_up" in older
    /// files.
    #[serde(alias = "ended")]
    pub stop_reason: String,
}

/// A fitted model with everything needed to use it.
#[derive(Clone)]
pub struct SavedModel {
    /// Everything except tensors.
    pub header: Header,
    /// The architecture, from the header's configuration.
    pub architecture: Architecture,
    /// The weights, without autodiff.
    pub model: Model,
    /// A summary of the codes of the training rows, from which families without a prior generate.
    pub latent: Option<LatentSummary>,
    /// For variational models whose code is a map: where new codes are drawn from.
    pub aggregate: Option<AggregatePosterior>,
    /// The anomaly detector; old files have none.
    pub detector: Option<Detector>,
}

impl SavedModel {
    /// Writes the file atomically.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if [`load`](Self::load) would refuse the file or return another
    /// architecture, because the fields are invalid or inconsistent. [`Error::Io`] if it cannot be
    /// written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// The file's bytes, validated by reading them.
    ///
    /// # Errors
    /// As [`save`](Self::save), except I/O errors.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let refused = |problem: String| Error::Unsupported {
            what: format!("the model cannot be saved, because it could not be loaded: {problem}"),
            help: "save the header, weights and summaries of one fit, unchanged".into(),
        };
        let json = serde_json::to_value(&self.header).map_err(|cause| refused(cause.to_string()))?;
        let tensors = weights::export(&self.model).into_iter().chain(summary::export(self.latent.as_ref()));
        let tensors = tensors.chain(summary::export_aggregate(self.aggregate.as_ref()));
        let tensors = tensors.chain(detector::export(self.detector.as_ref()));
        let parts = tensors.map(|(name, tensor)| (name, Part::Floats(tensor))).collect();
        // What the caller changed is no fault of the program.
        let as_refused = |error: Error| match error {
            Error::Artifact { problem, .. } => refused(problem),
            Error::Internal { what } => refused(what),
            other => other,
        };
        let bytes = container::to_bytes(parts, json).map_err(as_refused)?;
        let loaded = Self::from_bytes(Path::new("model"), &bytes, &Device::cpu()).map_err(as_refused)?;
        match loaded.architecture == self.architecture {
            true => Ok(bytes),
            false => Err(refused("its architecture is not that of its configuration".into())),
        }
    }

    /// Reads and checks a model file.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is truncated, modified, not a model file, from a newer version, or
    /// inconsistent with its configuration; [`Error::Unsupported`] if it has a likelihood that this
    /// program has not [registered](crate::distribution::register); [`Error::Io`] if it cannot be
    /// read.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::from_bytes(path, &bytes, device)
    }

    /// [`load`](Self::load) from bytes in memory; `path` is their name in messages.
    pub fn from_bytes(path: &Path, bytes: &[u8], device: &Device) -> Result<Self> {
        let (parts, mut json) = container::from_bytes(path, bytes, FORMAT_VERSION)?;
        let broken = |problem: String| broken(path, problem);
        ModelKind::Autoencoder.check(path, &json)?;
        migrate(&mut json);
        refuse_removed(path, &json)?;
        let mut header: Header = parsed(path, json)?;
        // Columns of old files do not hold these words; for others nothing changes.
        header.preprocessor.set_missing(&header.config.data.missing);
        // Old files name other networks only.
        header.config.model.network.get_or_insert_default();
        for family in header.config.model.likelihood.values() {
            family.check_registered()?;
        }
        let architecture = header
            .config
            .model
            .clone()
            .resolve(&header.preprocessor.blocks(), true)
            .and_then(|architecture| architecture.conditioned_on(header.preprocessor.condition_width()))
            .map_err(|cause| broken(format!("its configuration is invalid ({cause})")))?;
        let mut tensors = floats(parts).ok_or_else(|| broken("it contains unknown tensors".into()))?;
        let latent = summary::import(&mut tensors, architecture.latent_dim).map_err(broken)?;
        let aggregate = summary::import_aggregate(&mut tensors, architecture.latent_dim).map_err(broken)?;
        let detector =
            detector::import(&mut tensors, &header.preprocessor, architecture.latent_dim).map_err(broken)?;
        // Checked before the configuration determines allocations.
        let held: usize = tensors.values().map(|t| t.values.len()).sum();
        if architecture.least_parameters() > held {
            return Err(broken(format!("it has {held} weights, fewer than its configuration requires")));
        }
        let model = weights::import(Model::new(&architecture, 0, device), tensors, device).map_err(broken)?;
        Ok(SavedModel { header, architecture, model, latent, aggregate, detector })
    }
}

/// Old files have `model.image_likelihood` for pixels instead of a likelihood by column.
fn migrate(header: &mut serde_json::Value) {
    let has_pixels = header
        .pointer("/preprocessor/schema/features")
        .and_then(serde_json::Value::as_array)
        .is_some_and(|features| features.iter().any(|f| f.pointer("/kind/kind") == Some(&"image".into())));
    let model = header.pointer_mut("/config/model").and_then(serde_json::Value::as_object_mut);
    if let Some(model) = model
        && let Some(pixels) = model.remove("image_likelihood")
        && has_pixels
    {
        model.insert("likelihood".into(), serde_json::json!({ "pixels": pixels }));
    }
}

/// Multi-scale models once had several networks, and centres of the training rows.
fn refuse_removed(path: &Path, header: &serde_json::Value) -> Result<()> {
    let family = &header["config"]["model"]["family"];
    let found = ["members", "centers"].into_iter().find(|key| family.get(key).is_some());
    found.filter(|_| family["kind"] == "multiscale").map_or(Ok(()), |key| {
        Err(Error::Artifact {
            path: path.into(),
            problem: format!("it has model.family.{key} = {}, which this diabolo no longer has", family[key]),
            help: "fit the model again, or read it with the diabolo that wrote it".into(),
        })
    })
}

pub(super) fn floats(parts: BTreeMap<String, Part>) -> Option<BTreeMap<String, HostTensor>> {
    parts
        .into_iter()
        .map(|(name, part)| match part {
            Part::Floats(tensor) => Some((name, tensor)),
            Part::Bytes(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn header(kind: &str) -> serde_json::Value {
        json!({
            "config": { "model": { "latent_dim": 2, "image_likelihood": "gaussian" } },
            "preprocessor": { "schema": { "features": [{ "name": "x", "kind": { "kind": kind } }] } },
        })
    }

    #[test]
    fn old_image_likelihood_key_is_read() {
        let mut pictures = header("image");
        migrate(&mut pictures);
        assert_eq!(
            pictures["config"]["model"],
            json!({ "latent_dim": 2, "likelihood": { "pixels": "gaussian" } })
        );
        // The files of tables had the key too, without meaning.
        let mut table = header("numeric");
        migrate(&mut table);
        assert_eq!(table["config"]["model"], json!({ "latent_dim": 2 }));
    }

    #[test]
    fn old_models_of_several_networks_or_with_centres_are_refused() {
        let file = |family| json!({ "config": { "model": { "family": family } } });
        let refused =
            |family| refuse_removed(Path::new("m"), &file(family)).map_err(|error| error.to_string());
        let said = refused(json!({ "kind": "multiscale", "members": 2 })).unwrap_err();
        assert!(said.contains("model.family.members = 2") && said.contains("fit the model again"), "{said}");
        let said = refused(json!({ "kind": "multiscale", "centers": [16, 64] })).unwrap_err();
        assert!(said.contains("model.family.centers = [16,64]"), "{said}");
        assert_eq!(refused(json!({ "kind": "multiscale", "leave_out": true })), Ok(()));
    }
}
