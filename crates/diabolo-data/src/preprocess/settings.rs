//! How rows are made into numbers, as configuration.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Binarization;
use crate::{Error, Result};

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericScaling {
    /// Mean 0 and standard deviation 1 over the training rows.
    #[default]
    Standardize,
    /// The same, but a column of whole numbers is divided by 1 at least, the step between its values: one that hardly ever
    /// changes does not make a huge number of its first change.
    StandardizeSteps,
    /// 0 for the smallest and 1 for the largest training value.
    MinMax,
    /// A standard normal distribution over the training rows, by ranks; values outside their range are clamped to it.
    Quantile,
}

/// What to do about a category that no row of the schema's data had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCategory {
    /// Refuse the row.
    #[default]
    Error,
    /// Take the cell as missing, and count it.
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
    /// As log(1 + count) where, of the training rows' values, at least a tenth are 0 and the median is below 10: such
    /// columns count events, and no Gaussian fits them. Other whole numbers (ages, codes) are scaled as numbers.
    #[default]
    Auto,
    /// As log(1 + count), all of them.
    Log1p,
    /// Scaled as numbers, all of them.
    AsNumeric,
}

/// How rows are made into numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreprocessConfig {
    /// How numbers are scaled, and counts that are not encoded as log(1 + count).
    pub numeric: NumericScaling,
    /// How counts are encoded.
    pub counts: CountScaling,
    /// What to do about a category the data did not have.
    pub unknown_category: UnknownCategory,
    /// How pixels become 0 or 1, if they shall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarization: Option<Binarization>,
}
