//! Figures of models that are trained for one epoch.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use diabolo::evaluate::{contraction_ratios, default_radii, typical_distance};
use diabolo::tensor::Device;

use super::*;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let cancel = Cancel::new();
        Lab::of(Models::start(None, &["training.epochs=1"], cancel.clone()), &cancel).unwrap()
    })
}

fn figure(query: &str) -> Arc<Value> {
    lab().figure(&Query::parse(query)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// Whether a number of it is not finite, which JSON writes as null.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

#[test]
fn every_figure_has_finite_numbers_and_is_computed_once() {
    let mut seen = std::collections::BTreeSet::new();
    for query in figures::all(lab()) {
        let name = query.text("name").unwrap().to_string();
        if !seen.insert(name.clone()) {
            continue;
        }
        let made = lab().figure(&query).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!has_null(&made), "{name}");
        assert!(Arc::ptr_eq(&made, &lab().figure(&query).unwrap()), "{name} is computed again");
    }
    assert_eq!(seen.len(), 25, "{seen:?}");
}

#[test]
fn ratios_are_root_mean_squares_of_the_decomposed_rows() {
    let rows = lab().digits.select(&lab().digits.test);
    let chosen = rows.select(&(0..60).collect::<Vec<_>>());
    let radii = default_radii(typical_distance(&rows));
    let trained = lab().models.get("contractive-0.1").unwrap();
    let found = contraction_ratios(&trained.predictor.saved().model, &chosen, &radii, 0, &Device::cpu());
    let expected: Vec<f64> = found.iter().map(|ratio| ratio.root_mean_square).collect();
    assert_eq!(figure("name=weights")[2]["ratios"], json!(expected));
    assert!(found.iter().all(|ratio| ratio.mean < ratio.root_mean_square));
}

#[test]
fn imputation_keeps_what_is_known() {
    let row = lab().digits.examples[3];
    let found = figure(&format!("name=imputation&row={row}"));
    let pixels = |name: &str| -> Vec<u64> {
        found[name].as_array().unwrap().iter().map(|p| p.as_u64().unwrap()).collect()
    };
    let (known, filled, truth) = (pixels("known"), pixels("filled"), pixels("truth"));
    assert_eq!((&known[..32], &filled[..32]), (&truth[..32], &truth[..32]));
    assert!(known[32..].iter().all(|p| *p == 0) && filled[32..].iter().any(|p| *p > 0));
}

#[test]
fn a_row_that_is_not_there_is_named() {
    for query in ["name=bound&row=1797", "name=between&model=vae&from=0&to=1797", "name=imputation&row=1797"]
    {
        let error = lab().figure(&Query::parse(query)).unwrap_err().to_string();
        assert!(error.contains("a row below 1797"), "{query}: {error}");
    }
    let error = lab().figure(&Query::parse("name=gone")).unwrap_err().to_string();
    assert!(error.contains("a figure of the lab"), "{error}");
}
