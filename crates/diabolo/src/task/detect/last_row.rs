//! Scores of the rows of a series by themselves.
//!
//! The score of a window is high for as long as an anomaly is within it. What the last row x_t of a
//! window w adds to it is
//!
//! ```text
//! s(w) − s(w with the cells of x_t missing) ,  an estimate of −log p(x_t | x_{t−1}, x_{t−2}, …)
//! ```
//!
//! in nats above its mean, where the encoder receives expected values in place of the missing
//! cells, as for [reasons](super::reasons). It is 0 for a row without observed cells.

use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::Scorer;
use crate::model::Model;
use crate::{Error, Result};

use super::reasons::without;

/// The features of the last row of a window; `None` for a model without windows.
pub(super) fn features(saved: &SavedModel) -> Option<Vec<usize>> {
    let windows = saved.header.config.data.windows()?;
    let all = 0..saved.header.preprocessor.schema.features.len();
    Some(all.filter(|&feature| windows.rows_back(feature) == 0).collect())
}

/// The [`features`] that rows are scored by.
///
/// # Errors
/// [`Error::Unsupported`] for a model without windows, or without such scores of held-out rows.
pub(super) fn scored_features(saved: &SavedModel) -> Result<Vec<usize>> {
    let features = features(saved).ok_or_else(|| Error::Unsupported {
        what: "the model has no windows: its rows are scored by themselves".into(),
        help: "leave out --by-row".into(),
    })?;
    match saved.detector.as_ref().is_some_and(|detector| !detector.row_scores.is_empty()) {
        true => Ok(features),
        false => Err(Error::Unsupported {
            what: "the model file has no scores of held-out rows by themselves".into(),
            help: "run `diabolo calibrate RUN INPUT` with rows that the model was not fitted on".into(),
        }),
    }
}

/// What the last row of each window adds to its score, one of `scores`.
pub(super) fn scores(
    scorer: &Scorer<Model>,
    windows: &Encoded,
    features: &[usize],
    scores: &[f64],
) -> Vec<f64> {
    let columns = scorer.preprocessor.column_ranges();
    let last: Vec<_> = features.iter().map(|&feature| columns[feature].clone()).collect();
    let (others, _) = without(scorer, windows.clone(), |_| &last);
    let added = |((row, score), of_others): ((usize, &f64), f64)| match score.is_finite() {
        true if last.iter().any(|columns| windows.has(row, columns)) => score - of_others,
        true => 0.0,
        false => *score,
    };
    scores.iter().enumerate().zip(scorer.scores(&others)).map(added).collect()
}
