//! The anomaly score of a model without a posterior, its p-value and the alarm.

use super::columns::Columns;
use super::graph::{Graph, Kind, Value};
use super::{likelihood, network::Network};
use crate::artifact::SavedModel;
use crate::evaluate::{ALPHA, Detector, ROUNDING};
use crate::stats::elementary::double::ln;

/// Score, p-value and alarm of each row.
pub(super) struct Scores {
    pub score: Value,
    pub p_value: Value,
    pub is_anomaly: Value,
}

pub(super) fn scores(
    graph: &mut Graph,
    (saved, detector): (&SavedModel, &Detector),
    columns: &Columns,
    network: &Network,
    reconstructions: &[Value],
) -> Scores {
    let blocks = &saved.architecture.likelihood;
    let deviations = detector.deviation.chunks_exact(saved.header.preprocessor.width());
    let of_each = reconstructions.iter().zip(deviations).map(|(parameters, deviation)| {
        likelihood::losses(graph, blocks, network, (parameters, &columns.encoded), deviation)
    });
    let of_each: Vec<Value> = of_each.collect();
    let all = of_each.into_iter().reduce(|sum, losses| graph.node("Add", &[&sum, &losses]));
    let share = graph.double(1.0 / reconstructions.len() as f64);
    let loss = graph.node("Mul", &[&all.expect("a reconstruction"), &share]);
    let observed = observed(graph, saved, columns);
    let losses = graph.node("Mul", &[&loss, &observed]);
    let sum = graph.row_sums(&losses);
    let seen: Vec<Value> = columns.columns.iter().map(|column| any(graph, &column.seen)).collect();
    let usual = weighted(graph, &seen, detector.mean_loss.iter().map(|&loss| f64::from(loss)));
    let mut score = graph.node("Sub", &[&sum, &usual]);
    // In a column that no training row has, no cell is unknown.
    let learned = columns.columns.iter().enumerate();
    let learned = learned.filter(|(feature, _)| saved.header.preprocessor.is_learned(*feature));
    let unknown: Vec<Value> = learned.filter_map(|(_, column)| column.unknown.clone()).collect();
    if !unknown.is_empty() {
        let nats = ln(saved.header.source.split[0] as f64 + 1.0);
        let more = weighted(graph, &unknown, unknown.iter().map(|_| nats));
        score = graph.node("Add", &[&score, &more]);
    }
    let (infinite, lost) = (graph.double(f64::INFINITY), graph.node("IsNaN", &[&score]));
    let score = graph.node("Where", &[&lost, &infinite, &score]);
    let p_value = p_value(graph, detector, &score);
    let alpha = graph.double(ALPHA);
    let is_anomaly = graph.node("LessOrEqual", &[&p_value, &alpha]);
    Scores { score, p_value, is_anomaly }
}

/// 1 for each encoded column that was observed: rows × width. The losses of one-hot columns are 0
/// but for the level of the cell, so that they are their own mask.
fn observed(graph: &mut Graph, saved: &SavedModel, columns: &Columns) -> Value {
    let ranges = saved.header.preprocessor.column_ranges();
    let order = columns.order.iter();
    let masks: Vec<Value> = order
        .map(|&feature| {
            let column = &columns.columns[feature];
            let one_hot = column.unknown.is_some() && ranges[feature].len() > 1;
            graph.cast(if one_hot { &column.encoded } else { &column.seen }, Kind::Double)
        })
        .collect();
    graph.concat(&masks)
}

/// Whether any part of a cell was observed.
fn any(graph: &mut Graph, seen: &Value) -> Value {
    let (parts, zero) = (graph.cast(seen, Kind::Integer), graph.integer(0));
    let count = graph.row_sums(&parts);
    graph.node("Greater", &[&count, &zero])
}

/// The sum of the weights of the columns that are true.
fn weighted(graph: &mut Graph, truths: &[Value], weights: impl IntoIterator<Item = f64>) -> Value {
    let weights = graph.doubles(&[truths.len(), 1], weights);
    let all = graph.concat(truths);
    let all = graph.cast(&all, Kind::Double);
    graph.node("MatMul", &[&all, &weights])
}

/// (1 + #{held-out scores ≥ s, up to rounding}) / (n + 1).
fn p_value(graph: &mut Graph, detector: &Detector, score: &Value) -> Value {
    let count = detector.scores.len();
    let held_out = graph.doubles(&[1, count], detector.scores.iter().map(|&score| f64::from(score)));
    let (one, rounding) = (graph.double(1.0), graph.double(ROUNDING));
    let size = graph.node("Abs", &[score]);
    let size = graph.node("Max", &[&size, &one]);
    let tolerance = graph.node("Mul", &[&size, &rounding]);
    // An infinite score is reached by those that are infinite, too.
    let (infinite, zero) = (graph.node("IsInf", &[score]), graph.double(0.0));
    let tolerance = graph.node("Where", &[&infinite, &zero, &tolerance]);
    let least = graph.node("Sub", &[score, &tolerance]);
    let reached = graph.node("GreaterOrEqual", &[&held_out, &least]);
    let reached = graph.cast(&reached, Kind::Double);
    let above = graph.row_sums(&reached);
    let above = graph.node("Add", &[&above, &one]);
    let all = graph.double((count + 1) as f64);
    graph.node("Div", &[&above, &all])
}
