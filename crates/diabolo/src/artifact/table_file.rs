//! `model.safetensors` of synthetic tables: the tensors of the model, and all else in the header.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::container::{self, Part, broken, parsed};
use super::kind::ModelKind;
use super::model_file::{FORMAT_VERSION, SourceRecord, floats};
use super::weights;
use super::write_atomically;
use crate::config::Config;
use crate::data::synthetic::TableCodec;
use crate::model::synthetic::{Calibration, PartShape, TableModel};
use crate::random::{Purpose, stream};
use crate::tensor::Device;
use crate::{Error, Result};

/// Everything in the file that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableHeader {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u64,
    /// The version of diabolo that wrote it.
    pub diabolo_version: String,
    /// The resolved configuration.
    pub config: Config,
    /// The data it was fitted on.
    pub source: SourceRecord,
    /// What was fitted.
    pub table: TableRecord,
}

/// What was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRecord {
    /// The columns: levels, quantiles of numbers, formats of keys.
    pub codec: TableCodec,
    /// The corrections of drawn columns.
    pub calibration: Calibration,
}

/// A fitted model of a table with everything needed to draw rows.
#[derive(Debug, Clone)]
pub struct SavedTable {
    /// Everything except tensors.
    pub header: TableHeader,
    /// The model.
    pub model: TableModel,
}

impl SavedTable {
    /// Writes the file atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be serialized.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let tensors = weights::export(&self.model).into_iter();
        let parts: BTreeMap<String, Part> =
            tensors.map(|(name, tensor)| (name, Part::Floats(tensor))).collect();
        let json = serde_json::to_value(&self.header).map_err(|cause| Error::internal(cause.to_string()))?;
        container::to_bytes(parts, json)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is damaged or of another kind, [`Error::Io`] if it cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::from_bytes(path, &bytes)
    }

    /// [`load`](Self::load) from bytes in memory; `path` is their name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let broken = |problem: &str| broken(path, problem);
        let (parts, json) = container::from_bytes(path, bytes, FORMAT_VERSION)?;
        ModelKind::Table.check(path, &json)?;
        let header: TableHeader = parsed(path, json)?;
        let tensors = floats(parts).ok_or_else(|| broken("it contains unknown tensors"))?;
        let shapes = PartShape::of(&header.table.codec);
        let codes: Vec<usize> = shapes.iter().map(|shape| shape.codes).collect();
        let config = header.config.synthesize.clone().unwrap_or_default();
        let sound = header.table.codec.is_consistent()
            && header.table.calibration.is_consistent(&codes)
            && config.validate().is_ok();
        if !sound {
            return Err(broken("its header is inconsistent"));
        }
        let (noise, device) = (&mut stream(0, Purpose::LoadSynthetic, 0, 0), Device::cpu());
        let empty = TableModel::new(&shapes, &config, noise, &device);
        let model = weights::import(empty, tensors, &device).map_err(|problem| broken(&problem))?;
        Ok(SavedTable { header, model })
    }
}
