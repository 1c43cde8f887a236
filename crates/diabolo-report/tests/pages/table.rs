//! A contractive autoencoder of a mixed table.

use diabolo_report::{
    AlarmReason, ColumnQuality, ColumnWeight, Confusion, Confusions, DataColumn, DataTable, Extremes,
    LatentMap, Metric, Placement, ReconstructedRow, Report, Spectrum,
};

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

fn data() -> DataTable {
    let bars: Vec<f64> = (0..20).map(|k| 0.12 * (-0.05 * f64::from((k - 7) * (k - 7))).exp()).collect();
    let age = DataColumn {
        name: "age".into(),
        kind: "numeric".into(),
        values: "17 to 90".into(),
        bars,
        ends: ["19".into(), "78".into()],
        ..DataColumn::default()
    };
    let workclass = DataColumn {
        name: "workclass".into(),
        kind: "categorical".into(),
        missing: 0.056,
        values: "8 levels".into(),
        levels: vec![("Private".into(), 0.739), ("Self-emp-not-inc".into(), 0.083)],
        bars: vec![0.739, 0.083, 0.068, 0.042, 0.036, 0.031, 0.001, 0.0],
        ..DataColumn::default()
    };
    DataTable { caption: "The 26 048 training rows.".into(), columns: vec![age, workclass], more: 12 }
}

fn confusions() -> Confusions {
    let levels = ["Wife", "Own-child", "Husband", "Not-in-family"].map(String::from).to_vec();
    let counts = vec![vec![40, 3, 57, 0], vec![0, 480, 2, 18], vec![1, 0, 1319, 0], vec![0, 61, 0, 739]];
    Confusions { columns: vec![Confusion { column: "relationship".into(), levels, counts }], more: 3 }
}

fn extremes() -> Extremes {
    let row = |row: &str, error: f64| ReconstructedRow {
        row: row.into(),
        error,
        reasons: vec![AlarmReason {
            column: "capital-gain".into(),
            seen: "99999".into(),
            expected: "1200".into(),
            nats: 0.8 * error,
            unseen: false,
        }],
        ..ReconstructedRow::default()
    };
    let (worst, best) = (vec![row("row 917", 41.2), row("row 4", 30.1)], vec![row("row 12", -6.3)]);
    Extremes { worst, best, shape: None, rows: 3257 }
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
        data: Some(data()),
        confusions: confusions(),
        extremes: Some(extremes()),
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
