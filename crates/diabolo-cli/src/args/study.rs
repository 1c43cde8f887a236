//! What `compare` and `sweep` have in common: rows, a folder, and the settings of their models.

use std::path::PathBuf;

use clap::Args;
use diabolo::{Config, Result};

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
    /// Applies the settings, with `model` for those of the model.
    pub fn apply(&self, model: &ModelArgs, config: &mut Config) -> Result<()> {
        model.apply(config)?;
        self.training.apply(config)?;
        self.columns.apply(config)?;
        self.read.apply(config)?;
        if model.tied.is_none() {
            config.untie_without_transpose();
        }
        Ok(())
    }
}
