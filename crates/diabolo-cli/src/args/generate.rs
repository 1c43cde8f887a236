//! The arguments of `generate`, and how they become settings.

use std::path::PathBuf;

use clap::Args;
use diabolo::Error;
use diabolo::data::Format;
use diabolo::pipeline::{GenerateConfig, Origin};
use diabolo::task::{Draw, Path, WalkConfig};

#[derive(Args)]
pub struct GenerateArgs {
    /// A run folder or a model file
    pub model: PathBuf,
    /// How many
    #[arg(long, short = 'n', default_value_t = 64, value_name = "N")]
    pub count: usize,
    /// Where to write; for pictures NAME.png is one sheet and FOLDER/ single files
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// The output's format, when the extension does not tell
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// Write p(x|z)'s mean, or (--mean false) a draw from it [default: the mean for pictures, a draw for tables]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub mean: Option<bool>,
    /// What new rows are given, such as label=7 (conditional models); categories left out take turns; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub given: Vec<String>,
    /// Seed of the draws
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    #[command(flatten)]
    pub explore: ExploreArgs,
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// New rows from chosen places of the latent space.
#[derive(Args)]
#[command(next_help_heading = "Places of the latent space")]
pub struct ExploreArgs {
    /// Around this row of the data the model was fitted on; rows are counted from 1
    #[arg(long, value_name = "ROW", conflicts_with = "between")]
    pub near: Option<usize>,
    /// How far around it, in standard deviations of the prior, or without one of the code
    #[arg(long, value_name = "X", requires = "near", default_value_t = 0.5, allow_negative_numbers = true)]
    pub scale: f64,
    /// From one row to another: --count rows, both ends among them
    #[arg(long, value_name = "ROW,ROW", value_delimiter = ',', num_args = 1)]
    pub between: Option<Vec<usize>>,
    /// Go from row to row along a great circle instead of straight
    #[arg(long, requires = "between")]
    pub spherical: bool,
    /// Change one unit of the code at a time, from --near's row or the middle: a line for each of the units that show most
    #[arg(long, conflicts_with_all = ["between", "scale"])]
    pub traverse: bool,
    /// Where --near and --between take rows from, instead of the data the model was fitted on
    #[arg(long, value_name = "INPUT")]
    pub input: Option<String>,
}

/// The walk by which models without a prior generate.
#[derive(Args)]
#[command(next_help_heading = "The walk (models without a prior)")]
pub struct WalkArgs {
    /// Size of a move, in standard deviations of the code: larger is more diverse, smaller is sharper [default: 0.75]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub step: Option<f64>,
    /// Transitions before a chain's first sample [default: 2]
    #[arg(long, value_name = "N")]
    pub burn_in: Option<usize>,
    /// Transitions between two samples of a chain [default: 2]
    #[arg(long, value_name = "N")]
    pub thin: Option<usize>,
    /// Independent chains, which give samples in turn [default: one a sample]
    #[arg(long, value_name = "N")]
    pub chains: Option<usize>,
}

impl GenerateArgs {
    /// The flags as settings.
    pub fn to_config(&self) -> diabolo::Result<GenerateConfig> {
        let draw = self.mean.map(|mean| if mean { Draw::Mean } else { Draw::Sample });
        Ok(GenerateConfig {
            count: self.count,
            draw,
            given: self.given()?,
            seed: self.seed,
            origin: self.origin()?,
            input: self.explore.input.clone(),
        })
    }

    /// Columns and values of --where.
    fn given(&self) -> diabolo::Result<Vec<(String, String)>> {
        let pair = |text: &String| match text.split_once('=') {
            Some((column, value)) => Ok((column.to_string(), value.to_string())),
            None => Err(Error::invalid_value("--where", "COLUMN=VALUE", format!("'{text}'"))),
        };
        self.given.iter().map(pair).collect()
    }

    fn origin(&self) -> diabolo::Result<Origin> {
        let asked = &self.explore;
        let walk = self.walk.to_config();
        let origin = match (asked.near, asked.between.as_deref()) {
            (near, _) if asked.traverse => Origin::Traverse { near },
            (Some(row), _) => Origin::Near { row, scale: asked.scale },
            (None, Some(&[from, to])) => {
                let path = if asked.spherical { Path::Spherical } else { Path::Linear };
                Origin::Between { rows: [from, to], path }
            }
            (None, Some(other)) => {
                let found = format!("{} of them", other.len());
                return Err(Error::invalid_value("--between", "two rows, such as 3,17", found));
            }
            (None, None) => return Ok(walk.map_or(Origin::Prior, Origin::Walk)),
        };
        match walk {
            Some(_) => {
                let place = match origin {
                    Origin::Near { .. } => "--near",
                    Origin::Between { .. } => "--between",
                    _ => "--traverse",
                };
                Err(Error::conflict("the walk's flags (--step, …)", place, "the walk starts where it will"))
            }
            None => Ok(origin),
        }
    }
}

impl WalkArgs {
    /// The settings, if any was given.
    fn to_config(&self) -> Option<WalkConfig> {
        let default = WalkConfig::default();
        let config = WalkConfig {
            step: self.step.unwrap_or(default.step),
            burn_in: self.burn_in.unwrap_or(default.burn_in),
            thin: self.thin.unwrap_or(default.thin),
            chains: self.chains.or(default.chains),
        };
        let given = self.step.is_some() || [self.burn_in, self.thin, self.chains].iter().any(Option::is_some);
        given.then_some(config)
    }
}
