//! Sweeps of one and two settings.

use insta::assert_snapshot;

use crate::support::Workspace;

#[test]
fn a_weight_is_swept_and_resumed() {
    let workspace = Workspace::new();
    let line = "sweep digits --set model.family.contraction_weight=0,.5,10 --set model.latent_dim=16 \
                --epochs 2 --initializations 2 --out swept";
    let first = workspace.ok(line);
    assert!(first.stdout.starts_with("contraction_weight "), "{}", first.stdout);
    for word in ["held-out reconstruction", "contraction", "linear-probe accuracy", "raw input"] {
        assert!(first.stdout.contains(word), "{word}\n{}", first.stdout);
    }
    assert!(first.stderr.contains("contraction_weight 0, initialization 1; 6 remaining"), "{}", first.stderr);
    assert!(
        first.stderr.contains("contraction_weight 0.5, initialization 2; 2 remaining"),
        "{}",
        first.stderr
    );

    let numbers = workspace.json("swept/sweep.json");
    let models = numbers["models"].as_array().unwrap();
    let names: Vec<&str> = models.iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["0", "0.5", "10", "raw input"]);
    // The rows themselves have one value; the pairs of trainings have one similarity.
    assert_eq!(numbers["initializations"], 2);
    let count = |model: usize, key: &str| models[model]["values"][key].as_array().unwrap().len();
    assert_eq!([count(3, "accuracy"), count(0, "accuracy"), count(0, "code_similarity")], [1, 2, 1]);
    assert_eq!(models[1]["settings"]["model.family.contraction_weight"], "0.5");
    assert_eq!(models[1]["terms"]["contraction"][1], 0.5);
    let contraction = |model: usize| {
        let values = models[model]["values"]["contraction"].as_array().unwrap();
        assert_eq!(values.len(), 2);
        values[0].as_f64().unwrap()
    };
    assert!(contraction(0) > contraction(1) && contraction(1) > contraction(2), "{numbers}");

    let page = workspace.text("swept/report.html");
    for part in [
        "Terms of the objective",
        "Measures by setting",
        "All measures",
        "Reconstructions of the same pictures",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=\"http") && !page.contains("NaN") && !page.contains("Rate and distortion"));

    let again = workspace.ok(line);
    assert_eq!(again.stdout, first.stdout);
    assert!(again.stderr.contains("resuming after 6 results"), "{}", again.stderr);
    let other = workspace.run("sweep digits --set model.latent_dim=2,4 --out swept");
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("this folder contains another"), "{}", other.stderr);
}

#[test]
fn two_settings_are_a_grid_and_a_variational_model_has_rate_and_distortion() {
    let workspace = Workspace::new();
    let ran = workspace.ok(
        "sweep digits --set model.family.kl_weight=0.1,20 --set model.latent_dim=2,6 --hidden 16 --epochs 2 \
         --initializations 1 --json --out grid",
    );
    let numbers = ran.json();
    let names: Vec<&str> =
        numbers["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["0.1, 2", "0.1, 6", "20, 2", "20, 6", "raw input"]);
    let figures = numbers["figures"].as_array().unwrap();
    let rate = figures.iter().find(|f| f["title"] == "Rate and distortion").unwrap();
    let curves = rate["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 2);
    assert_eq!(curves[1]["name"], "latent dim 6");
    assert_eq!(curves[1]["labels"], serde_json::json!(["20", "0.1"]));
    // A larger weight leaves fewer nats in the code.
    let point = |at: usize| curves[1]["points"][at][0].as_f64().unwrap();
    assert!(point(0) < point(1), "{rate}");
}

#[test]
fn what_models_do_not_share_is_not_said_of_all() {
    let workspace = Workspace::new();
    let swept = |flags: &str| {
        let line = format!("sweep digits --hidden 8 --latent-dim 2 --initializations 1 --json {flags}");
        workspace.ok(&line).json()
    };
    let titles = |numbers: &serde_json::Value| -> Vec<String> {
        let figures = numbers["figures"].as_array().unwrap();
        figures.iter().map(|figure| figure["title"].as_str().unwrap().to_string()).collect()
    };
    // The nats of two likelihoods are not comparable.
    let two = "--epochs 1 --set model.likelihood={pixels=\"gaussian\"},{pixels=\"bernoulli\"}";
    let likelihoods = swept(two);
    assert!(!titles(&likelihoods).contains(&"Rate and distortion".to_string()), "{likelihoods}");
    let note = "than the model '{pixels=\\\"gaussian\\\"}' have no values in nats";
    assert!(likelihoods["notes"].to_string().contains(note), "{}", likelihoods["notes"]);

    let epochs = swept("--set training.epochs=1,2");
    assert!(titles(&epochs).contains(&"Rate and distortion".to_string()));
    let fact = |name: &str| {
        let facts = epochs["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact[0] == name).unwrap()[1].as_str().unwrap()
    };
    assert_eq!((fact("Epochs, at most"), fact("Batch size")), ("by model", "128"));
}

#[test]
fn invalid_sweeps_are_refused() {
    let workspace = Workspace::new();
    let refused = |flags: &str| workspace.fails(2, &format!("sweep digits --out x {flags}"));
    assert_snapshot!(refused("--set model.latent_dim=8"), @"error: --set: expected one or two keys with several values, such as model.family.contraction_weight=0,0.1,1, found 0 such keys");
    assert_snapshot!(refused("--set data.test=0.1,0.2"), @"error: --set: expected a key of model or training with several values, since all models see the same rows (several initial weights: --initializations), found data.test");
    assert_snapshot!(refused("--set model.latent_dim=2,4 --initializations 0"), @"error: --initializations: expected 1 or more, found 0");
    assert_snapshot!(refused("--set data.condition=[\"label\"] --set model.latent_dim=2,4"), @"error: --condition: expected no columns, since test rows are measured without conditions, found label");
    // What is open is resolved to the value that is given.
    assert_snapshot!(refused("--set model.family.estimator={kind=\"auto\"},{kind=\"exact\"}"), @r#"error: --set: expected values of which each is another model, found '{kind="auto"}' and '{kind="exact"}', which are the same model"#);
    assert!(!workspace.path("x").exists());
}
