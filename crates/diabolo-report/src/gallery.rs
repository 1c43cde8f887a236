//! Pictures beside their reconstructions, and new ones.

use crate::document::section;
use crate::picture::tile_png;

/// Pictures with values in 0..1, row by row, channels last.
#[derive(Debug, Clone, Default)]
pub struct Pictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Held-out pictures.
    pub originals: Vec<Vec<f32>>,
    /// The reconstruction of each, in the same order.
    pub reconstructions: Vec<Vec<f32>>,
    /// New pictures; may be empty.
    pub samples: Vec<Vec<f32>>,
    /// Where the samples come from.
    pub sampler: Sampler,
    /// Whether the code has fewer numbers than a picture.
    pub narrow: bool,
}

/// What new rows are drawn by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sampler {
    /// Codes from the prior.
    #[default]
    Prior,
    /// Codes from a normal distribution with the mean and covariance of the codes of the data.
    Aggregate,
    /// The contractive walk, for families without a prior.
    Walk,
}

/// Pictures in one strip of originals over reconstructions.
const STRIP: usize = 8;

/// Originals over reconstructions, then samples.
pub(crate) fn pictures(pictures: Option<&Pictures>) -> String {
    let Some(p) = pictures else { return String::new() };
    let strips: String = p
        .originals
        .chunks(STRIP)
        .zip(p.reconstructions.chunks(STRIP))
        .map(|(originals, reconstructions)| {
            format!(
                "<figure class=\"strip\">{}{}</figure>\n",
                strip(p, originals, "original"),
                strip(p, reconstructions, "reconstruction")
            )
        })
        .collect();
    let strips = if strips.is_empty() { strips } else { format!("<div class=\"strips\">\n{strips}</div>") };
    let samples: String =
        p.samples.iter().map(|sample| tile_png(sample, (p.height, p.width, p.channels), "sample")).collect();
    let samples = if samples.is_empty() { samples } else { format!("<div class=\"tiles\">{samples}</div>") };
    section(
        "Originals and reconstructions",
        if p.narrow {
            "Each held-out picture above its reconstruction. Lost detail is what the bottleneck, a code of fewer \
             numbers than pixels, does not carry."
        } else {
            "Each held-out picture above its reconstruction. The code is as wide as a picture, or wider: detail is \
             lost to the objective and to training, not to a bottleneck."
        },
        &strips,
    ) + &section(
        "Samples",
        match p.sampler {
            Sampler::Prior => {
                "New pictures: latent codes drawn from the prior, then decoded. The more they look like the data, the \
                 better the prior fits the codes."
            }
            Sampler::Aggregate => {
                "New pictures: codes drawn from a normal distribution with the mean and the covariance of the codes of \
                 training rows, since the prior takes the positions of such a code for independent; then decoded."
            }
            Sampler::Walk => {
                "New pictures by the contractive walk: encode, move along the encoder's high-singular-value \
                 directions, decode, and repeat. No picture of the data is a starting point: chains start at the \
                 centres of clusters of codes."
            }
        },
        &samples,
    )
}

fn strip(p: &Pictures, row: &[Vec<f32>], name: &str) -> String {
    let tiles: String =
        row.iter().map(|picture| tile_png(picture, (p.height, p.width, p.channels), name)).collect();
    format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
}
