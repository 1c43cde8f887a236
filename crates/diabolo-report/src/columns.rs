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

/// The section on the columns.
pub(crate) fn quality(columns: &[ColumnQuality]) -> String {
    section("Reconstruction by column", HELP, &table(columns))
}

/// The columns beside a constant prediction.
pub(crate) fn table(columns: &[ColumnQuality]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let rows: String = columns.iter().map(column).collect();
    format!(
        "<table class=\"columns\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\">Measure</th>\
         <th scope=\"col\" class=\"value\">Model</th><th scope=\"col\" class=\"value\">Baseline</th>\
         <th scope=\"col\" class=\"unit\">Unit</th>\
         <th scope=\"col\" class=\"value\">Gain</th><th scope=\"col\" class=\"gain\"><span>worse</span>\
         <span>baseline</span><span>perfect</span></th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
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
