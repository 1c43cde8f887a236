//! Observed cells hidden from the model, beside what it imputed.

use crate::columns::{self, ColumnQuality};
use crate::document::section;
use crate::plot;
use crate::svg::escape;

/// Observed cells hidden from the model, and the values it imputed.
#[derive(Debug, Clone, Default)]
pub struct ImputedCells {
    /// How well each column is imputed.
    pub columns: Vec<ColumnQuality>,
    /// For columns of numbers, in their units: the name, and (observed, imputed) cells.
    pub points: Vec<(String, Vec<(f64, f64)>)>,
    /// What was hidden.
    pub caption: String,
}

pub(crate) fn cells(imputed: &ImputedCells) -> String {
    let help = format!(
        "{} The model imputes each hidden cell from the other cells of its row. Dots on the line are imputed exactly; \
         the bars are as above.",
        imputed.caption
    );
    let plots = imputed.points.iter().filter_map(|(name, points)| {
        let svg = plot::agreement(points)?.finish("plot", name, "Imputed against observed values");
        Some(format!("<figure><h3>{}</h3>{svg}</figure>\n", escape(name)))
    });
    let plots: String = plots.collect();
    let plots = if plots.is_empty() { plots } else { format!("<div class=\"panels\">\n{plots}</div>") };
    section("Imputation of missing cells", &help, &(columns::table(&imputed.columns) + &plots))
}
