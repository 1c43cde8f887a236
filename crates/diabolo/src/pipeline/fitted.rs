//! What a fit gives.

use arrow_array::RecordBatch;

use super::Predictor;
use crate::Result;
use crate::artifact::{Run, write_atomically};
use crate::data::Preprocessor;
use crate::evaluate::Metrics;
use crate::train::{EpochRecord, StopReason};

/// A fitted model, and how it came about.
pub struct Fitted {
    /// The model, ready to use.
    pub predictor: Predictor,
    /// Of rows that were not trained on; of 0 examples if all were.
    pub metrics: Metrics,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
    /// Why training stopped.
    pub stop: StopReason,
    /// Seconds spent in training.
    pub seconds: f64,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
    /// The rows held out for the test, as they were read.
    pub test: RecordBatch,
}

impl Fitted {
    /// Writes the fit as a run folder: configuration, model, history and metrics.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn save_run(&self, run: &Run) -> Result<()> {
        let header = &self.predictor.saved().header;
        run.write_config(&header.source.input, header.source.fingerprint.as_deref(), &header.config)?;
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

/// A trained model of a family that is not this crate's.
pub struct Trained<M> {
    /// Without autodiff.
    pub model: M,
    /// Rows to numbers and back.
    pub preprocessor: Preprocessor,
    /// Of rows that were not trained on.
    pub metrics: Metrics,
    /// One record an epoch.
    pub history: Vec<EpochRecord>,
    /// Why training stopped.
    pub stop: StopReason,
}
