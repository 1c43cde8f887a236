//! Training: the loop, its state, and its reports.

mod config;
mod doctor;
mod history;
mod pretrain;
mod schedule;
mod step;
mod trainer;

pub use crate::tensor::Optimizer;
pub use config::TrainingConfig;
pub use doctor::{Finding, FindingKind, examine};
pub use history::{EpochRecord, TermSums};
pub(crate) use pretrain::no_stack;
pub use pretrain::{fit_pretrained, pretrain};
pub use schedule::Schedule;
pub use trainer::{Hooks, Outcome, Progress, Resume, Snapshot, State, StopReason, TrainingData, fit};
