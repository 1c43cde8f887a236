//! A fitted model of a table: synthetic rows.

use std::path::Path;
use std::sync::Arc;

use crate::Result;
use crate::artifact::{Run, SavedTable};
use crate::task::{Requirement, SynthesizeOptions, Synthesized, synthesize};
use crate::tensor::Device;

/// A fitted model of a table: `Clone + Send + Sync`.
///
/// ```
/// use diabolo::{Config, FitJob, Preset};
/// use diabolo::task::SynthesizeOptions;
///
/// let mut config = Config::default();
/// Preset::Synthesize.apply(&mut config);
/// config.training.epochs = Some(2);
/// let rows: Vec<f64> = (0..600).map(|k| f64::from(k * k % 97)).collect();
/// let fitted = FitJob::matrix(&rows, &["a", "b", "c"])?.config(config).synthesize()?;
/// let options = SynthesizeOptions { count: 50, ..SynthesizeOptions::default() };
/// let made = fitted.synthesizer.generate(&options)?;
/// assert_eq!((made.rows.num_rows(), made.rows.num_columns()), (50, 3));
/// # Ok::<(), diabolo::Error>(())
/// ```
#[derive(Clone)]
pub struct Synthesizer {
    saved: Arc<SavedTable>,
}

impl Synthesizer {
    pub(super) fn new(saved: SavedTable) -> Self {
        Synthesizer { saved: saved.into() }
    }

    /// A run folder or a model file.
    ///
    /// # Errors
    /// [`Error::Artifact`](crate::Error::Artifact) if it is damaged, or was fitted for something
    /// else.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Synthesizer::new(SavedTable::load(&Run::model_file(path)?)?))
    }

    /// From the bytes of a model file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Synthesizer::new(SavedTable::from_bytes(Path::new("model"), bytes)?))
    }

    /// The contents of the model file.
    pub fn saved(&self) -> &SavedTable {
        &self.saved
    }

    /// A condition on a column, such as `age>=65`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if it names no column.
    pub fn requirement(&self, text: &str) -> Result<Requirement> {
        Requirement::parse(text, self.saved.header.table.codec.columns())
    }

    /// Synthetic rows.
    ///
    /// # Errors
    /// As [`task::synthesize`](synthesize).
    pub fn generate(&self, options: &SynthesizeOptions) -> Result<Synthesized> {
        synthesize(&self.saved, options, &Device::cpu())
    }
}
