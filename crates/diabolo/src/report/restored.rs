//! Held-out rows with cells hidden or noise added, and what the model restores.

use diabolo_report::{DenoisedPictures, ImputedCells};

use super::columns::{column_qualities, is_shown};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::ColumnScores;
use crate::model::FamilyConfig;
use crate::stats::image_quality;
use crate::task::{ImputeConfig, NoiseSplit, NoisyCleanRows, hold_back, project};
use crate::tensor::Device;

/// Rows whose cells are hidden, the share of cells, and plots shown.
const ROWS: usize = 300;
const SHARE: f64 = 0.2;
const PLOTS: usize = 12;
/// Pictures shown.
const PICTURES: usize = 8;

/// For models of tables.
pub(super) fn imputed_cells(
    saved: &SavedModel,
    rows: &Encoded,
    order: &[usize],
    device: &Device,
) -> Result<Option<ImputedCells>> {
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
    Ok(Some(ImputedCells {
        points: points.filter(|(_, cells)| !cells.is_empty()).take(PLOTS).collect(),
        columns: column_qualities(saved, scores.finish()),
        caption: format!(
            "{} held-out rows, {:.0} % of their observed cells hidden at random.",
            chosen.rows,
            100.0 * SHARE
        ),
    }))
}

/// For denoising models of pictures: the noise of their training.
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
    let denoised = project(saved, &noisy, device);
    let quality = [&*noisy.values, &denoised].map(|values| image_quality(values, &clean.values, shape));
    let split = |values: Vec<f32>| values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect();
    Some(DenoisedPictures {
        height: shape.0,
        width: shape.1,
        channels: shape.2,
        lines: [split(clean.values.into_dense()), split(noisy.values.into_dense()), split(denoised)],
        quality: Some(quality),
    })
}
