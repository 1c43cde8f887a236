//! The one configuration schema, for the command line, Python and Rust; TOML on disk.
//!
//! ```
//! let mut config = diabolo::Config::default();
//! config.set("model.latent_dim=8")?;
//! config.set("model.family.kl_weight=4")?;
//! let same = diabolo::Config::from_toml("<memory>", &config.to_toml())?;
//! assert_eq!(same, config);
//! # Ok::<(), diabolo::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::{InferOptions, NumericScaling, PreprocessConfig, ReadOptions, TypeName, UnknownCategory};
use crate::error::{Error, Result};
use crate::model::ModelConfig;
use crate::train::TrainingConfig;

/// Everything a run can be told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How the data is read, split and scaled.
    pub data: DataConfig,
    /// What is fitted.
    pub model: ModelConfig,
    /// How it is fitted.
    pub training: TrainingConfig,
}

/// How the data is read, split and scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// What separates the cells of a text file; sniffed if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether a text file's first row names the columns; sniffed if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// A text file's encoding; sniffed if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Cells that mean "missing", beside the usual ones.
    pub missing: Vec<String>,
    /// The column that identifies a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column that colours plots; never learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// The kind of a column, where the inferred one would be wrong.
    pub types: BTreeMap<String, TypeName>,
    /// How numbers are scaled.
    pub numeric: NumericScaling,
    /// What to do about a category the data did not have.
    pub unknown_category: UnknownCategory,
    /// Share of the rows that early stopping judges by.
    pub validation: f64,
    /// Share of the rows that nothing sees before `evaluate`; sets with a test part of their own use that.
    pub test: f64,
}

impl Default for DataConfig {
    fn default() -> Self {
        DataConfig {
            delimiter: None,
            header: None,
            encoding: None,
            missing: vec![],
            key: None,
            label: None,
            drop: vec![],
            types: BTreeMap::new(),
            numeric: NumericScaling::default(),
            unknown_category: UnknownCategory::default(),
            validation: 0.1,
            test: 0.1,
        }
    }
}

impl DataConfig {
    /// The reader's part.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            delimiter: self.delimiter.map(|c| c as u8),
            header: self.header,
            encoding: self.encoding.clone(),
            missing: self.missing.clone(),
            ..ReadOptions::default()
        }
    }

    /// The schema's part.
    pub fn infer_options(&self) -> InferOptions {
        InferOptions {
            key: self.key.clone(),
            label: self.label.clone(),
            drop: self.drop.clone(),
            types: self.types.clone(),
        }
    }

    /// The preprocessor's part.
    pub fn preprocess(&self) -> PreprocessConfig {
        PreprocessConfig { numeric: self.numeric, unknown_category: self.unknown_category }
    }
}

impl Config {
    /// Reads TOML; `name` is the file's name in messages.
    pub fn from_toml(name: &str, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|cause| {
            Error::config(
                name,
                "the keys that `diabolo fit --print-config` shows",
                cause.to_string().trim_end(),
            )
        })
    }

    /// The configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("plain tables, strings and numbers are always TOML")
    }

    /// Applies one `a.b=c`. The value is read as TOML, or as text if it is not.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let (path, value) =
            assignment.split_once('=').ok_or_else(|| Error::config("--set", "key.path=value", assignment))?;
        let value = toml::from_str::<toml::Table>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| toml::Value::String(value.into()));
        let mut root = toml::Value::try_from(&*self).expect("a configuration is always TOML");
        let mut slot = &mut root;
        for key in path.trim().split('.') {
            let table = slot
                .as_table_mut()
                .ok_or_else(|| Error::config(path, "a key within a table", "a key within a value"))?;
            slot = table.entry(key).or_insert_with(|| toml::Value::Table(Default::default()));
        }
        *slot = value;
        *self = root.try_into().map_err(|cause: toml::de::Error| {
            Error::config(path, "a known key and a fitting value", cause.message())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FamilyConfig;

    #[test]
    fn a_family_is_set_by_its_parts_or_whole() {
        let mut config = Config::default();
        config.set("model.family={kind=\"contractive\", contraction_weight=0.5}").unwrap();
        config.set("model.activation=tanh").unwrap();
        assert_eq!(config.model.family, FamilyConfig::Contractive { tied: true, contraction_weight: 0.5 });
        let text = config.to_toml();
        assert_eq!(Config::from_toml("t", &text).unwrap(), config, "{text}");
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        let mut config = Config::default();
        for bad in
            ["model.latent=3", "training.epochs=-1", "nonsense", "model.activation=cube", "model.hidden.x=1"]
        {
            let error = config.set(bad).unwrap_err();
            assert_eq!(error.class(), crate::ErrorClass::Usage, "{error}");
        }
        assert_eq!(config, Config::default());
    }
}
