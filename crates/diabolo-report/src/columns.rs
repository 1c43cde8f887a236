//! How well each column of a table is reconstructed.

use crate::document::section;
use crate::number::number;
use crate::svg::escape;

/// How well one column of a table is reconstructed.
#[derive(Debug, Clone)]
pub struct ColumnQuality {
    /// The column's name.
    pub name: String,
    /// "number", "category", ….
    pub kind: String,
    /// "RMSE", "accuracy", ….
    pub measure: String,
    /// The model's value.
    pub value: f64,
    /// The value of a constant prediction: the mean or the most frequent category.
    pub baseline: f64,
    /// The value of a perfect reconstruction: 0 for an error, 1 for an accuracy.
    pub perfect: f64,
    /// Unit of the value; may be empty.
    pub unit: String,
}

impl ColumnQuality {
    /// The share of the way from the baseline to perfection: 0 is no better than the baseline, 1 is
    /// exact.
    pub fn skill(&self) -> f64 {
        (self.value - self.baseline) / (self.perfect - self.baseline)
    }
}

const HELP: &str = "Reconstruction of each column on held-out rows. The bar shows where the model lies between a \
                    constant prediction (the mean, or the most frequent category) and a perfect reconstruction; a \
                    bar to the left is worse than the constant.";

/// More columns than this are not listed.
const MOST_COLUMNS: usize = 120;

/// The section on the columns.
pub(crate) fn quality(columns: &[ColumnQuality]) -> String {
    section("Reconstruction by column", HELP, &table(columns))
}

/// The columns beside a constant prediction.
pub(crate) fn table(columns: &[ColumnQuality]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let mut shown: Vec<&ColumnQuality> = columns.iter().collect();
    let mut note = String::new();
    if shown.len() > MOST_COLUMNS {
        shown.sort_by(|a, b| a.skill().total_cmp(&b.skill()));
        shown.truncate(MOST_COLUMNS);
        note = format!(
            "<p class=\"help\">The {MOST_COLUMNS} of {} columns with the lowest gain.</p>\n",
            columns.len()
        );
    }
    let rows: String = shown.into_iter().map(column).collect();
    format!(
        "<table class=\"columns\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\">Measure</th>\
         <th scope=\"col\" class=\"value\">Model</th><th scope=\"col\" class=\"value\">Baseline</th>\
         <th scope=\"col\" class=\"unit\">Unit</th>\
         <th scope=\"col\" class=\"value\">Gain</th><th scope=\"col\" class=\"gain\"><span>worse</span>\
         <span>baseline</span><span>perfect</span></th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n{note}"
    )
}

fn column(column: &ColumnQuality) -> String {
    let skill = column.skill();
    let (text, bar) = if skill.is_finite() {
        let class = if skill < 0.0 { "bar loss" } else { "bar" };
        let percent = (skill * 100.0).round() + 0.0;
        let width = skill.abs().min(if skill < 0.0 { 0.25 } else { 1.0 }) * 80.0;
        let text = if percent < -999.0 { "< −999 %".into() } else { format!("{} %", number(percent)) };
        (text, format!("<span class=\"{class}\" style=\"width:{width:.1}%\"></span>"))
    } else {
        ("—".into(), String::new())
    };
    format!(
        "<tr><th scope=\"row\">{}<small>{}</small></th><td class=\"measure\">{}</td>\
         <td class=\"value model\">{}</td><td class=\"value guess\">{}</td><td class=\"unit\">{}</td>\
         <td class=\"value share\">{text}</td><td class=\"gain\">{bar}</td></tr>\n",
        escape(&column.name),
        escape(&column.kind),
        escape(&column.measure),
        number(column.value),
        number(column.baseline),
        escape(&column.unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_columns_the_worst_are_listed() {
        let column = |k: usize| ColumnQuality {
            name: format!("c{k}"),
            kind: "numeric".into(),
            measure: "RMSE".into(),
            value: 1.0 / (1 + k) as f64,
            baseline: 1.0,
            perfect: 0.0,
            unit: String::new(),
        };
        let all: Vec<ColumnQuality> = (0..130).rev().map(column).collect();
        let html = table(&all);
        assert_eq!(html.matches("<tr><th scope=\"row\">").count(), 120);
        assert!(html.contains("The 120 of 130 columns with the lowest gain."));
        assert!(html.contains(">c0<") && html.contains(">c119<") && !html.contains(">c120<"));
        assert!(table(&all[..120]).contains(">c129<"));
    }
}
