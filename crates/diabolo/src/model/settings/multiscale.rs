//! Settings of the multi-scale family.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Settings of the multi-scale family. Deviations are in encoded units: standard deviations of a
/// column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MultiscaleConfig {
    /// The smallest noise level σ.
    #[serde(alias = "least")]
    pub sigma_min: f64,
    /// The largest noise level σ.
    #[serde(alias = "most")]
    pub sigma_max: f64,
    /// Whether categorical and binary columns (if there are at most 32) are judged by the row
    /// without them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leave_out: bool,
    /// The noise levels σ of anomaly scores.
    #[serde(alias = "levels")]
    pub score_sigmas: Vec<f64>,
}

impl Default for MultiscaleConfig {
    fn default() -> Self {
        let score_sigmas = vec![0.2, 0.4, 0.8, 1.6, 3.2];
        MultiscaleConfig { sigma_min: 0.2, sigma_max: 4.0, leave_out: false, score_sigmas }
    }
}

impl MultiscaleConfig {
    pub(crate) fn validate(&self) -> Result<()> {
        let MultiscaleConfig { sigma_min, sigma_max, score_sigmas, .. } = self;
        if !(*sigma_min > 0.0 && sigma_min < sigma_max && sigma_max.is_finite()) {
            let found = format!("{sigma_min} and {sigma_max}");
            return Err(Error::config(
                "sigma_min and sigma_max",
                "two numbers above 0, the smaller first",
                found,
            ));
        }
        let inside = |level: &f64| (*sigma_min..=*sigma_max).contains(level);
        match score_sigmas.is_empty() || !score_sigmas.iter().all(inside) {
            true => Err(Error::config(
                "score_sigmas",
                format!("numbers from {sigma_min} to {sigma_max}"),
                format!("{score_sigmas:?}"),
            )),
            false => Ok(()),
        }
    }
}

/// The default width of a layer.
pub(crate) const USUAL_WIDTH: usize = 128;
