//! `checkpoint/checkpoint.safetensors`: the full state of training in one file, replaced
//! atomically.

use std::collections::BTreeMap;
use std::path::Path;

use crate::tensor::Module;

use super::FORMAT_VERSION;
use super::container::{self, Part};
use super::{weights, write_atomically};
use crate::tensor::Device;
use crate::train::{Resume, Snapshot, State};
use crate::{Error, Result};

/// Writes a snapshot atomically.
pub fn write_checkpoint<M: Module>(path: &Path, snapshot: &Snapshot<M>) -> Result<()> {
    let unwritable = |cause: String| {
        Error::internal(format!("{}: the checkpoint cannot be written: {cause}", path.display()))
    };
    let optimizer = snapshot.optimizer.into_bytes().map_err(|cause| unwritable(cause.to_string()))?;
    let state = serde_json::to_value(snapshot.state).map_err(|cause| unwritable(cause.to_string()))?;
    let mut parts = BTreeMap::from([("optimizer".to_string(), Part::Bytes(optimizer.to_vec()))]);
    for (group, model) in [("model", snapshot.model), ("best", snapshot.best)] {
        for (name, tensor) in weights::export(model) {
            parts.insert(format!("{group}.{name}"), Part::Floats(tensor));
        }
    }
    let json = serde_json::json!({ "format_version": FORMAT_VERSION, "state": state });
    write_atomically(path, &container::to_bytes(parts, json)?)
}

/// Reads a snapshot into models with the architecture of `model`.
pub fn read_checkpoint<M: Module>(path: &Path, model: &M, device: &Device) -> Result<Resume<M>> {
    let broken = |problem: String| Error::Artifact {
        path: path.into(),
        problem,
        help: "start a new run; an existing model.safetensors is not affected".into(),
    };
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let (mut parts, json) = container::from_bytes(path, &bytes, FORMAT_VERSION)?;
    let Some(Part::Bytes(optimizer)) = parts.remove("optimizer") else {
        return Err(broken("it has no optimizer state".into()));
    };
    let state: State = serde_json::from_value(json["state"].clone())
        .map_err(|cause| broken(format!("its state is damaged ({cause})")))?;
    let mut groups = BTreeMap::from([("model", BTreeMap::new()), ("best", BTreeMap::new())]);
    for (name, part) in parts {
        let device = name.split_once('.').and_then(|(group, name)| Some((groups.get_mut(group)?, name)));
        match (device, part) {
            (Some((group, name)), Part::Floats(tensor)) => group.insert(name.to_string(), tensor),
            _ => return Err(broken(format!("unknown tensor {name}"))),
        };
    }
    let mut restore = |group: &str| {
        let tensors = groups.remove(group).unwrap_or_default();
        weights::import(model.clone(), tensors, device).map_err(broken)
    };
    Ok(Resume { model: restore("model")?, best: restore("best")?, optimizer, state })
}
