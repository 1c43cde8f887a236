//! The result of a fit.

use arrow_array::RecordBatch;

use super::Predictor;
use crate::Result;
use crate::artifact::{Run, RunSource, write_atomically};
use crate::data::Preprocessor;
use crate::evaluate::{DataProfile, Metrics};
use crate::train::{EpochRecord, StopReason};

/// A fitted model, with its metrics and history.
pub struct Fitted {
    /// The fitted model.
    pub predictor: Predictor,
    /// Metrics of held-out rows; 0 examples if there are none.
    pub metrics: Metrics,
    /// One record per epoch.
    pub history: Vec<EpochRecord>,
    /// Why training stopped.
    pub stop: StopReason,
    /// Seconds spent in training.
    pub seconds: f64,
    /// Warnings for the user, one sentence each.
    pub warnings: Vec<String>,
    /// The test rows, not encoded.
    pub test: RecordBatch,
    /// Their numbers in the input, from 0; empty if they come from another one.
    pub test_rows: Vec<usize>,
    /// What the columns of the training rows hold.
    pub data: DataProfile,
}

impl Fitted {
    /// Writes the fit as a run folder: configuration, model, history and metrics.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn save_run(&self, run: &Run) -> Result<()> {
        let header = &self.predictor.saved().header;
        let (input, fingerprint) = (&header.source.input, header.source.fingerprint.clone());
        run.write_config(&RunSource::new(input, input, fingerprint), &header.config)?;
        self.predictor.save(&run.model_path())?;
        run.write_history(&self.history)?;
        self.write_metrics(run)
    }

    pub(super) fn write_metrics(&self, run: &Run) -> Result<()> {
        if self.metrics.examples == 0 {
            return Ok(());
        }
        let numbers = serde_json::json!(self.metrics);
        write_atomically(&run.metrics_path(), format!("{numbers:#}\n").as_bytes())
    }
}

/// A trained model of a family outside this crate.
pub struct Trained<M> {
    /// The model, without autodiff.
    pub model: M,
    /// The preprocessor.
    pub preprocessor: Preprocessor,
    /// Metrics of held-out rows.
    pub metrics: Metrics,
    /// One record per epoch.
    pub history: Vec<EpochRecord>,
    /// Why training stopped.
    pub stop: StopReason,
}
