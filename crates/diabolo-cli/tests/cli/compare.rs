//! Comparison of several families.

use insta::assert_snapshot;

use crate::support::{Workspace, table};

#[test]
fn two_families_on_digits() {
    let workspace = Workspace::new();
    let line = "compare digits --seeds 1 --epochs 2 --models plain,contractive --out both";
    let first = workspace.ok(line);
    for word in [
        "plain",
        "contractive",
        "raw input",
        "held-out reconstruction",
        "accuracy under noise",
        "not decided: one seed",
    ] {
        assert!(first.stdout.contains(word), "{word}\n{}", first.stdout);
    }
    assert!(first.stderr.contains("contractive autoencoder, seed 0; 1 remaining"), "{}", first.stderr);

    assert_measured(&workspace.json("both/compare.json"));

    let page = workspace.text("both/report.html");
    for part in
        ["Verdicts", "Jacobian", "All measures", "Contraction ratio", "Reconstructions of the same pictures"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=\"http") && !page.contains("NaN"));

    // A repeated command trains nothing and gives the same results.
    let again = workspace.ok(line);
    assert_eq!(again.stdout, first.stdout);
    assert!(
        again.stderr.contains("resuming after 2 results") && !again.stderr.contains("seed 0;"),
        "{}",
        again.stderr
    );
    assert_eq!(workspace.text("both/report.html"), page);
    let other = workspace.run("compare digits --seeds 2 --epochs 2 --models plain,contractive --out both");
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("this folder contains another comparison"), "{}", other.stderr);
    // Results of which nothing says what was compared are not adopted.
    std::fs::remove_file(workspace.path("both/plan.json")).unwrap();
    assert_snapshot!(workspace.fails(2, line), @"error: both: this folder contains a results.jsonl without a plan.json; choose another --out, or remove results.jsonl");
    assert_eq!(workspace.text("both/report.html"), page);
}

/// Checks `compare.json` for the two families and the raw input.
fn assert_measured(numbers: &serde_json::Value) {
    let models: Vec<&str> =
        numbers["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(models, ["plain", "contractive", "raw input"]);
    for model in &numbers["models"].as_array().unwrap()[..2] {
        for measure in [
            "test_reconstruction",
            "squared_error",
            "contraction",
            "effective_rank",
            "accuracy",
            "noisy_accuracy",
        ] {
            assert!(model["values"][measure][0].as_f64().unwrap() > 0.0, "{measure}: {model}");
        }
        assert!(model["facts"].to_string().contains("64 → 128 → 64"), "{model}");
    }
    // The linear probe of the pixels does not depend on the number of epochs.
    assert!(numbers["models"][2]["values"]["accuracy"][0].as_f64().unwrap() > 0.9);
    assert!(numbers["claims"].as_array().unwrap().iter().all(|c| c["verdict"] == "not_decided"));
}

#[test]
fn rivals_have_equal_codes_and_the_corruption_of_the_denoising_model() {
    let workspace = Workspace::new();
    let ran = workspace.ok(
        "compare digits --seeds 2 --initializations 2 --epochs 1 --models denoising,contractive,variational \
         --corruption gaussian:0.2 --json",
    );
    let last = "variational autoencoder, seed 1, initialization 2; 1 remaining";
    assert!(ran.stderr.contains(last), "{}", ran.stderr);
    let numbers = ran.json();
    assert_eq!(numbers["initializations"], 2);
    let fact = |model: &serde_json::Value, name: &str| {
        let facts = model["facts"].as_array().unwrap();
        let found = facts.iter().find(|fact| fact[0] == name).unwrap();
        found[1].as_str().unwrap().to_string()
    };
    let models = numbers["models"].as_array().unwrap();
    assert_eq!(fact(&models[1], "Layers"), "64 → 128 → 64");
    assert_eq!(fact(&models[2], "Layers"), "64 → 256 → 128 → 256 → 64");
    // Each has the likelihood of a fit: nats of the first alone are compared.
    assert_eq!(fact(&models[1], "Likelihood"), "Bernoulli");
    assert_eq!(fact(&models[2], "Likelihood"), "Gaussian");
    assert!(models[2]["values"].get("test_reconstruction").is_none());
    for model in models {
        for measure in ["corrupted_squared_error", "corrupted_accuracy"] {
            // One value for each split, of two initial weights.
            assert_eq!(model["values"][measure].as_array().unwrap().len(), 2, "{measure}: {model}");
        }
    }
    assert!(models[1]["initialization_deviations"]["accuracy"].as_f64().unwrap() > 0.0, "{numbers}");
    let raw = models[3]["values"]["corrupted_squared_error"][0].as_f64().unwrap();
    // 180 · 64 squares of N(0, 0.2²): the standard error of their mean is 0.0005.
    assert!((raw - 0.04).abs() < 0.0025, "{raw}");
    let robust =
        numbers["claims"].as_array().unwrap().iter().find(|c| c["title"].to_string().contains("robustly"));
    let checks = robust.unwrap()["checks"].as_array().unwrap().clone();
    assert!(
        checks.iter().any(|c| c["measure"] == "corrupted_squared_error" && c["rival"] == "denoising"),
        "{checks:?}"
    );
}

#[test]
fn a_table_without_labels() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(80, |_, row| row));
    let ran = workspace.ok("compare good.csv --key id --seeds 2 --epochs 3 --models plain,denoising,contractive,variational --hidden 8 --latent-dim 4 --json");
    let numbers = ran.json();
    assert!(numbers["notes"].to_string().contains("expected a label column"), "{}", numbers["notes"]);
    assert!(numbers["measures"].as_array().unwrap().iter().all(|m| m["key"] != "accuracy"));
    // Its learned variance makes its nats incomparable.
    let variational = &numbers["models"][3];
    assert!(variational["values"].get("test_reconstruction").is_none(), "{variational}");
    assert_eq!(variational["values"]["squared_error"].as_array().unwrap().len(), 2);
    assert!(workspace.path("runs/good-compare/report.html").is_file());
}

#[test]
fn invalid_requests_are_refused() {
    let workspace = Workspace::new();
    let refused = |flags: &str| workspace.fails(2, &format!("compare digits --out x {flags}"));
    assert_snapshot!(refused("--models plain,nope"), @"error: model: expected plain, denoising, sparse, contractive, variational, vector_quantized or multiscale, found nope");
    assert_snapshot!(refused("--models plain"), @"error: --models: expected at least two families, found plain");
    assert_snapshot!(refused("--models plain,contractive,plain"), @"error: --models: expected each family once, found plain twice");
    assert_snapshot!(refused("--seeds 0"), @"error: --seeds: expected 1 or more, found 0");
    assert_snapshot!(refused("--initializations 0"), @"error: --initializations: expected 1 or more, found 0");
    assert_snapshot!(refused("--models plain,denoising --contraction-weight 1"), @"error: --contraction-weight and --models plain,denoising cannot be combined: --contraction-weight is for contractive");
    assert_snapshot!(refused("--models plain,contractive --kl-weight 1"), @"error: --kl-weight and --models plain,contractive cannot be combined: --kl-weight is for variational");
    assert_snapshot!(refused("--model plain"), @"error: --model and compare cannot be combined: list the families to compare with --models");
    assert_snapshot!(workspace.fails(2, "compare -"), @"error: input: expected a file, a folder or a built-in set, since every seed reads it again, found a stream");
    assert_snapshot!(workspace.fails(2, "compare digits --out x --test 0"), @"error: --test: expected a fraction above 0: models are compared on test rows, found 0");
    assert_snapshot!(workspace.fails(2, "compare digits --out x --epochs 0"), @"error: --epochs: expected 1 or more (0 only after pretrain_epochs), found 0");
}
