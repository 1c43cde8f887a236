//! The arguments of the applications.

use clap::Args;

use super::TransformArgs;

#[derive(Args)]
pub struct ImputeArgs {
    #[command(flatten)]
    pub rows: TransformArgs,
    /// Write M tables with drawn values instead of one with expected ones: OUT-1.csv, OUT-2.csv, … (variational)
    #[arg(long, value_name = "M", default_value_t = 0)]
    pub multiple: usize,
    /// Draws of the code for each row (variational)
    #[arg(long, value_name = "L", default_value_t = 1000)]
    pub samples: usize,
    /// Also write which cells were filled
    #[arg(long, value_name = "FILE")]
    pub mask: Option<String>,
    /// Also write the standard error of each filled number, and of each category how likely it is another (variational)
    #[arg(long, value_name = "FILE")]
    pub errors: Option<String>,
    /// Seed of the draws
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
}
