//! How many rows keep a rule between two columns.

use arrow_array::RecordBatch;
use serde::Serialize;

use super::table::AuditTable;
use super::{Figure, own_order};
use crate::Result;
use crate::data::Feature;
use crate::data::synthetic::Rule;

/// The share of rows that keep a rule, of those that have both cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleKept {
    /// The rule.
    pub rule: String,
    /// Of the real rows.
    pub real: Option<f64>,
    /// Of the others.
    #[serde(flatten)]
    pub others: Figure,
}

/// The share of synthetic, real and held-out rows that keep a rule between two of the `features`;
/// and of the real rows with shuffled columns, which has the positions of the columns in `table`.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) if its columns cannot be compared, or a cell of them cannot
/// be read.
pub(super) fn rule_kept(
    batches: [(&str, &RecordBatch); 3],
    features: &[Feature],
    rule: &Rule,
    table: &AuditTable,
    seed: u64,
) -> Result<RuleKept> {
    let share = |[low, high]: &[Vec<f64>; 2]| {
        let kept: Vec<bool> =
            low.iter().zip(high).filter_map(|(low, high)| rule.keeps(*low, *high)).collect();
        let count = kept.iter().filter(|kept| **kept).count();
        (!kept.is_empty()).then(|| count as f64 / kept.len() as f64)
    };
    let numbers = |(input, rows): (&str, &RecordBatch)| rule.numbers(input, rows, features);
    let [synthetic, real, holdout] = batches.map(numbers);
    let (synthetic, real, holdout) = (synthetic?, real?, holdout?);
    let shuffled = |name: &str, numbers: &[f64]| -> Option<Vec<f64>> {
        let order = own_order(table.position(name)?, numbers.len(), seed);
        Some(order.into_iter().map(|row| numbers[row]).collect())
    };
    let independent = shuffled(&rule.low, &real[0]).zip(shuffled(&rule.high, &real[1]));
    let others = Figure {
        synthetic: share(&synthetic),
        holdout: share(&holdout),
        independent: independent.and_then(|(low, high)| share(&[low, high])),
    };
    Ok(RuleKept { rule: rule.to_string(), real: share(&real), others })
}
