//! How a model is trained, as configuration.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `epochs` | passes over the training rows, at most | 15,000 steps' worth, within 20..=200 |
//! | `steps` | steps in all, where `epochs` is left open | none |
//! | `pretrain_epochs` | passes for each layer alone, before the joint training | 0 |
//! | `batch_size` | rows a step | 128, fewer for few rows |
//! | `learning_rate` | Adam's step size | 0.003 for variational, sparse and multiscale models, else 0.001 |
//! | `optimizer.kind` | `adam`, `adam_w` (decoupled `weight_decay`) or `sgd` (`momentum`) | `adam` |
//! | `schedule.kind` | `constant`, `cosine`, `plateau` | `cosine` |
//! | `gradient_clip` | largest L2 norm of each tensor's gradient | none |
//! | `trim` | share of each batch (of each part of it, where cores share it) that fits worst and does not count (trimmed likelihood), from a fifth of the epochs on | 0 |
//! | `patience` | epochs without a better held-out objective before stopping | 20 |
//! | `max_seconds` | wall time after which training stops | none |
//! | `seed` | of every random stream | 0 |

use serde::{Deserialize, Serialize};

use super::{Optimizer, Schedule};
use crate::{Error, Result};

/// How a model is trained. `None` means "choose by the data" or "no limit".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Passes over the training rows, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Steps of the optimiser in all, where `epochs` leaves it open: whole epochs, as many as are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Passes over the training rows for each layer alone, before all are trained jointly; 0 for none.
    pub pretrain_epochs: usize,
    /// Rows a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Adam's step size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The update rule.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Largest L2 norm of each parameter tensor's gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Share of each batch that does not count because it fits worst; see [`trimmed`](crate::objective::trimmed). Held-out rows
    /// are judged likewise. It begins after a fifth of the epochs, when there is something to fit.
    #[serde(skip_serializing_if = "is_zero")]
    pub trim: f64,
    /// Epochs without improvement on held-out rows before stopping; 0 never stops early.
    pub patience: usize,
    /// Wall time after which training stops, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<f64>,
    /// Seconds between checkpoints within an epoch; one is also written after every epoch.
    pub checkpoint_seconds: f64,
    /// The seed of every random stream.
    pub seed: u64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        TrainingConfig {
            epochs: None,
            steps: None,
            pretrain_epochs: 0,
            batch_size: None,
            learning_rate: None,
            optimizer: Optimizer::default(),
            schedule: Schedule::default(),
            gradient_clip: None,
            trim: 0.0,
            patience: 20,
            max_seconds: None,
            checkpoint_seconds: 30.0,
            seed: 0,
        }
    }
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl TrainingConfig {
    /// The share that does not count after so many epochs, if there is something to fit since the epoch `longer_from` of a run that
    /// was made longer there.
    pub fn trim_after(&self, epochs_done: f64, longer_from: usize) -> f64 {
        let mut begins = 0.2 * self.epochs.unwrap_or_default() as f64;
        if longer_from > 0 {
            begins = begins.min(longer_from as f64);
        }
        if epochs_done >= begins { self.trim } else { 0.0 }
    }

    /// Fills in what was left open for `rows` training rows and a family's `usual_rate`, and checks everything.
    pub fn resolve(&mut self, rows: usize, usual_rate: f64) -> Result<()> {
        let batch = *self.batch_size.get_or_insert((rows / 20).next_power_of_two().clamp(16, 128));
        if batch == 0 {
            return Err(Error::config("batch_size", "1 or more", batch));
        }
        let steps_an_epoch = rows.div_ceil(batch).max(1);
        let usual = match self.steps {
            Some(steps) => steps.div_ceil(steps_an_epoch),
            None => (15_000 / steps_an_epoch).clamp(20, 200),
        };
        let epochs = *self.epochs.get_or_insert(usual);
        if epochs == 0 && self.pretrain_epochs == 0 {
            return Err(Error::config("epochs", "1 or more (0 only after pretrain_epochs)", epochs));
        }
        let above_zero = |key: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::config(key, "a number above 0", value)),
        };
        above_zero("learning_rate", *self.learning_rate.get_or_insert(usual_rate))?;
        above_zero("checkpoint_seconds", self.checkpoint_seconds)?;
        self.gradient_clip.map_or(Ok(()), |v| above_zero("gradient_clip", v))?;
        if !(0.0..1.0).contains(&self.trim) {
            return Err(Error::config("trim", "a share in [0, 1)", self.trim));
        }
        if i64::try_from(self.seed).is_err() {
            return Err(Error::config("seed", format!("a whole number up to {}", i64::MAX), self.seed));
        }
        self.max_seconds.map_or(Ok(()), |v| above_zero("max_seconds", v))?;
        match self.optimizer {
            Optimizer::AdamW { weight_decay: w } if !(w.is_finite() && w >= 0.0) => {
                return Err(Error::config("optimizer.weight_decay", "a number, 0 or more", w));
            }
            Optimizer::Sgd { momentum: m } if !(0.0..1.0).contains(&m) => {
                return Err(Error::config("optimizer.momentum", "a number in [0, 1)", m));
            }
            _ => {}
        }
        self.schedule.validate()
    }
}
