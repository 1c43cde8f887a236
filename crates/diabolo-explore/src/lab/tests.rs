//! Figures of models that are trained for one epoch.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use diabolo::artifact::Run;
use diabolo::pipeline::{EvaluateOptions, EvaluationRows};
use diabolo::{FitJob, Predictor};
use recipes::{INPUT, RECIPES};

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

/// What `diabolo evaluate RUN --diagnose --json` prints of a model that was saved.
fn evaluated(key: &str) -> Value {
    let parent = tempfile::tempdir().unwrap();
    let run = Run::create(&parent.path().join("run")).unwrap();
    let mut config = RECIPES.iter().find(|recipe| recipe.key == key).unwrap().config().unwrap();
    lab().models.shared().iter().for_each(|setting| config.set(setting).unwrap());
    FitJob::input(INPUT).config(config).run().unwrap().save_run(&run).unwrap();
    let predictor = Predictor::open(run.folder()).unwrap();
    let data = &predictor.saved().header.config.data;
    let rows = EvaluationRows::new(&predictor, None, false, data, Default::default()).unwrap();
    let options = EvaluateOptions { diagnose: true, ..EvaluateOptions::default() };
    serde_json::to_value(rows.evaluate(&predictor, &options).unwrap()).unwrap()
}

/// Checks fields of a figure against those of an evaluation.
fn assert_shown(shown: &Value, found: &Value, fields: &[[&str; 2]]) {
    for [name, field] in fields {
        assert!(found[field].is_number(), "{field}");
        assert_eq!(shown[name], found[field], "{name}");
    }
}

#[test]
fn figures_show_what_evaluate_prints_of_a_saved_run() {
    let contractive = evaluated("contractive-0.1");
    let fields = [
        ["reconstruction", "reconstruction"],
        ["contraction", "contraction"],
        ["mse", "mse"],
        ["active", "active_units"],
        ["units", "latent_dim"],
        ["saturated", "saturated_fraction"],
    ];
    let shown = &figure("name=weights")[2];
    assert_shown(shown, &contractive, &fields);
    let spectrum = &contractive["diagnostics"]["spectrum"];
    assert_shown(shown, spectrum, &[["effective_rank", "effective_rank"]]);
    assert_eq!(shown["singular_values"], spectrum["mean"]);
    let ratios = contractive["diagnostics"]["contraction_ratios"].as_array().unwrap();
    for (k, ratio) in ratios.iter().enumerate() {
        assert_eq!(shown["ratios"][k], ratio["root_mean_square"]);
        assert_eq!(shown["radii"][k], ratio["radius"]);
    }
    assert!(ratios.len() > 5);

    let variational = evaluated("vae");
    let fields = ["reconstruction", "kl_divergence", "negative_elbo"].map(|name| [name; 2]);
    let shown = &figure("name=collapse")[1];
    assert_shown(shown, &variational, &fields);
    assert_shown(shown, &variational, &[["active", "active_units"]]);
    let bars: f64 = shown["kl"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).sum();
    assert!((bars / variational["kl_divergence"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{bars}");

    assert_shown(&figure("name=width")["widths"][3], &evaluated("width-8"), &[["mse", "mse"]]);

    for (key, found) in [("contractive-0.1", contractive), ("vae", variational)] {
        let shown = figure(&format!("name=cell&model={key}"));
        let fields = found.as_object().unwrap().iter().filter(|(_, value)| value.is_number());
        let fields: Vec<[&str; 2]> = fields.map(|(name, _)| [name.as_str(); 2]).collect();
        assert!(fields.len() >= 8);
        assert_shown(&shown["metrics"], &found, &fields);
    }
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
