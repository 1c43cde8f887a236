//! What a fit says while it runs, and how to stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::train::{EpochRecord, Hooks, Progress, Snapshot};
use crate::{Error, Result};

/// A switch that ends a fit from another thread. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A switch that is off.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Ends the fit at its next step, or at the next part of the phase it is in.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// [`Error::Cancelled`] if it was.
    pub(super) fn check(&self, phase: Phase) -> Result<()> {
        match self.is_cancelled() {
            true => Err(Error::Cancelled { during: phase.name() }),
            false => Ok(()),
        }
    }
}

/// What a fit is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Rows are read, typed, split and encoded.
    Prepare,
    /// Weights are learned.
    Train,
    /// Scores of held-out rows are measured, which later scores are compared with.
    Calibrate,
    /// Metrics of held-out rows are measured.
    Evaluate,
}

impl Phase {
    /// Such as "training".
    pub fn name(self) -> &'static str {
        match self {
            Phase::Prepare => "preparation",
            Phase::Train => "training",
            Phase::Calibrate => "calibration",
            Phase::Evaluate => "evaluation",
        }
    }
}

/// What [`FitJob::on_event`](super::FitJob::on_event) is called with.
#[non_exhaustive]
pub enum Event<'a> {
    /// A phase begins.
    Phase(Phase),
    /// A step of the optimizer is done.
    Step(&'a Progress<'a>),
    /// An epoch is done, of so many at most.
    Epoch(&'a EpochRecord, usize),
    /// A sentence that the user should read.
    Warning(&'a str),
}

/// The callback of a fit.
pub(super) type OnEvent<'a> = Box<dyn FnMut(Event) + Send + 'a>;

/// The trainer's hooks: events, cancellation and checkpoints.
pub(super) struct Watch<'w, 'a, S> {
    pub on_event: &'w mut OnEvent<'a>,
    pub cancel: &'w Cancel,
    /// Epochs at most: of the whole training, and of each layer alone.
    pub epochs: [usize; 2],
    /// Writes a snapshot where the fit has a run folder.
    pub save: S,
}

impl<M, S: FnMut(&Snapshot<M>) -> Result<()>> Hooks<M> for Watch<'_, '_, S> {
    fn step(&mut self, progress: &Progress) {
        (self.on_event)(Event::Step(progress));
    }

    fn epoch(&mut self, record: &EpochRecord) {
        let [whole, layer] = self.epochs;
        (self.on_event)(Event::Epoch(record, if record.layer.is_some() { layer } else { whole }));
    }

    fn save(&mut self, snapshot: &Snapshot<M>) -> Result<()> {
        (self.save)(snapshot)
    }

    fn interrupted(&self) -> bool {
        self.cancel.is_cancelled()
    }
}
