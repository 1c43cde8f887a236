//! The arguments, and how they become a configuration.

mod audit;
mod codec;
mod compare;
mod detect;
mod evaluate;
mod examples;
mod explore;
mod fit;
mod forecast;
mod generate;
mod model;
mod shell;
mod study;
mod sweep;
mod synthesize;
mod tasks;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use diabolo::artifact::folder_of;
use diabolo::config::values::{delimiter, size};
use diabolo::data::read::OnNote;
use diabolo::data::{DataConfig, Format, ReadOptions, Source};
use diabolo::tensor::{Device, use_threads};
use diabolo::{Config, Error, Predictor};

use crate::stderr::say;
pub use audit::AuditArgs;
pub use codec::{CompressArgs, DecompressArgs};
pub use compare::CompareArgs;
pub use detect::{CalibrateArgs, ScoreArgs};
pub use evaluate::{DataArgs, DataCommand, EvaluateArgs, ExportArgs, FeaturesArgs, InspectArgs, ReportArgs};
pub use explore::{ExploreArgs, LabArgs, ServerArgs};
pub use fit::{ColumnArgs, FitArgs, TrainingArgs};
pub use forecast::ForecastArgs;
pub use generate::GenerateArgs;
pub use model::ModelArgs;
pub use shell::{CompletionsArgs, ManArgs};
pub use sweep::SweepArgs;
pub use tasks::{DenoiseArgs, ImputeArgs, MapArgs};

/// Contractive and variational autoencoders for real data.
#[derive(Parser)]
#[command(name = "diabolo", version, about, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub shared: Shared,
}

impl Arguments {
    /// Parses the command line. Every option takes a negative number, such as `--missing -999`.
    pub fn parsed() -> clap::error::Result<Self> {
        let mut matches = negative_numbers(Arguments::command()).try_get_matches()?;
        Arguments::from_arg_matches_mut(&mut matches)
    }
}

/// The command, with negative numbers as values of options.
fn negative_numbers(command: clap::Command) -> clap::Command {
    let allowed = |arg: clap::Arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    };
    command.mut_args(allowed).mut_subcommands(negative_numbers)
}

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub struct Shared {
    /// Print results as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Print errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Device: cpu, cuda, cuda:N or wgpu (all but cpu need a build with that feature)
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

    /// The options of the reader, whose notes are printed.
    pub fn read_options(&self, data: &DataConfig) -> ReadOptions {
        ReadOptions { on_note: self.on_note(), ..data.read_options() }
    }

    /// Prints the notes of a reader.
    pub fn on_note(&self) -> OnNote {
        let quiet = self.quiet;
        OnNote::new(move |note| {
            if !quiet {
                say(format!("note: {note}"));
            }
        })
    }

    /// Prints a note on stderr, unless `--quiet` is given.
    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            say(text);
        }
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Fit a model to a file or a built-in data set; write a run folder with the model and a report
    #[command(after_help = examples::FIT)]
    Fit(Box<FitArgs>),
    /// Fit several model families with the same settings and seeds; report their metrics and
    /// differences
    #[command(mut_arg("model", |arg| arg.hide(true)), after_help = examples::COMPARE)]
    Compare(Box<CompareArgs>),
    /// Fit one model with several values of a setting, or of two; report every metric by value
    #[command(after_help = examples::SWEEP)]
    Sweep(Box<SweepArgs>),
    /// Write the latent code of each row; NPY, which has no column names, gets the codes alone
    #[command(after_help = examples::ENCODE)]
    Encode(EncodeArgs),
    #[command(mut_arg("input", |arg| arg.help(CODES).value_name("CODES")))]
    /// Decode latent codes to rows in the original columns and units
    #[command(after_help = examples::DECODE)]
    Decode(TransformArgs),
    /// Write the model's reconstruction of each row
    #[command(after_help = examples::RECONSTRUCT)]
    Reconstruct(TransformArgs),
    /// Remove noise from rows; compare with clean rows if they are given
    #[command(after_help = examples::DENOISE)]
    Denoise(DenoiseArgs),
    /// Plot rows in two dimensions and measure how well the plot preserves neighbourhoods
    #[command(after_help = examples::MAP)]
    Map(MapArgs),
    /// Look at the latent space in a browser: a map of the rows, decoded live as a point is dragged
    #[command(after_help = examples::EXPLORE)]
    Explore(ExploreArgs),
    /// Learn how contractive and variational autoencoders work: pages with live figures on the
    /// built-in digits
    #[command(after_help = examples::LAB)]
    Lab(LabArgs),
    /// Impute missing cells
    #[command(after_help = examples::IMPUTE)]
    Impute(ImputeArgs),
    /// Predict the next values of series, with prediction intervals
    #[command(after_help = examples::FORECAST)]
    Forecast(ForecastArgs),
    /// Generate new rows or images from the prior or by the contractive walk
    #[command(after_help = examples::GENERATE)]
    Generate(GenerateArgs),
    /// Audit synthetic rows of any tool: fidelity, use and privacy, beside held-out real rows
    #[command(after_help = examples::AUDIT)]
    Audit(AuditArgs),
    /// Detect anomalies: write each row with its score, p-value and, for anomalies, the responsible
    /// columns; with --json, the rows are written only if --out names a file
    #[command(after_help = examples::SCORE)]
    Score(Box<ScoreArgs>),
    /// Replace the reference scores that p-values and thresholds use; the model does not change
    #[command(after_help = examples::CALIBRATE)]
    Calibrate(CalibrateArgs),
    /// Evaluate a model on rows that it was not trained on
    #[command(after_help = examples::EVALUATE)]
    Evaluate(EvaluateArgs),
    /// Compress rows without loss with a variational model; they are decompressed and compared
    /// first
    #[command(after_help = examples::COMPRESS)]
    Compress(CompressArgs),
    /// Decompress a file of `compress`, or some of its rows
    #[command(after_help = examples::DECOMPRESS)]
    Decompress(DecompressArgs),
    /// Measure classification accuracy from the latent code: linear probe, neighbours, clusters, or
    /// fine-tuning
    #[command(after_help = examples::FEATURES)]
    Features(Box<FeaturesArgs>),
    /// Show the contents of a model, a data file or a compressed file
    #[command(after_help = examples::INSPECT)]
    Inspect(InspectArgs),
    /// Write the model as an ONNX file: inputs are the columns, outputs the code, the
    /// reconstruction and, without a posterior, scores
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Write the report of a run again, or for other rows
    Report(ReportArgs),
    /// List the built-in data sets, or download one
    Data(DataArgs),
    /// Print a script that completes commands and options in a shell
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Write manual pages
    #[command(hide = true)]
    Man(ManArgs),
}

/// The input of `decode`, which shares its arguments with `encode`.
const CODES: &str =
    "The codes: a file with the columns latent_1, latent_2, …, as `encode` writes it, or an array of them";

/// How to read rows.
#[derive(Args, Default)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Cell separator of a text file: one character, or tab [default: auto-detected]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// The first row of a text file is data, not column names [default: auto-detected]
    #[arg(long)]
    pub no_header: bool,
    /// The first row of a text file holds the column names [default: auto-detected]
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        hide_possible_values = true,
        conflicts_with = "no_header"
    )]
    pub header: Option<bool>,
    /// Encoding of a text file, such as latin1 [default: auto-detected]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Another word that means a missing cell, such as -999; COLUMN=WORD for one column; none: no
    /// words, only empty cells; default: the usual words (?, NA, NaN, null, …); may be repeated
    #[arg(long, value_name = "[COLUMN=]WORD", allow_hyphen_values = true)]
    pub missing: Vec<String>,
    /// Skip up to N damaged rows of a text file, such as rows with too few cells, and count them
    /// [default: as fitted, else 0; 0 if the output replaces the input]
    #[arg(long, value_name = "N")]
    pub skip_bad_rows: Option<u64>,
    /// Memory for the data, such as 2GB; larger data go to temporary files, which are removed
    /// [default: half of the free memory]
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<String>,
    /// Resize image files to a height and width; N means NxN [default: as fitted]
    #[arg(long, value_name = "HxW")]
    pub resize: Option<String>,
    /// Read image files in grey [default: as fitted, else in colour if one of them is]
    #[arg(long)]
    pub gray: bool,
    /// Refuse unreadable image files instead of skipping them
    #[arg(long)]
    pub strict: bool,
    /// The rows are a time series: one example is a window of N consecutive rows; for forecasts,
    /// the values that one is made from [default: as fitted]
    #[arg(long, value_name = "N")]
    pub window: Option<usize>,
}

impl ReadArgs {
    fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let data = &mut config.data;
        if let Some(text) = &self.delimiter {
            data.delimiter = Some(delimiter(text)?);
        }
        data.header = self.no_header.then_some(false).or(self.header).or(data.header);
        data.encoding = self.encoding.clone().or(data.encoding.take());
        data.missing.extend(self.missing.iter().cloned());
        data.skip_bad_rows = self.skip_bad_rows.unwrap_or(data.skip_bad_rows);
        if let Some(text) = &self.max_memory {
            data.max_memory = Some(text.parse().map_err(|error| renamed(error, "--max-memory"))?);
        }
        if let Some(text) = &self.resize {
            data.images.resize = Some(size(text)?);
        }
        data.images.channels = self.gray.then_some(1).or(data.images.channels);
        data.images.strict |= self.strict;
        data.window = self.window.or(data.window);
        match data.window {
            Some(length) if length < 2 => Err(Error::invalid_value("--window", "2 rows or more", length)),
            _ => Ok(()),
        }
    }

    /// The model's configuration with these flags applied.
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
    /// The rows: any input that `fit` accepts
    pub input: String,
    /// Output file; the extension selects CSV, TSV, Parquet, Arrow or NPY; FOLDER/ writes PNG
    /// images; - is stdout. It may be the input, which is replaced when all rows are written
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// Output format, if the extension does not determine it
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// Categories that were not in the training data: missing cells (with a higher score), or an
    /// error [default: as fitted]
    #[arg(long, value_name = "error|missing")]
    pub unknown: Option<String>,
    /// Numbers of the output may leave the range of the training rows
    #[arg(long)]
    pub beyond_range: bool,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct EncodeArgs {
    #[command(flatten)]
    pub rows: TransformArgs,
    /// Write the posterior of each latent dimension: its mean, its log variance, and a draw from it
    /// (variational)
    #[arg(long)]
    pub posterior: bool,
    /// Random seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0, requires = "posterior")]
    pub seed: u64,
}

impl TransformArgs {
    /// The output format, if flags name it.
    fn output_format(&self) -> Option<Format> {
        self.format.or(Format::of_path(Path::new(&self.out)))
    }

    /// The rows of a text file with types, if the output format distinguishes numbers from text.
    pub fn typed(&self, predictor: &Predictor, rows: Source, shared: &Shared) -> diabolo::Result<Source> {
        let format = self.output_format();
        if !rows.is_text() || matches!(format, None | Some(Format::Csv | Format::Tsv)) {
            return Ok(rows);
        }
        let schema = &predictor.saved().header.preprocessor.schema;
        // An NPY file has no text.
        let typed = rows.converted(|rows| schema.typed(rows, format != Some(Format::Npy)))?;
        schema.stays_text(typed.schema()).iter().for_each(|note| shared.note(format!("note: {note}")));
        Ok(typed)
    }

    /// The options of the reader. Damaged rows of a file that the output replaces are skipped only
    /// if the flag is given: they would be lost.
    pub fn read_options(&self, predictor: &Predictor, shared: &Shared) -> diabolo::Result<ReadOptions> {
        let data = self.read.over(&predictor.saved().header.config)?.data;
        let mut options = shared.read_options(&data);
        if self.read.skip_bad_rows.is_none() && self.input != "-" && same_file(&self.input, &self.out) {
            options.skip_bad_rows = 0;
        }
        Ok(options)
    }

    /// Returns an error if images of the input would be replaced while others are still to be read.
    pub fn check_folder(&self) -> diabolo::Result<()> {
        match Path::new(&self.input).is_dir() && same_file(&self.input, &self.out) {
            true => {
                let expected = "another folder than the input, whose images would be replaced one by one";
                Err(Error::invalid_value("--out", expected, format!("'{}'", self.out)))
            }
            false => Ok(()),
        }
    }

    /// Returns an error if one of `others`, the files of flags, is the input, an output, or another
    /// of them.
    pub fn check_apart(&self, outputs: &[String], others: &[(&str, Option<&str>)]) -> diabolo::Result<()> {
        let input = Some(self.input.as_str()).filter(|input| *input != "-");
        let mut taken: Vec<&str> = outputs.iter().map(String::as_str).chain(input).collect();
        for (flag, path) in others.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))) {
            if taken.iter().any(|taken| same_file(taken, path)) {
                return Err(Error::invalid_value(flag, "a separate file", format!("'{path}' a second time")));
            }
            taken.push(path);
        }
        Ok(())
    }

    /// Whether the output format has no names of columns.
    pub fn is_nameless(&self) -> bool {
        self.output_format() == Some(Format::Npy)
    }
}

/// Whether two paths name the same file or folder, which may not exist yet.
fn same_file(a: &str, b: &str) -> bool {
    let place = |path: &str| {
        let path = Path::new(path);
        let beside = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(beside)
    };
    a == b || place(a).is_some_and(|a| place(b) == Some(a))
}

/// The error of a parser, for a flag that is not named like its setting.
pub fn renamed(error: Error, flag: &str) -> Error {
    match error {
        Error::InvalidValue { expected, found, .. } => Error::invalid_value(flag, expected, found),
        other => other,
    }
}
