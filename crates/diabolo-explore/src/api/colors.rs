//! What colours the points: a column, the part of the fit, the score, the contraction, or a latent
//! dimension.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use diabolo::data::texts;
use diabolo::pipeline::Part;
use diabolo::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::{Explorer, Shown};
use crate::wire::{Answer, Buffers, computed};

/// Colours of categories; the rarest share one more.
const LEVELS: usize = 10;

#[derive(Deserialize)]
pub(super) struct Color {
    run: usize,
    /// "column", "part", "score", "contraction" or "latent".
    by: String,
    /// The column, or the latent dimension from 0.
    #[serde(default)]
    of: String,
}

/// A header and a number for each row, in the order of the input.
pub(super) async fn color(State(explorer): State<Arc<Explorer>>, Query(color): Query<Color>) -> Answer {
    let run = explorer.run(color.run)?;
    let (head, values) = computed(move || colored(&run, &color)).await?;
    Buffers::default().f32(values).behind(&head)
}

fn colored(run: &Shown, color: &Color) -> Result<(Value, Vec<f32>)> {
    let width = run.space.latent_dim();
    match color.by.as_str() {
        "part" => Ok(parts(run)),
        "score" => Ok(numbers("anomaly score", "nats above usual", run.scores()?.to_vec())),
        "contraction" => Ok(numbers("‖J_f(x)‖_F", "code per encoded unit", run.norms()?.to_vec())),
        "latent" => {
            let wrong = || Error::invalid_value("of", format!("a latent dimension below {width}"), &color.of);
            let unit: usize = color.of.parse().ok().filter(|&unit| unit < width).ok_or_else(wrong)?;
            let values = run.space.codes().iter().skip(unit).step_by(width).copied().collect();
            Ok(numbers(&format!("latent {}", unit + 1), "", values))
        }
        "column" => column(run, &color.of),
        _ => {
            let expected = "column, part, score, contraction or latent";
            Err(Error::invalid_value("by", expected, &color.by))
        }
    }
}

fn numbers(title: &str, unit: &str, values: Vec<f32>) -> (Value, Vec<f32>) {
    let mut known: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    known.sort_by(f32::total_cmp);
    // Of the middle 98 %: one extreme value would leave no colours to the others.
    let at = |share: f64| known.get(((known.len().max(1) - 1) as f64 * share).round() as usize).copied();
    let head = json!({
        "kind": "number", "title": title, "unit": unit,
        "low": at(0.01), "high": at(0.99), "missing": values.len() - known.len(),
    });
    (head, values)
}

fn parts(run: &Shown) -> (Value, Vec<f32>) {
    let all = [Part::Train, Part::Validation, Part::Test, Part::Other];
    let names = ["training", "validation", "held out", "in no part"];
    let code = |part: &Part| all.iter().position(|other| other == part).unwrap_or(3);
    let values: Vec<f32> = run.space.parts().iter().map(|part| code(part) as f32).collect();
    let levels: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(k, name)| json!({ "name": name, "rows": values.iter().filter(|v| **v == k as f32).count() }))
        .collect();
    (json!({ "kind": "category", "title": "part of the fit", "levels": levels, "rest": false }), values)
}

fn column(run: &Shown, name: &str) -> Result<(Value, Vec<f32>)> {
    let space = &run.space;
    let preprocessor = &space.predictor().saved().header.preprocessor;
    let feature = preprocessor.schema.features.iter().position(|feature| feature.name == name);
    if let Some(at) = feature
        && let Some(values) = preprocessor.numbers(&space.encoded().values).swap_remove(at)
    {
        let units = &preprocessor.column_ranges()[at];
        let known = |row: usize| space.encoded().has(row, units);
        let values = values.iter().enumerate().map(|(row, &v)| if known(row) { v as f32 } else { f32::NAN });
        return Ok(numbers(name, "", values.collect()));
    }
    let cells = texts(space.rows(), name).ok_or_else(|| {
        let help = "choose another column";
        Error::data(space.input(), format!("a column '{name}' of texts or numbers"), "none", help)
    })?;
    Ok(categories(name, &cells))
}

/// The most frequent values by name, and one code for all others; NaN where a cell is missing.
fn categories(name: &str, cells: &[Option<String>]) -> (Value, Vec<f32>) {
    let mut counts = BTreeMap::<&str, usize>::new();
    cells.iter().flatten().for_each(|cell| *counts.entry(cell).or_default() += 1);
    let mut levels: Vec<(&str, usize)> = counts.into_iter().collect();
    let rest = levels.len() > LEVELS;
    if rest {
        levels.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        levels.truncate(LEVELS - 1);
    }
    // Numbers by value, texts by name.
    let by_value = |text: &str| text.parse::<f64>().unwrap_or(f64::INFINITY);
    levels.sort_by(|a, b| by_value(a.0).total_cmp(&by_value(b.0)).then(a.0.cmp(b.0)));
    let codes: BTreeMap<&str, usize> = levels.iter().enumerate().map(|(k, (level, _))| (*level, k)).collect();
    let code = |cell: &Option<String>| match cell {
        Some(cell) => codes.get(cell.as_str()).copied().unwrap_or(levels.len()) as f32,
        None => f32::NAN,
    };
    let values = cells.iter().map(code).collect();
    let mut shown: Vec<Value> =
        levels.iter().map(|(level, rows)| json!({ "name": level, "rows": rows })).collect();
    if rest {
        let named: usize = levels.iter().map(|(_, rows)| rows).sum();
        shown.push(json!({ "name": "all others", "rows": cells.iter().flatten().count() - named }));
    }
    let missing = cells.iter().filter(|cell| cell.is_none()).count();
    let head =
        json!({ "kind": "category", "title": name, "levels": shown, "rest": rest, "missing": missing });
    (head, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_categories_share_a_code_and_missing_cells_have_none() {
        let cell = |k: usize| (k > 0).then(|| (k % 12).to_string());
        let cells: Vec<Option<String>> = (0..40).map(cell).collect();
        let (head, codes) = categories("x", &cells);
        assert_eq!(head["levels"].as_array().map(Vec::len), Some(LEVELS));
        assert_eq!(head["levels"][LEVELS - 1]["name"], "all others");
        assert!(codes[0].is_nan() && codes[1..].iter().all(|code| (0.0..10.0).contains(code)));
        let (head, codes) = categories("x", &["10", "9"].map(|text| Some(text.to_string())));
        assert_eq!((head["levels"][0]["name"].as_str(), codes), (Some("9"), vec![1.0, 0.0]));
    }
}
