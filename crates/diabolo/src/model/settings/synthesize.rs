//! The settings of synthetic tables.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The settings of synthetic tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SynthesizeConfig {
    /// Levels of a category in fewer rows are pooled.
    pub rare: usize,
    /// Groups of columns that are one joint category each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<Vec<String>>,
    /// Rules between two columns that every row keeps, such as `start<=end`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<String>,
    /// Whether columns that follow from another are found, and kept so.
    pub dependencies: bool,
    /// How keys are made, such as `C-[0-9]{6}`; by default as those of the source look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
    /// Width of the hidden layers.
    pub hidden: usize,
    /// Whether a column is drawn given the columns before it; else all only given z.
    pub autoregressive: bool,
    /// Dimensions of the latent code z; 0 for none.
    pub latent_dim: usize,
    /// Weight of the KL divergence of z.
    pub kl_weight: f64,
    /// Whether the shares of levels and the distribution of numbers are corrected after training.
    pub calibrate: bool,
}

impl Default for SynthesizeConfig {
    fn default() -> Self {
        SynthesizeConfig {
            rare: 10,
            together: vec![],
            require: vec![],
            dependencies: true,
            key_format: None,
            hidden: 128,
            autoregressive: true,
            latent_dim: 0,
            kl_weight: 1.0,
            calibrate: true,
        }
    }
}

impl SynthesizeConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub fn validate(&self) -> Result<()> {
        if !(1..=4096).contains(&self.hidden) {
            return Err(Error::config("synthesize.hidden", "a whole number from 1 to 4096", self.hidden));
        }
        if self.latent_dim > 1024 {
            return Err(Error::config("synthesize.latent_dim", "at most 1024", self.latent_dim));
        }
        if !self.autoregressive && self.latent_dim == 0 {
            let expected = "1 or more without synthesize.autoregressive: columns would be independent";
            return Err(Error::config("synthesize.latent_dim", expected, 0));
        }
        super::non_negative("synthesize.kl_weight", self.kl_weight)
    }
}
