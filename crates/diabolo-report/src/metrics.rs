//! The numbers of the evaluation.

use crate::document::section;
use crate::names::name_of;
use crate::number::number;
use crate::svg::escape;

/// One number of the evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// Its value; NaN is shown as a dash.
    pub value: f64,
    /// Unit, such as "nats per example"; may be empty.
    pub unit: String,
    /// One sentence for a reader who does not know it.
    pub explanation: String,
}

impl Metric {
    /// A measure by its key, with the name, unit and explanation that are known of it.
    pub fn of(key: &str, value: f64) -> Metric {
        let known = name_of(key);
        Metric {
            name: known.name.into_owned(),
            value,
            unit: known.unit.into(),
            explanation: known.explanation.into(),
        }
    }
}

pub(crate) fn table(metrics: &[Metric]) -> String {
    if metrics.is_empty() {
        return String::new();
    }
    let rows: String = metrics
        .iter()
        .map(|m| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"value\">{}</td><td class=\"unit\">{}</td><td class=\"why\">{}</td></tr>\n",
                escape(&m.name),
                number(m.value),
                escape(&m.unit),
                escape(&m.explanation)
            )
        })
        .collect();
    let table = format!(
        "<table class=\"metrics\"><thead><tr><th scope=\"col\">Measure</th><th scope=\"col\" class=\"value\">Value</th>\
         <th scope=\"col\">Unit</th><th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
    );
    section("Metrics", "Measured on held-out rows.", &table)
}
