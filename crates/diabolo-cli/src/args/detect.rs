//! The arguments of `score` and `calibrate`.

use std::path::PathBuf;

use clap::Args;
use diabolo::task::Rule;

use super::{ReadArgs, TransformArgs};

#[derive(Args)]
pub struct ScoreArgs {
    /// Reasons for each anomaly at most: the columns that contribute most, what was seen and what is expected there
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub reasons: usize,
    /// A column that tells anomalies; it only evaluates: AUROC, average precision, precision and recall
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// The value of --label that is no anomaly [default: 0 or false]
    #[arg(long, value_name = "VALUE", requires = "label")]
    pub normal: Option<String>,
    /// Also write a page to look at: the spread of the scores, curves by the labels, rows beside what was expected
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Also say what has moved since the fit: score, columns and latent units of these rows beside those of rows held out of the fit
    #[arg(long)]
    pub drift: bool,
    /// Exit with code 10 if there is an anomaly or, with --drift, if something has moved
    #[arg(long)]
    pub fail_on_anomaly: bool,
    #[command(flatten)]
    pub rule: RuleArgs,
    // Last: its heading would cover what follows.
    #[command(flatten)]
    pub rows: TransformArgs,
}

/// From where on a row is an anomaly.
#[derive(Args)]
#[command(next_help_heading = "What counts as an anomaly (one of)")]
#[group(multiple = false)]
pub struct RuleArgs {
    /// A p-value of ALPHA or less: so many of the rows without fault raise a false alarm [default: 0.05]
    #[arg(long, value_name = "ALPHA", allow_negative_numbers = true)]
    pub alpha: Option<f64>,
    /// As many rows as can be named so that this share of them at most is false (Benjamini-Hochberg over all rows given)
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub fdr: Option<f64>,
    /// The N rows with the highest scores
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub top: Option<usize>,
    /// An alert rate: the highest scores, N of 1,000 rows, rounded
    #[arg(long = "alerts-per-1000", value_name = "N", allow_negative_numbers = true)]
    pub alerts_per_thousand: Option<f64>,
    /// A score above this quantile of the held-out rows', such as 0.99
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    pub quantile: Option<f64>,
}

impl RuleArgs {
    pub fn to_rule(&self) -> diabolo::Result<Rule> {
        let asked = [
            self.alpha.map(Rule::Alpha),
            self.fdr.map(Rule::FalseDiscovery),
            self.top.map(Rule::Top),
            self.alerts_per_thousand.map(Rule::AlertsPerThousand),
            self.quantile.map(Rule::Quantile),
        ];
        let rule = asked.into_iter().flatten().next().unwrap_or_default();
        rule.validate()?;
        Ok(rule)
    }
}

#[derive(Args)]
pub struct CalibrateArgs {
    /// A run folder or a model file; it is written again
    pub model: PathBuf,
    /// Rows without faults that the model was not fitted on
    pub input: String,
    #[command(flatten)]
    pub read: ReadArgs,
}
