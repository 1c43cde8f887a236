//! The configuration of the preprocessor.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Binarization;
use crate::{Error, Result};

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericScaling {
    /// Mean 0 and standard deviation 1 over the training rows. If most values are 0, the others
    /// have the scores of their ranks, and 0 has a score of its own, such that 0 stays 0.
    #[default]
    Standardize,
    /// The same, but columns of whole numbers are divided by at least 1, the step between their
    /// values, so that the first change of a nearly constant column is not scaled to a huge number.
    StandardizeSteps,
    /// 0 for the smallest and 1 for the largest training value.
    MinMax,
    /// Quantile transform to a standard normal distribution; values outside the training range are
    /// clamped to it.
    Quantile,
}

/// How to handle a category that was not in the training data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCategory {
    /// Return an error.
    Error,
    /// Treat the cell as missing, and count it. Anomaly scores are higher for it.
    #[default]
    Missing,
}

impl FromStr for UnknownCategory {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "error" => Ok(UnknownCategory::Error),
            "missing" => Ok(UnknownCategory::Missing),
            other => Err(Error::invalid_value("--unknown", "error or missing", format!("'{other}'"))),
        }
    }
}

/// How count columns are encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountScaling {
    /// As log(1 + count) if at least a tenth of the training values are 0 and their median is below
    /// 10: such columns are event counts, which a Gaussian fits badly. Other whole numbers (ages,
    /// codes, and amounts of money: mostly 0, and otherwise 10 or more) are scaled as numbers.
    #[default]
    Auto,
    /// All as log(1 + count).
    Log1p,
    /// All scaled as numbers.
    AsNumeric,
}

/// The configuration of the preprocessor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreprocessConfig {
    /// Scaling of numbers, and of counts that are not encoded as log(1 + count).
    pub numeric: NumericScaling,
    /// How counts are encoded.
    pub counts: CountScaling,
    /// How to handle a category that was not in the training data.
    pub unknown_category: UnknownCategory,
    /// Whether decoded numbers may leave the range of the training rows.
    pub beyond_range: bool,
    /// Binarization of pixels, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarization: Option<Binarization>,
    /// The most levels of a category that are learned apart, not as one with others; 1,000 by
    /// default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_levels: Option<usize>,
}
