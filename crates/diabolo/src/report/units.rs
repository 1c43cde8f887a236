//! What the units of a code carry: their KL divergences, and what changes when one of them does.

use super::html::section;
use super::number::{fixed, number};
use super::picture::tile_png;
use super::svg::escape;
use super::{Traversals, UnitRow};

/// Units listed.
const UNITS: usize = 20;

/// The units that tell most about a row.
pub(super) fn table(units: &[UnitRow]) -> String {
    let mut sorted: Vec<&UnitRow> = units.iter().collect();
    sorted.sort_by(|a, b| b.kl_divergence.total_cmp(&a.kl_divergence));
    let top = sorted.first().map_or(0.0, |unit| unit.kl_divergence);
    let rows: String = sorted.iter().take(UNITS).map(|unit| row(unit, top)).collect();
    if rows.is_empty() {
        return rows;
    }
    let mut help = "How much each latent unit tells about a row beyond the prior, in nats, and where the codes of all rows \
                    together lie in it. New rows are drawn from mean 0 and standard deviation 1 under a standard normal prior: \
                    the nearer the aggregate, the more samples are like the data. A unit of 0 nats carries nothing."
        .to_string();
    if sorted.len() > UNITS {
        help += &format!(" The first {UNITS} of {} units.", sorted.len());
    }
    let head = "<tr><th scope=\"col\">Unit</th><th scope=\"col\" class=\"value\">KL, nats</th>\
                <th scope=\"col\" class=\"value\">Mean</th><th scope=\"col\" class=\"value\">Deviation</th>\
                <th scope=\"col\" class=\"weight\"></th></tr>";
    section(
        "Units of the code",
        &help,
        &format!("<table class=\"weights\"><thead>{head}</thead>\n<tbody>\n{rows}</tbody></table>"),
    )
}

fn row(unit: &UnitRow, top: f64) -> String {
    let width = 100.0 * unit.kl_divergence / top;
    let bar = match width.is_finite() && width >= 0.0 {
        true => format!("<span class=\"bar\" style=\"width:{width:.1}%\"></span>"),
        false => String::new(),
    };
    format!(
        "<tr><th scope=\"row\">latent {}</th><td class=\"value\">{}</td><td class=\"value\">{}</td><td class=\"value\">{}</td>\
         <td class=\"weight\">{bar}</td></tr>\n",
        unit.unit,
        fixed(unit.kl_divergence, 3),
        fixed(unit.mean, 2),
        fixed(unit.deviation, 2),
    )
}

/// A line of pictures for each unit.
pub(super) fn traversals(shown: &Traversals) -> String {
    let shape = (shown.height, shown.width, shown.channels);
    let line = |(unit, pictures): &(usize, Vec<Vec<f32>>)| {
        let tiles: String =
            pictures.iter().map(|picture| tile_png(picture, shape, "step of a traversal")).collect();
        format!(
            "<figure class=\"strip\"><span class=\"row-name\">{}</span><div class=\"row\">{tiles}</div></figure>\n",
            escape(&format!("latent {unit}"))
        )
    };
    let lines: String = shown.units.iter().map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let range = number(shown.range);
    let help = format!(
        "One unit of the code at a time is moved from −{range} to {range}, the others stay at 0 (the standard normal's mean and \
         deviations); the unit that changes the picture most comes first. A unit with one clear effect is one the reader can use."
    );
    section("Latent traversals", &help, &format!("<div class=\"traversals\">\n{lines}</div>"))
}
