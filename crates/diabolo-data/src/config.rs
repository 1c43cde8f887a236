//! How data is read, split and scaled, as configuration.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::{
    Binarization, CountScaling, InferOptions, NumericScaling, PreprocessConfig, ReadOptions, TypeName,
    UnknownCategory, Windows,
};

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
    /// The rows are a series: an example is so many consecutive ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The column that identifies a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column that colours plots; never learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Columns that a conditional model is given, and does not reconstruct.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<String>,
    /// Columns to leave out.
    pub drop: Vec<String>,
    /// The kind of a column, where the inferred one would be wrong.
    pub types: BTreeMap<String, TypeName>,
    /// How numbers are scaled.
    pub numeric: NumericScaling,
    /// How pixels become 0 or 1, if they shall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarize: Option<Binarization>,
    /// How counts are encoded.
    pub counts: CountScaling,
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
            window: None,
            key: None,
            label: None,
            condition: vec![],
            drop: vec![],
            types: BTreeMap::new(),
            numeric: NumericScaling::default(),
            binarize: None,
            counts: CountScaling::default(),
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
            delimiter: self.delimiter,
            header: self.header,
            encoding: self.encoding.clone(),
            missing: self.missing.clone(),
            windows: self.windows(),
            ..ReadOptions::default()
        }
    }

    /// How a series becomes examples, if the rows are one.
    pub fn windows(&self) -> Option<Windows> {
        let aside = self.key.iter().chain(&self.label).chain(&self.condition).chain(&self.drop);
        self.window.map(|length| Windows { length, whole: aside.cloned().collect() })
    }

    /// The rows, the first of them the 0-based `first` of the series, without those whose window begins before the series: such are
    /// never in a fit, so that a model knows nothing of them.
    pub fn whole_windows(&self, first: u64, rows: &RecordBatch) -> RecordBatch {
        let lead = self.window.map_or(0, |length| length.saturating_sub(1)) as u64;
        let cut = lead.saturating_sub(first).min(rows.num_rows() as u64) as usize;
        rows.slice(cut, rows.num_rows() - cut)
    }

    /// The schema's part.
    pub fn infer_options(&self) -> InferOptions {
        InferOptions {
            key: self.key.clone(),
            label: self.label.clone(),
            condition: self.condition.clone(),
            drop: self.drop.clone(),
            types: self.types.clone(),
        }
    }

    /// The preprocessor's part.
    pub fn preprocess(&self) -> PreprocessConfig {
        PreprocessConfig {
            numeric: self.numeric,
            counts: self.counts,
            unknown_category: self.unknown_category,
            binarization: self.binarize,
        }
    }
}
