//! The arguments of `generate`, and their conversion to settings.

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
    /// Number of rows or images
    #[arg(long, short = 'n', default_value_t = 64, value_name = "N")]
    pub count: usize,
    /// Number of steps of each series (runs with --window): rows of a series and step, instead of
    /// windows
    #[arg(long, value_name = "L", conflicts_with = "count")]
    pub length: Option<usize>,
    /// Number of series
    #[arg(long, value_name = "N", default_value_t = 1, requires = "length")]
    pub series: usize,
    /// Output file; for images, NAME.png is one sheet and FOLDER/ holds single files; - is stdout
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// Output format, if the extension does not determine it
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// Write the mean of p(x|z), or (--mean false) a draw from it; of categories the most likely
    /// one [default: the mean for images, --between and --traverse, else a draw]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub mean: Option<bool>,
    /// Numbers may leave the range of the training rows
    #[arg(long)]
    pub beyond_range: bool,
    /// Value of a condition column, such as label=7 (conditional models; default: drawn by the
    /// shares of the training rows), or for synthetic tables a condition on any column, such as
    /// 'age>=65'; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE", allow_hyphen_values = true)]
    pub given: Vec<String>,
    /// Column whose levels get as many rows each (synthetic tables)
    #[arg(long, value_name = "COLUMN")]
    pub balance: Option<String>,
    /// Seed of the draws
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    #[command(flatten)]
    pub explore: ExploreArgs,
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// New rows from chosen points of the latent space.
#[derive(Args)]
#[command(next_help_heading = "Latent space")]
pub struct ExploreArgs {
    /// Sample around the code of this row of the training data; rows are counted from 1
    #[arg(long, value_name = "ROW", conflicts_with = "between")]
    pub near: Option<usize>,
    /// Standard deviation of the samples around --near, in standard deviations of the prior (of the
    /// codes, without a prior)
    #[arg(long, value_name = "X", requires = "near", default_value_t = 0.5)]
    pub scale: f64,
    /// Interpolate between the codes of two rows: --count rows, both ends included
    #[arg(long, value_name = "ROW,ROW", value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    pub between: Option<Vec<usize>>,
    /// Interpolate along a great circle (slerp) instead of a straight line
    #[arg(long, requires = "between")]
    pub spherical: bool,
    /// Vary one latent dimension at a time, starting from the row of --near or the mean code;
    /// one line for each of the dimensions with the largest effect
    #[arg(long, conflicts_with_all = ["between", "scale"])]
    pub traverse: bool,
    /// Data that --near and --between take rows from [default: the data the model was fitted on]
    #[arg(long, value_name = "INPUT")]
    pub input: Option<String>,
}

/// The Markov chain by which models without a prior generate.
#[derive(Args)]
#[command(next_help_heading = "Contractive walk (models without a prior)")]
pub struct WalkArgs {
    /// Size of a transition, in standard deviations of the codes; larger gives more diverse rows,
    /// smaller gives sharper ones [default: 0.75]
    #[arg(long, value_name = "X")]
    pub step: Option<f64>,
    /// Transitions before a chain's first sample [default: 2]
    #[arg(long, value_name = "N")]
    pub burn_in: Option<usize>,
    /// Transitions between two samples of a chain [default: 2]
    #[arg(long, value_name = "N")]
    pub thin: Option<usize>,
    /// Number of independent chains [default: one per sample]
    #[arg(long, value_name = "N")]
    pub chains: Option<usize>,
}

impl GenerateArgs {
    /// Converts the flags to settings.
    pub fn to_config(&self) -> diabolo::Result<GenerateConfig> {
        let draw = self.mean.map(|mean| if mean { Draw::Mean } else { Draw::Sample });
        Ok(GenerateConfig {
            count: if self.length.is_some() { self.series } else { self.count },
            draw,
            given: self.given()?,
            seed: self.seed,
            origin: self.origin()?,
            input: self.explore.input.clone(),
        })
    }

    /// The columns and values of --where.
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
                let reason = "the walk has its own starting points";
                Err(Error::conflict("the flags of the walk (--step, …)", place, reason))
            }
            None => Ok(origin),
        }
    }
}

impl WalkArgs {
    /// The settings, if any of these flags was given.
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
