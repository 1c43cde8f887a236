//! The arguments of `fit`, and how they become a configuration.

use std::path::PathBuf;

use clap::Args;
use diabolo::artifact::settings_alone;
use diabolo::data::Binarization;
use diabolo::model::FamilyConfig;
use diabolo::train::Schedule;
use diabolo::{Config, Error, Preset};

use super::values::{optimizer, seconds};
use super::{ModelArgs, ReadArgs};

#[derive(Args)]
pub struct FitArgs {
    /// A CSV, TSV, Parquet, Arrow, NPY, NPZ or IDX file, a folder of pictures, `-` for stdin,
    /// or a built-in set: digits, factors, mnist, fashion-mnist, binarized-mnist
    #[arg(required_unless_present_any = ["resume", "print_config"])]
    pub input: Option<String>,

    /// Continue an interrupted run, to the same weights as if it had never stopped; with --epochs, any run for longer
    #[arg(long, value_name = "RUN", conflicts_with = "input")]
    pub resume: Option<PathBuf>,
    /// The run's folder [default: runs/DATA-MODEL, numbered]
    #[arg(long, short, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Settings that suit a purpose: detect, detect-contaminated, impute, denoise, features or generate; other flags win
    #[arg(long = "for", value_name = "PURPOSE", conflicts_with_all = ["config", "resume"])]
    pub preset: Option<Preset>,
    /// A TOML file to start from; --print-config shows its keys
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set any configuration key, such as model.latent_dim=8; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print the configuration as TOML and stop
    #[arg(long)]
    pub print_config: bool,

    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct TrainingArgs {
    /// Passes over the training rows, at most
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub epochs: Option<usize>,
    /// Passes for each layer alone, before all are trained jointly (not for models with a prior)
    #[arg(long, value_name = "N")]
    pub pretrain_epochs: Option<usize>,
    /// Rows a step
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub batch_size: Option<usize>,
    /// Adam's step size [default: 0.003 for variational, sparse and multiscale models, else 0.001]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    /// adam, adam_w:WEIGHT_DECAY, sgd or sgd:MOMENTUM [default: adam]
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<String>,
    /// constant, cosine or plateau [default: cosine]
    #[arg(long, value_name = "NAME")]
    pub schedule: Option<String>,
    /// Largest L2 norm of each parameter tensor's gradient
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    pub gradient_clip: Option<f64>,
    /// Share of each batch that fits worst and does not count: for rows that hold anomalies themselves [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub trim: Option<f64>,
    /// Epochs without improvement before stopping; 0 never stops early [default: 20]
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    pub patience: Option<usize>,
    /// Stop after this time, such as 90s, 10m or 2h
    #[arg(long, value_name = "TIME")]
    pub max_time: Option<String>,
    /// Seed of all randomness [default: 0]
    // What TOML can hold.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
}

#[derive(Args)]
#[command(next_help_heading = "Columns")]
pub struct ColumnArgs {
    /// The column that identifies a row; kept in every output, never learned
    #[arg(long, value_name = "COLUMN")]
    pub key: Option<String>,
    /// The column that colours plots; never learned
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// A column that the model is given and does not reconstruct, for `generate --where`; may be repeated (variational)
    #[arg(long, value_name = "COLUMN")]
    pub condition: Vec<String>,
    /// A column to leave out; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub drop: Vec<String>,
    /// A column's kind, such as zip=categorical: numeric, count, binary, categorical, ordinal (numbers), or
    /// ordinal:small,medium,large (texts in their order); may be repeated
    #[arg(long = "type", value_name = "COLUMN=KIND")]
    pub types: Vec<String>,
    /// How numbers are scaled: standardize, standardize_steps (whole numbers by 1 at least), min_max or quantile [default: standardize]
    #[arg(long, value_name = "NAME")]
    pub numeric: Option<String>,
    /// Pixels become 0 or 1: dynamic (afresh each epoch, with the intensity as probability), fixed or threshold
    #[arg(long, value_name = "NAME")]
    pub binarize: Option<String>,
    /// How counts are encoded: log1p (log(1 + count)), as_numeric, or auto: log1p where many are 0 and most are small
    /// [default: auto]
    #[arg(long, value_name = "auto|log1p|as_numeric")]
    pub counts: Option<String>,
    /// A category the data did not have is an error, or counts as missing [default: error]
    #[arg(long, value_name = "error|missing")]
    pub unknown: Option<String>,
    /// Share of the rows for early stopping [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub validation: Option<f64>,
    /// Share of the rows kept unseen for `evaluate` [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub test: Option<f64>,
}

impl FitArgs {
    /// The configuration file or the preset, then --set, then the flags: the later wins.
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
            config.model.family = FamilyConfig::named(name)?;
        }
        for assignment in &self.set {
            config.set(assignment)?;
        }
        self.model.apply(&mut config)?;
        self.training.apply(&mut config)?;
        self.columns.apply(&mut config)?;
        self.read.apply(&mut config)?;
        Ok(config)
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
        training.trim = self.trim.unwrap_or(training.trim);
        training.patience = self.patience.unwrap_or(training.patience);
        training.seed = self.seed.unwrap_or(training.seed);
        if let Some(text) = &self.optimizer {
            training.optimizer = optimizer(text)?;
        }
        if let Some(name) = &self.schedule {
            training.schedule = Schedule::named(name)?;
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

/// The column and the kind of `COLUMN=KIND`, where names of columns and the values of an order may hold a `=`.
fn column_type(assignment: &str) -> diabolo::Result<(&str, &str)> {
    let split = match assignment.find("=ordinal:") {
        Some(at) => Some((&assignment[..at], &assignment[at + 1..])),
        None => assignment.rsplit_once('='),
    };
    split.ok_or_else(|| Error::invalid_value("--type", "COLUMN=KIND", format!("'{assignment}'")))
}
