//! Synthetic images with known factors, and the mutual information gap of a code.

use crate::support::Workspace;

#[test]
fn evaluate_and_report_show_disentanglement() {
    let workspace = Workspace::new();
    let ran = workspace
        .ok("fit factors --label shape --latent-dim 4 --hidden 16 --batch-size 512 --epochs 1 -o run");
    assert!(!ran.stderr.contains("excluded"), "{}", ran.stderr);
    let schema = workspace.ok("inspect run").stdout;
    for line in ["image     image    integer  32x32x1", "shape     label", "rotation  dropped"] {
        assert!(schema.contains(line), "{line}\n{schema}");
    }
    let printed = workspace.ok("evaluate run").stdout;
    assert!(printed.contains("mutual information gap") && printed.contains("(614 rows)"), "{printed}");
    let found = workspace.ok("evaluate run --all-rows --json").json()["disentanglement"].clone();
    assert_eq!(found["examples"], 6144);
    let matrix = found["mutual_information"].as_array().unwrap();
    assert_eq!((matrix.len(), matrix[0].as_array().unwrap().len()), (4, 5));
    // Every value of a factor is equally frequent: the entropies are log 3, log 4, log 8.
    for (factor, count) in found["factors"].as_array().unwrap().iter().zip([3f64, 4.0, 8.0, 8.0, 8.0]) {
        assert!((factor["entropy"].as_f64().unwrap() - count.ln()).abs() < 1e-9, "{factor}");
        assert!((0.0..=1.0).contains(&factor["gap"].as_f64().unwrap()), "{factor}");
    }
    assert!(workspace.text("run/report.html").contains("Latent dimensions and factors"));
    let digits = workspace.ok("evaluate run factors --json").json();
    assert_eq!(digits["disentanglement"]["examples"], 614, "{digits}");
}

#[test]
fn built_in_sets_are_listed_and_unknown_parts_are_refused() {
    let workspace = Workspace::new();
    let listed = workspace.ok("data list").stdout;
    assert!(listed.contains("factors") && listed.contains("binarized-mnist"), "{listed}");
    insta::assert_snapshot!(workspace.fails(2, "fit factors:test"), @"error: data set: expected factors (it has no parts), found factors:test");
    insta::assert_snapshot!(workspace.fails(2, "fit binarized-mnist:validation"), @"error: data set: expected binarized-mnist:train or binarized-mnist:valid or binarized-mnist:test, found binarized-mnist:validation");
}
