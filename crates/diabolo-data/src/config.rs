//! The configuration of reading, splitting and scaling data.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::read::ImageOptions;
use super::{
    Augmentation, Binarization, CountScaling, DataProblem, Error, InferOptions, MemorySize, NumericScaling,
    PreprocessConfig, ReadOptions, TypeName, UnknownCategory, Windows,
};

/// How the data is read, split and scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The cell separator of a text file; auto-detected if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether the first row of a text file holds the column names; auto-detected if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The encoding of a text file; auto-detected if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Texts that mean a missing cell, as [`MissingWords::of`](crate::MissingWords::of) reads them.
    pub missing: Vec<String>,
    /// Number of damaged rows to skip.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_bad_rows: u64,
    /// The memory for the data of a fit; larger data go to temporary files. By default half of what
    /// is free. Not kept in files, since nothing depends on it.
    #[serde(skip_serializing)]
    pub max_memory: Option<MemorySize>,
    /// How the images of files are read; a fit sets their channels.
    #[serde(skip_serializing_if = "is_default")]
    pub images: ImageOptions,
    /// The window length if the rows are a time series: one example is this many consecutive rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The column that identifies a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column that names the series of a row, where a table holds several (forecasts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The length of a step, such as 1h, which has the mean of the rows within it (forecasts); by
    /// default rows are steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The columns whose future values are known (forecasts).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// The column of class labels; not an input of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Condition columns: inputs of a conditional model that it does not reconstruct.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<String>,
    /// Columns to ignore.
    pub drop: Vec<String>,
    /// Column types that override the inferred ones.
    pub types: BTreeMap<String, TypeName>,
    /// How numbers are scaled.
    pub numeric: NumericScaling,
    /// Binarization of pixels, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarize: Option<Binarization>,
    /// Random changes of training images, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augmentation>,
    /// How counts are encoded.
    pub counts: CountScaling,
    /// The most levels of a category that are learned apart, not as one with others; by the model
    /// family if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_levels: Option<usize>,
    /// How to handle a category that was not in the training data.
    pub unknown_category: UnknownCategory,
    /// Whether imputed, generated and reconstructed numbers may leave the range of the training
    /// rows.
    pub beyond_range: bool,
    /// Fraction of the rows for validation, which early stopping uses.
    pub validation: f64,
    /// Fraction of the rows held out for testing; data sets with their own test part use that.
    pub test: f64,
    /// The seed of the split; that of training by default. With it, fits of several seeds share
    /// their rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for DataConfig {
    fn default() -> Self {
        DataConfig {
            delimiter: None,
            header: None,
            encoding: None,
            missing: vec![],
            skip_bad_rows: 0,
            max_memory: None,
            images: ImageOptions::default(),
            window: None,
            key: None,
            series: None,
            step: None,
            known: vec![],
            label: None,
            condition: vec![],
            drop: vec![],
            types: BTreeMap::new(),
            numeric: NumericScaling::default(),
            binarize: None,
            augment: None,
            counts: CountScaling::default(),
            most_levels: None,
            unknown_category: UnknownCategory::default(),
            beyond_range: false,
            validation: 0.1,
            test: 0.1,
            split_seed: None,
        }
    }
}

impl DataConfig {
    /// The options of the reader.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            delimiter: self.delimiter,
            header: self.header,
            encoding: self.encoding.clone(),
            skip_bad_rows: self.skip_bad_rows,
            images: self.images.clone(),
            windows: self.windows(),
            max_memory: self.max_memory,
            ..ReadOptions::default()
        }
    }

    /// The first setting that is not its default and concerns the reading of files only.
    pub fn of_files(&self) -> Option<&'static str> {
        let usual = ImageOptions::default();
        let given = [
            ("delimiter", self.delimiter.is_some()),
            ("header", self.header.is_some()),
            ("encoding", self.encoding.is_some()),
            ("skip_bad_rows", self.skip_bad_rows > 0),
            ("resize", self.images.resize != usual.resize),
            ("gray", self.images.channels != usual.channels),
            ("strict", self.images.strict != usual.strict),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// The windows of a time series, if the rows are one.
    pub fn windows(&self) -> Option<Windows> {
        let aside = self.key.iter().chain(&self.label).chain(&self.condition).chain(&self.drop);
        self.window.map(|length| Windows { length, whole: aside.cloned().collect(), key: self.key.clone() })
    }

    /// The rows whose whole window lies within the series; `first` is the 0-based number of the
    /// first row. Incomplete windows are never part of a fit.
    pub fn whole_windows(&self, first: u64, rows: &RecordBatch) -> RecordBatch {
        let lead = self.window.map_or(0, |length| length.saturating_sub(1)) as u64;
        let cut = lead.saturating_sub(first).min(rows.num_rows() as u64) as usize;
        rows.slice(cut, rows.num_rows() - cut)
    }

    /// The error for an input without rows, or without a whole window of them.
    pub fn too_short(&self, input: &str) -> Error {
        let Some(window) = self.window else { return Error::no_rows(input) };
        let expected = format!("{window} rows or more, for windows of {window}");
        let error = Error::data(input, expected, "fewer", "give a longer part of the series");
        error.because(DataProblem::TooFewRows)
    }

    /// The options of schema inference.
    pub fn infer_options(&self) -> InferOptions {
        InferOptions {
            key: self.key.clone(),
            label: self.label.clone(),
            condition: self.condition.clone(),
            drop: self.drop.clone(),
            missing: self.missing.clone(),
            types: self.types.clone(),
        }
    }

    /// The options of the preprocessor.
    pub fn preprocess(&self) -> PreprocessConfig {
        PreprocessConfig {
            numeric: self.numeric,
            counts: self.counts,
            unknown_category: self.unknown_category,
            beyond_range: self.beyond_range,
            binarization: self.binarize,
            most_levels: self.most_levels,
        }
    }
}
