//! An autoencoder as a drawing: layers as bars, wide, narrow, wide.

use crate::document::section;
use crate::svg::{Anchor, Svg, escape};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 300.0;
const MIDDLE: f64 = 142.0;
const LEFT: f64 = 60.0;
/// The heights of the widest bar and of a bar of one unit.
const TALLEST: f64 = 170.0;
const SHORTEST: f64 = 16.0;
const BAR: f64 = 12.0;

/// A model as a drawing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArchitecturePicture {
    /// From the row to the code: what each layer holds, such as "256" or "14×14×32".
    pub encoder: Vec<DrawnLayer>,
    /// From the code to the row; the code comes first.
    pub decoder: Vec<DrawnLayer>,
    /// Whether the code is drawn from N(μ, σ²): the encoder has two last layers.
    pub samples: bool,
    /// Whether the decoder has the encoder's weights, transposed.
    pub tied: bool,
    /// What training minimises, with the numbers of the held-out rows, such as "reconstruction
    /// 16.63 + 0.1 · contraction 15.63 = 18.19"; may be empty.
    pub objective: String,
    /// What acts on the encoder or the code, such as "λ‖∂h/∂x‖²"; may be empty.
    pub penalty: String,
}

/// What a layer holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DrawnLayer {
    /// The number of units.
    pub units: usize,
    /// The label, such as "14×14×32".
    pub label: String,
    /// The activation; may be empty.
    pub activation: String,
}

/// The section of a report.
pub(crate) fn drawing(picture: &ArchitecturePicture) -> String {
    let help = "The encoder and the decoder; heights of layers are on a logarithmic scale.";
    let objective = match picture.objective.as_str() {
        "" => String::new(),
        words => format!(
            "<p class=\"objective\">Objective on held-out rows, in nats per example: {}</p>",
            escape(words)
        ),
    };
    section("Architecture", help, &format!("<figure>{}</figure>{objective}", picture.to_svg()))
}

impl ArchitecturePicture {
    /// Such as "64 → 256 → (μ 10, log σ² 10) → z 10 → 256 → 64".
    pub fn text(&self) -> String {
        let labels =
            |layers: &[DrawnLayer]| layers.iter().map(|layer| layer.label.clone()).collect::<Vec<_>>();
        let mut words = labels(&self.encoder);
        if let (true, Some(code)) = (self.samples, words.pop()) {
            words.extend([format!("(μ {code}, log σ² {code})"), format!("z {code}")]);
        } else {
            words = labels(&self.encoder);
        }
        words.extend(labels(self.decoder.get(1..).unwrap_or_default()));
        words.join(" → ")
    }

    /// The drawing.
    pub fn to_svg(&self) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let extra = if self.samples { 2 } else { 0 };
        let columns = self.encoder.len() + self.decoder.len().saturating_sub(1) + extra;
        let step = (WIDTH - 2.0 * LEFT) / (columns.max(2) - 1) as f64;
        let at = |column: usize| LEFT + step * column as f64;
        let hidden = self.encoder.len().saturating_sub(1);
        for (k, pair) in self.encoder.windows(2).enumerate() {
            let last = self.samples && k + 2 == self.encoder.len();
            match last {
                true => self.heads(&mut svg, [at(k), at(k + 1)], &pair[0], &pair[1]),
                false => funnel(
                    &mut svg,
                    [at(k), at(k + 1)],
                    [self.height(&pair[0]), self.height(&pair[1])],
                    "encoder",
                ),
            }
        }
        let code = hidden + extra;
        for (k, pair) in self.decoder.windows(2).enumerate() {
            let x = [at(code + k), at(code + k + 1)];
            funnel(&mut svg, x, [self.height(&pair[0]), self.height(&pair[1])], "decoder");
        }
        if self.samples {
            self.sampling(&mut svg, [at(hidden), at(hidden + 1), at(code)]);
        }
        self.bars(&mut svg, &at, code);
        self.words(&mut svg, &at, code);
        svg.finish("arch", &self.text(), &self.objective)
    }

    /// On a logarithmic scale.
    fn height(&self, layer: &DrawnLayer) -> f64 {
        let widest = self.encoder.iter().chain(&self.decoder).map(|layer| layer.units).max().unwrap_or(1);
        let share = (layer.units.max(1) as f64).ln() / (widest.max(2) as f64).ln();
        SHORTEST + share * (TALLEST - SHORTEST)
    }

    /// The two heads of a posterior.
    fn heads(&self, svg: &mut Svg, x: [f64; 2], top: &DrawnLayer, code: &DrawnLayer) {
        let (tall, small) = (self.height(top), self.height(code) * 0.62);
        for side in [-1.0, 1.0] {
            let centre = MIDDLE + side * HEAD;
            let points = [
                (x[0], MIDDLE - tall / 2.0),
                (x[1], centre - small / 2.0),
                (x[1], centre + small / 2.0),
                (x[0], MIDDLE + tall / 2.0),
            ];
            svg.polygon(&points, "funnel encoder");
            bar(svg, x[1], centre, small, "latent");
            let name = if side < 0.0 { "μ(x)" } else { "log σ²(x)" };
            let beyond = small / 2.0 + if side < 0.0 { 10.0 } else { 18.0 };
            svg.text((x[1], centre + side * beyond), Anchor::Middle, "label", name);
        }
    }

    /// z = μ + σ ε.
    fn sampling(&self, svg: &mut Svg, x: [f64; 3]) {
        for side in [-1.0, 1.0] {
            let from = (x[0] + BAR / 2.0, MIDDLE + side * HEAD);
            svg.line(from, (x[1] - 0.9 * DRAW, MIDDLE + side * 0.44 * DRAW), "wire");
        }
        svg.line((x[1], MIDDLE + 76.0), (x[1], MIDDLE + DRAW), "wire");
        svg.line((x[1] + DRAW, MIDDLE), (x[2] - BAR / 2.0, MIDDLE), "wire");
        svg.circle((x[1], MIDDLE), DRAW, "draw", "z = μ + σ ε");
        svg.text((x[1], MIDDLE + 5.0), Anchor::Middle, "label", "μ+σε");
        svg.text((x[1], MIDDLE + 94.0), Anchor::Middle, "label", "ε ~ N(0, I)");
    }

    fn bars(&self, svg: &mut Svg, at: &dyn Fn(usize) -> f64, code: usize) {
        let drawn = if self.samples { self.encoder.len() - 1 } else { self.encoder.len() };
        for (k, layer) in self.encoder.iter().take(drawn).enumerate() {
            let is_code = k + 1 == self.encoder.len();
            bar(svg, at(k), MIDDLE, self.height(layer), if is_code { "latent" } else { "layer" });
        }
        for (k, layer) in self.decoder.iter().enumerate() {
            let kind = if k == 0 { "latent" } else { "layer" };
            bar(svg, at(code + k), MIDDLE, self.height(layer), kind);
        }
    }

    fn words(&self, svg: &mut Svg, at: &dyn Fn(usize) -> f64, code: usize) {
        let below = MIDDLE + TALLEST / 2.0 + 22.0;
        let mut named = |x: f64, layer: &DrawnLayer| {
            svg.text((x, below), Anchor::Middle, "label", &layer.label);
            svg.text((x, below + 17.0), Anchor::Middle, "soft", &layer.activation);
        };
        let shown = if self.samples { self.encoder.len() - 1 } else { self.encoder.len() };
        self.encoder.iter().take(shown).enumerate().for_each(|(k, layer)| named(at(k), layer));
        let from = usize::from(!self.samples);
        self.decoder.iter().enumerate().skip(from).for_each(|(k, layer)| named(at(code + k), layer));
        let above = MIDDLE - TALLEST / 2.0 - 16.0;
        let code_name = if self.samples { "z" } else { "h = f(x)" };
        let last = code + self.decoder.len().saturating_sub(1);
        for (x, name) in [(at(0), "x"), (at(code), code_name), (at(last), "x̂ = g(·)")] {
            svg.text((x, above), Anchor::Middle, "label strong", name);
        }
        let middle = (at(0) + at(code)) / 2.0;
        svg.text((middle, HEIGHT - 4.0), Anchor::Middle, "penalty", &self.penalty);
        let tied = if self.tied { "the same weights, transposed" } else { "" };
        svg.text(((at(code) + at(last)) / 2.0, HEIGHT - 4.0), Anchor::Middle, "soft", tied);
    }
}

/// The radius of the circle of the draw.
const DRAW: f64 = 21.0;
/// The distance of a head from the middle.
const HEAD: f64 = 58.0;

fn funnel(svg: &mut Svg, x: [f64; 2], height: [f64; 2], kind: &str) {
    let points = [
        (x[0], MIDDLE - height[0] / 2.0),
        (x[1], MIDDLE - height[1] / 2.0),
        (x[1], MIDDLE + height[1] / 2.0),
        (x[0], MIDDLE + height[0] / 2.0),
    ];
    svg.polygon(&points, &format!("funnel {kind}"));
}

fn bar(svg: &mut Svg, x: f64, y: f64, height: f64, kind: &str) {
    svg.rect((x - BAR / 2.0, y - height / 2.0), BAR, height, kind, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(units: usize) -> DrawnLayer {
        DrawnLayer { units, label: units.to_string(), activation: String::new() }
    }

    #[test]
    fn the_text_names_both_heads_and_the_draw() {
        let vae = ArchitecturePicture {
            encoder: [64, 256, 10].map(layer).into(),
            decoder: [10, 256, 64].map(layer).into(),
            samples: true,
            ..Default::default()
        };
        assert_eq!(vae.text(), "64 → 256 → (μ 10, log σ² 10) → z 10 → 256 → 64");
        let plain = ArchitecturePicture { samples: false, ..vae.clone() };
        assert_eq!(plain.text(), "64 → 256 → 10 → 256 → 64");
        assert!(vae.to_svg().contains("ε ~ N(0, I)") && !plain.to_svg().contains("ε ~"));
    }
}
