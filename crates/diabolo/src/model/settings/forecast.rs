//! The settings of forecasts.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The longest horizon and season, in steps.
const MOST: usize = 10_000;

/// The settings of forecasts. The length of the windows is that of the data (`data.window`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForecastConfig {
    /// H, the steps to predict; by default one season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<usize>,
    /// The season in steps, 0 for none; by default found from the autocorrelation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<usize>,
    /// The time at which the test part begins, or without a key the row, from 1; by default the
    /// test part is a share of each series (`data.test`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_from: Option<String>,
}

impl ForecastConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub fn validate(&self) -> Result<()> {
        let check = |key: &str, value: Option<usize>, least: usize| match value {
            Some(found) if !(least..=MOST).contains(&found) => {
                Err(Error::config(key, format!("a whole number from {least} to {MOST}"), found))
            }
            _ => Ok(()),
        };
        check("horizon", self.horizon, 1)?;
        if self.season == Some(1) {
            return Err(Error::config("season", "2 steps or more, or 0 for none", 1));
        }
        check("season", self.season, 0)
    }
}
