//! Training: the loop, its state, and its reports.

mod config;
mod doctor;
mod finding;
mod history;
mod pretrain;
mod schedule;
mod step;
mod trainer;

pub use crate::tensor::Optimizer;
pub use config::TrainingConfig;
pub use doctor::examine;
pub use finding::{Finding, FindingKind};
pub use history::{EpochRecord, TermSums};
pub(crate) use pretrain::no_stack;
pub use pretrain::{fit_pretrained, pretrain};
pub use schedule::Schedule;
pub use trainer::{Hooks, Outcome, Progress, Resume, Snapshot, State, StopReason, TrainingData, fit};
