//! The arguments, and how they become a configuration.

mod compare;
mod detect;
mod examples;
mod fit;
mod generate;
mod model;
mod tasks;
mod values;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use diabolo::data::Format;
use diabolo::tensor::{Device, use_threads};
use diabolo::{Config, Error};

pub use compare::CompareArgs;
pub use detect::{CalibrateArgs, ScoreArgs};
pub use fit::{ColumnArgs, FitArgs, TrainingArgs};
pub use generate::GenerateArgs;
pub use model::ModelArgs;
pub use tasks::{DenoiseArgs, ImputeArgs, MapArgs};
use values::delimiter;
pub use values::parse_corruption;

/// Contractive and variational autoencoders for real data.
#[derive(Parser)]
#[command(name = "diabolo", version, about, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub shared: Shared,
}

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Shared {
    /// Print results as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Print errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads to use; the result does not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Where to compute: cpu, cuda, cuda:N or wgpu (the last three if built in)
    #[arg(long, global = true, default_value = "cpu", value_name = "NAME")]
    pub device: String,
}

impl Shared {
    pub fn apply(&self) -> anyhow::Result<()> {
        self.threads.map_or(Ok(()), use_threads)?;
        Ok(())
    }

    pub fn device(&self) -> diabolo::Result<Device> {
        Device::named(&self.device)
    }

    /// A note on stderr, unless it should be quiet.
    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Fit a model to a file or a built-in set, and write a run folder with model and report
    #[command(after_help = examples::FIT)]
    Fit(Box<FitArgs>),
    /// Fit several families under one budget, and report which claims about them the figures bear out
    #[command(mut_arg("model", |arg| arg.hide(true)))]
    Compare(Box<CompareArgs>),
    /// Write the code of each row
    #[command(after_help = examples::ENCODE)]
    Encode(TransformArgs),
    /// Write the rows that codes stand for
    #[command(after_help = examples::DECODE)]
    Decode(TransformArgs),
    /// Write what the model makes of each row
    #[command(after_help = examples::RECONSTRUCT)]
    Reconstruct(TransformArgs),
    /// Take noise out of rows, and with clean ones beside them say how well
    #[command(after_help = examples::DENOISE)]
    Denoise(DenoiseArgs),
    /// Draw rows in the plane, and say what of their neighbourhoods the map keeps
    #[command(after_help = examples::MAP)]
    Map(MapArgs),
    /// Fill in missing cells
    #[command(after_help = examples::IMPUTE)]
    Impute(ImputeArgs),
    /// Write new rows or pictures, drawn from the prior or by the contractive walk
    #[command(after_help = examples::GENERATE)]
    Generate(GenerateArgs),
    /// Find anomalies: write each row with its score, p-value, and for anomalies the columns that are the reason; with --json the rows
    /// go nowhere unless --out names a file
    #[command(after_help = examples::SCORE)]
    Score(Box<ScoreArgs>),
    /// Compare later scores with those of these rows; the model stays as it is
    #[command(after_help = examples::CALIBRATE)]
    Calibrate(CalibrateArgs),
    /// Measure a model on rows it was not trained on
    #[command(after_help = examples::EVALUATE)]
    Evaluate(EvaluateArgs),
    /// Measure what the code is good for: classes told from it, by a probe or by fine-tuning the encoder
    #[command(after_help = examples::FEATURES)]
    Features(Box<FeaturesArgs>),
    /// Show what a model or a data file holds
    #[command(after_help = examples::INSPECT)]
    Inspect(InspectArgs),
    /// Write the report of a run again, or on other rows
    Report(ReportArgs),
    /// List the built-in data sets, or fetch one
    Data(DataArgs),
}

/// How to read rows.
#[derive(Args, Default)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// What separates the cells of a text file [default: found out]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// The first row of a text file names the columns, or (--header false) does not [default: found out]
    #[arg(long, value_name = "BOOL")]
    pub header: Option<bool>,
    /// The encoding of a text file, such as latin1 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Another text that means "missing"; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub missing: Vec<String>,
    /// The rows are a series: an example is a row with the N - 1 before it [default: as fitted]
    #[arg(long, value_name = "N")]
    pub window: Option<usize>,
}

impl ReadArgs {
    fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let data = &mut config.data;
        if let Some(text) = &self.delimiter {
            data.delimiter = Some(delimiter(text)?);
        }
        data.header = self.header.or(data.header);
        data.encoding = self.encoding.clone().or(data.encoding.take());
        data.missing.extend(self.missing.iter().cloned());
        data.window = self.window.or(data.window);
        match data.window {
            Some(length) if length < 2 => Err(Error::invalid_value("--window", "2 rows or more", length)),
            _ => Ok(()),
        }
    }

    /// The model's own reading options, changed by these flags.
    pub fn over(&self, config: &Config) -> diabolo::Result<Config> {
        let mut over = config.clone();
        self.apply(&mut over)?;
        if over.data.window != config.data.window {
            let fitted =
                config.data.window.map_or("no windows".into(), |length| format!("windows of {length}"));
            let expected = format!("{fitted}, as the model was fitted with");
            return Err(Error::invalid_value("--window", expected, over.data.window.unwrap_or_default()));
        }
        Ok(over)
    }
}

#[derive(Args)]
pub struct TransformArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows: any input that `fit` takes
    pub input: String,
    /// Where to write; the extension chooses CSV, TSV, Parquet, Arrow or NPY, a trailing / PNG pictures
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// The output's format, when the extension does not tell
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// A category the data did not have is an error, or counts as missing [default: as fitted]
    #[arg(long, value_name = "error|missing")]
    pub unknown: Option<String>,
    #[command(flatten)]
    pub read: ReadArgs,
}

impl TransformArgs {
    /// Whether the output knows numbers from text.
    pub fn has_types(&self) -> bool {
        let format = self.format.or(Format::of_path(Path::new(&self.out)));
        format.is_some_and(|format| !matches!(format, Format::Csv | Format::Tsv))
    }
}

#[derive(Args)]
pub struct EvaluateArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows [default: those held out of what the model was fitted on]
    pub input: Option<String>,
    /// Use all rows, also those the model was trained on
    #[arg(long)]
    pub all_rows: bool,
    /// Also how the code reacts to changes of the input: Jacobian, noise, columns
    #[arg(long)]
    pub diagnose: bool,
    /// Also log p(x), by importance sampling with so many draws a row; 5000 is customary (variational)
    #[arg(long, value_name = "K")]
    pub samples: Option<usize>,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct FeaturesArgs {
    /// A run folder or a model file, fitted on data with a label column
    pub model: PathBuf,
    /// Instead train the encoder under a softmax layer, and the same network from random weights
    #[arg(long)]
    pub fine_tune: bool,
    /// Fine-tune this often, each time with another seed
    #[arg(long, default_value_t = 1, value_name = "N", requires = "fine_tune")]
    pub repeats: u64,
    /// Do not train the same network from random weights
    #[arg(long, requires = "fine_tune")]
    pub no_baseline: bool,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct InspectArgs {
    /// A run folder, a model file, or any input that `fit` takes
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
pub struct ReportArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows [default: those held out of what the model was fitted on]
    pub input: Option<String>,
    /// Where to write [default: report.html in the run folder]
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
    /// List the built-in sets and where they are
    List,
    /// Download a set into the cache and check it
    Fetch {
        /// The set's name
        name: String,
    },
}
