//! Anomaly detection: a score, a p-value and reasons for each row.
//!
//! A score is a negative log-likelihood in nats above its mean (see
//! [`Detector`](crate::evaluate::Detector)). Its conformal p-value compares it with rows that were
//! held out of the fit; the only assumption is that those rows and the new ones are exchangeable. A
//! [`Rule`] decides which rows are anomalies; it is chosen when rows are scored, without fitting
//! again.
//!
//! ```
//! # use diabolo::{artifact::*, tensor::Device, task::{self, Rule, ScoreConfig}};
//! # fn example(saved: &SavedModel, rows: &arrow_array::RecordBatch) -> diabolo::Result<()> {
//! let config = ScoreConfig { rule: Rule::FalseDiscovery(0.1), ..ScoreConfig::default() };
//! let found = task::score(saved, "rows.csv", rows, 0, &config, &Device::cpu())?;
//! for row in (0..rows.num_rows()).filter(|&row| found.anomalous[row]) {
//!     println!("row {}: p = {}, {}", row + 1, found.p_values[row], found.reasons[row][0]);
//! }
//! # Ok(()) }
//! ```
//!
//! Scores are defined for every input that can be encoded. A missing cell adds nothing to a score,
//! so that a row with only missing cells is not an anomaly. Columns may be in any order, and other
//! columns are allowed. A category that was not in the training data is a missing cell for the
//! model, and a reason: it raises the score by log(n + 1) nats, since of n + 1 rows about one has a
//! category that none of the n training rows had. With `unknown = error` it is an error.

mod drift;
mod last_row;
mod reasons;
mod rule;
mod variable;
mod words;

pub use drift::{Drift, DriftReport, DriftedVariable};
pub use reasons::Reason;
pub(crate) use reasons::text as shown_text;
pub use rule::Rule;

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow_schema::Field;

use super::{codes, last_rows, names, table_like};
use crate::artifact::SavedModel;
use crate::data::image::image_shape;
use crate::data::{Encoded, take};
use crate::evaluate::{Detector, Reference, Scorer};
use crate::model::Model;
use crate::stats::elementary::double::ln;
use crate::tensor::Device;
use crate::{Error, Result};

/// The scores of rows.
#[derive(Debug, Clone, Default)]
pub struct Scored {
    /// Anomaly score, in nats above the mean; NaN for an incomplete window.
    pub scores: Vec<f64>,
    /// Conformal p-value; NaN without a score.
    pub p_values: Vec<f64>,
    /// Whether each row is an anomaly by the rule.
    pub anomalous: Vec<bool>,
    /// For anomalies, the columns that contribute most, largest first; empty for other rows.
    pub reasons: Vec<Vec<Reason>>,
}

/// The settings of scoring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreConfig {
    /// The rule that decides which rows are anomalies.
    pub rule: Rule,
    /// Maximum number of reasons per row.
    pub reasons: usize,
    /// Reasons for all rows, not only for anomalies.
    pub explain_all: bool,
    /// For windows of a series: scores are those of their last rows, given the rows before, and
    /// only cells of that row are reasons.
    pub by_row: bool,
}

impl Default for ScoreConfig {
    fn default() -> Self {
        ScoreConfig { rule: Rule::default(), reasons: 3, explain_all: false, by_row: false }
    }
}

/// Scores rows. `first_row` is the 0-based number of the first row in `input`, for messages. Rows
/// of a time series must be complete windows.
///
/// # Errors
/// [`Error::Unsupported`] if the model file has no scores of held-out rows, or for scores by row of
/// a model without windows; [`Error::Data`] if the rows cannot be encoded; [`Error::InvalidValue`]
/// if the rule is invalid.
pub fn score(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    config: &ScoreConfig,
    device: &Device,
) -> Result<Scored> {
    config.rule.validate()?;
    let detector = saved.detector.as_ref().filter(|d| !d.scores.is_empty()).ok_or_else(uncalibrated)?;
    let scorer = scorer(saved, detector, device);
    let last = config.by_row.then(|| last_row::scored_features(saved)).transpose()?;
    let encoded = scorer.preprocessor.encode(input, rows, first_row)?;
    let mut unseen = Unseen::find(saved, input, rows)?;
    let whole = scorer.scores(&encoded);
    let known = match &last {
        None => whole.clone(),
        Some(last) => {
            unseen.features.iter_mut().for_each(|cells| cells.retain(|cell| last.contains(cell)));
            last_row::scores(&scorer, &encoded, last, &whole)
        }
    };
    let held_out = if config.by_row { &detector.by_row() } else { detector };
    let scores: Vec<f64> = known
        .iter()
        .zip(&unseen.features)
        .map(|(score, cells)| score + unseen.nats * cells.len() as f64)
        .collect();
    let p_values = scores.iter().map(|&score| held_out.p_value(score)).collect();
    let anomalous = config.rule.alarms(&scores, held_out);
    let explained: Vec<usize> =
        (0..encoded.rows).filter(|&row| anomalous[row] || config.explain_all).collect();
    let of_explained: Vec<f64> = explained.iter().map(|&row| whole[row]).collect();
    let (rows, encoded_rows) = (take(input, rows, &explained)?, encoded.select(&explained));
    let among = last.unwrap_or_else(|| (0..detector.mean_loss.len()).collect());
    let found = reasons::reasons(&scorer, &rows, &encoded_rows, &of_explained, &among, config.reasons)?;
    let mut reasons = vec![vec![]; encoded.rows];
    explained.iter().zip(found).for_each(|(&row, found)| reasons[row] = found);
    let cells = explained.iter().enumerate();
    let cells: Vec<(usize, usize)> = cells
        .flat_map(|(at, &row)| unseen.features[row].iter().map(move |&feature| (at, feature)))
        .filter(|_| config.reasons > 0)
        .collect();
    let found = reasons::unseen_reasons(&scorer, &rows, &encoded_rows, &cells, unseen.nats)?;
    for ((at, _), reason) in cells.into_iter().zip(found) {
        let reasons = &mut reasons[explained[at]];
        let place = reasons.partition_point(|other: &Reason| other.nats >= reason.nats);
        reasons.insert(place, reason);
        reasons.truncate(config.reasons);
    }
    Ok(Scored { scores, p_values, anomalous, reasons })
}

/// The categories of rows that were not in the training data.
struct Unseen {
    /// For each row, the features.
    features: Vec<Vec<usize>>,
    /// What one of them adds to a score.
    nats: f64,
}

impl Unseen {
    fn find(saved: &SavedModel, input: &str, rows: &RecordBatch) -> Result<Self> {
        let mut features = vec![vec![]; rows.num_rows()];
        let found = saved.header.preprocessor.unseen_cells(input, rows)?;
        for (feature, rows) in found.into_iter().enumerate() {
            rows.into_iter().for_each(|row| features[row].push(feature));
        }
        Ok(Unseen { features, nats: ln(saved.header.source.split[0] as f64 + 1.0) })
    }
}

/// What categories of rows that were not in the training data add to the score of each: all of
/// them, and of windows those of the last row.
pub fn unseen_nats(saved: &SavedModel, input: &str, rows: &RecordBatch) -> Result<Vec<[f64; 2]>> {
    let unseen = Unseen::find(saved, input, rows)?;
    let last = last_row::features(saved).unwrap_or_default();
    let nats = |cells: &Vec<usize>| {
        let of_last = cells.iter().filter(|cell| last.contains(cell)).count();
        [cells.len(), of_last].map(|cells| unseen.nats * cells as f64)
    };
    Ok(unseen.features.iter().map(nats).collect())
}

/// A detector with the scores of these rows, which the model was not fitted on; the model does not
/// change. `unseen` are their [`unseen_nats`], or nothing. A model from an old file without a
/// detector also estimates the mean losses from the rows.
pub fn calibrate(saved: &SavedModel, rows: &Encoded, unseen: &[[f64; 2]], device: &Device) -> Detector {
    let header = &saved.header;
    let fitted = || Detector::fit(&saved.model, &header.preprocessor, rows, device);
    let detector = saved.detector.clone().unwrap_or_else(fitted);
    let decoded = Detector::decoded(&saved.model);
    let chosen = Detector::sample(rows.rows, decoded, header.config.training.seed);
    let sample = rows.select(&chosen);
    let scorer = scorer(saved, &detector, device);
    let mut scores = scorer.scores(&sample);
    let of_last = |last: Vec<usize>| last_row::scores(&scorer, &sample, &last, &scores);
    let mut row_scores = last_row::features(saved).map(of_last).unwrap_or_default();
    for (scores, which) in [(&mut scores, 0), (&mut row_scores, 1)] {
        for (score, &row) in scores.iter_mut().zip(&chosen) {
            *score += unseen.get(row).map_or(0.0, |nats| nats[which]);
        }
    }
    let spread =
        || Reference::measure(&header.preprocessor, &sample, &scores, &codes(saved, &sample, device));
    let reference = (sample.rows > 0).then(spread);
    detector.calibrated(&scores, &row_scores, reference)
}

impl Scored {
    /// The same scores after this many rows without a score.
    pub fn after(self, rows: usize) -> Self {
        let numbers = |found| [vec![f64::NAN; rows], found].concat();
        Scored {
            scores: numbers(self.scores),
            p_values: numbers(self.p_values),
            anomalous: [vec![false; rows], self.anomalous].concat(),
            reasons: [vec![vec![]; rows], self.reasons].concat(),
        }
    }

    /// The columns of `rows` in their order, without images and lagged columns, followed by those
    /// of [`score_names`].
    ///
    /// # Errors
    /// If they are not a valid table.
    pub fn table(&self, rows: &RecordBatch, reasons: usize) -> Result<RecordBatch> {
        let mut columns = shown_beside(rows);
        let number = |&value: &f64| Some(value).filter(|value| !value.is_nan());
        let numbers =
            |values: &[f64]| Arc::new(values.iter().map(number).collect::<Float64Array>()) as ArrayRef;
        let anomalous = Arc::new(BooleanArray::from(self.anomalous.clone())) as ArrayRef;
        let mut found = vec![numbers(&self.scores), numbers(&self.p_values), anomalous];
        for k in 0..reasons {
            let text = |found: &Vec<Reason>| found.get(k).map(Reason::to_string);
            found.push(Arc::new(self.reasons.iter().map(text).collect::<StringArray>()));
        }
        let fields = score_names(rows, reasons).into_iter().zip(found);
        columns.extend(
            fields.map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column)),
        );
        table_like(rows, columns)
    }
}

/// The columns that scores are written beside: no images, no lagged columns.
fn shown_beside(rows: &RecordBatch) -> Vec<(Field, ArrayRef)> {
    last_rows(rows).into_iter().filter(|(field, _)| image_shape(field).is_none()).collect()
}

/// The names of the columns of scores: `score`, `p_value`, `anomaly`, `reason_1`, …, unless `rows`
/// have a column with one of these names.
pub fn score_names(rows: &RecordBatch, reasons: usize) -> Vec<String> {
    let usual = ["score", "p_value", "anomaly"].map(String::from).into_iter();
    let usual = usual.chain((1..=reasons).map(|k| format!("reason_{k}"))).collect();
    let beside = shown_beside(rows);
    names::free(usual, |name| beside.iter().any(|(field, _)| field.name() == name))
}

/// The scorer that `saved` and `detector` make.
pub(crate) fn scorer<'a>(
    saved: &'a SavedModel,
    detector: &'a Detector,
    device: &'a Device,
) -> Scorer<'a, Model> {
    let header = &saved.header;
    let seed = header.config.training.seed;
    Scorer { model: &saved.model, detector, preprocessor: &header.preprocessor, seed, device }
}

fn uncalibrated() -> Error {
    Error::Unsupported {
        what: "the model file has no scores of held-out rows".into(),
        help: "run `diabolo calibrate RUN INPUT` with rows that the model was not fitted on".into(),
    }
}
