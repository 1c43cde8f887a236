//! What became of cells and pictures that were spoilt on purpose: missing cells filled in, noise taken out.

use super::ColumnQuality;
use super::assemble::{column_qualities, is_shown};
use super::html::{columns, section};
use super::number::number;
use super::picture::tile_png;
use super::plot;
use super::svg::escape;
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::ColumnScores;
use crate::model::FamilyConfig;
use crate::stats::{ImageQuality, image_quality};
use crate::task::{ImputeConfig, NoiseSplit, NoisyCleanRows, hold_back, project};
use crate::tensor::Device;

/// Observed cells hidden from the model, and what it filled them with.
#[derive(Debug, Clone, Default)]
pub struct FilledCells {
    /// How well each column was filled.
    pub columns: Vec<ColumnQuality>,
    /// For columns of numbers, in their units: the name, and (observed, filled) cells.
    pub points: Vec<(String, Vec<(f64, f64)>)>,
    /// What was hidden.
    pub caption: String,
}

/// Pictures before noise, with it, and after it was taken out; laid out as in [`Pictures`](super::Pictures).
#[derive(Debug, Clone, Default)]
pub struct DenoisedPictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// The clean, the noisy and the denoised pictures.
    pub lines: [Vec<Vec<f32>>; 3],
    /// Of the noisy and of the denoised pictures.
    pub quality: Option<[ImageQuality; 2]>,
}

/// Rows whose cells are hidden, the share of cells, and plots shown.
const ROWS: usize = 300;
const SHARE: f64 = 0.2;
const PLOTS: usize = 12;
/// Pictures shown.
const PICTURES: usize = 8;

/// For models of tables.
pub(super) fn filled_cells(
    saved: &SavedModel,
    rows: &Encoded,
    order: &[usize],
    device: &Device,
) -> Result<Option<FilledCells>> {
    let preprocessor = &saved.header.preprocessor;
    if preprocessor.schema.image_shape().is_some() || rows.rows == 0 {
        return Ok(None);
    }
    let chosen = rows.select(&order[..order.len().min(ROWS)]);
    let config =
        ImputeConfig { samples: 200, seed: saved.header.config.training.seed, ..ImputeConfig::default() };
    let held = hold_back(saved, &chosen, SHARE, &config, device)?;
    let mut scores = ColumnScores::new(preprocessor);
    scores.add(&held.truth, &held.filled);
    let (truth, filled) = (preprocessor.numbers(&held.truth.values), preprocessor.numbers(&held.filled));
    let hidden = |row: usize, unit: usize| {
        held.truth.observed.as_ref().is_some_and(|o| o[row * held.truth.width + unit] == 1.0)
    };
    let features = preprocessor.schema.features.iter().zip(preprocessor.column_ranges());
    let shown = features.zip(truth.iter().zip(&filled)).enumerate();
    let shown = shown.filter(|(index, _)| is_shown(saved, *index)).map(|(_, column)| column);
    let points = shown.filter_map(|((feature, units), (truth, filled))| {
        let cells = truth.as_ref()?.iter().zip(filled.as_ref()?).enumerate();
        let hidden = cells.filter(|(row, _)| hidden(*row, units.start)).map(|(_, (&t, &f))| (t, f));
        Some((feature.name.clone(), hidden.collect::<Vec<_>>()))
    });
    Ok(Some(FilledCells {
        points: points.filter(|(_, cells)| !cells.is_empty()).take(PLOTS).collect(),
        columns: column_qualities(saved, scores.finish()),
        caption: format!(
            "{} held-out rows, {:.0} % of their observed cells hidden at random.",
            chosen.rows,
            100.0 * SHARE
        ),
    }))
}

/// For models that learned to take noise out of pictures: the noise they learned with.
pub(super) fn denoised_pictures(
    saved: &SavedModel,
    rows: &Encoded,
    order: &[usize],
    device: &Device,
) -> Option<DenoisedPictures> {
    let FamilyConfig::Denoising { corruption, .. } = saved.architecture.family else { return None };
    let shape = saved.header.preprocessor.schema.image_shape()?;
    let clean = rows.select(&order[..order.len().min(PICTURES)]);
    let seed = saved.header.config.training.seed;
    let NoisyCleanRows { noisy, clean } = NoisyCleanRows::with_noise(
        &saved.header.preprocessor,
        clean,
        corruption,
        (NoiseSplit::Measured, seed),
        0,
    );
    let made = project(saved, &noisy, device);
    let quality = [&noisy.values, &made].map(|values| image_quality(values, &clean.values, shape));
    let split = |values: Vec<f32>| values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect();
    Some(DenoisedPictures {
        height: shape.0,
        width: shape.1,
        channels: shape.2,
        lines: [split(clean.values), split(noisy.values), split(made)],
        quality: Some(quality),
    })
}

pub(super) fn cells(filled: &FilledCells) -> String {
    let help = format!(
        "{} Each is compared with what the model fills in from the rest of its row. Dots on the line were filled exactly; \
         the bars are as above.",
        filled.caption
    );
    let plots = filled.points.iter().filter_map(|(name, points)| {
        let svg = plot::agreement(points)?.finish("plot", name, "Filled against observed values");
        Some(format!("<figure><h3>{}</h3>{svg}</figure>\n", escape(name)))
    });
    let plots: String = plots.collect();
    let plots = if plots.is_empty() { plots } else { format!("<div class=\"panels\">\n{plots}</div>") };
    section("Filling in missing cells", &help, &(columns(&filled.columns) + &plots))
}

pub(super) fn pictures(p: &DenoisedPictures) -> String {
    let line = |name: &str, pictures: &[Vec<f32>]| {
        let tiles: String =
            pictures.iter().map(|picture| tile_png(picture, (p.height, p.width, p.channels), name)).collect();
        format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
    };
    let [clean, noisy, denoised] = &p.lines;
    if clean.is_empty() {
        return String::new();
    }
    let strip = line("clean", clean) + &line("noisy", noisy) + &line("denoised", denoised);
    let told = p.quality.map(|[noisy, denoised]| {
        let figures = |q: ImageQuality| {
            format!("{} dB, SSIM {}", number((10.0 * q.psnr).round() / 10.0), number(q.ssim))
        };
        format!(
            " Peak signal-to-noise ratio and structural similarity to the clean ones: noisy {}; denoised {}.",
            figures(noisy),
            figures(denoised)
        )
    });
    let help = format!(
        "Held-out pictures with noise like that of the training, and what the model makes of them.{}",
        told.unwrap_or_default()
    );
    section("Noise taken out", &help, &format!("<figure class=\"strip wide\">{strip}</figure>"))
}
