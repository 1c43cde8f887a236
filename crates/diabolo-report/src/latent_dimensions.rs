//! Latent dimensions: their KL divergences, and traversals along them.

use crate::document::section;
use crate::number::{fixed, number};
use crate::picture::tile_png;
use crate::svg::escape;

/// One latent dimension.
#[derive(Debug, Clone, Default)]
pub struct LatentDimension {
    /// 1-based.
    pub dimension: usize,
    /// Mean KL divergence from the prior, nats.
    pub kl_divergence: f64,
    /// Of the codes of all rows together.
    pub mean: f64,
    /// Of the codes of all rows together.
    pub standard_deviation: f64,
}

/// Pictures along single latent dimensions, with values in 0..1, row by row, channels last.
#[derive(Debug, Clone, Default)]
pub struct Traversals {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// How far from the mean, in standard deviations of the prior.
    pub range: f64,
    /// The 1-based dimension, and its pictures from −range to range.
    pub dimensions: Vec<(usize, Vec<Vec<f32>>)>,
}

/// Dimensions listed.
const SHOWN: usize = 20;

/// The dimensions with the largest KL divergence.
pub(crate) fn table(dimensions: &[LatentDimension]) -> String {
    let mut sorted: Vec<&LatentDimension> = dimensions.iter().collect();
    sorted.sort_by(|a, b| b.kl_divergence.total_cmp(&a.kl_divergence));
    let top = sorted.first().map_or(0.0, |dimension| dimension.kl_divergence);
    let rows: String = sorted.iter().take(SHOWN).map(|dimension| row(dimension, top)).collect();
    if rows.is_empty() {
        return rows;
    }
    let mut help = "Mean KL divergence of each latent dimension from the prior, in nats, and the mean and standard \
                    deviation of the codes of all rows. Under a standard normal prior, samples are drawn with mean 0 \
                    and standard deviation 1: the closer the codes are to that, the more samples resemble the data. \
                    A dimension of 0 nats carries no information."
        .to_string();
    if sorted.len() > SHOWN {
        help += &format!(" The first {SHOWN} of {} dimensions.", sorted.len());
    }
    let sum: f64 = dimensions.iter().map(|dimension| dimension.kl_divergence).sum();
    help += &format!(" Their sum over all dimensions: {} nats.", fixed(sum, 2));
    let head = "<tr><th scope=\"col\">Dimension</th><th scope=\"col\" class=\"value\">KL, nats</th>\
                <th scope=\"col\" class=\"value\">Mean</th><th scope=\"col\" class=\"value\">Std. deviation</th>\
                <th scope=\"col\" class=\"weight\"></th></tr>";
    section(
        "Latent dimensions",
        &help,
        &format!("<table class=\"weights\"><thead>{head}</thead>\n<tbody>\n{rows}</tbody></table>"),
    )
}

fn row(dimension: &LatentDimension, top: f64) -> String {
    let width = 100.0 * dimension.kl_divergence / top;
    let bar = match width.is_finite() && width >= 0.0 {
        true => format!("<span class=\"bar\" style=\"width:{width:.1}%\"></span>"),
        false => String::new(),
    };
    format!(
        "<tr><th scope=\"row\">latent {}</th><td class=\"value\">{}</td><td class=\"value\">{}</td><td class=\"value\">{}</td>\
         <td class=\"weight\">{bar}</td></tr>\n",
        dimension.dimension,
        fixed(dimension.kl_divergence, 3),
        fixed(dimension.mean, 2),
        fixed(dimension.standard_deviation, 2),
    )
}

/// A line of pictures for each dimension.
pub(crate) fn traversals(shown: &Traversals) -> String {
    let shape = (shown.height, shown.width, shown.channels);
    let line = |(dimension, pictures): &(usize, Vec<Vec<f32>>)| {
        let tiles: String =
            pictures.iter().map(|picture| tile_png(picture, shape, "step of a traversal")).collect();
        format!(
            "<figure class=\"strip\"><span class=\"row-name\">{}</span><div class=\"row\">{tiles}</div></figure>\n",
            escape(&format!("latent {dimension}"))
        )
    };
    let lines: String = shown.dimensions.iter().map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let range = number(shown.range);
    let help = format!(
        "One latent dimension at a time varies from −{range} to {range}, in standard deviations of a standard normal; \
         the others stay at 0, its mean. The dimension that changes the picture most comes first. A dimension with \
         one clear effect is interpretable."
    );
    section("Latent traversals", &help, &format!("<div class=\"traversals\">\n{lines}</div>"))
}
