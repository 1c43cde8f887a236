//! Scoring of a whole input, batch by batch, and a summary.

use arrow_array::RecordBatch;
use serde::Serialize;

use super::{AlarmQuality, CrossFitted, Predictor, Truth, cross_fit};
use crate::data::{UnknownCells, texts};
use crate::task::{self, Drift, DriftReport, Reason, Rule, Scored};
use crate::{Error, Result};

/// Scores an input, batch by batch.
///
/// A rule that compares rows needs the whole input in one batch.
pub struct ScoreRun<'a> {
    predictor: &'a Predictor,
    drift: Option<Drift<'a>>,
    truth: Option<Truth>,
    /// A note if the columns of scores have other names than usual.
    renamed: Option<String>,
    cross_fit: bool,
    keeps_anomalies: bool,
    /// The warnings of the fits of cross-fitting.
    of_fits: Vec<String>,
    summary: ScoreSummary,
}

const CONTAMINATED: &str = "the held-out rows may contain anomalies, which make p-values larger, never smaller: fewer rows are flagged, not more; \
                            `diabolo calibrate` with normal rows avoids that";

/// The summary of all scored rows.
#[derive(Debug, Clone, Default)]
pub struct ScoreSummary {
    /// The score of each row.
    pub scores: Vec<f64>,
    /// The p-value of each row.
    pub p_values: Vec<f64>,
    /// Whether each row is an anomaly by the rule.
    pub anomalous: Vec<bool>,
    /// Whether each row is an anomaly by the labels; empty without labels.
    pub truth: Vec<bool>,
    /// The anomalies, if they are kept.
    pub found: Vec<FoundAnomaly>,
    /// Cells with a category that was not in the training data.
    pub unknown: UnknownCells,
    /// The drift report, if requested.
    pub drift: Option<DriftReport>,
}

/// One anomaly.
#[derive(Debug, Clone, Serialize)]
pub struct FoundAnomaly {
    /// Its 1-based row.
    pub row: usize,
    /// Its key, if the model has a key column.
    pub key: Option<Option<String>>,
    /// Nats above the usual.
    pub score: f64,
    /// How likely a row of the held-out rows' kind scores as high.
    pub p_value: f64,
    /// The columns that contribute most.
    pub reasons: Vec<Reason>,
}

impl<'a> ScoreRun<'a> {
    /// Starts without rows. With `drift`, rows are also compared with those held out of the fit.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the model file has no drift reference; [`Error::Conflict`] for
    /// drift of rows that are scored by themselves.
    pub fn new(predictor: &'a Predictor, truth: Option<Truth>, drift: bool) -> Result<Self> {
        if drift && predictor.scoring().by_row {
            let reason = "drift compares the scores of windows";
            return Err(Error::conflict("--by-row", "--drift", reason));
        }
        let drift = drift.then(|| Drift::new(predictor.saved())).transpose()?;
        Ok(ScoreRun {
            predictor,
            drift,
            truth,
            renamed: None,
            cross_fit: false,
            keeps_anomalies: true,
            of_fits: vec![],
            summary: ScoreSummary::default(),
        })
    }

    /// Whether rows are scored by models that were not fitted on them; see
    /// [`cross_fit`](super::cross_fit()). All rows must come in one batch.
    pub fn cross_fit(mut self, cross_fit: bool) -> Self {
        self.cross_fit = cross_fit;
        self
    }

    /// Whether the summary has each anomaly with its reasons, whose memory grows with the rows;
    /// by default it does.
    pub fn keep_anomalies(mut self, keep: bool) -> Self {
        self.keeps_anomalies = keep;
        self
    }

    /// Scores the next rows.
    ///
    /// # Errors
    /// As [`Predictor::score`], and if a label is missing.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<Scored> {
        let first_row = self.summary.scores.len();
        let predictor = self.predictor.clone().first_row(first_row as u64);
        self.summary.unknown.add(predictor.unknown_cells(rows)?);
        let CrossFitted { scored: found, warnings } = match self.cross_fit {
            true => cross_fit(&predictor, rows)?,
            false => CrossFitted { scored: predictor.score(rows)?, warnings: vec![] },
        };
        self.of_fits = warnings.into_iter().map(|warning| format!("cross-fitting: {warning}")).collect();
        let (input, device) = (self.predictor.input_name(), self.predictor.device());
        if let Some(truth) = &self.truth {
            self.summary.truth.extend(truth.read(input, rows, first_row as u64)?);
        }
        if let Some(drift) = &mut self.drift {
            drift.add(input, rows, first_row as u64, &found.scores, device)?;
            self.summary.drift = Some(drift.found()?);
        }
        self.renamed = task::renamed(&task::score_names(rows, self.predictor.scoring().reasons));
        let schema = &self.predictor.saved().header.preprocessor.schema;
        let key = schema.key.as_ref().and_then(|key| texts(rows, key));
        let kept = if self.keeps_anomalies { rows.num_rows() } else { 0 };
        let anomalies = (0..kept).filter(|&row| found.anomalous[row]).map(|row| FoundAnomaly {
            row: first_row + row + 1,
            key: key.as_ref().map(|key| key[row].clone()),
            score: found.scores[row],
            p_value: found.p_values[row],
            reasons: found.reasons[row].clone(),
        });
        self.summary.found.extend(anomalies);
        self.summary.scores.extend(&found.scores);
        self.summary.p_values.extend(&found.p_values);
        self.summary.anomalous.extend(&found.anomalous);
        Ok(found)
    }

    /// The summary so far.
    pub fn summary(&self) -> &ScoreSummary {
        &self.summary
    }

    /// Notes for the user.
    pub fn warnings(&self) -> Vec<String> {
        let summary = &self.summary;
        let detector = self.predictor.saved().detector.as_ref();
        let rule = self.predictor.scoring().rule;
        let cut = summary.scores.iter().filter(|score| score.is_nan()).count();
        let only_anomalies = self.truth.as_ref().filter(|_| !summary.truth.contains(&false));
        let header = &self.predictor.saved().header;
        let of_the_fit = self.cross_fit || header.calibrated_on.is_none();
        let is_contaminated = header.config.training.central < 1.0 && of_the_fit;
        let notes = [
            summary.unknown.note(),
            self.renamed.clone(),
            detector.and_then(|detector| rule.warning(detector, summary.scores.len())),
            is_contaminated.then(|| CONTAMINATED.to_string()),
            summary.drift.as_ref().and_then(DriftReport::warning),
            only_anomalies.map(|truth| {
                let column = &truth.column;
                format!("no row is normal by the column '{column}'; set its value for normal rows with --normal VALUE (default: 0 or false)")
            }),
            (cut > 0)
                .then(|| format!("the first {cut} rows have no score, since their windows are incomplete")),
        ];
        self.of_fits.iter().cloned().chain(notes.into_iter().flatten()).collect()
    }
}

impl ScoreSummary {
    /// Number of anomalies.
    pub fn anomalies(&self) -> usize {
        self.anomalous.iter().filter(|&&anomalous| anomalous).count()
    }

    /// How many rows are anomalies, by which rule, and how many are expected by chance.
    pub fn sentence(&self, rule: &Rule) -> String {
        let (rows, anomalies) = (self.scores.len(), self.anomalies());
        let chance = match (rule, rule.by_chance(rows, anomalies).map(f64::round)) {
            (Rule::FalseDiscovery(_), Some(count)) => {
                format!("; up to {count} of them are expected to be false")
            }
            (_, Some(count)) => {
                format!("; {count} are expected by chance, if these rows are like the held-out ones")
            }
            (_, None) => String::new(),
        };
        let fewer = match rule {
            Rule::Top(count) if *count > rows => ", of which there are no more",
            _ => "",
        };
        format!("{anomalies} of {rows} rows are anomalies: {}{fewer}{chance}", rule.describe())
    }

    /// Number of drifted variables.
    pub fn drifted(&self) -> usize {
        self.drift.as_ref().map_or(0, |drift| drift.moved.len())
    }

    /// Metrics of scores and alarms, if there are labels.
    pub fn quality(&self) -> Option<AlarmQuality> {
        (!self.truth.is_empty()).then(|| AlarmQuality::measure(&self.scores, &self.anomalous, &self.truth))
    }

    /// A normal row and an anomaly, each with the median score of its class; rows numbered from 0.
    pub fn typical_rows(&self) -> [Option<usize>; 2] {
        [false, true].map(|flagged| {
            let mut kind: Vec<usize> = (0..self.scores.len())
                .filter(|&row| self.anomalous[row] == flagged && !self.scores[row].is_nan())
                .collect();
            kind.sort_by(|&a, &b| self.scores[a].total_cmp(&self.scores[b]));
            kind.get(kind.len() / 2).copied()
        })
    }
}
