//! An audit of synthetic rows of a table, by any tool: fidelity, use, and privacy.
//!
//! Every figure stands beside that of held-out real rows, the best that rows of the same kind
//! reach, and that of rows whose columns were shuffled independently, which keep no relations.
//!
//! * Shape error: the mean over columns of the Kolmogorov–Smirnov statistic, or of the total
//!   variation of levels.
//! * Trend error: the mean over pairs of columns of half the difference of correlations, or of the
//!   total variation of pairs of levels; numbers beside levels are cut into 10 bins.
//! * α-precision and β-recall: whether rows lie where the real ones do, and everywhere they do
//!   (Alaa et al. 2022).
//! * C2ST: 1 − (2 AUC − 1) of boosted trees that distinguish synthetic from real rows: 1 if they
//!   cannot (Lopez-Paz & Oquab 2017).
//! * TSTR: the AUC on held-out rows of boosted trees that are trained on synthetic rows.
//!
//! Shape and trend errors are those of sdmetrics 0.24.0 (`KSComplement`, `TVComplement`,
//! `CorrelationSimilarity`, `ContingencySimilarity`), as 1 − score.

mod learners;
mod points;
mod privacy;
mod rules;
mod shapes;
mod support;
mod table;

use arrow_array::RecordBatch;
use serde::Serialize;

pub use learners::{Telling, distinguish, usefulness};
pub use privacy::{Privacy, privacy};
pub use rules::RuleKept;
pub use shapes::{ColumnShape, Lacking, PairTrend, pair_trends, shapes};
pub use table::{AuditColumn, AuditTable, Cells};

use self::rules::rule_kept;
use self::support::supports;
use self::table::tables;
use crate::data::synthetic::Rule;
use crate::data::{InferOptions, infer};
use crate::kernel::with_pool;
use crate::random::{Purpose, permutation, stream};
use crate::{Error, Result};

/// A figure of synthetic rows, and of the rows that it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Of the synthetic rows.
    pub synthetic: Option<f64>,
    /// Of the held-out real rows.
    pub holdout: Option<f64>,
    /// Of real rows with independently shuffled columns.
    pub independent: Option<f64>,
}

/// What an audit finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// Synthetic, real and held-out rows.
    pub rows: [usize; 3],
    /// Mean shape error of the columns.
    pub shape_error: Figure,
    /// Mean trend error of pairs.
    pub trend_error: Figure,
    /// Mean difference of the shares of missing cells, over the columns that have some.
    pub missing_error: Figure,
    /// The share of the levels of real rows that the rows lack.
    pub lacking: Figure,
    /// Whether rows lie where the real ones do, from 0 to 1.
    pub alpha_precision: Figure,
    /// Whether rows lie everywhere where the real ones do, from 0 to 1.
    pub beta_recall: Figure,
    /// 1 − (2 AUC − 1).
    pub c2st: Figure,
    /// The AUC of a model trained on the rows, on held-out ones; of the target.
    pub tstr_auc: Figure,
    /// Rows that are equal to another one of the same table.
    pub duplicates: Figure,
    /// How many rows keep each rule.
    pub rules: Vec<RuleKept>,
    /// Every column.
    pub columns: Vec<ColumnShape>,
    /// The same of the held-out rows.
    pub holdout_columns: Vec<ColumnShape>,
    /// Every pair of columns.
    pub pairs: Vec<PairTrend>,
    /// The columns that distinguish synthetic rows, most telling first, with their share of the
    /// gain.
    pub telling: Vec<Telling>,
    /// Attacks.
    pub privacy: Privacy,
}

/// How an audit is done.
#[derive(Debug, Clone, Default)]
pub struct AuditOptions {
    /// The column that is predicted.
    pub target: Option<String>,
    /// The column that an attacker wants to know.
    pub secret: Option<String>,
    /// Rules that rows should keep, such as `start<=end`.
    pub require: Vec<String>,
    /// How the columns of the real rows are read.
    pub infer: InferOptions,
    /// The seed of samples and shuffles.
    pub seed: u64,
}

/// An audit, and the rows that it compares.
pub struct Audited {
    /// What it finds.
    pub audit: Audit,
    /// Synthetic, real and held-out rows.
    pub tables: [AuditTable; 3],
    /// Columns that are left out, one sentence each.
    pub notes: Vec<String>,
}

/// Audits synthetic rows beside real and held-out ones, each with a name for messages.
///
/// # Errors
/// [`Error::InvalidValue`] for a target or secret that a table lacks; [`Error::Data`] if a table
/// has no rows, they share no column, or a rule compares what cannot be compared.
pub fn audit(batches: [(&str, &RecordBatch); 3], options: &AuditOptions) -> Result<Audited> {
    let (real_name, real) = batches[1];
    for (flag, column) in [("--target", &options.target), ("--secret", &options.secret)] {
        let Some(column) = column else { continue };
        let lacks = |(_, rows): &(&str, &RecordBatch)| rows.column_by_name(column).is_none();
        if let Some((input, _)) = [batches[1], batches[0], batches[2]].into_iter().find(lacks) {
            let expected = format!("a column of {input}");
            return Err(Error::invalid_value(flag, expected, format!("'{column}'")));
        }
    }
    let rules = Rule::all(&options.require, real)?;
    let features = infer(real_name, real, &options.infer)?.schema.features;
    let levels: Vec<&str> = options.target.iter().map(String::as_str).collect();
    let (tables, notes) = tables(batches, &levels, &features)?;
    let kept = |rule: &Rule| rule_kept(batches, &features, rule, &tables[1], options.seed);
    let rules = rules.iter().map(kept).collect::<Result<_>>()?;
    // Thousands of small parts of trees: from outside, each would wait for a thread of the pool.
    let audit = Audit { rules, ..with_pool(|| figures(tables.each_ref(), options)) };
    Ok(Audited { audit, tables, notes })
}

/// The figures of tables, without rules.
fn figures([synthetic, real, holdout]: [&AuditTable; 3], options: &AuditOptions) -> Audit {
    let seed = options.seed;
    let independent = shuffled(real, seed);
    let trend = |pairs: &[PairTrend]| average(pairs.iter().map(|pair| pair.error));
    let columns = [synthetic, holdout, &independent].map(|table| shapes(real, table));
    let of_columns = |mean: fn(&[ColumnShape]) -> Option<f64>| {
        let [synthetic, holdout, independent] = columns.each_ref().map(|columns| mean(columns));
        Figure { synthetic, holdout, independent }
    };
    let supports = supports(real, [synthetic, holdout, &independent], seed);
    let of_supports = |at: usize| {
        let [synthetic, holdout, independent] = supports.map(|found| found.map(|both| both[at]));
        Figure { synthetic, holdout, independent }
    };
    let pairs = pair_trends(real, synthetic);
    let (c2st, telling) = distinguish(real, synthetic, seed);
    let target = options.target.as_deref();
    let figures = (of_columns(mean_error), of_columns(missing_error), of_columns(lacking));
    let [of_synthetic, holdout_columns, _] = columns;
    Audit {
        rows: [synthetic.rows, real.rows, holdout.rows],
        shape_error: figures.0,
        trend_error: Figure {
            synthetic: trend(&pairs),
            holdout: trend(&pair_trends(real, holdout)),
            independent: trend(&pair_trends(real, &independent)),
        },
        missing_error: figures.1,
        lacking: figures.2,
        alpha_precision: of_supports(0),
        beta_recall: of_supports(1),
        c2st: Figure {
            synthetic: c2st,
            holdout: distinguish(real, holdout, seed).0,
            independent: distinguish(real, &independent, seed).0,
        },
        tstr_auc: Figure {
            synthetic: usefulness(synthetic, holdout, target),
            holdout: usefulness(real, holdout, target),
            independent: usefulness(&independent, holdout, target),
        },
        duplicates: Figure {
            synthetic: Some(synthetic.duplicates()),
            holdout: Some(holdout.duplicates()),
            independent: Some(independent.duplicates()),
        },
        privacy: privacy([synthetic, real, holdout], &independent, options),
        rules: vec![],
        columns: of_synthetic,
        holdout_columns,
        pairs,
        telling,
    }
}

/// The mean shape error.
fn mean_error(columns: &[ColumnShape]) -> Option<f64> {
    average(columns.iter().map(|column| column.error))
}

/// The mean difference of the shares of missing cells, over the columns that have some.
fn missing_error(columns: &[ColumnShape]) -> Option<f64> {
    let of = |column: &ColumnShape| {
        let [real, other] = column.missing;
        (real > 0.0 || other > 0.0).then(|| (real - other).abs())
    };
    average(columns.iter().map(of))
}

/// The share of the levels of real rows that others lack.
fn lacking(columns: &[ColumnShape]) -> Option<f64> {
    let levels: usize = columns.iter().map(|column| column.levels).sum();
    let lacking: usize = columns.iter().map(|column| column.lacking[0]).sum();
    (levels > 0).then(|| lacking as f64 / levels as f64)
}

/// The rows with each column in an order of its own.
fn shuffled(real: &AuditTable, seed: u64) -> AuditTable {
    let shuffle =
        |(at, column): (usize, &AuditColumn)| column.with(column.cells.at(&own_order(at, real.rows, seed)));
    AuditTable { rows: real.rows, columns: real.columns.iter().enumerate().map(shuffle).collect() }
}

/// The order of the rows of one of the shuffled columns.
fn own_order(column: usize, rows: usize, seed: u64) -> Vec<usize> {
    permutation(&mut stream(seed, Purpose::AuditRows, 1, column as u64), rows)
}

/// The mean of the numbers that there are.
fn average(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

#[cfg(test)]
mod tests;
