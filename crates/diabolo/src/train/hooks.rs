//! What the trainer receives, and what it tells its caller.

use super::EpochRecord;
use super::history::TermSums;
use super::outcome::State;
use crate::Result;
use crate::data::Encoded;
use crate::tensor::ModuleOptimizer;

/// The encoded training and validation rows.
pub struct TrainingData<'a> {
    /// The training rows.
    pub train: &'a Encoded,
    /// The validation rows, for early stopping; may be empty.
    pub validation: &'a Encoded,
}

/// Everything that a resume needs.
pub struct Snapshot<'a, M> {
    /// The current weights.
    pub model: &'a M,
    /// The best weights so far.
    pub best: &'a M,
    /// The optimizer's moments.
    pub optimizer: &'a ModuleOptimizer,
    /// Counters and history.
    pub state: &'a State,
}

/// A step's progress, for a progress bar.
pub struct Progress<'a> {
    /// 1-based epoch, and the maximum number of epochs.
    pub epoch: (usize, usize),
    /// 1-based step, and the number of steps per epoch.
    pub step: (usize, usize),
    /// Rows processed in this epoch, and the time in seconds.
    pub examples: usize,
    /// The epoch's means so far.
    pub sums: &'a TermSums,
}

/// Callbacks of the caller during training.
pub trait Hooks<M> {
    /// After every step.
    fn step(&mut self, _progress: &Progress) {}
    /// After every epoch.
    fn epoch(&mut self, _record: &EpochRecord) {}
    /// After every epoch, every `checkpoint_seconds`, and before stopping early.
    fn save(&mut self, _snapshot: &Snapshot<M>) -> Result<()> {
        Ok(())
    }
    /// Called once before every step; `true` saves and stops.
    fn interrupted(&self) -> bool {
        false
    }
}

impl<M> Hooks<M> for () {}
