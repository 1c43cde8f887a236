//! Missing cells and lacking levels of an audit, column by column.

use diabolo_report::{AuditFigure, number};

use crate::evaluate::audit::{Audit, ColumnShape, Lacking};
use crate::stats::percent;

/// The shares of missing cells of the real, the synthetic and the held-out rows, of columns that
/// have some.
pub fn missing_cells(audit: &Audit) -> Vec<AuditFigure> {
    let of = |(column, held): (&ColumnShape, &ColumnShape)| {
        let [real, synthetic] = column.missing;
        let values = [real, synthetic, held.missing[1]];
        values.iter().any(|share| *share > 0.0).then(|| AuditFigure {
            name: column.name.clone(),
            explanation: String::new(),
            values: values.map(percent),
        })
    };
    audit.columns.iter().zip(&audit.holdout_columns).filter_map(of).collect()
}

/// The levels of the real rows, those that synthetic rows lack and those that held-out rows lack,
/// of columns where synthetic rows lack some or have others.
pub fn gaps_of_levels(audit: &Audit) -> Vec<AuditFigure> {
    let of = |(column, held): (&ColumnShape, &ColumnShape)| {
        let [lacking, new] = column.lacking;
        (lacking + new > 0).then(|| AuditFigure {
            name: column.name.clone(),
            explanation: said(column, new),
            values: [column.levels, lacking, held.lacking[0]].map(|count| number(count as f64)),
        })
    };
    audit.columns.iter().zip(&audit.holdout_columns).filter_map(of).collect()
}

fn said(column: &ColumnShape, new: usize) -> String {
    let named: Vec<String> = column
        .lacks
        .iter()
        .map(|Lacking { level, rows }| {
            format!("{level} ({rows} real row{})", if *rows == 1 { "" } else { "s" })
        })
        .collect();
    let more = column.lacking[0] - named.len();
    let lacking = match (named.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(format!("Lacking: {}.", named.join(", "))),
        _ => Some(format!("Lacking: {} and {more} more.", named.join(", "))),
    };
    let new = (new > 0).then(|| format!("{new} that no real row has."));
    lacking.into_iter().chain(new).collect::<Vec<_>>().join(" ")
}
