//! What training gives, why it ended, and the state from which it is resumed.

use crate::tensor::OptimizerState;
use serde::{Deserialize, Serialize};

use super::EpochRecord;
use super::history::TermSums;
use crate::Error;

/// The state of training, without the weights and the optimizer's moments.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Epochs completed.
    pub epoch: usize,
    /// Steps completed in the current epoch.
    pub step: usize,
    /// The best monitored objective so far, and its 1-based epoch.
    pub best: Option<(f64, usize)>,
    /// Number of plateau reductions of the learning rate.
    pub cuts: i32,
    /// The epoch from which patience counts, if a run was extended.
    #[serde(default)]
    pub longer_from: usize,
    /// The objective of the first step.
    #[serde(default)]
    pub start: Option<f64>,
    /// Steps in a row whose objective was far above that.
    #[serde(default)]
    pub exploded: usize,
    /// Epochs since the last reduction or improvement.
    pub stale: usize,
    /// The current epoch's terms so far.
    pub sums: TermSums,
    /// Wall time spent on the current epoch before the last interruption.
    pub epoch_seconds: f64,
    /// Total wall time before the last interruption.
    pub seconds: f64,
    /// The completed epochs.
    pub history: Vec<EpochRecord>,
}

/// Why training ended.
#[derive(Debug)]
pub enum StopReason {
    /// All epochs are done.
    Finished,
    /// No improvement on validation rows for `patience` epochs.
    EarlyStopped,
    /// `max_seconds` have passed.
    TimeLimit,
    /// The caller asked to stop.
    Interrupted,
    /// A term was not finite, or far too large; holds the [`Error::Diverged`].
    Diverged(Error),
}

impl StopReason {
    /// The name in model files and JSON: "finished", "early_stopped", "time_limit", "interrupted"
    /// or "diverged".
    pub fn name(&self) -> &'static str {
        match self {
            StopReason::Finished => "finished",
            StopReason::EarlyStopped => "early_stopped",
            StopReason::TimeLimit => "time_limit",
            StopReason::Interrupted => "interrupted",
            StopReason::Diverged(_) => "diverged",
        }
    }
}

/// A trained model with its history.
pub struct Outcome<M> {
    /// The best weights on validation rows (after a divergence before the first epoch: those of a
    /// step with a finite loss of usual size).
    pub model: M,
    /// Counters and history.
    pub state: State,
    /// Why training ended.
    pub stop_reason: StopReason,
}

/// The state from which training is resumed.
pub struct Resume<M> {
    /// The weights at the interruption.
    pub model: M,
    /// The best weights until then.
    pub best: M,
    /// The optimizer's state.
    pub optimizer: OptimizerState,
    /// Counters and history.
    pub state: State,
}
