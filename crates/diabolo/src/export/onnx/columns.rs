//! The inputs of the graph, and the encoded row made of them.

use super::dates;
use super::graph::{Attribute, Graph, Kind, ML, Value};
use crate::data::{Curve, Feature, Formula, Preprocessor};
use crate::{Error, Result};

/// The place of a text that is not known, and of a missing cell.
const UNKNOWN: i64 = -1;
const MISSING: i64 = -2;

/// The cells of a feature.
pub(super) struct Column {
    /// rows × its encoded columns.
    pub encoded: Value,
    /// Where a cell was observed, as truth values: rows × 1, or rows × pixels or parts of a time.
    pub seen: Value,
    /// Where a cell is a text or number that is none of the levels; `None` for numbers and pixels.
    pub unknown: Option<Value>,
}

/// All features, in the order of the schema.
pub(super) struct Columns {
    pub columns: Vec<Column>,
    /// The features in the order of their encoded columns.
    pub order: Vec<usize>,
    /// rows × width, in single precision.
    pub encoded: Value,
}

/// Declares an input for every feature, and encodes them.
pub(super) fn columns(graph: &mut Graph, preprocessor: &Preprocessor) -> Result<Columns> {
    let features = &preprocessor.schema.features;
    let formulas: Vec<Formula> = features
        .iter()
        .enumerate()
        .map(|(at, feature)| preprocessor.formula(at).ok_or_else(|| refused(feature)))
        .collect::<Result<_>>()?;
    let inputs: Vec<Value> = features
        .iter()
        .zip(&formulas)
        .map(|(feature, formula)| {
            let (kind, width) = match formula {
                Formula::Texts { .. } => (Kind::Text, 1),
                Formula::Pixels { width, .. } => (Kind::Double, *width),
                _ => (Kind::Double, 1),
            };
            graph.input(&feature.name, kind, width)
        })
        .collect();
    let columns: Vec<Column> = (0..features.len())
        .map(|at| column(graph, &inputs[at], &formulas[at], &preprocessor.missing_numbers(at)))
        .collect();
    let mut order: Vec<usize> = (0..features.len()).collect();
    let ranges = preprocessor.column_ranges();
    order.sort_by_key(|&feature| ranges[feature].start);
    let parts: Vec<Value> = order.iter().map(|&feature| columns[feature].encoded.clone()).collect();
    let encoded = graph.concat(&parts);
    Ok(Columns { columns, order, encoded })
}

fn refused(feature: &Feature) -> Error {
    let what = format!(
        "column '{}' has pixels that are binarized at random, which ONNX export does not know",
        feature.name
    );
    let help = "fit without --binarize, or with --binarize threshold".to_string();
    Error::Unsupported { what, help }
}

fn column(graph: &mut Graph, cell: &Value, formula: &Formula, missing: &[f64]) -> Column {
    match formula {
        Formula::Texts { units, missing, width } => {
            let place = places_of_texts(graph, cell, units, missing);
            levels(graph, &place, *width)
        }
        Formula::Numbers { units, width } => {
            let gone = missing_numbers(graph, cell, missing);
            let place = places_of_numbers(graph, cell, &gone, units);
            levels(graph, &place, *width)
        }
        &Formula::Pixels { scale, threshold, .. } => {
            let gone = graph.node("IsNaN", &[cell]);
            let single = graph.cast(cell, Kind::Float);
            let white = graph.float(scale);
            let mut scaled = graph.node("Div", &[&single, &white]);
            if threshold {
                let half = graph.float(0.5);
                let bright = graph.node("GreaterOrEqual", &[&scaled, &half]);
                scaled = graph.cast(&bright, Kind::Float);
            }
            observed(graph, scaled, &gone)
        }
        Formula::Time { seconds, offset, cycles } => {
            let gone = graph.node("IsNaN", &[cell]);
            let local = graph.with_double("Add", cell, f64::from(*offset));
            let mut numbers = vec![scaled(graph, cell, seconds)];
            numbers.extend(dates::positions(graph, &local, *cycles));
            let gone = graph.concat(&vec![gone; numbers.len()]);
            let numbers = graph.concat(&numbers);
            let single = graph.cast(&numbers, Kind::Float);
            observed(graph, single, &gone)
        }
        _ => {
            let gone = missing_numbers(graph, cell, missing);
            let scaled = scaled(graph, cell, formula);
            let single = graph.cast(&scaled, Kind::Float);
            observed(graph, single, &gone)
        }
    }
}

/// Numbers, 0 where they are missing.
fn observed(graph: &mut Graph, numbers: Value, gone: &Value) -> Column {
    let zero = graph.float(0.0);
    let encoded = graph.node("Where", &[gone, &zero, &numbers]);
    Column { encoded, seen: graph.node("Not", &[gone]), unknown: None }
}

/// Where a number is NaN, or one of these.
fn missing_numbers(graph: &mut Graph, cell: &Value, words: &[f64]) -> Value {
    let mut gone = graph.node("IsNaN", &[cell]);
    for &word in words {
        let word = graph.double(word);
        let same = graph.node("Equal", &[cell, &word]);
        gone = graph.node("Or", &[&gone, &same]);
    }
    gone
}

fn scaled(graph: &mut Graph, cell: &Value, formula: &Formula) -> Value {
    match formula {
        &Formula::Linear { shift, scale, limit } => {
            let (shift, scale) = (graph.double(shift), graph.double(scale));
            let centred = graph.node("Sub", &[cell, &shift]);
            let divided = graph.node("Div", &[&centred, &scale]);
            clamped(graph, &divided, limit)
        }
        Formula::Curve(curve) => on_curve(graph, cell, curve),
        _ => {
            let one = graph.double(1.0);
            let above = graph.node("Add", &[cell, &one]);
            graph.node("Log", &[&above])
        }
    }
}

fn clamped(graph: &mut Graph, value: &Value, limit: f64) -> Value {
    let (low, high) = (graph.doubles(&[], [-limit]), graph.doubles(&[], [limit]));
    graph.node("Clip", &[value, &low, &high])
}

fn on_curve(graph: &mut Graph, cell: &Value, curve: &Curve) -> Value {
    let (knots, pieces) = (curve.knots.len(), curve.pieces.len());
    let all = graph.doubles(&[1, knots], curve.knots.iter().copied());
    let passed = graph.node("GreaterOrEqual", &[cell, &all]);
    let passed = graph.cast(&passed, Kind::Integer);
    // The number of the piece: rows × 1, as the places that `Gather` reads.
    let piece = graph.row_sums(&passed);
    let mut of_piece = |values: Vec<f64>| {
        let table = graph.doubles(&[pieces], values);
        graph.node("Gather", &[&table, &piece])
    };
    let [start, value, slope] =
        [0, 1, 2].map(|k| of_piece(curve.pieces.iter().map(|piece| piece[k]).collect()));
    // Below the first knot no cell is on a knot.
    let at_knot = of_piece([&curve.at_knots[..1], &curve.at_knots].concat());
    // Finite, since the slope beyond the knots may be 0.
    let run = graph.node("Sub", &[cell, &start]);
    let run = clamped(graph, &run, f64::MAX);
    let rise = graph.node("Mul", &[&run, &slope]);
    let linear = graph.node("Add", &[&value, &rise]);
    let on_knot = graph.node("Equal", &[cell, &start]);
    let found = graph.node("Where", &[&on_knot, &at_knot, &linear]);
    clamped(graph, &found, curve.limit)
}

fn places_of_texts(graph: &mut Graph, cell: &Value, units: &[(String, usize)], missing: &[String]) -> Value {
    let known = units.iter().map(|(text, unit)| (text.as_str(), *unit as i64));
    let gone = missing.iter().map(|text| (text.as_str(), MISSING));
    let (texts, places): (Vec<&str>, Vec<i64>) = known.chain(gone).unzip();
    let attributes = [
        Attribute::Texts("keys_strings", texts),
        Attribute::Integers("values_int64s", places),
        Attribute::Integer("default_int64", UNKNOWN),
    ];
    graph.node_with("LabelEncoder", ML, &[cell], &attributes)
}

fn places_of_numbers(graph: &mut Graph, cell: &Value, gone: &Value, units: &[(f64, usize)]) -> Value {
    // A column without known levels has one that no cell equals.
    let units = if units.is_empty() { &[(f64::NAN, 0)] } else { units };
    let levels = graph.doubles(&[1, units.len()], units.iter().map(|(level, _)| *level));
    let steps = graph.integers(&[1, units.len()], units.iter().map(|(_, unit)| *unit as i64 - UNKNOWN));
    let (unknown, missing) = (graph.integer(UNKNOWN), graph.integer(MISSING));
    let same = graph.node("Equal", &[cell, &levels]);
    let same = graph.cast(&same, Kind::Integer);
    let chosen = graph.node("Mul", &[&same, &steps]);
    let above = graph.row_sums(&chosen);
    let place = graph.node("Add", &[&above, &unknown]);
    graph.node("Where", &[gone, &missing, &place])
}

/// One-hot columns of places; a known level may have none.
fn levels(graph: &mut Graph, place: &Value, width: usize) -> Column {
    let (zero, unknown) = (graph.integer(0), graph.integer(UNKNOWN));
    let places = graph.integers(&[1, width], 0..width as i64);
    let same = graph.node("Equal", &[place, &places]);
    Column {
        encoded: graph.cast(&same, Kind::Float),
        seen: graph.node("GreaterOrEqual", &[place, &zero]),
        unknown: Some(graph.node("Equal", &[place, &unknown])),
    }
}
