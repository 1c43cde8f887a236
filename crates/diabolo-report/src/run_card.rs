//! The picture of a run on one card: pictures at the left, latent space at the right.

use crate::gallery::{Pictures, Sampler};
use crate::latent_map::colored_points;
use crate::picture::{data_uri, picture_grid_png};
use crate::plot;
use crate::report::Report;
use crate::svg::{Anchor, Svg, shorten};

/// A card of its own, light or dark as the reader's screen.
pub(crate) const STYLE: &str = "<style>\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:#55606e;font-size:13px}\
.card{fill:#fff;stroke:#dfe3e8}.title{fill:#17202b;font-size:27px;font-weight:700}.heading{fill:#17202b;font-size:15px;font-weight:600}\
.subtitle{font-size:16px}.grid{stroke:#e8ebef}.axis{stroke:#8b95a1}.pixels{image-rendering:pixelated}\
.point{fill:none;stroke:var(--k);stroke-width:4.4;stroke-linecap:round;stroke-opacity:.8}\
.name{fill:#17202b;font-size:17px;font-weight:700;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}\
.c0{--k:#0371db}.c1{--k:#fda70a}.c2{--k:#930006}.c3{--k:#a2c19f}.c4{--k:#5807d7}.c5{--k:#926b52}.c6{--k:#e73401}\
.c7{--k:#cbba66}.c8{--k:#4a4f5a}.c9{--k:#55c7d8}.other{--k:#c3c9d0}\
.s0{--k:#c9d7f0}.s1{--k:#a3c2e8}.s2{--k:#78abdf}.s3{--k:#4c93d2}.s4{--k:#2b79bb}.s5{--k:#1b609d}.s6{--k:#10477c}.s7{--k:#082d57}\
@media (prefers-color-scheme:dark){text{fill:#a7b1bd}.card{fill:#11151b;stroke:#2c343e}.title,.heading,.name{fill:#e9edf2}\
.name{stroke:#11151b}.grid{stroke:#2c343e}.axis{stroke:#6b7683}\
.c0{--k:#ad9ffe}.c1{--k:#fef369}.c2{--k:#c54200}.c3{--k:#72bacc}.c4{--k:#5761ff}.c5{--k:#9c6f52}.c6{--k:#f28d00}\
.c7{--k:#c3ffa0}.c8{--k:#6e6d7a}.c9{--k:#6cffde}.other{--k:#46505c}\
.s0{--k:#16324f}.s1{--k:#1b4973}.s2{--k:#226398}.s3{--k:#2f7fbd}.s4{--k:#4f9bd6}.s5{--k:#7cb7e6}.s6{--k:#abd2f2}.s7{--k:#dcecfb}}\
</style>";

/// Pictures in a row.
const ROW: usize = 10;

const WIDTH: f64 = 1200.0;
const PICTURES_WIDTH: f64 = 520.0;

impl Report {
    /// Pictures and latent map side by side as one stand-alone SVG, for a README or a slide.
    pub fn card_svg(&self) -> String {
        card(self)
    }
}

/// The card; a part that the report lacks leaves its place to the other.
fn card(report: &Report) -> String {
    let mut pictures = Svg::new(PICTURES_WIDTH, 0.0);
    let bottom = report.pictures.as_ref().map_or(0.0, |p| draw_pictures(&mut pictures, p));
    let height = f64::max(560.0, bottom + 130.0);
    let left = if bottom > 0.0 { 640.0 } else { 40.0 };

    let mut card = Svg::new(WIDTH, height);
    card.style(STYLE);
    card.rect((0.5, 0.5), WIDTH - 1.0, height - 1.0, "card", "");
    card.text((40.0, 56.0), Anchor::Start, "title", &shorten(&report.title, 70));
    card.text((40.0, 84.0), Anchor::Start, "subtitle", &shorten(&report.subtitle, 130));
    card.device(&pictures, (40.0, 124.0));
    if let Some(map) = &report.latent_map {
        let (points, coloring) = colored_points(map);
        let size = (WIDTH - 40.0 - left, height - 140.0);
        if let Some(plot) = plot::scatter(size, &points, &coloring, (&map.x_label, &map.y_label)) {
            card.device(&plot, (left, 117.0));
        }
    }
    card.finish(
        "card",
        &report.title,
        "Originals, reconstructions and samples beside a map of the latent space.",
    )
}

/// Rows of originals over reconstructions, then of samples. Returns the lower edge.
fn draw_pictures(svg: &mut Svg, p: &Pictures) -> f64 {
    let mut y = 0.0;
    let shown = p.originals.len().min(p.reconstructions.len()).min(ROW);
    if shown > 0 {
        y = draw_row(svg, p, &p.originals[..shown], "Originals", y);
        y = draw_row(svg, p, &p.reconstructions[..shown], "Reconstructions", y);
    }
    let samples = &p.samples[..p.samples.len().min(3 * ROW)];
    let heading = match p.sampler {
        Sampler::Prior => "Samples from the prior",
        Sampler::Aggregate => "Samples",
        Sampler::Walk => "Samples by the contractive walk",
    };
    if samples.is_empty() { y } else { draw_row(svg, p, samples, heading, y) }
}

fn draw_row(svg: &mut Svg, p: &Pictures, row: &[Vec<f32>], heading: &str, y: f64) -> f64 {
    // Whole pixels, enlarged so that the gaps between pictures stay thin.
    let scale = 48usize.div_ceil(p.width.max(1));
    let Ok(png) = picture_grid_png(row, p.height, p.width, p.channels, ROW, scale) else { return y };
    svg.text((0.0, y + 13.0), Anchor::Start, "heading", heading);
    let (columns, rows) = (row.len().min(ROW), row.len().div_ceil(ROW));
    let side = |count: usize, pixels: usize| (count * (pixels * scale + 2) - 2) as f64;
    let (width, height) = (side(columns, p.width), side(rows, p.height));
    let zoom = PICTURES_WIDTH / side(ROW, p.width);
    svg.image((0.0, y + 24.0), width * zoom, height * zoom, &data_uri(&png));
    y + 24.0 + height * zoom + 30.0
}
