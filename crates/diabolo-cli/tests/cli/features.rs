//! Layerwise pretraining, and evaluation of codes as features.

use insta::assert_snapshot;

use crate::support::{Workspace, fitted, table};

const STACKED: &str = "fit digits --model contractive --hidden 48 --latent-dim 24 --pretrain-epochs 4 -q";

#[test]
fn pretraining_restarts_without_a_checkpoint() {
    let workspace = Workspace::new();
    workspace.ok(&format!("{STACKED} --epochs 2 -o run"));
    let history = workspace.text("run/history.jsonl");
    let layers = |layer: &str| history.lines().filter(|line| line.contains(layer)).count();
    assert_eq!((layers("\"layer\":1"), layers("\"layer\":2"), history.lines().count()), (4, 4, 10));
    let first = workspace.bytes("run/model.safetensors");
    // Simulates a kill during pretraining.
    std::fs::remove_dir_all(workspace.path("run/checkpoint")).unwrap();
    std::fs::remove_file(workspace.path("run/model.safetensors")).unwrap();
    workspace.ok("fit --resume run -q");
    assert!(workspace.bytes("run/model.safetensors") == first);
    // Without joint training.
    workspace.ok(&format!("{STACKED} --epochs 0 -o layers-only"));
    assert!(workspace.ok("inspect layers-only").stdout.contains("0, finished"));
}

#[test]
fn unsupported_pretraining_is_refused() {
    for flags in ["--model variational", "--model contractive"] {
        let error = Workspace::new().fails(2, &format!("fit digits {flags} --pretrain-epochs 2"));
        assert!(error.starts_with("error: --pretrain-epochs: expected 0, or a "), "{error}");
    }
}

#[test]
fn features_of_digits() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model contractive --epochs 20 -q -o run");
    let scores = workspace.ok("features run --json").json();
    let share = |from: &str, measure: &str| scores[from][measure].as_f64().unwrap();
    for from in ["input", "code"] {
        // 180 test rows: a fitted probe has an accuracy above 0.9.
        assert!(share(from, "probe_accuracy") > 0.9, "{scores}");
        assert!(share(from, "neighbours_accuracy") > 0.9, "{scores}");
        assert!(
            (0.3..1.0).contains(&share(from, "nmi")) && (0.2..1.0).contains(&share(from, "ari")),
            "{scores}"
        );
    }
    let tuned =
        workspace.ok("features run --fine-tune --epochs 20 --learning-rate 0.005 --repeats 2 --json").json();
    for start in ["pretrained", "random"] {
        let runs = tuned[start].as_array().unwrap();
        assert_eq!(runs.len(), 2);
        assert!(runs.iter().all(|run| run["test_error"].as_f64().unwrap() < 0.15), "{tuned}");
    }
    let table = workspace.ok("features run -q").stdout;
    assert!(table.contains("linear probe, accuracy") && table.contains(" %"), "{table}");
}

#[test]
fn features_need_a_label() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(3, "features run"), @"error: good.csv: expected a label column, found none; fit with --label COLUMN, a column that holds classes");
    workspace.write("labelled.csv", table(60, |_, row| row));
    workspace.ok("fit labelled.csv --key id --label color --epochs 2 -q -o labelled");
    let table = workspace.ok("features labelled -q").stdout;
    assert!(table.contains("nearest neighbours"), "{table}");
    assert_snapshot!(workspace.fails(2, "features labelled --repeats 2"), @"error: the following required arguments were not provided: --fine-tune; see --help for the options");
    assert_snapshot!(workspace.fails(2, "features labelled --epochs 2"), @"error: --fine-tune: expected this flag, which training flags need, found not given");
    assert_snapshot!(workspace.fails(2, "features labelled --fine-tune --pretrain-epochs 2"), @"error: --pretrain-epochs and features cannot be combined: only `fit` pretrains");
}
