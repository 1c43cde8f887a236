//! How well each column of a table is reconstructed.

use diabolo_report::ColumnQuality;

use crate::artifact::SavedModel;
use crate::data::{BlockKind, Encoded, Feature};
use crate::evaluate::{ColumnScore, ColumnScores};

/// The scores of the reconstructions `made`.
pub(super) fn columns(saved: &SavedModel, rows: &Encoded, made: &[f32]) -> Vec<ColumnQuality> {
    let preprocessor = &saved.header.preprocessor;
    if preprocessor.schema.image_shape().is_some() {
        return vec![];
    }
    let mut scores = ColumnScores::new(preprocessor);
    scores.add(rows, made);
    column_qualities(saved, scores.finish())
}

/// Rows of a window that are shown in tables of columns.
const ROWS_OF_WINDOW: usize = 8;

/// Whether a feature is shown: of windows the last row, and a few before it.
pub(super) fn is_shown(saved: &SavedModel, feature: usize) -> bool {
    let windows = saved.header.config.data.windows();
    windows.is_none_or(|windows| {
        windows.rows_back(feature).is_multiple_of(windows.length.div_ceil(ROWS_OF_WINDOW))
    })
}

/// Scores with their units.
pub(super) fn column_qualities(saved: &SavedModel, scores: Vec<ColumnScore>) -> Vec<ColumnQuality> {
    let preprocessor = &saved.header.preprocessor;
    let blocks = preprocessor.blocks();
    let logs =
        |index: usize| blocks.iter().any(|b| b.kind == BlockKind::Count && b.features.contains(&index));
    let features = preprocessor.schema.features.iter().enumerate();
    let quality = |(score, (index, feature)): (ColumnScore, (usize, &Feature))| {
        let number = feature.kind.categories().is_empty();
        let unit = match number {
            true if logs(index) => "log(1 + count)",
            true => "standard deviations",
            false => "",
        };
        ColumnQuality {
            name: score.name,
            kind: feature.kind.name().into(),
            measure: if number { "RMSE" } else { "accuracy" }.into(),
            value: score.value,
            baseline: score.baseline,
            perfect: score.perfect,
            unit: unit.into(),
        }
    };
    let shown = scores.into_iter().zip(features).filter(|(_, (index, _))| is_shown(saved, *index));
    shown.map(quality).collect()
}
