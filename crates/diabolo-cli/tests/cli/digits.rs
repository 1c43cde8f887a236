//! All steps on the built-in digits.

use crate::support::{Workspace, as_evaluated, cells};

#[test]
fn fit_evaluate_generate_images() {
    let workspace = Workspace::new();
    let fit = workspace.ok(
        "fit digits --label label --likelihood pixels=bernoulli --latent-dim 8 --epochs 30 --json -o run",
    );
    let metrics = &fit.json()["metrics"];
    assert_eq!(&workspace.json("run/metrics.json"), metrics);
    for key in
        ["reconstruction", "kl_divergence", "negative_elbo", "contraction", "mse", "reconstruction_floor"]
    {
        assert!(metrics[key].as_f64().unwrap() > 0.0, "{key}: {metrics}");
    }
    // A Bernoulli likelihood is no probability of grey pixels: 13.7 nats remain of a perfect copy.
    assert!((metrics["reconstruction_floor"].as_f64().unwrap() - 13.7).abs() < 0.1, "{metrics}");
    assert!(metrics["bits_per_dimension"].is_null(), "{metrics}");
    assert_eq!(metrics["examples"], 180);
    assert!((1..=8).contains(&metrics["active_units"].as_u64().unwrap()), "{metrics}");
    let number = |key: &str| metrics[key].as_f64().unwrap();
    assert!((number("negative_elbo") - number("reconstruction") - number("kl_divergence")).abs() < 1e-9);
    // A model that always predicts the mean digit has its Bernoulli entropy, 27.1 nats.
    assert!(number("negative_elbo") < 25.5, "{metrics}");

    let history = workspace.text("run/history.jsonl");
    assert_eq!(history.lines().count(), 30);
    for (i, line) in history.lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["epoch"], i + 1);
        assert!(record["validation"]["kl_divergence"].is_f64(), "{line}");
    }

    // Only held-out rows, with the same metrics from the run and from the model file.
    std::fs::copy(workspace.path("run/model.safetensors"), workspace.path("alone.safetensors")).unwrap();
    for model in ["run", "alone.safetensors"] {
        for rows in ["", "digits"] {
            assert_eq!(
                workspace.ok(&format!("evaluate {model} {rows} --json")).json(),
                as_evaluated(metrics)
            );
        }
    }
    assert_eq!(workspace.ok("evaluate run --all-rows --json").json()["examples"], 1797);

    use_it(&workspace);
    report_is_self_contained(&workspace);
}

fn use_it(workspace: &Workspace) {
    workspace.ok("encode run digits -o codes.csv");
    let (header, codes) = cells(&workspace.text("codes.csv"));
    assert_eq!((header.len(), codes.len()), (9, 1797), "label and 8 codes");
    workspace.ok("encode run digits -o codes.parquet");
    for codes in ["codes.csv", "codes.parquet"] {
        workspace.ok(&format!("decode run {codes} -o decoded.csv"));
        workspace.ok("reconstruct run digits -o made.csv");
        let (decoded_names, decoded) = cells(&workspace.text("decoded.csv"));
        let (made_names, made) = cells(&workspace.text("made.csv"));
        assert_eq!(decoded.len(), 1797);
        // The two differ in the order of columns only.
        for (k, name) in made_names.iter().enumerate() {
            let j = decoded_names.iter().position(|other| other == name).unwrap();
            assert!(made.iter().zip(&decoded).all(|(m, d)| m[k] == d[j]), "{codes}: {name}");
        }
    }
    let drawn = workspace.ok("generate run -n 5 --seed 3");
    assert_eq!(drawn.stdout, workspace.ok("generate run -n 5 --seed 3").stdout);
    assert_ne!(drawn.stdout, workspace.ok("generate run -n 5 --seed 4").stdout);
    let (header, rows) = cells(&drawn.stdout);
    assert_eq!((header.len(), rows.len()), (64, 5));
    assert!(rows.iter().flatten().all(|cell| (0..=16).contains(&cell.parse::<i32>().unwrap())));
    workspace.ok("generate run -n 9 -o sheet.png");
    assert!(workspace.bytes("sheet.png").starts_with(b"\x89PNG"));
    assert!(workspace.ok("inspect run").stdout.contains("latent_dim  8"));
}

fn report_is_self_contained(workspace: &Workspace) {
    let page = workspace.text("run/report.html");
    assert!(page.contains("<svg") && page.contains("Jacobian"));
    for fetch in ["src=\"http", "href=\"http", "src='http", "href='http", "url(http", "@import", "src=\"//"] {
        assert!(!page.contains(fetch), "the report fetches: {fetch}");
    }
    workspace.ok("report run -o again.html");
    assert!(workspace.text("again.html").contains("<svg"));
    workspace.ok("report alone.safetensors -o alone.html");
}

#[test]
fn contraction_weight_lowers_the_contraction() {
    let workspace = Workspace::new();
    let fit = |flags: &str, run: &str| {
        let shape = "--hidden none --latent-dim 64 --activation sigmoid --latent-activation sigmoid --tied";
        workspace.ok(&format!("fit digits {shape} {flags} --epochs 30 -q -o {run}"));
        workspace.json(&format!("{run}/metrics.json"))
    };
    let plain = fit("--model plain", "plain");
    let contractive = fit("--model contractive --contraction-weight 1", "contractive");
    let number = |metrics: &serde_json::Value, key: &str| metrics[key].as_f64().unwrap();
    let (before, after) = (number(&plain, "contraction"), number(&contractive, "contraction"));
    assert!(after < 0.7 * before, "{before} → {after}");
    assert!(contractive.get("kl_divergence").is_none() && contractive.get("negative_elbo").is_none());
    assert!((0.0..=1.0).contains(&number(&contractive, "saturated_fraction")));

    // All 180 held-out rows are diagnosed, so the squared sensitivities sum to the contraction.
    let diagnosed = |run: &str| workspace.ok(&format!("evaluate {run} --diagnose --json")).json();
    let ratio = |metrics: &serde_json::Value| {
        let found = &metrics["diagnostics"];
        let contraction = number(metrics, "contraction");
        let pixels = found["input_sensitivity"].as_array().unwrap();
        let sum: f64 = pixels.iter().map(|s| s.as_f64().unwrap().powi(2)).sum();
        assert!((sum / contraction - 1.0).abs() < 1e-4, "{sum} {contraction}");
        assert!(number(metrics, "jacobian_norm").powi(2) <= contraction);
        assert!((1.0..=64.0).contains(&number(&found["spectrum"], "effective_rank")));
        let near = &found["contraction_ratios"][0];
        let expected = (contraction / 64.0).sqrt();
        assert!((number(near, "root_mean_square") / expected - 1.0).abs() < 0.05, "{near} {expected}");
        number(near, "mean")
    };
    assert!(ratio(&diagnosed("contractive")) < ratio(&diagnosed("plain")));
    assert!(workspace.ok("evaluate plain --diagnose").stdout.contains("effective rank"));
}

#[test]
fn a_model_without_a_prior_generates_by_a_walk() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model contractive --epochs 20 -q -o run");
    assert!(workspace.text("run/report.html").contains("by the contractive walk"));
    let drawn = |flags: &str| workspace.ok(&format!("generate run {flags}")).stdout;
    let rows = |flags: &str| cells(&drawn(flags)).1;
    assert_eq!(drawn("-n 7 --seed 3"), drawn("-n 7 --seed 3 --threads 1"));
    assert_ne!(drawn("-n 7 --seed 3"), drawn("-n 7 --seed 4"));
    assert_eq!(drawn("-n 7"), drawn("-n 7 --step 0.75 --burn-in 2"), "the defaults");
    let seven = rows("-n 7");
    assert_eq!(seven.len(), 7);
    assert!(seven.iter().flatten().all(|cell| (0..=16).contains(&cell.parse::<i32>().unwrap())));
    // A sample does not depend on the number of samples; chains give samples in turn.
    assert_eq!(rows("-n 3"), seven[..3]);
    let in_turn = rows("-n 7 --chains 3");
    assert_eq!(in_turn.len(), 7);
    assert_eq!(in_turn[..3], seven[..3]);
    assert_eq!(in_turn[3..6], rows("-n 3 --burn-in 4"), "after 2 transitions more");
    for other in ["--step 0.2", "--burn-in 50", "--mean false"] {
        assert_ne!(rows(&format!("-n 7 {other}")), seven, "{other}");
    }
    workspace.ok("generate run -n 9 --chains 2 -o sheet.png");
    assert!(workspace.bytes("sheet.png").starts_with(b"\x89PNG"));
}

#[cfg(unix)]
#[test]
fn closed_pipe_exits_with_success() {
    use std::io::Read;
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 1 --hidden 16 -q -o run");
    let mut child = workspace.command("reconstruct run digits").spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()));
}
