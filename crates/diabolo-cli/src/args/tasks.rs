//! The arguments of the applications.

use std::path::{Path, PathBuf};

use clap::Args;
use diabolo::Error;
use diabolo::task::ImputeConfig;

use super::{ReadArgs, TransformArgs};

#[derive(Args)]
pub struct ImputeArgs {
    /// Multiple imputation: write M tables with drawn values, OUT-1.csv, OUT-2.csv, …, instead of
    /// one with expected values (variational)
    #[arg(long, value_name = "M", default_value_t = 0)]
    pub multiple: usize,
    /// Number of posterior draws per row (variational)
    #[arg(long, value_name = "L", default_value_t = 1000)]
    pub samples: usize,
    /// Also write a table that marks the imputed cells
    #[arg(long, value_name = "FILE")]
    pub mask: Option<String>,
    /// Also write the standard error of each imputed number and the error probability of each
    /// imputed category (variational)
    #[arg(long = "std-errors", alias = "errors", value_name = "FILE")]
    pub errors: Option<String>,
    /// Seed of the draws
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    // Last: arguments after it would get its help heading.
    #[command(flatten)]
    pub rows: TransformArgs,
}

impl ImputeArgs {
    /// Converts the flags to settings.
    pub fn to_config(&self) -> ImputeConfig {
        ImputeConfig {
            samples: self.samples,
            multiple: self.multiple,
            errors: self.errors.is_some(),
            seed: self.seed,
            numbers: None,
        }
    }

    /// The files of the completed tables: `--out`, or with `--multiple` numbered names.
    pub fn targets(&self) -> diabolo::Result<Vec<String>> {
        let targets = self.completed()?;
        let others = [("--mask", self.mask.as_deref()), ("--std-errors", self.errors.as_deref())];
        self.rows.check_apart(&targets, &others)?;
        Ok(targets)
    }

    fn completed(&self) -> diabolo::Result<Vec<String>> {
        let out = &self.rows.out;
        if self.multiple == 0 {
            return Ok(vec![out.clone()]);
        }
        if out == "-" || out.ends_with('/') {
            let reason = "give --out the name of a file, such as completed.csv";
            return Err(Error::conflict("--multiple", format!("--out {out}"), reason));
        }
        let name =
            Path::new(out).file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let folder = &out[..out.len() - name.len()];
        let (stem, extension) =
            name.split_once('.').map_or((name.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
        Ok((1..=self.multiple).map(|number| format!("{folder}{stem}-{number}{extension}")).collect())
    }
}

#[derive(Args)]
pub struct DenoiseArgs {
    /// The same rows without noise, paired by key or file name: print the error of the model, a
    /// median filter and PCA
    #[arg(long, value_name = "INPUT")]
    pub clean: Option<String>,
    /// The rows are clean: add noise such as gaussian:0.5 (pixels are clipped to 0 to 1), denoise,
    /// and print the errors
    #[arg(long, value_name = "KIND:AMOUNT", conflicts_with = "clean")]
    pub add_noise: Option<String>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    // Last: arguments after it would get its help heading.
    #[command(flatten)]
    pub rows: TransformArgs,
}

#[derive(Args)]
pub struct MapArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// The rows: any input that `fit` accepts
    pub input: String,
    /// Output file: a page (.html) or a figure (.svg)
    #[arg(long, short, default_value = "map.html", value_name = "FILE")]
    pub out: PathBuf,
    /// The column that colours the points [default: the label]
    #[arg(long, value_name = "COLUMN")]
    pub color: Option<String>,
    #[command(flatten)]
    pub read: ReadArgs,
}
