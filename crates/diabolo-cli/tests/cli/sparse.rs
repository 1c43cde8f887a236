//! The sparse family: its three kinds on the built-in digits, and their errors.

use insta::assert_snapshot;

use crate::support::{Workspace, cells};

fn refused(flags: &str) -> String {
    Workspace::new().fails(2, &format!("fit digits {flags}"))
}

/// Non-zero values of each code; the first column is the label.
fn used(workspace: &Workspace) -> Vec<usize> {
    workspace.ok("encode run digits -o codes.csv");
    let (_, rows) = cells(&workspace.text("codes.csv"));
    let used = |row: &Vec<String>| row[1..].iter().filter(|h| h.parse::<f32>().unwrap() != 0.0).count();
    rows.iter().map(used).collect()
}

#[test]
fn kl_sparsity_reaches_its_target() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model sparse --epochs 100 -o run -q");
    let metrics = workspace.json("run/metrics.json");
    let active = metrics["mean_activation"].as_f64().unwrap();
    assert!((0.04..0.075).contains(&active), "{metrics}");
    for line in workspace.text("run/history.jsonl").lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(record["validation"]["sparsity"].as_f64().unwrap() >= 0.0, "{line}");
    }
    // Predicting the mean digit gives 27.1 nats.
    assert!(metrics["reconstruction"].as_f64().unwrap() < 19.0, "{metrics}");
}

#[test]
fn top_k_keeps_k_units_per_row() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model sparse --sparsity top_k:5 --tied false --epochs 3 -o run -q");
    assert!(used(&workspace).iter().all(|&units| units == 5));
    let history = workspace.text("run/history.jsonl");
    assert!(!history.contains("sparsity"), "{history}");
    assert!(workspace.text("run/report.html").contains("uses only a few units"));
}

#[test]
fn l1_sparsity_gives_zeros() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model sparse --sparsity l1:0.3 --epochs 5 -o run -q");
    let used = used(&workspace);
    let mean = used.iter().sum::<usize>() as f64 / used.len() as f64;
    assert!((1.0..64.0).contains(&mean), "of 128 units: {mean}");
}

#[test]
fn invalid_sparsity_is_refused() {
    assert_snapshot!(refused("--model sparse --latent-dim 8 --sparsity top_k:9"), @"error: sparsity.k: expected 1 to 8, the number of latent dimensions (latent_dim), found 9");
    assert_snapshot!(refused("--model sparse --sparsity top_k:0"), @"error: sparsity.k: expected 1 to 128, the number of latent dimensions (latent_dim), found 0");
    assert_snapshot!(refused("--model sparse --latent-activation tanh"), @"error: latent_activation = tanh and sparsity of kind kl cannot be combined: kl reads code values as probabilities; choose sigmoid, or l1 or top_k");
    assert_snapshot!(refused("--model sparse --sparsity kl:0.1:1.5"), @"error: sparsity.target: expected a number above 0 and below 1, found 1.5");
    assert_snapshot!(refused("--model sparse --sparsity l1:-1"), @"error: sparsity.weight: expected a number, 0 or more, found -1");
    assert_snapshot!(refused("--model sparse --sparsity l0:1"), @"error: --sparsity: expected l1:WEIGHT, kl:WEIGHT, kl:WEIGHT:TARGET or top_k:K, found 'l0:1'");
    assert_snapshot!(refused("--model plain --sparsity l1:1"), @"error: --sparsity and --model plain cannot be combined: --sparsity is for --model sparse");
}

#[test]
fn invalid_tying_and_contraction_are_refused() {
    assert_snapshot!(refused("--model sparse --tied --variance decoder --likelihood gaussian"), @r#"error: tied and variance = "decoder" cannot be combined: a tied decoder has as many outputs as inputs, 64, not 128"#);
    assert_snapshot!(refused("--model contractive --variance decoder --likelihood gaussian"), @r#"error: tied and variance = "decoder" cannot be combined: a tied decoder has as many outputs as inputs, 64, not 128"#);
    assert_snapshot!(refused("--model contractive --contraction-weight 0 --curvature-weight 1"), @"error: curvature_weight and contraction_weight = 0 cannot be combined: the curvature term needs a contraction, since it lets the Jacobian grow");
}

#[test]
fn configuration_round_trip() {
    let workspace = Workspace::new();
    let printed = workspace.ok("fit --model sparse --sparsity kl:0.3:0.1 --tied false --print-config").stdout;
    workspace.write("c.toml", &printed);
    assert_eq!(workspace.ok("fit --config c.toml --print-config").stdout, printed);
    assert!(printed.contains("kind = \"kl\"") && printed.contains("target = 0.1"), "{printed}");
}
