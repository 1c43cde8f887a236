//! Gathers the page of `score`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use diabolo_report::{Alarm, AlarmReason, Anomalies, FlaggedPictures, ScoredExample, Span, number};

use super::drift::drift;
use super::scored_example::scored_example;
use crate::Result;
use crate::data::{Feature, FeatureKind, lag, take, texts};
use crate::pipeline::{AlarmQuality, FoundAnomaly, Predictor, ScoreSummary};
use crate::stats::Ranking;
use crate::task::scorer;

/// Flagged rows that the page lists.
const LISTED: usize = 20;
/// Flagged pictures.
const PICTURES: usize = 8;
/// Columns of a series that are drawn: those that are the first reason most often.
const DRAWN: usize = 3;

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
    let pictures = pictures(predictor, input, rows, summary)?;
    let series = saved.header.config.data.window.is_some();
    let by_chance = predictor.scoring().rule.by_chance(summary.scores.len(), summary.anomalies());
    let mut facts = vec![
        ("rows".to_string(), summary.scores.len().to_string()),
        ("anomalies".into(), summary.anomalies().to_string()),
        ("expected by chance".into(), by_chance.map_or("—".into(), |count| format!("{count:.0}"))),
        ("rule".into(), predictor.scoring().rule.describe()),
    ];
    facts.extend(summary.quality().iter().flat_map(AlarmQuality::lines));
    Ok(Anomalies {
        input: input.into(),
        facts,
        scores: summary.scores.clone(),
        p_values: summary.p_values.clone(),
        // Pictures have no reasons.
        alarms: if pictures.is_some() { vec![] } else { alarms(summary) },
        responsible: responsible(summary),
        hits: [true, false].map(|kind| {
            summary
                .anomalous
                .iter()
                .zip(&summary.truth)
                .filter(|(flag, truth)| **flag && **truth == kind)
                .count()
        }),
        flagged: summary.anomalous.clone(),
        ranking: Ranking::of(&summary.scores, &summary.truth),
        drift: summary.drift.as_ref().map(drift),
        examples,
        pictures,
        series,
        columns: if series { columns(predictor, rows, summary) } else { vec![] },
        spans: if series { spans(predictor, rows, summary) } else { vec![] },
    })
}

/// The flagged rows, highest scores first.
fn worst(summary: &ScoreSummary) -> Vec<&FoundAnomaly> {
    let mut found: Vec<&FoundAnomaly> = summary.found.iter().collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

/// The key of a row, or its number.
fn name(found: &FoundAnomaly) -> String {
    found.key.clone().flatten().unwrap_or_else(|| found.row.to_string())
}

/// The flagged pictures with the highest scores; `None` for a model of a table.
fn pictures(
    predictor: &Predictor,
    input: &str,
    rows: &RecordBatch,
    summary: &ScoreSummary,
) -> Result<Option<FlaggedPictures>> {
    let saved = predictor.saved();
    let (Some(shape), Some(detector)) = (saved.header.preprocessor.schema.image_shape(), &saved.detector)
    else {
        return Ok(None);
    };
    let worst: Vec<&FoundAnomaly> = worst(summary).into_iter().take(PICTURES).collect();
    let chosen: Vec<usize> = worst.iter().map(|found| found.row - 1).collect();
    let encoded = saved.header.preprocessor.encode(input, &take(input, rows, &chosen)?, 0)?;
    let expected = scorer(saved, detector, predictor.device()).expected(&encoded);
    let split = |values: &[f32]| values.chunks_exact(encoded.width).map(<[f32]>::to_vec).collect();
    Ok(Some(FlaggedPictures {
        shape,
        titles: worst
            .iter()
            .map(|found| format!("{} (score {})", name(found), number(found.score)))
            .collect(),
        observed: split(&encoded.values),
        expected: split(&expected),
    }))
}

/// The numbers of a series: the columns that are responsible most often, or else the first ones.
fn columns(predictor: &Predictor, rows: &RecordBatch, summary: &ScoreSummary) -> Vec<(String, Vec<f64>)> {
    let features = &predictor.saved().header.preprocessor.schema.features;
    let current = features.iter().map(|feature| &feature.name).filter(|name| lag(name).1 == 0);
    let mut counts: Vec<(&String, usize)> = current.map(|name| (name, 0)).collect();
    for (reason, count) in responsible(summary) {
        let column = counts.iter_mut().find(|(name, _)| lag(&reason).0 == name.as_str());
        column.into_iter().for_each(|(_, sum)| *sum += count);
    }
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let numbers = |name: &String| -> Option<(String, Vec<f64>)> {
        let cells = texts(rows, name)?;
        let number =
            |cell: &Option<String>| cell.as_ref().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        let values: Vec<f64> = cells.iter().map(number).collect();
        values.iter().any(|value| value.is_finite()).then(|| (name.clone(), values))
    };
    counts.into_iter().filter_map(|(name, _)| numbers(name)).take(DRAWN).collect()
}

/// Runs of consecutive flagged rows, named by key, date or number.
fn spans(predictor: &Predictor, rows: &RecordBatch, summary: &ScoreSummary) -> Vec<Span> {
    let schema = &predictor.saved().header.preprocessor.schema;
    let is_time = |feature: &&Feature| {
        matches!(feature.kind, FeatureKind::Datetime { .. }) && lag(&feature.name).1 == 0
    };
    let dates = schema.features.iter().find(is_time).and_then(|feature| texts(rows, &feature.name));
    let date = |found: &FoundAnomaly| dates.as_ref().and_then(|dates| dates[found.row - 1].clone());
    let name = |found: &FoundAnomaly| match schema.key {
        Some(_) => name(found),
        None => date(found).unwrap_or_else(|| name(found)),
    };
    let mut spans: Vec<Span> = vec![];
    for found in &summary.found {
        let reason = || found.reasons.first().map_or(String::new(), ToString::to_string);
        match spans.last_mut().filter(|last| last.rows[1] + 2 == found.row) {
            Some(last) => {
                (last.rows[1], last.ends[1]) = (found.row - 1, name(found));
                if found.score > last.score {
                    (last.score, last.reason) = (found.score, reason());
                }
            }
            None => spans.push(Span {
                rows: [found.row - 1; 2],
                ends: [name(found), name(found)],
                score: found.score,
                reason: reason(),
            }),
        }
    }
    spans
}

/// The flagged rows with the highest scores.
fn alarms(summary: &ScoreSummary) -> Vec<Alarm> {
    let alarm = |found: &FoundAnomaly| Alarm {
        row: match found.key.clone().flatten() {
            Some(key) => format!("{key} (row {})", found.row),
            None => found.row.to_string(),
        },
        score: found.score,
        p_value: found.p_value,
        reasons: found
            .reasons
            .iter()
            .map(|reason| AlarmReason {
                column: reason.column.clone(),
                seen: reason.seen.clone(),
                expected: reason.expected.clone(),
                nats: reason.nats,
                unseen: reason.unseen,
            })
            .collect(),
    };
    worst(summary).into_iter().take(LISTED).map(alarm).collect()
}

/// How many rows have which column as their first reason, most first.
fn responsible(summary: &ScoreSummary) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for reason in summary.found.iter().filter_map(|found| found.reasons.first()) {
        *counts.entry(reason.column.clone()).or_insert(0) += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}
