//! A comparison for a terminal: the table of all measures, and the verdicts.

use super::measured::Comparison;
use crate::number::number;

impl Comparison {
    /// The measures and the verdicts as text, for a terminal.
    pub fn to_text(&self) -> String {
        text(self)
    }
}

fn text(comparison: &Comparison) -> String {
    let mut table: Vec<Vec<String>> = vec![vec![comparison.varied.join(", ")]];
    table[0].extend(comparison.models.iter().map(|m| m.name.clone()));
    for measure in &comparison.measures {
        let best = comparison.best(measure).map(|m| m.name.as_str());
        let unit = match measure.unit.as_str() {
            "%" => ", %",
            "seconds" => ", s",
            _ => "",
        };
        let mut row = vec![format!("{}{unit}", measure.name)];
        row.extend(comparison.models.iter().map(|model| {
            let summary = model.summary(&measure.key);
            let mark = if best == Some(&model.name) { " *" } else { "" };
            if summary.count == 0 { "—".into() } else { summary.text(measure.factor()) + mark }
        }));
        table.push(row);
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    let mut out = String::new();
    for row in &table {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &w)| format!("{cell:w$}")).collect();
        out += cells.join("  ").trim_end();
        out.push('\n');
    }
    if comparison.measures.iter().any(|m| comparison.best(m).is_some()) {
        out += "* the best: the 95 % interval of its difference from every other does not include 0\n";
    }
    for (i, claim) in comparison.claims.iter().enumerate() {
        out += &format!("\n{}. {}\n   {}\n", number(i as f64 + 1.0), claim.title, claim.sentence);
    }
    out
}
