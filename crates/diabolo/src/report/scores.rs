//! Gathers the page of `score`.

use arrow_array::RecordBatch;

use diabolo_report::{Anomalies, ScoredExample};

use super::drift::drift;
use super::scored_example::scored_example;
use crate::Result;
use crate::pipeline::{AlarmQuality, Predictor, ScoreSummary};
use crate::stats::Ranking;

/// The page of all `rows`, which were scored in one batch.
///
/// # Errors
/// If an example cannot be encoded.
pub fn anomalies_page(
    predictor: &Predictor,
    input: &str,
    rows: &RecordBatch,
    summary: &ScoreSummary,
) -> Result<Anomalies> {
    let saved = predictor.saved();
    let mut examples = vec![];
    for (row, word) in summary.typical_rows().into_iter().zip(["no anomaly", "anomaly"]) {
        let Some(row) = row else { continue };
        let example = scored_example(saved, input, rows, row, predictor.device())?;
        examples.extend(example.map(|e| ScoredExample { title: format!("{}: {word}", e.title), ..e }));
    }
    let mut facts = vec![
        ("rows".to_string(), summary.scores.len().to_string()),
        ("anomalies".into(), summary.anomalies().to_string()),
        ("rule".into(), predictor.scoring().rule.describe()),
    ];
    facts.extend(summary.quality().iter().flat_map(AlarmQuality::lines));
    Ok(Anomalies {
        input: input.into(),
        facts,
        scores: summary.scores.clone(),
        flagged: summary.anomalous.clone(),
        ranking: Ranking::of(&summary.scores, &summary.truth),
        drift: summary.drift.as_ref().map(drift),
        examples,
        series: saved.header.config.data.window.is_some(),
    })
}
