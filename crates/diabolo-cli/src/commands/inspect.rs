//! `diabolo inspect PATH`: the contents of a model or a data file.

use std::path::Path;

use diabolo::artifact::{ModelKind, SavedModel, weights};
use diabolo::pipeline::Inspection;
use serde_json::json;

use super::{forecast, is_model, load, synthesize};
use crate::args::{InspectArgs, Shared};
use crate::columns::columns;
use crate::output;

pub fn run(args: &InspectArgs, shared: &Shared) -> anyhow::Result<()> {
    let path = Path::new(&args.path);
    if path.is_file() && path.extension().is_some_and(|extension| extension == "dbz") {
        return crate::archive::inspect(path, shared);
    }
    match is_model(path) {
        true if ModelKind::Forecast.is_at(path) => forecast::inspect(path, shared),
        true if ModelKind::Table.is_at(path) => synthesize::inspect(path, shared),
        true => model(load(path, None, shared)?.saved(), shared),
        false => data(args, shared),
    }
}

fn model(saved: &SavedModel, shared: &Shared) -> anyhow::Result<()> {
    let header = &saved.header;
    let tensors = weights::export(&saved.model);
    if shared.json {
        let shapes: serde_json::Map<_, _> =
            tensors.iter().map(|(name, tensor)| (name.clone(), json!(tensor.shape))).collect();
        return output::print_json(&json!({ "header": header, "tensors": shapes }));
    }
    let [train, validation, test] = header.source.split;
    let facts = [
        ("family", saved.architecture.family.name().to_string()),
        (
            "fitted on",
            format!("{} ({train} training, {validation} validation, {test} test rows)", header.source.input),
        ),
        ("layers", saved.architecture.encoder_shapes().join(" → ")),
        ("activation", saved.architecture.activation.name().into()),
        ("latent_dim", saved.architecture.latent_dim.to_string()),
        ("epochs", format!("{}, {}", header.training.epochs, header.training.stop_reason)),
        (
            "written by",
            format!("diabolo {}, format version {}", header.diabolo_version, header.format_version),
        ),
    ];
    let tensors: Vec<(String, String)> =
        tensors.into_iter().map(|(name, tensor)| (name, format!("{:?}", tensor.shape))).collect();
    output::print(&format!(
        "{}\n{}\n{}",
        output::aligned(&facts),
        header.preprocessor.schema,
        output::aligned(&tensors)
    ))
}

fn data(args: &InspectArgs, shared: &Shared) -> anyhow::Result<()> {
    let found = Inspection::of(&args.path, &args.to_config()?)?;
    for note in &found.notes {
        shared.note(format!("note: {note}"));
    }
    if shared.json {
        return output::print_json(&serde_json::to_value(&found)?);
    }
    let format = found.format.as_ref().map_or(String::new(), |format| format!(" ({format})"));
    let (rows, width) = (counted(found.rows, "row"), counted(found.columns.len(), "column"));
    output::print(&format!("{rows}, {width}{format}\n\n{}", columns(&found)))
}

/// `1 row`, `2 rows`.
fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
