//! What was learned, and what is in a file: `evaluate`, `features`, `inspect`, `report`, `data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use diabolo::Config;

use super::{ColumnArgs, ReadArgs, TrainingArgs};

#[derive(Args)]
pub struct EvaluateArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows [default: the held-out rows of the data the model was fitted on]
    pub input: Option<String>,
    /// Use all rows, including those the model was trained on
    #[arg(long)]
    pub all_rows: bool,
    /// Also measure the sensitivity of the code to the input: Jacobian spectrum, noise, columns
    #[arg(long)]
    pub diagnose: bool,
    /// Also estimate log p(x) by importance sampling with K draws per row; papers use 5000
    /// (variational)
    #[arg(long, value_name = "K")]
    pub samples: Option<usize>,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct FeaturesArgs {
    /// A run folder or a model file, fitted on data with a label column
    pub model: PathBuf,
    /// Fine-tune the encoder with a softmax layer on the labels, and train the same network from
    /// random weights
    #[arg(long)]
    pub fine_tune: bool,
    /// Number of fine-tuning runs, each with another seed
    #[arg(long, default_value_t = 1, value_name = "N", requires = "fine_tune")]
    pub repeats: u64,
    /// Skip the network that starts from random weights
    #[arg(long, requires = "fine_tune")]
    pub no_baseline: bool,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct InspectArgs {
    /// A run folder, a model file, a .dbz file, or any input that `fit` accepts
    pub path: String,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

impl InspectArgs {
    pub fn to_config(&self) -> diabolo::Result<Config> {
        let mut config = Config::default();
        self.columns.apply(&mut config)?;
        self.read.apply(&mut config)?;
        Ok(config)
    }
}

#[derive(Args)]
pub struct ExportArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// Output file, a name that ends in .onnx
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct ReportArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows [default: the held-out rows of the data the model was fitted on]
    pub input: Option<String>,
    /// Output file: .html, or .svg for a single figure [default: report.html in the run folder]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct DataArgs {
    #[command(subcommand)]
    pub command: DataCommand,
}

#[derive(Subcommand)]
pub enum DataCommand {
    /// List the built-in data sets and their locations
    List,
    /// Download a data set into the cache and verify its checksum
    Fetch {
        /// Name of the data set
        name: String,
    },
}
