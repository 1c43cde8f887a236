//! The arguments of `sweep`.

use std::path::PathBuf;

use clap::Args;
use diabolo::task::sweep::Sweep;
use diabolo::{Config, Error};

use super::{ColumnArgs, ModelArgs, ReadArgs, TrainingArgs};

#[derive(Args)]
pub struct SweepArgs {
    /// A file, a folder of images, or a built-in data set: digits, factors, mnist, fashion-mnist,
    /// binarized-mnist
    pub input: String,
    /// A configuration key with the values to try, such as training.learning_rate=0.001,0.01; `fit
    /// --print-config` shows the keys. Two of them: all pairs of values. A key with one value is
    /// set for all models; may be repeated
    #[arg(long, value_name = "KEY=VALUES", required = true)]
    pub set: Vec<String>,
    /// Trainings of each model, from different initial weights; values are means over them
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub initializations: usize,
    /// Folder for report.html and sweep.json; an interrupted sweep is resumed [default:
    /// runs/DATA-sweep, numbered]
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

impl SweepArgs {
    pub fn to_sweep(&self) -> diabolo::Result<Sweep> {
        if self.initializations == 0 {
            return Err(Error::invalid_value("--initializations", "1 or more", 0));
        }
        if !self.columns.condition.is_empty() {
            let reason = "test rows are measured without conditions";
            return Err(Error::conflict("--condition", "sweep", reason));
        }
        let mut config = Config::default();
        match &self.model.model {
            Some(name) => config.choose_family(name)?,
            None => config.model.family = Sweep::family_for(&self.set)?,
        }
        self.model.apply(&mut config)?;
        self.training.apply(&mut config)?;
        self.columns.apply(&mut config)?;
        self.read.apply(&mut config)?;
        Sweep::new(self.input.clone(), config, &self.set, self.initializations)
    }
}
