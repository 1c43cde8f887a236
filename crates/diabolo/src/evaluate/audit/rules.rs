//! How many rows keep a rule between two columns.

use serde::Serialize;

use super::Figure;
use super::table::{AuditColumn, AuditTable, Cells};
use crate::data::synthetic::Rule;
use crate::{Error, Result};

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

/// The share of rows that keep each of some rules.
pub(super) fn rules_kept(
    [synthetic, real, holdout]: [&AuditTable; 3],
    independent: &AuditTable,
    rules: &[Rule],
) -> Vec<RuleKept> {
    let kept = |rule: &Rule| {
        let share = |table: &AuditTable| share(table, rule);
        let others =
            Figure { synthetic: share(synthetic), holdout: share(holdout), independent: share(independent) };
        RuleKept { rule: rule.to_string(), real: share(real), others }
    };
    rules.iter().map(kept).collect()
}

fn share(table: &AuditTable, rule: &Rule) -> Option<f64> {
    let [low, high] =
        [&rule.low, &rule.high].map(|name| Some(numbers(&table.columns[table.position(name)?])));
    let (low, high) = (low?, high?);
    let both = low.iter().zip(&high).filter(|(low, high)| !low.is_nan() && !high.is_nan());
    let count = both.clone().count();
    let kept = both.filter(|(low, high)| rule.allows(**low, **high)).count();
    (count > 0).then(|| kept as f64 / count as f64)
}

/// The cells as numbers; NaN for missing ones, and for levels that are none.
fn numbers(column: &AuditColumn) -> Vec<f64> {
    match &column.cells {
        Cells::Numbers(numbers) => numbers.clone(),
        Cells::Levels(levels) => {
            let values: Vec<f64> =
                column.levels.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect();
            levels.iter().map(|level| values[*level as usize]).collect()
        }
    }
}

/// Checks that every rule compares columns of a real table that hold numbers or dates.
///
/// # Errors
/// [`Error::Data`] that names the column.
pub fn check_rules(input: &str, real: &AuditTable, rules: &[Rule]) -> Result<()> {
    for rule in rules {
        for name in [&rule.low, &rule.high] {
            let column = real.position(name).map(|at| numbers(&real.columns[at]));
            if column.is_none_or(|numbers| numbers.iter().all(|x| x.is_nan())) {
                let help = format!("check --require '{rule}'");
                let error = Error::data(input, "a column of numbers or dates", "none in some table", help);
                return Err(error.in_column(name));
            }
        }
    }
    Ok(())
}
