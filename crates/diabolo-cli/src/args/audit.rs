//! The arguments of `audit`.

use std::path::PathBuf;

use clap::Args;

use super::ReadArgs;

#[derive(Args)]
pub struct AuditArgs {
    /// The synthetic rows: any input that `fit` accepts
    pub input: String,
    /// The real rows that the synthetic ones were made from
    #[arg(long, value_name = "INPUT")]
    pub real: String,
    /// Real rows of the same kind that nothing was fitted on
    #[arg(long, value_name = "INPUT")]
    pub holdout: String,
    /// Column to predict: how well models that are trained on synthetic rows do on held-out ones
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Column that an attacker wants to know of a row
    #[arg(long, value_name = "COLUMN")]
    pub secret: Option<String>,
    /// Rule between two columns, such as 'start<=end': count the rows that keep it; may be repeated
    #[arg(long, value_name = "COLUMN<=COLUMN")]
    pub require: Vec<String>,
    /// Also write a page
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Seed of samples and shuffles
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    #[command(flatten)]
    pub read: ReadArgs,
}
