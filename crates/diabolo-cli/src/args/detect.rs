//! The arguments of `score` and `calibrate`.

use std::path::PathBuf;

use clap::Args;
use diabolo::task::Rule;

use super::{ReadArgs, TransformArgs};

#[derive(Args)]
pub struct ScoreArgs {
    /// Maximum number of reasons per anomaly: the columns that contribute most, with observed and
    /// expected values
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub reasons: usize,
    /// For a model of windows, score each row by itself given the rows before it, instead of the
    /// window that ends at it, whose score is high for as long as an anomaly is within it
    #[arg(long)]
    pub by_row: bool,
    /// Column with the ground truth, used only to compute AUROC, average precision, precision and
    /// recall
    #[arg(long = "truth", alias = "label", value_name = "COLUMN")]
    pub label: Option<String>,
    /// Value of the --truth column that means normal [default: 0 or false]
    #[arg(long, value_name = "VALUE", requires = "label", allow_hyphen_values = true)]
    pub normal: Option<String>,
    /// Also write an HTML report: score distribution, ROC and precision-recall curves, example rows
    /// with expected values
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Also report drift: compare scores, columns and latent dimensions with those of rows held out
    /// of the fit
    #[arg(long)]
    pub drift: bool,
    /// Score the rows of a fit by models that were not fitted on them: five more fits, with the
    /// same settings, of four fifths of these rows each
    #[arg(long)]
    pub cross_fit: bool,
    /// Exit with code 10 if there is an anomaly or, with --drift, if drift is detected
    #[arg(long)]
    pub fail_on_anomaly: bool,
    // After the arguments without a help heading, which would get those of the last ones here.
    #[command(flatten)]
    pub rows: TransformArgs,
    #[command(flatten)]
    pub rule: RuleArgs,
}

/// The rule that decides which rows are anomalies.
#[derive(Args)]
#[command(next_help_heading = "Anomaly rule (at most one)")]
#[group(multiple = false)]
pub struct RuleArgs {
    /// Flag rows with a p-value of at most ALPHA, which is the false alarm rate on normal rows
    /// [default: 0.05]
    #[arg(long, value_name = "ALPHA")]
    pub alpha: Option<f64>,
    /// Control the false discovery rate at RATE (Benjamini-Hochberg over all rows of the input)
    #[arg(long, value_name = "RATE")]
    pub fdr: Option<f64>,
    /// Flag the N rows with the highest scores
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Flag the rows with the highest scores, N per 1,000 rows, rounded
    #[arg(long = "alerts-per-1000", value_name = "N")]
    pub alerts_per_thousand: Option<f64>,
    /// Flag rows with a score above this quantile of the held-out scores, such as 0.99
    #[arg(long, value_name = "Q")]
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
    /// A run folder or a model file; the file is rewritten
    pub model: PathBuf,
    /// Rows that the model was not fitted on: normal ones; for a forecast, later rows of the series
    pub input: String,
    #[command(flatten)]
    pub read: ReadArgs,
}
