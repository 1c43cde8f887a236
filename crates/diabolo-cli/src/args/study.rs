//! What `compare` and `sweep` have in common: rows, a folder, and the settings of their models.

use std::path::PathBuf;

use clap::Args;
use diabolo::{Config, Error, Result};

use super::{ColumnArgs, ModelArgs, ReadArgs, TrainingArgs};

#[derive(Args)]
pub struct StudyArgs {
    /// The rows: any input that `fit` accepts
    pub input: String,
    /// Folder for the page and the numbers, where an interrupted study is resumed [default:
    /// runs/DATA-compare or -sweep, numbered]
    #[arg(long, short, value_name = "FOLDER")]
    pub out: Option<PathBuf>,

    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

impl StudyArgs {
    /// Refuses what no study can do.
    pub fn check(&self, command: &str, initializations: usize) -> Result<()> {
        if initializations == 0 {
            return Err(Error::invalid_value("--initializations", "1 or more", 0));
        }
        if !self.columns.condition.is_empty() {
            let reason = "test rows are measured without conditions";
            return Err(Error::conflict("--condition", command, reason));
        }
        Ok(())
    }

    /// Applies the settings, with `model` for those of the model.
    pub fn apply(&self, model: &ModelArgs, config: &mut Config) -> Result<()> {
        model.apply(config)?;
        self.training.apply(config)?;
        self.columns.apply(config)?;
        self.read.apply(config)
    }
}
