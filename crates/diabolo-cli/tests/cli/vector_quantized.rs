//! The vector-quantized family on the built-in digits and a table, and its errors.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use crate::support::{Workspace, as_evaluated, cells, table};

fn refused(flags: &str) -> String {
    Workspace::new().fails(2, &format!("fit digits {flags}"))
}

#[test]
fn quantized_codes_are_finite_in_number() {
    let workspace = Workspace::new();
    let fit = workspace.ok("fit digits --model vector_quantized --epochs 60 --json -o run").json();
    let metrics = &fit["metrics"];
    assert_eq!(&workspace.json("run/metrics.json"), metrics);
    assert_eq!(workspace.ok("evaluate run --json").json(), as_evaluated(metrics));
    let number = |key: &str| metrics[key].as_f64().unwrap();
    assert_eq!(number("code_bits"), 48.0);
    // Predicting the mean digit gives 27.1 nats.
    assert!(number("reconstruction") < 17.0, "{metrics}");
    assert!(number("codes_used") > 0.75 && number("codebook_perplexity") > 35.0, "{metrics}");
    let printed = workspace.ok("evaluate run").stdout;
    for row in ["codebook perplexity", "codebook usage", "48.0 bits per example"] {
        assert!(printed.contains(row), "{printed}");
    }
    let history = workspace.text("run/history.jsonl");
    assert!(history.lines().all(|line| line.contains("\"commitment\"")), "{history}");

    // The eight dimensions of each group have at most 64 combinations, and decoding gives the
    // reconstruction.
    workspace.ok("encode run digits -o codes.csv");
    let (_, codes) = cells(&workspace.text("codes.csv"));
    for group in 0..8 {
        let units = 1 + 8 * group..9 + 8 * group;
        let different: BTreeSet<_> = codes.iter().map(|code| code[units.clone()].join(",")).collect();
        assert!((10..=64).contains(&different.len()), "group {group}: {}", different.len());
    }
    workspace.ok("decode run codes.csv -o decoded.csv");
    workspace.ok("reconstruct run digits -o made.csv");
    let (decoded_names, decoded) = cells(&workspace.text("decoded.csv"));
    let (made_names, made) = cells(&workspace.text("made.csv"));
    assert_eq!(decoded.len(), 1797);
    for (k, name) in made_names.iter().enumerate() {
        let j = decoded_names.iter().position(|other| other == name).unwrap();
        assert!(made.iter().zip(&decoded).all(|(made, decoded)| made[k] == decoded[j]), "{name}");
    }
    let page = workspace.text("run/report.html");
    for text in ["Vector-quantized autoencoder", "8 choices from 64 vectors: 48 bits", "vectors used"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn new_rows_of_a_table() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(300, |_, row| row));
    workspace.ok(
        "fit good.csv --key id --model vector_quantized --groups 3 --codebook-size 16 --epochs 5 -o run -q",
    );
    let drawn = workspace.ok("generate run -n 50 --seed 3").stdout;
    assert_eq!(drawn, workspace.ok("generate run -n 50 --seed 3").stdout);
    assert_ne!(drawn, workspace.ok("generate run -n 50 --seed 4").stdout);
    let (names, rows) = cells(&drawn);
    assert_eq!((names, rows.len()), (["x", "n", "color", "flag"].map(String::from).to_vec(), 50));
    assert!(rows.iter().all(|row| ["red", "green", "blue"].contains(&row[2].as_str())));
    assert!(workspace.ok("inspect run").stdout.contains("codebook.vectors"));
}

#[test]
fn invalid_quantization_is_refused() {
    assert_snapshot!(refused("--model vector_quantized --latent-dim 12"), @"error: --latent-dim: expected a multiple of groups, 8: all groups have the same number of latent dimensions, found 12");
    assert_snapshot!(refused("--model vector_quantized --groups 0"), @"error: --groups: expected 1 to latent_dim, 8, found 0");
    assert_snapshot!(refused("--model vector_quantized --groups 9 --latent-dim 8"), @"error: --groups: expected 1 to latent_dim, 8, found 9");
    assert_snapshot!(refused("--model vector_quantized --codebook-size 1"), @"error: --codebook-size: expected 2 to 65536 with groups = 8, found 1");
    assert_snapshot!(refused("--model vector_quantized --groups 100 --codebook-size 20000"), @"error: --codebook-size: expected 2 to 10485 with groups = 100, found 20000");
    assert_snapshot!(refused("--model vector_quantized --commitment-weight -1"), @"error: --commitment-weight: expected a number, 0 or more, found -1");
    assert_snapshot!(refused("--model vector_quantized --set model.family.decay=1"), @"error: decay: expected a number in [0, 1), found 1");
    assert_snapshot!(refused("--model vector_quantized --tied"), @"error: --tied and --model vector_quantized cannot be combined: --tied is for --model plain, denoising, sparse or contractive");
    assert_snapshot!(refused("--model vector_quantized --pretrain-epochs 3"), @"error: --pretrain-epochs: expected 0, or a plain, denoising, sparse or contractive model with hidden layers: layers are pretrained one by one, found 3");
    assert_snapshot!(refused("--model plain --groups 4"), @"error: --groups and --model plain cannot be combined: --groups is for --model vector_quantized");
}

#[test]
fn compared_with_other_families() {
    let workspace = Workspace::new();
    let ran =
        workspace.ok("compare digits --models vector_quantized,plain --seeds 1 --epochs 2 --groups 4 --json");
    let numbers = ran.json();
    let values = &numbers["models"][0]["values"];
    assert_eq!(values["squared_error"].as_array().unwrap().len(), 1, "{numbers}");
    assert!(values.get("sample_energy_distance").is_some(), "{numbers}");
}
