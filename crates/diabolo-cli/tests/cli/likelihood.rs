//! Likelihoods by column name, by column type, or for all columns.

use insta::assert_snapshot;

use crate::support::{Workspace, cells, table};

fn refused(flags: &str) -> String {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    workspace.fails(2, &format!("fit good.csv --key id {flags}"))
}

#[test]
fn each_pixel_likelihood_fits_and_generates() {
    for name in [
        "bernoulli",
        "continuous_bernoulli",
        "gaussian",
        "student_t",
        "laplace",
        "beta_binomial",
        "discretized_logistic:2",
    ] {
        let workspace = Workspace::new();
        workspace
            .ok(&format!("fit digits --likelihood {name} --epochs 3 --hidden 64 --latent-dim 5 -q -o run"));
        assert!(workspace.text("run/config.toml").contains(&format!("\"*\" = \"{name}\"")), "{name}");
        let metrics = workspace.json("run/metrics.json");
        // Predicting the mean of every pixel has an error of 0.15, in units of the squared range.
        assert!(metrics["mse"].as_f64().unwrap() < 0.14, "{name}: {metrics}");
        let (_, rows) = cells(&workspace.ok("generate run -n 4 --mean false").stdout);
        let pixels = rows.iter().flatten().map(|cell| cell.parse::<f64>().unwrap());
        assert!(rows.len() == 4 && pixels.into_iter().all(f64::is_finite), "{name}");
    }
}

#[test]
fn likelihood_of_a_single_column() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(120, |_, row| row));
    workspace.ok(
        "fit good.csv --key id --likelihood numeric=laplace --type n=numeric --likelihood n=student_t --epochs 2 -o run -q",
    );
    let config = workspace.text("run/config.toml");
    for line in [
        "n = \"student_t\"",
        "numeric = \"laplace\"",
        "binary = \"bernoulli\"",
        "categorical = \"categorical\"",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    assert_eq!(workspace.ok("reconstruct run good.csv").stdout.lines().count(), 121);
    let report = workspace.text("run/report.html");
    assert!(report.contains("Laplace, Student"), "the report names them");
}

#[test]
fn invalid_likelihoods_are_refused() {
    assert_snapshot!(refused("--likelihood x=poisson"), @"error: likelihood of 'x': expected gaussian, student_t or laplace for numeric columns; a column of counts needs --type COLUMN=count and --counts log1p, found poisson");
    assert_snapshot!(refused("--likelihood height=laplace"), @"error: --likelihood: expected the name of a column, * or a column type of the data (numeric, binary, categorical), found 'height'");
    assert_snapshot!(refused("--likelihood normal"), @"error: --likelihood: expected bernoulli, continuous_bernoulli, gaussian, student_t, laplace, categorical, ordinal, poisson, negative_binomial, beta_binomial or discretized_logistic, or custom:NAME if registered, found 'normal'");
    assert_snapshot!(refused("--likelihood beta_binomial"), @"error: --likelihood: expected one for the columns of the data, which are numeric, binary, categorical; it is for images, found beta_binomial");
    assert_snapshot!(Workspace::new().fails(2, "fit digits --model contractive --likelihood beta_binomial"), @"error: tied and the beta-binomial likelihood cannot be combined: a tied decoder has as many outputs as inputs, 64, not 128");
}
