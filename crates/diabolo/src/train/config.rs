//! The configuration of training.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `epochs` | maximum number of passes over the training rows | as many as 15,000 steps need, within 20..=200 |
//! | `steps` | number of steps, if `epochs` is not set | none |
//! | `pretrain_epochs` | epochs of layerwise pretraining per layer, before joint training | 0 |
//! | `batch_size` | rows per step | 128, fewer for few rows |
//! | `learning_rate` | learning rate | 0.003 for variational, sparse and multiscale models, else 0.001; less for many large numbers per row, such as colour pictures |
//! | `optimizer.kind` | `adam`, `adam_w` (decoupled `weight_decay`) or `sgd` (`momentum`) | `adam` |
//! | `schedule.kind` | `constant`, `cosine`, `plateau` | `cosine` |
//! | `gradient_clip` | maximum L2 norm of each tensor's gradient | none |
//! | `central` | fraction of the training rows, those nearest to a robust centre, that are fitted | 1 |
//! | `trim` | fraction of each batch (of each part, if cores share it) with the largest loss that is ignored (trimmed likelihood), after a fifth of the epochs | 0 |
//! | `patience` | early stopping: epochs without a better validation objective | 20 |
//! | `max_seconds` | time limit of training | none |
//! | `seed` | random seed | 0 |

use serde::{Deserialize, Serialize};

use super::{Optimizer, Schedule};
use crate::{Error, Result};

/// The configuration of training. `None` means "chosen from the data" or "no limit".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Maximum number of passes over the training rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Number of optimizer steps, if `epochs` is not set; rounded up to whole epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Epochs of layerwise pretraining for each layer, before joint training; 0 for none.
    pub pretrain_epochs: usize,
    /// Rows per step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// The learning rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// The update rule.
    pub optimizer: Optimizer,
    /// The learning rate schedule.
    pub schedule: Schedule,
    /// Maximum L2 norm of each parameter tensor's gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Fraction of the training rows that are fitted, those nearest to a robust centre; see
    /// [`central_rows`](crate::stats::central_rows). The others are left out.
    #[serde(skip_serializing_if = "is_one")]
    pub central: f64,
    /// Fraction of each batch, the rows with the largest loss, that is ignored; see
    /// [`trimmed`](crate::objective::trimmed). Validation rows are trimmed alike. Trimming starts
    /// after a fifth of the epochs.
    #[serde(skip_serializing_if = "is_zero")]
    pub trim: f64,
    /// Early stopping: epochs without improvement on the validation rows; 0 disables it.
    pub patience: usize,
    /// Time limit of training, in seconds of wall time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<f64>,
    /// Seconds between checkpoints within an epoch; one is also written after every epoch.
    pub checkpoint_seconds: f64,
    /// The random seed.
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
            central: 1.0,
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

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

impl TrainingConfig {
    /// [`central`](Self::central), validated.
    pub(crate) fn central_share(&self) -> Result<f64> {
        match self.central > 0.0 && self.central <= 1.0 {
            true => Ok(self.central),
            false => Err(Error::config("central", "a fraction above 0, up to 1", self.central)),
        }
    }

    /// The fraction to trim after `epochs_done` epochs; `longer_from` is the epoch from which a run
    /// was extended.
    pub fn trim_after(&self, epochs_done: f64, longer_from: usize) -> f64 {
        let mut begins = 0.2 * self.epochs.unwrap_or_default() as f64;
        if longer_from > 0 {
            begins = begins.min(longer_from as f64);
        }
        if epochs_done >= begins { self.trim } else { 0.0 }
    }

    /// Sets open values from the number of training `rows` and the family's default learning rate
    /// `usual_rate`, and validates all values.
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
            return Err(Error::config("trim", "a fraction in [0, 1)", self.trim));
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
