//! The arguments of `fit`, and how they become a configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use diabolo::artifact::{Run, settings_alone};
use diabolo::config::values::seconds;
use diabolo::data::{Binarization, short_name};
use diabolo::train::Schedule;
use diabolo::{Config, Error, Preset};

use super::forecast::HorizonArgs;
use super::synthesize::SynthesizeArgs;
use super::{ModelArgs, ReadArgs};

#[derive(Args)]
pub struct FitArgs {
    /// A CSV, TSV, JSON lines, Parquet, Arrow, NPY, NPZ or IDX file, a folder of images or of the
    /// parts of a table, a pattern such as 'data/*.parquet', `-` for stdin, or a built-in data set,
    /// such as digits, taxi or customers (`data list` shows them)
    #[arg(required_unless_present_any = ["resume", "print_config"])]
    pub input: Option<String>,

    /// Resume an interrupted run; the weights are the same as without the interruption. With
    /// --epochs, extend any run
    #[arg(long, value_name = "RUN", conflicts_with = "input")]
    pub resume: Option<PathBuf>,
    /// Run folder [default: runs/DATA-MODEL, numbered]
    #[arg(long, short, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Replace the run in the folder of --out
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Settings for a task: detect, detect-contaminated, impute, denoise, features, generate,
    /// compress, forecast or synthesize; other flags override them
    #[arg(long, alias = "for", value_name = "PRESET", conflicts_with_all = ["config", "resume"])]
    pub preset: Option<Preset>,
    /// TOML configuration file; --print-config shows the keys
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set a configuration key, such as model.latent_dim=8; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the configuration as TOML and exit
    #[arg(long)]
    pub print_config: bool,

    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub forecast: HorizonArgs,
    #[command(flatten)]
    pub synthesize: SynthesizeArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct TrainingArgs {
    /// Maximum number of passes over the training rows
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Epochs of layerwise pretraining for each layer, before joint training (not for models with a
    /// prior)
    #[arg(long, value_name = "N")]
    pub pretrain_epochs: Option<usize>,
    /// Batch size: rows per optimizer step
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Learning rate [default: 0.003 for variational, sparse and multiscale models, else 0.001;
    /// less for many large numbers per row, such as colour pictures]
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// Optimizer: adam, adam_w:WEIGHT_DECAY, sgd or sgd:MOMENTUM [default: adam]
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<String>,
    /// Learning rate schedule: constant, cosine or plateau [default: cosine]
    #[arg(long, value_name = "NAME")]
    pub schedule: Option<String>,
    /// Gradient clipping: maximum L2 norm of the gradient of each parameter tensor
    #[arg(long, value_name = "NORM")]
    pub gradient_clip: Option<f64>,
    /// Fraction of the training rows to fit, those nearest to a robust centre: for training data
    /// that contains anomalies [default: 1]
    #[arg(long, value_name = "FRACTION")]
    pub central: Option<f64>,
    /// Fraction of each batch, the rows with the largest loss, to ignore: for training data that
    /// contains anomalies [default: 0]
    #[arg(long, value_name = "FRACTION")]
    pub trim: Option<f64>,
    /// Random changes of training images in each epoch: flip (left to right), shift:PIXELS (along
    /// both axes), or both, as in flip,shift:2
    #[arg(long, value_name = "CHANGES")]
    pub augment: Option<String>,
    /// Early stopping: epochs without improvement before training stops; 0 disables it [default:
    /// 20]
    #[arg(long, value_name = "EPOCHS")]
    pub patience: Option<usize>,
    /// Time limit of training, such as 90s, 10m or 2h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub max_time: Option<String>,
    /// Random seed [default: 0]
    // The range of a TOML integer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
}

#[derive(Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnArgs {
    /// Column that identifies a row; copied to every output, not an input of the model
    #[arg(long, value_name = "COLUMN")]
    pub key: Option<String>,
    /// Column of class labels, for plots and `features`; not an input of the model
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Column to condition on: the model receives it and does not reconstruct it; see `generate
    /// --where`; may be repeated (variational)
    #[arg(long, value_name = "COLUMN")]
    pub condition: Vec<String>,
    /// Column to ignore; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub drop: Vec<String>,
    /// Type of a column, such as zip=categorical: numeric, count, binary, categorical, datetime,
    /// datetime:%d/%m/%Y (its format), ordinal (numbers), or ordinal:small,medium,large (texts in
    /// order); may be repeated
    #[arg(long = "type", value_name = "COLUMN=KIND")]
    pub types: Vec<String>,
    /// Scaling of numeric columns: standardize (of columns that are mostly 0, scores by rank),
    /// standardize_steps (whole numbers are divided by at least 1), min_max or quantile [default:
    /// standardize]
    #[arg(long, value_name = "NAME")]
    pub numeric: Option<String>,
    /// Binarization of pixels: dynamic (drawn in each epoch with the intensity as probability),
    /// fixed (drawn once) or threshold
    #[arg(long, value_name = "NAME")]
    pub binarize: Option<String>,
    /// Encoding of counts: log1p (log(1 + count)), as_numeric, or auto (log1p if many are 0, most
    /// are small and not all others are large) [default: auto]
    #[arg(long, value_name = "auto|log1p|as_numeric")]
    pub counts: Option<String>,
    /// Categories that were not in the training data, in rows that the model is used on: missing
    /// cells (with a higher anomaly score), or an error [default: missing]
    #[arg(long, value_name = "error|missing")]
    pub unknown: Option<String>,
    /// Fraction of the rows for validation, which early stopping uses [default: 0.1]
    #[arg(long, value_name = "FRACTION")]
    pub validation: Option<f64>,
    /// Fraction of the rows held out for testing, which `evaluate` uses [default: 0.1]
    #[arg(long, value_name = "FRACTION")]
    pub test: Option<f64>,
}

impl FitArgs {
    /// The configuration file or the preset, then --set, then the other flags; later settings
    /// override earlier ones.
    pub fn to_config(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
                Config::from_toml(&path.display().to_string(), &settings_alone(&text))?
            }
            None => Config::default(),
        };
        if let Some(preset) = self.preset {
            preset.apply(&mut config);
        }
        if let Some(name) = &self.model.model {
            config.choose_family(name)?;
        }
        for assignment in &self.set {
            config.set(assignment)?;
        }
        self.model.apply(&mut config)?;
        self.training.apply(&mut config)?;
        self.columns.apply(&mut config)?;
        self.forecast.apply(&mut config)?;
        self.synthesize.apply(&mut config)?;
        self.read.apply(&mut config)?;
        if self.model.tied.is_none() {
            config.untie_without_transpose();
        }
        Ok(config)
    }
}

impl FitArgs {
    /// The run folder that is asked for, or a new one named by the input and the `kind` of model.
    pub fn new_run(&self, input: &str, kind: &str) -> diabolo::Result<Run> {
        match &self.out {
            Some(folder) if self.force => Run::replace(folder),
            Some(folder) => Run::create(folder),
            None => Run::create_numbered(Path::new("runs"), &format!("{}-{kind}", short_name(input))),
        }
    }
}

impl TrainingArgs {
    pub fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let training = &mut config.training;
        training.epochs = self.epochs.or(training.epochs);
        training.pretrain_epochs = self.pretrain_epochs.unwrap_or(training.pretrain_epochs);
        training.batch_size = self.batch_size.or(training.batch_size);
        training.learning_rate = self.learning_rate.or(training.learning_rate);
        training.gradient_clip = self.gradient_clip.or(training.gradient_clip);
        training.central = self.central.unwrap_or(training.central);
        training.trim = self.trim.unwrap_or(training.trim);
        training.patience = self.patience.unwrap_or(training.patience);
        training.seed = self.seed.unwrap_or(training.seed);
        if let Some(text) = &self.optimizer {
            training.optimizer = text.parse()?;
        }
        if let Some(name) = &self.schedule {
            training.schedule = Schedule::named(name)?;
        }
        if let Some(text) = &self.augment {
            config.data.augment = Some(text.parse()?);
        }
        if let Some(text) = &self.max_time {
            training.max_seconds = Some(seconds(text)?);
        }
        Ok(())
    }
}

impl ColumnArgs {
    pub(super) fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let data = &mut config.data;
        data.key = self.key.clone().or(data.key.take());
        data.label = self.label.clone().or(data.label.take());
        data.condition.extend(self.condition.iter().cloned());
        data.drop.extend(self.drop.iter().cloned());
        for assignment in &self.types {
            let (column, kind) = column_type(assignment)?;
            data.types.insert(column.into(), kind.parse()?);
        }
        if let Some(name) = &self.binarize {
            let unknown =
                || Error::invalid_value("--binarize", "dynamic, fixed or threshold", format!("'{name}'"));
            data.binarize = Some(Binarization::named(name).ok_or_else(unknown)?);
        }
        if let Some(name) = &self.unknown {
            data.unknown_category = name.parse()?;
        }
        data.validation = self.validation.unwrap_or(data.validation);
        data.test = self.test.unwrap_or(data.test);
        if let Some(name) = &self.numeric {
            config.set(&format!("data.numeric={name}"))?;
        }
        if let Some(name) = &self.counts {
            config.set(&format!("data.counts={name}"))?;
        }
        Ok(())
    }
}

/// Splits `COLUMN=KIND`; column names and ordinal values may contain a `=`.
fn column_type(assignment: &str) -> diabolo::Result<(&str, &str)> {
    let split = match assignment.find("=ordinal:") {
        Some(at) => Some((&assignment[..at], &assignment[at + 1..])),
        None => assignment.rsplit_once('='),
    };
    split.ok_or_else(|| Error::invalid_value("--type", "COLUMN=KIND", format!("'{assignment}'")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Flags without a keyword of Python's `diabolo.fit`, and what stands for them.
    const FLAGS_ONLY: [(&str, &str); 7] = [
        ("config", "keywords, or a dict of them"),
        ("force", "a folder is removed by its own means"),
        ("no_header", "header=False"),
        ("out", "an argument of `diabolo.fit` itself"),
        ("print_config", "the `info` of a model"),
        ("resume", "a run is resumed by the command line"),
        ("type", "types={column: kind}"),
    ];
    /// Keywords without a flag of `fit`, and what stands for them.
    const KEYWORDS_ONLY: [(&str, &str); 7] = [
        ("beyond_range", "a flag of the commands that write numbers"),
        ("curvature_deviation", "--set model.family.curvature_deviation"),
        ("score_sigmas", "--set model.family.score_sigmas"),
        ("sigma_max", "--set model.family.sigma_max"),
        ("sigma_min", "--set model.family.sigma_min"),
        ("steps", "--set training.steps"),
        ("types", "--type"),
    ];

    #[test]
    fn every_flag_is_a_keyword_of_python() {
        let command = FitArgs::augment_args(clap::Command::new("fit"));
        let flags: BTreeSet<String> =
            command.get_arguments().filter_map(|arg| Some(arg.get_long()?.replace('-', "_"))).collect();
        let keywords: BTreeSet<String> = Config::keywords().map(str::to_string).collect();
        let names = |only: &[(&str, &str)]| only.iter().map(|(name, _)| name.to_string()).collect();
        let missing: BTreeSet<String> = flags.difference(&keywords).cloned().collect();
        assert_eq!(missing, names(&FLAGS_ONLY), "flags that are no keywords");
        let more: BTreeSet<String> = keywords.difference(&flags).cloned().collect();
        assert_eq!(more, names(&KEYWORDS_ONLY), "keywords that are no flags");
    }
}
