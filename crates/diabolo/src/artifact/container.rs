//! The safetensors container: named tensors, a JSON header, and a checksum of both.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::weights::HostTensor;
use crate::{Error, Result};

/// The one metadata key. A single key keeps files byte-identical from run to run.
const KEY: &str = "diabolo";
/// Placeholder of the checksum while it is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A tensor as bytes.
pub(super) enum Part {
    Floats(HostTensor),
    Bytes(Vec<u8>),
}

/// Serializes tensors and `json` (an object without a `checksum` key).
pub(super) fn to_bytes(parts: BTreeMap<String, Part>, mut json: serde_json::Value) -> Result<Vec<u8>> {
    let raw: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> =
        parts.into_iter().map(|(name, part)| (name, part.into_raw())).collect();
    json["checksum"] = BLANK.into();
    let blank = json.to_string();
    let sum = checksum(&blank, raw.iter().map(|(name, (_, _, bytes))| (name.as_str(), bytes.as_slice())));
    let metadata = HashMap::from([(KEY.to_string(), blank.replacen(BLANK, &sum, 1))]);
    let damaged = |cause: safetensors::SafeTensorError| {
        Error::internal(format!("the tensors cannot be written: {cause}"))
    };
    let views: Result<Vec<_>> = raw
        .iter()
        .map(|(name, (dtype, shape, bytes))| {
            let view = TensorView::new(*dtype, shape.clone(), bytes);
            let view =
                view.map_err(|cause| Error::internal(format!("tensor {name} cannot be written: {cause}")))?;
            Ok((name, view))
        })
        .collect();
    safetensors::serialize(views?, Some(metadata)).map_err(damaged)
}

/// Reads and validates bytes of [`to_bytes`]: tensors and header; `path` is the file's name in
/// messages.
pub(super) fn from_bytes(
    path: &Path,
    bytes: &[u8],
    newest: u64,
) -> Result<(BTreeMap<String, Part>, serde_json::Value)> {
    let broken = |problem: String| broken(path, problem);
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|cause| broken(format!("this is not a complete safetensors file ({cause})")))?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|m| m.get(KEY))
        .ok_or_else(|| broken("this safetensors file was not written by diabolo".into()))?;
    let mut json: serde_json::Value =
        serde_json::from_str(text).map_err(|cause| broken(format!("its header is damaged ({cause})")))?;
    match json["format_version"].as_u64() {
        Some(version) if version > newest => {
            return Err(Error::Artifact {
                path: path.into(),
                problem: format!(
                    "it has format version {version}; this diabolo reads versions up to {newest}"
                ),
                help: "upgrade diabolo".into(),
            });
        }
        Some(_) => {}
        None => return Err(broken("its header has no format_version".into())),
    }
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|cause| broken(format!("this is not a complete safetensors file ({cause})")))?;
    let views: BTreeMap<String, TensorView> = tensors.tensors().into_iter().collect();
    let stored = json["checksum"].as_str().unwrap_or_default();
    let found = checksum(
        &text.replacen(stored, BLANK, 1),
        views.iter().map(|(name, view)| (name.as_str(), view.data())),
    );
    if stored != found {
        return Err(broken("its checksum does not match: the file was changed or damaged".into()));
    }
    let parts: Result<_> = views
        .into_iter()
        .map(|(name, view)| match Part::from_view(&view) {
            Some(part) => Ok((name, part)),
            None => Err(broken(format!("tensor {name} has type {:?}", view.dtype()))),
        })
        .collect();
    if let Some(object) = json.as_object_mut() {
        object.remove("checksum");
    }
    Ok((parts?, json))
}

/// The header of a file, without its tensors and unchecked; `None` for other files.
pub(super) fn header(bytes: &[u8]) -> Option<serde_json::Value> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    serde_json::from_str(metadata.metadata().as_ref()?.get(KEY)?).ok()
}

/// The header of a file.
///
/// # Errors
/// [`Error::Artifact`] if it is damaged.
pub(super) fn parsed<H: DeserializeOwned>(path: &Path, json: serde_json::Value) -> Result<H> {
    serde_json::from_value(json).map_err(|cause| broken(path, format!("its header is damaged ({cause})")))
}

/// A damaged file.
pub(super) fn broken(path: &Path, problem: impl Into<String>) -> Error {
    Error::Artifact {
        path: path.into(),
        problem: problem.into(),
        help: "restore it from a backup, or fit the model again".into(),
    }
}

fn checksum<'a>(json: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    hash.update(json.as_bytes());
    for (name, bytes) in tensors {
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Part {
    fn into_raw(self) -> (Dtype, Vec<usize>, Vec<u8>) {
        match self {
            Part::Floats(HostTensor { shape, values }) => {
                (Dtype::F32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
            }
            Part::Bytes(bytes) => (Dtype::U8, vec![bytes.len()], bytes),
        }
    }

    fn from_view(view: &TensorView) -> Option<Self> {
        match view.dtype() {
            Dtype::F32 => {
                let words = view.data().chunks_exact(4);
                let values = words.map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect();
                Some(Part::Floats(HostTensor { shape: view.shape().to_vec(), values }))
            }
            Dtype::U8 => Some(Part::Bytes(view.data().to_vec())),
            _ => None,
        }
    }
}
