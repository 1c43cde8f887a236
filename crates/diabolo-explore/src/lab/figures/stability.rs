//! What other initial weights change: curves, figures and codes of one split.

use std::path::Path;

use diabolo::pipeline::ComparisonDir;
use diabolo::stats::alignment;
use diabolo::task::compare::{Plan, Trial};
use diabolo::tensor::Device;
use diabolo::{Config, Error, Result};
use serde_json::{Value, json};

use super::Lab;
use crate::lab::recipes::INPUT;

/// The compared families, and how often each is trained.
const FAMILIES: [&str; 2] = ["plain", "contractive"];
const TIMES: usize = 5;
/// What is shown of each training.
const MEASURES: [&str; 4] = ["test_reconstruction", "contraction", "accuracy", "noisy_squared_error"];

/// Five trainings of each family on one split, as `diabolo compare` does them.
pub(super) fn by_initialization(lab: &Lab) -> Result<Value> {
    let mut models = vec![];
    for family in FAMILIES {
        let mut config = Config::default();
        config.set(&format!("model.family={{kind='{family}'}}"))?;
        lab.models.shared().iter().try_for_each(|setting| config.set(setting))?;
        models.push(config);
    }
    let plan = Plan {
        input: INPUT.into(),
        models,
        tied: Some(true),
        seeds: vec![0],
        initializations: TIMES,
        seconds: None,
    };
    let passing = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let study = |folder: &Path| {
        ComparisonDir::open(folder, &plan)?.compare(&plan, &Device::cpu(), &lab.cancel, &mut |_| {})
    };
    let result = match lab.models.folder_for("stability", &plan.models).map(|folder| study(&folder)) {
        // Another lab is writing there, or nothing can be written.
        None | Some(Err(Error::Io { .. })) => study(&passing.path().join("stability"))?,
        Some(found) => found?,
    };
    let of = |family: &&str| {
        let trials: Vec<&Trial> = result.trials.iter().filter(|t| t.model == **family).collect();
        // Not a number, which JSON writes as null, of codes that are all equal.
        let similarity: Vec<Vec<f64>> = trials
            .iter()
            .map(|a| trials.iter().map(|b| alignment(&a.geometry, &b.geometry)).collect())
            .collect();
        let values = MEASURES.iter().map(|name| {
            (name.to_string(), trials.iter().map(|t| t.measures.get(*name).copied()).collect::<Vec<_>>())
        });
        json!({
            "family": family,
            "curves": trials.iter().map(|t| t.curves.get("learning")).collect::<Vec<_>>(),
            "measures": values.collect::<std::collections::BTreeMap<_, _>>(),
            "similarity": similarity,
        })
    };
    Ok(json!(FAMILIES.iter().map(of).collect::<Vec<_>>()))
}
