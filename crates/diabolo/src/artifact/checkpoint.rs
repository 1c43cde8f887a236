//! `checkpoint/checkpoint.safetensors`: the full state of training in one file, replaced
//! atomically.

use std::collections::BTreeMap;
use std::path::Path;

use super::FORMAT_VERSION;
use super::container::{self, Part};
use super::weights::HostTensor;
use super::{weights, write_atomically};
use crate::tensor::{Device, Module, OptimizerState, ParameterState};
use crate::train::{Resume, Snapshot, State};
use crate::{Error, Result};

/// Writes a snapshot atomically.
pub fn write_checkpoint<M: Module>(path: &Path, snapshot: &Snapshot<M>) -> Result<()> {
    let unwritable = |cause: String| {
        Error::internal(format!("{}: the checkpoint cannot be written: {cause}", path.display()))
    };
    let state = serde_json::to_value(snapshot.state).map_err(|cause| unwritable(cause.to_string()))?;
    let mut parts = BTreeMap::new();
    for (group, model) in [("model", snapshot.model), ("best", snapshot.best)] {
        for (name, tensor) in weights::export(model) {
            parts.insert(format!("{group}.{name}"), Part::Floats(tensor));
        }
    }
    let mut steps = BTreeMap::new();
    let parameters = weights::in_order(snapshot.model);
    for ((name, parameter), state) in parameters.into_iter().zip(snapshot.optimizer.states()) {
        for (group, values) in MOMENTS.into_iter().zip(state.moments(&parameter)) {
            let tensor = HostTensor { shape: parameter.shape(), values };
            parts.insert(format!("{group}.{name}"), Part::Floats(tensor));
        }
        if !state.received.is_empty() {
            let counts = state.received.iter().flat_map(|&count| (count as u64).to_le_bytes());
            parts.insert(format!("{RECEIVED}.{name}"), Part::Bytes(counts.collect()));
        }
        steps.insert(name, state.steps);
    }
    let missed = snapshot.optimizer.missed().into_iter().flat_map(f64::to_le_bytes).collect();
    parts.insert(MISSED.into(), Part::Bytes(missed));
    let json = serde_json::json!({ "format_version": FORMAT_VERSION, "state": state, "steps": steps });
    write_atomically(path, &container::to_bytes(parts, json)?)
}

/// The groups of tensors with the optimizer's moments: m and v of Adam, or the velocity alone.
const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];

/// The updates that each row of a parameter has received, where they differ: u64, little-endian.
const RECEIVED: &str = "received";

/// The learning rates of the updates that not all rows have received: f64, little-endian.
const MISSED: &str = "missed";

/// Reads a snapshot into models with the architecture of `model`.
pub fn read_checkpoint<M: Module>(path: &Path, model: &M, device: &Device) -> Result<Resume<M>> {
    let broken = |problem: String| Error::Artifact {
        path: path.into(),
        problem,
        help: "start a new run; an existing model.safetensors is not affected".into(),
    };
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let (mut parts, json) = container::from_bytes(path, &bytes, FORMAT_VERSION)?;
    if parts.remove("optimizer").is_some() {
        return Err(broken("an earlier version of diabolo wrote it".into()));
    }
    let state: State = serde_json::from_value(json["state"].clone())
        .map_err(|cause| broken(format!("its state is damaged ({cause})")))?;
    let mut groups: BTreeMap<&str, BTreeMap<String, HostTensor>> =
        ["model", "best", MOMENTS[0], MOMENTS[1]].map(|group| (group, BTreeMap::new())).into();
    let (mut received, mut missed) = (BTreeMap::new(), vec![]);
    for (name, part) in parts {
        if let Part::Bytes(bytes) = part {
            match name.strip_prefix(RECEIVED).and_then(|name| name.strip_prefix('.')) {
                Some(name) => drop(received.insert(name.to_string(), words(&bytes, u64::from_le_bytes))),
                None if name == MISSED => missed = words(&bytes, f64::from_le_bytes),
                None => return Err(broken(format!("unknown bytes {name}"))),
            }
            continue;
        }
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
    let (model, best) = (restore("model")?, restore("best")?);
    let mut parameters = vec![];
    for (name, parameter) in weights::in_order(&model) {
        let steps = json["steps"][&name].as_u64().unwrap_or(0) as usize;
        let moments = MOMENTS.iter().filter_map(|group| groups.get_mut(group)?.remove(&name));
        let moments: Vec<HostTensor> = moments.collect();
        if moments.iter().any(|moment| moment.shape != parameter.shape()) {
            return Err(broken(format!("the optimizer's state of tensor {name} has another shape")));
        }
        let moments = moments.into_iter().map(|moment| moment.values).collect();
        let mut state = ParameterState::new(steps, moments, &parameter, device);
        let counts: Vec<u64> = received.remove(&name).unwrap_or_default();
        state.received = counts.into_iter().map(|count| count as usize).collect();
        if !state.is_consistent(&parameter) {
            return Err(broken(format!("the updates of tensor {name} do not fit its rows")));
        }
        parameters.push(state);
    }
    Ok(Resume { model, best, optimizer: OptimizerState { parameters, missed }, state })
}

/// Numbers of eight bytes each.
fn words<T>(bytes: &[u8], of: fn([u8; 8]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|word| of(*word)).collect()
}
