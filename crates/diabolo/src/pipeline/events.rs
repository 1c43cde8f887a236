//! Events of a running fit, and cancellation.

pub use crate::stats::Cancel;
use crate::train::{EpochRecord, Finding, Hooks, Progress, Snapshot};
use crate::{Error, Result};

/// Does work that has no phases: an operation of a [`Predictor`](super::Predictor), an audit, ….
/// With the switch, it ends at its next chunk of rows.
///
/// # Errors
/// [`Error::Cancelled`], and those of the work.
pub fn cancellable<T>(cancel: &Cancel, work: impl FnOnce() -> Result<T>) -> Result<T> {
    cancel.run(work).unwrap_or(Err(Error::Cancelled { during: "computation" }))
}

/// [`Error::Cancelled`] if a fit was cancelled.
pub(super) fn check(cancel: &Cancel, phase: Phase) -> Result<()> {
    match cancel.is_cancelled() {
        true => Err(Error::Cancelled { during: phase.name() }),
        false => Ok(()),
    }
}

/// The phases of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Reading, schema inference, splitting and encoding.
    Prepare,
    /// Training of the weights.
    Train,
    /// Calibration: scores of held-out rows.
    Calibrate,
    /// Evaluation: metrics of held-out rows.
    Evaluate,
}

impl Phase {
    /// The name, such as "training".
    pub fn name(self) -> &'static str {
        match self {
            Phase::Prepare => "preparation",
            Phase::Train => "training",
            Phase::Calibrate => "calibration",
            Phase::Evaluate => "evaluation",
        }
    }
}

/// The events passed to [`FitJob::on_event`](super::FitJob::on_event).
#[non_exhaustive]
pub enum Event<'a> {
    /// A phase starts.
    Phase(Phase),
    /// A step of the optimizer is done.
    Step(&'a Progress<'a>),
    /// An epoch is done, with the maximum number of epochs.
    Epoch(&'a EpochRecord, usize),
    /// A finding about the fitted model; those of an epoch are in its record.
    Finding(&'a Finding),
    /// What the fit has chosen.
    Note(&'a str),
    /// A warning for the user.
    Warning(&'a str),
}

/// The callback of a fit.
pub(super) type OnEvent<'a> = Box<dyn FnMut(Event) + Send + 'a>;

/// The trainer's hooks: events, cancellation and checkpoints.
pub(super) struct Watch<'w, 'a, S> {
    pub on_event: &'w mut OnEvent<'a>,
    pub cancel: &'w Cancel,
    /// The maximum number of epochs: of joint training, and of the pretraining of each layer.
    pub epochs: [usize; 2],
    /// Writes a snapshot if the fit has a run folder.
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
