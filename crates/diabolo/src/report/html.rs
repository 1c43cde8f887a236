//! The page: head, sections, tables.

use super::disentangled;
use super::encoder_sensitivity;
use super::figures;
use super::number::number;
use super::restored;
use super::svg::escape;
use super::units;
use super::{ColumnQuality, Metric, Report};

/// Looks: light, dark and paper.
const STYLE: &str = include_str!("style.css");

/// The policy forbids the page to load or run anything, whatever it may contain.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A page with this content under its title.
pub(super) fn document(title: &str, subtitle: &str, content: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n</header>\n{content}\
         <footer>Nats are units of information counted with the natural logarithm; divide by 0.693 for bits. \
         A value per example is summed over all features and averaged over all examples. \
         Made by diabolo; this file is complete in itself and loads nothing.</footer>\n</main>\n</body>\n</html>\n",
        escape(subtitle)
    )
}

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut out = String::new();
    out += &warnings(&report.warnings);
    out += &section("What was fitted", "", &facts(&report.facts));
    out += &figures::pictures(report.pictures.as_ref());
    out += &report.denoised.as_ref().map(restored::pictures).unwrap_or_default();
    out += &section("Reconstruction by column", COLUMNS_HELP, &columns(&report.columns));
    out += &report.filled.as_ref().map(restored::cells).unwrap_or_default();
    out += &figures::training(&report.history);
    out += &report
        .latent_map
        .as_ref()
        .map(|map| figures::latent_map(map, "Label", figures::UNSEEN))
        .unwrap_or_default();
    out += &report.traversals.as_ref().map(units::traversals).unwrap_or_default();
    out += &units::table(&report.units);
    out += &report.factor_map.as_ref().map(disentangled::map).unwrap_or_default();
    out += &report.spectrum.as_ref().map(figures::spectrum).unwrap_or_default();
    out += &report.tangents.as_ref().map(encoder_sensitivity::tangents).unwrap_or_default();
    out += &report.ratios.as_ref().map(encoder_sensitivity::ratios).unwrap_or_default();
    out += &encoder_sensitivity::columns(&report.column_weights);
    out += &report.pixel_weights.as_ref().map(encoder_sensitivity::pixels).unwrap_or_default();
    out += &section("Numbers", "Measured on held-out rows.", &metrics(&report.metrics));
    document(&report.title, &report.subtitle, &out)
}

/// A headed part of the page; nothing when it has no content. `help` is a sentence under the heading.
pub(super) fn section(heading: &str, help: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let help =
        if help.is_empty() { String::new() } else { format!("<p class=\"help\">{}</p>\n", escape(help)) };
    format!("<section>\n<h2>{}</h2>\n{help}{content}\n</section>\n", escape(heading))
}

pub(super) fn warnings(warnings: &[String]) -> String {
    let items: String = warnings.iter().map(|w| format!("<li>{}</li>", escape(w))).collect();
    if items.is_empty() { items } else { format!("<ul class=\"warnings\" role=\"alert\">{items}</ul>\n") }
}

/// Names with values beside each other; a long value gets twice the room.
pub(super) fn facts(facts: &[(String, String)]) -> String {
    let item = |(name, value): &(String, String)| {
        let class = if value.chars().count() > 26 { " class=\"long\"" } else { "" };
        format!("<div{class}><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
    };
    let items: String = facts.iter().map(item).collect();
    if items.is_empty() { items } else { format!("<dl class=\"facts\">{items}</dl>") }
}

fn metrics(metrics: &[Metric]) -> String {
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
    format!(
        "<table class=\"metrics\"><thead><tr><th scope=\"col\">Measure</th><th scope=\"col\" class=\"value\">Value</th>\
         <th scope=\"col\">Unit</th><th scope=\"col\">What it says</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
    )
}

const COLUMNS_HELP: &str = "Each column of held-out rows after a trip through the latent space. The bar is the share of \
    the way from guessing (always the mean, or the most frequent category) to a perfect reconstruction; a bar to the \
    left means worse than guessing.";

pub(super) fn columns(columns: &[ColumnQuality]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let rows: String = columns.iter().map(column).collect();
    format!(
        "<table class=\"columns\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\">Measure</th>\
         <th scope=\"col\" class=\"value\">Model</th><th scope=\"col\" class=\"value\">Guessing</th>\
         <th scope=\"col\" class=\"unit\">Unit</th>\
         <th scope=\"col\" class=\"value\">Gain</th><th scope=\"col\" class=\"gain\"><span>worse</span>\
         <span>guessing</span><span>perfect</span></th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
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
