//! A contractive autoencoder of a mixed table.

use diabolo_report::{ColumnQuality, ColumnWeight, LatentMap, Metric, Placement, Report, Spectrum};

use crate::{facts, history, metric, normals};

fn number(name: &str, value: f64, baseline: f64, unit: &str) -> ColumnQuality {
    ColumnQuality {
        name: name.into(),
        kind: "number".into(),
        measure: "RMSE".into(),
        value,
        baseline,
        perfect: 0.0,
        unit: unit.into(),
    }
}

fn category(name: &str, value: f64, baseline: f64) -> ColumnQuality {
    ColumnQuality {
        name: name.into(),
        kind: "category".into(),
        measure: "accuracy".into(),
        value,
        baseline,
        perfect: 1.0,
        unit: String::new(),
    }
}

fn columns() -> Vec<ColumnQuality> {
    vec![
        number("age", 4.318, 13.64, "years"),
        category("workclass", 0.913, 0.697),
        number("fnlwgt", 107_000.0, 105_549.0, ""),
        category("education", 0.988, 0.322),
        number("education-num", 0.211, 2.573, "years"),
        category("marital-status", 0.981, 0.459),
        category("occupation", 0.842, 0.128),
        category("relationship", 0.972, 0.405),
        category("race", 0.951, 0.854),
        category("sex", 0.998, 0.669),
        number("capital-gain", 6988.0, 7385.0, "USD"),
        number("capital-loss", 900.0, 403.0, "USD"),
        number("hours-per-week", 5.871, 12.35, "h"),
        category("<script>alert('native-country')</script>", 0.896, 0.896),
    ]
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric::of("reconstruction", 14.93),
        Metric::of("contraction", 0.000_012_3),
        metric("training rows seen", 1_234_567.0, "rows", ""),
        metric("broken", f64::NAN, "nats", "A number that could not be computed."),
    ]
}

/// A contractive autoencoder of a mixed table, with a name that attacks the page.
pub fn table() -> Report {
    let history = history(1).into_iter().chain(history(25).into_iter().skip(1)).map(|mut row| {
        for name in ["negative_elbo", "kl_divergence"] {
            row.train.remove(name);
            row.validation.remove(name);
        }
        row.learning_rate = 1e-3 * (1.0 - row.epoch as f64 / 30.0);
        row
    });
    let n = 3000;
    let (dx, dy) = (normals(5, n), normals(6, n));
    Report {
        title: "Contractive autoencoder · adult.csv".into(),
        subtitle: "32,561 rows of a census, 14 columns, 108 inputs after encoding.".into(),
        facts: facts(&[
            ("Model", "contractive autoencoder, λ = 0.1"),
            ("Rows: training / validation / test", "26,048 / 3,256 / 3,257"),
            ("Architecture", "108 → 64 → 6 → 64 → 108"),
            ("Seed", "7"),
        ]),
        history: history.collect(),
        metrics: metrics(),
        warnings: vec![
            "Column 'fnlwgt' has outliers 12 standard deviations out; consider a robust scale.".into(),
        ],
        columns: columns(),
        latent_map: Some(LatentMap {
            placement: Placement::PrincipalComponents,
            x: (0..n).map(|i| dx[i] + (i % 4) as f32).collect(),
            y: (0..n).map(|i| 0.6 * dy[i] + 0.4 * dx[i]).collect(),
            labels: Some((0..n).map(|i| format!("{:.1}", 40.0 + 12.0 * (dx[i] + dy[i]))).collect()),
            x_label: "PCA 1 (43 % of variance)".into(),
            y_label: "PCA 2 (18 % of variance)".into(),
        }),
        spectrum: Some(Spectrum {
            mean: (0..6).map(|i| 0.8 * (-0.7 * i as f64).exp()).collect(),
            caption: "Mean over 500 test rows.".into(),
            ..Spectrum::default()
        }),
        column_weights: (0..25)
            .map(|i| ColumnWeight {
                name: format!("column {i}"),
                value: 1.0 / (1 + i) as f64,
                share: 0.6 / ((1 + i) * (1 + i)) as f64,
            })
            .collect(),
        ..Report::default()
    }
}
