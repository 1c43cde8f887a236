//! The variational family on the built-in digits: bounds, priors, flows, the doctor, and
//! exploration of the latent space.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Workspace, cells};

fn refused(flags: &str) -> String {
    Workspace::new().fails(2, &format!("fit digits {flags}"))
}

/// The kinds of the findings in each epoch.
fn findings(workspace: &Workspace) -> Vec<Vec<String>> {
    let kinds = |line: &str| -> Vec<String> {
        let record: Value = serde_json::from_str(line).unwrap();
        let found = record["findings"].as_array().cloned().unwrap_or_default();
        found.iter().map(|f| f["kind"].as_str().unwrap().to_string()).collect()
    };
    workspace.text("run/history.jsonl").lines().map(kinds).collect()
}

#[test]
fn every_prior_and_flow_fits_evaluates_and_generates() {
    for flags in [
        "--prior mixture:5",
        "--prior vamp:5 --bound dreg:3",
        "--prior hierarchical:8,4 --bound importance:3",
        "--flow planar:2",
        "--flow inverse_autoregressive:2:16",
        "--bound total_correlation:4",
        "--bound mmd:10 --kl-weight 0",
    ] {
        let workspace = Workspace::new();
        workspace.ok(&format!("fit digits --hidden 16 --latent-dim 6 --epochs 2 -q -o run {flags}"));
        let found = workspace.ok("evaluate run --samples 20 --json").json();
        let bound = found["log_likelihood"]["mean"].as_f64().unwrap();
        assert!(
            bound.is_finite() && bound >= -found["negative_elbo"].as_f64().unwrap() - 1.0,
            "{flags}: {found}"
        );
        workspace.ok("generate run -n 3 -o new.csv");
        assert_eq!(workspace.text("new.csv").lines().count(), 4, "{flags}");
    }
}

#[test]
fn conflicting_settings_are_refused() {
    assert_snapshot!(refused("--bound importance:0"), @"error: bound.samples: expected 1 to 10000, found 0");
    assert_snapshot!(refused("--bound iwae"), @"error: --bound: expected elbo, free_bits:NATS, capacity:NATS:EPOCHS, importance:K, dreg:K, total_correlation:WEIGHT or mmd:WEIGHT, found 'iwae'");
    assert_snapshot!(refused("--bound importance:5 --kl-weight 4"), @"error: kl_weight and bound = importance cannot be combined: the importance-weighted bound has no KL term");
    assert_snapshot!(refused("--kl-warmup 5 --epochs 4"), @"error: kl_warmup_epochs: expected a schedule that ends within the run's 4 epochs; raise --epochs or shorten it, found 5 epochs");
    assert_snapshot!(refused("--kl-warmup 2 --kl-cycles 2 --epochs 4"), @"error: kl_warmup_epochs: expected a schedule that ends within the run's 4 epochs; raise --epochs or shorten it, found 2 epochs in 2 cycles, which end after 6");
    assert_snapshot!(refused("--bound capacity:5:10 --epochs 4"), @"error: bound.epochs: expected a schedule that ends within the run's 4 epochs; raise --epochs or shorten it, found 10 epochs");
    assert_snapshot!(refused("--bound dreg:5 --flow planar:2"), @"error: bound.doubly_reparameterized and a flow cannot be combined: the gradient needs log q(z|x) at a given z");
    assert_snapshot!(refused("--bound free_bits:0.1 --prior vamp:10"), @"error: bound = free_bits and a learned prior cannot be combined: this bound needs the KL divergence of each latent dimension; choose elbo, capacity or importance");
    assert_snapshot!(refused("--prior vamp:0"), @"error: prior.pseudo_inputs: expected 1 to 100000, found 0");
    assert_snapshot!(refused("--prior gamma"), @"error: --prior: expected standard_normal, mixture:K, vamp:K, or hierarchical:WIDTHS such as hierarchical:100,100,50, found 'gamma'");
    assert_snapshot!(refused("--flow planar"), @"error: --flow: expected none, planar:LAYERS, inverse_autoregressive:LAYERS or inverse_autoregressive:LAYERS:WIDTH, found 'planar'");
    assert_snapshot!(refused("--binarize sometimes"), @"error: --binarize: expected dynamic, fixed or threshold, found 'sometimes'");
    assert_snapshot!(refused("--model plain --prior vamp:5"), @"error: --prior and --model plain cannot be combined: --prior is for --model variational");
    let workspace = Workspace::new();
    workspace.ok("fit digits --model plain --epochs 1 -q -o run");
    assert_snapshot!(workspace.fails(2, "evaluate run --samples 5"), @"error: --samples: expected a variational model, which has a posterior to draw from, found a plain one");
}

#[test]
fn posterior_collapse_is_reported_and_its_remedies_work() {
    let workspace = Workspace::new();
    let output = workspace.ok("fit digits --kl-weight 100 --epochs 8 -o run").stderr;
    let line = output.lines().find(|line| line.contains("posterior collapse")).unwrap();
    assert!(
        line.starts_with("warning: ")
            && line.contains("posterior collapse: KL divergence")
            && line.contains("--bound free_bits:0.1"),
        "{output}"
    );
    assert_eq!(output.matches("posterior collapse").count(), 1, "it is reported once: {output}");
    let found = findings(&workspace);
    assert!(found[..7].iter().flatten().any(|kind| kind == "posterior_collapse"), "{found:?}");
    assert!(workspace.text("run/report.html").contains("posterior collapse: KL divergence"));

    let workspace = Workspace::new();
    let output = workspace
        .ok("fit digits --kl-weight 100 --kl-warmup 4 --bound free_bits:0.1 --epochs 4 -o run")
        .stderr;
    assert!(!output.contains("collapse"), "{output}");
    assert!(findings(&workspace).iter().flatten().all(|kind| kind != "posterior_collapse"));
    assert!(!workspace.text("run/report.html").contains("posterior collapse"));
}

#[test]
fn latent_space_exploration() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --hidden 32 --latent-dim 4 --epochs 5 -q -o run");
    let rows = |line: &str| {
        workspace.ok(&format!("{line} -o out.csv"));
        workspace.text("out.csv")
    };
    // Without noise: repeated reconstructions of the row.
    let still = rows("generate run --near 1 --scale 0 -n 3");
    let lines: Vec<&str> = still.lines().collect();
    assert!(lines.len() == 4 && lines[1] == lines[2] && lines[2] == lines[3], "{still}");
    let around = rows("generate run --near 1 --scale 1 -n 3 --seed 4");
    assert_ne!(around.lines().nth(1), around.lines().nth(2));
    assert_eq!(around, rows("generate run --near 1 --scale 1 -n 3 --seed 4"));
    assert_ne!(around, rows("generate run --near 1 --scale 1 -n 3 --seed 5"));
    // The ends of a path are the reconstructions of the rows.
    let straight = rows("generate run --between 1,2 -n 5");
    let great_circle = rows("generate run --between 1,2 --spherical -n 5");
    let line = |text: &str, k: usize| text.lines().nth(k).unwrap().to_string();
    assert_eq!(line(&straight, 1), lines[1]);
    assert_eq!(line(&straight, 1), line(&great_circle, 1));
    assert_ne!(line(&straight, 3), line(&great_circle, 3));
    let (header, steps) = cells(&rows("generate run --traverse"));
    assert_eq!((&header[..2], steps.len()), (&["unit".to_string(), "value".to_string()][..], 4 * 11));
    assert_eq!((steps[0][1].as_str(), steps[10][1].as_str()), ("-3.0", "3.0"));
    workspace.ok("generate run --traverse -o sheet.png");
    // A path of few pictures is one row, of many a square: width and height of the header.
    let size = |count: usize| {
        workspace.ok(&format!("generate run --between 1,5 --count {count} -o path.png"));
        let png = workspace.bytes("path.png");
        [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
    };
    let ([width, height], [wide, high]) = (size(8), size(25));
    assert!(width > 7 * height && wide == high, "{width} × {height}, {wide} × {high}");

    assert_snapshot!(workspace.fails(3, "generate run --near 1798"), @"error: digits: expected a row from 1 to 1797, found row 1798; rows are counted from 1");
    assert_snapshot!(workspace.fails(2, "generate run --between 3"), @"error: --between: expected two rows, such as 3,17, found 1 of them");
    assert_snapshot!(workspace.fails(2, "generate run --between 3,4 -n 1"), @"error: --count: expected 2 or more, since both ends are included, found 1");
    assert_snapshot!(workspace.fails(2, "generate run --near 3 --scale -1"), @"error: --scale: expected a number, 0 or more, found -1");
}

#[test]
fn binarised_pixels_stay_binarised() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --binarize dynamic --hidden 16 --latent-dim 4 --epochs 2 -q -o run");
    assert!(workspace.text("run/config.toml").contains("binarize = \"dynamic\""));
    // The default is a Gaussian for greyscale pixels, and a Bernoulli for binary pixels.
    assert!(workspace.text("run/config.toml").contains("bernoulli"));
    let first = workspace.ok("evaluate run --json").stdout;
    assert_eq!(first, workspace.ok("evaluate run --json").stdout);
    workspace.ok("fit digits --binarize dynamic --hidden 16 --latent-dim 4 --epochs 2 -q -o again");
    assert_eq!(workspace.bytes("run/model.safetensors"), workspace.bytes("again/model.safetensors"));
    workspace.ok("fit digits --binarize fixed --hidden 16 --latent-dim 4 --epochs 2 -q -o fixed");
    assert_ne!(workspace.text("run/history.jsonl"), workspace.text("fixed/history.jsonl"));
}

#[test]
fn the_posterior_is_written_and_its_means_decode() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --hidden 16 --latent-dim 2 --epochs 2 -q -o run");
    workspace.ok("encode run digits --posterior -o posterior.csv");
    let header =
        "label,latent_1,latent_2,latent_1_log_variance,latent_2_log_variance,latent_1_draw,latent_2_draw";
    assert_eq!(workspace.text("posterior.csv").lines().next(), Some(header));
    workspace.ok("encode run digits -o codes.csv");
    for file in ["posterior", "codes"] {
        workspace.ok(&format!("decode run {file}.csv -o from-{file}.csv"));
    }
    assert_eq!(workspace.bytes("from-posterior.csv"), workspace.bytes("from-codes.csv"));
    workspace.ok("encode run digits --posterior --seed 1 -o other.csv");
    let column = |file: &str, name: &str| {
        let text = workspace.text(file);
        let at = text.lines().next().unwrap().split(',').position(|n| n == name).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_ne!(column("other.csv", "latent_1_draw"), column("posterior.csv", "latent_1_draw"));
    assert_eq!(column("other.csv", "latent_1"), column("posterior.csv", "latent_1"));
    assert_snapshot!(workspace.fails(2, "encode run digits --posterior -o codes.npy"), @"error: --posterior and NPY output cannot be combined: columns without names would all be taken for codes");
    workspace.ok("fit digits --model plain --epochs 1 -q -o plain");
    assert!(
        workspace
            .fails(2, "encode plain digits --posterior")
            .contains("a plain autoencoder has no posterior")
    );
}
