//! `export`: an ONNX file, or an error that names what it does not know.

use insta::assert_snapshot;

use crate::support::{Workspace, fitted};

/// Whether a file holds this text.
fn holds(workspace: &Workspace, name: &str, text: &str) -> bool {
    workspace.bytes(name).windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_file_with_an_input_for_each_column_is_written() {
    let workspace = fitted();
    let ran = workspace.ok("export run -o m.onnx --json");
    let outputs = &ran.json()["outputs"];
    assert_eq!(outputs, &serde_json::json!(["code", "reconstruction"]));
    assert!(ran.stderr.contains("score, p_value and is_anomaly are left out"), "{}", ran.stderr);
    // IR version 8.
    assert_eq!(workspace.bytes("m.onnx")[..2], [0x08, 8]);
    for word in ["color", "flag", "LabelEncoder", "ai.onnx.ml", "green", "reconstruction"] {
        assert!(holds(&workspace, "m.onnx", word), "{word}");
    }
    assert!(!holds(&workspace, "m.onnx", "r17"), "no keys");
    workspace.ok("fit good.csv --key id --model contractive --epochs 1 -o plain -q");
    let outputs = workspace.ok("export plain -o plain.onnx --json").json()["outputs"].clone();
    assert_eq!(outputs, serde_json::json!(["code", "reconstruction", "score", "p_value", "is_anomaly"]));
}

#[test]
fn what_onnx_export_does_not_know_is_refused_by_name() {
    let workspace = fitted();
    let refused = |flags: &str| {
        workspace.ok(&format!("fit {flags} --epochs 1 -o other --force -q"));
        workspace.fails(2, "export other -o m.onnx")
    };
    assert_snapshot!(refused("good.csv --key id --model vector_quantized"), @"error: ONNX export does not know models of the family vector_quantized; fit with another --model");
    assert_snapshot!(refused("good.csv --key id --flow planar:2"), @"error: ONNX export does not know normalizing flows; fit without --flow");
    assert_snapshot!(refused("good.csv --key id --condition flag"), @"error: ONNX export does not know conditions; fit without --condition");
    assert_snapshot!(refused("good.csv --key id --window 3"), @"error: ONNX export does not know windows; fit without --window");
    assert_snapshot!(refused("digits --binarize fixed --hidden none"), @"error: column 'image' has pixels that are binarized at random, which ONNX export does not know; fit without --binarize, or with --binarize threshold");
    assert_snapshot!(workspace.fails(2, "export run -o m.pt"), @"error: --out: expected a name that ends in .onnx, found m.pt");
    assert_snapshot!(workspace.fails(2, "export good.csv -o m.onnx"), @"error: 'good.csv' is a file of data, and not a run; give the run folder of `diabolo fit` first");
}
