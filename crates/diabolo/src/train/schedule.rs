//! Learning rate schedules: pure functions of the progress of training, so that a resume needs no
//! state except the number of plateau reductions.

use serde::{Deserialize, Serialize};

use crate::stats::elementary::double::{cos, powi};
use crate::{Error, Result};

/// A learning rate schedule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// A constant learning rate.
    Constant,
    /// Cosine annealing from 1 to 0.01 of the learning rate over all steps (Loshchilov & Hutter
    /// 2017).
    #[default]
    Cosine,
    /// Multiplied by `factor` whenever the validation objective has not improved for `patience`
    /// epochs.
    Plateau {
        /// In (0, 1).
        #[serde(default = "default_factor")]
        factor: f64,
        /// 1 or more.
        #[serde(default = "default_patience")]
        patience: usize,
    },
}

const COSINE_FLOOR: f64 = 0.01;

fn default_factor() -> f64 {
    0.3
}

fn default_patience() -> usize {
    5
}

impl Schedule {
    /// The schedule with this name and its default settings.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "constant" => Ok(Schedule::Constant),
            "cosine" => Ok(Schedule::Cosine),
            "plateau" => Ok(Schedule::Plateau { factor: default_factor(), patience: default_patience() }),
            other => Err(Error::config("schedule", "constant, cosine or plateau", other)),
        }
    }

    /// The factor of the learning rate after a fraction `done` (0 to 1) of all steps and `cuts`
    /// plateaus.
    ///
    /// ```
    /// use diabolo::train::Schedule;
    /// assert_eq!(Schedule::Cosine.factor(0.0, 0), 1.0);
    /// assert!((Schedule::Cosine.factor(0.5, 0) - 0.505).abs() < 1e-12);
    /// assert_eq!(Schedule::Plateau { factor: 0.5, patience: 3 }.factor(0.9, 2), 0.25);
    /// ```
    pub fn factor(&self, done: f64, cuts: i32) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                COSINE_FLOOR
                    + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + cos(std::f64::consts::PI * done.clamp(0.0, 1.0)))
            }
            Schedule::Plateau { factor, .. } => powi(factor, cuts),
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        match *self {
            Schedule::Plateau { factor, .. } if !(factor > 0.0 && factor < 1.0) => {
                Err(Error::config("schedule.factor", "a number between 0 and 1", factor))
            }
            Schedule::Plateau { patience: 0, .. } => Err(Error::config("schedule.patience", "1 or more", 0)),
            _ => Ok(()),
        }
    }
}
