//! Training: the loop, its state, and its reports.

mod config;
mod doctor;
mod finding;
mod history;
mod hooks;
mod levels;
mod outcome;
mod pretrain;
mod schedule;
mod step;
mod trainer;

pub use crate::tensor::Optimizer;
pub use config::TrainingConfig;
pub use doctor::{compare_with_constants, examine};
pub use finding::{Finding, FindingKind};
pub use history::{EpochRecord, TermSums};
pub use hooks::{Hooks, Progress, Snapshot, TrainingData};
pub use outcome::{Outcome, Resume, State, StopReason};
pub(crate) use pretrain::no_stack;
pub use pretrain::{fit_pretrained, pretrain};
pub use schedule::Schedule;
pub use trainer::fit;
