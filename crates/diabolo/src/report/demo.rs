//! Reports about made-up runs: what the tests look at, and a person too when `DIABOLO_KEEP_REPORT` names a folder.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::random::{Purpose, standard_normal, stream};

const GLYPHS: [[u8; 8]; 10] = [
    [0x3c, 0x66, 0x66, 0x66, 0x66, 0x66, 0x3c, 0],
    [0x18, 0x38, 0x18, 0x18, 0x18, 0x18, 0x3c, 0],
    [0x3c, 0x66, 0x06, 0x0c, 0x18, 0x30, 0x7e, 0],
    [0x3c, 0x66, 0x06, 0x1c, 0x06, 0x66, 0x3c, 0],
    [0x0c, 0x1c, 0x2c, 0x4c, 0x7e, 0x0c, 0x0c, 0],
    [0x7e, 0x60, 0x7c, 0x06, 0x06, 0x66, 0x3c, 0],
    [0x1c, 0x30, 0x60, 0x7c, 0x66, 0x66, 0x3c, 0],
    [0x7e, 0x06, 0x0c, 0x18, 0x18, 0x18, 0x18, 0],
    [0x3c, 0x66, 0x66, 0x3c, 0x66, 0x66, 0x3c, 0],
    [0x3c, 0x66, 0x66, 0x3e, 0x06, 0x0c, 0x38, 0],
];

fn normals(step: u64, n: usize) -> Vec<f32> {
    standard_normal(&mut stream(3, Purpose::Choose, 0, step), n)
}

/// A digit with noise, then blurred by `blur`.
fn digit(which: usize, step: u64, noise: f32, blur: f32) -> Vec<f32> {
    let sharp = |x: i32, y: i32| -> f32 {
        let inside = (0..8).contains(&x) && (0..8).contains(&y);
        if inside && GLYPHS[which][y as usize] >> (7 - x) & 1 == 1 { 1.0 } else { 0.0 }
    };
    let noises = normals(step, 64);
    (0..64)
        .map(|i| {
            let (x, y) = (i % 8, i / 8);
            let around = sharp(x - 1, y) + sharp(x + 1, y) + sharp(x, y - 1) + sharp(x, y + 1);
            (1.0 - blur) * sharp(x, y) + blur * around / 4.0 + noise * noises[i as usize].abs()
        })
        .collect()
}

fn terms(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values.iter().map(|&(name, value)| (name.to_string(), value)).collect()
}

fn history(epochs: usize) -> Vec<EpochRow> {
    let jitter = normals(99, 2 * epochs);
    (1..=epochs)
        .map(|epoch| {
            let t = epoch as f64;
            let fall = (-t / 12.0).exp();
            let row = |gap: f64, noise: f64| {
                let reconstruction = 14.1 + 24.0 * fall + gap * t / 40.0 + noise;
                let kl = 7.4 * (1.0 - fall) + 0.2 * noise;
                let elbo = reconstruction + kl;
                terms(&[
                    ("objective", elbo),
                    ("negative_elbo", elbo),
                    ("reconstruction", reconstruction),
                    ("kl_divergence", kl),
                    ("contraction", 3.0 + 9.0 * fall + 0.3 * noise),
                ])
            };
            EpochRow {
                epoch,
                train: row(0.0, 0.06 * f64::from(jitter[2 * epoch - 2])),
                validation: row(0.9, 0.4 + 0.1 * f64::from(jitter[2 * epoch - 1])),
                learning_rate: 1e-3,
            }
        })
        .collect()
}

fn facts(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|&(k, v)| (k.into(), v.into())).collect()
}

fn metric(name: &str, value: f64, unit: &str, explanation: &str) -> Metric {
    Metric { name: name.into(), value, unit: unit.into(), explanation: explanation.into() }
}

/// A variational autoencoder of digits.
fn digits() -> Report {
    let n = 1797;
    let (dx, dy) = (normals(1, n), normals(2, n));
    let device = |i: usize| {
        let angle = (i % 10) as f32 * 0.628;
        let reach = if i.is_multiple_of(2) { 2.4 } else { 1.1 };
        (reach * angle.cos() + 0.33 * dx[i], reach * angle.sin() + 0.33 * dy[i])
    };
    Report {
        title: "Variational autoencoder · digits".into(),
        subtitle: "1,797 handwritten digits of 8 × 8 pixels, fitted in 6.2 s on a laptop's CPU.".into(),
        facts: facts(&[
            ("Model", "variational autoencoder"),
            ("Data", "digits (built in)"),
            ("Rows: training / validation / test", "1,437 / 180 / 180"),
            ("Architecture", "64 → 128 → 64 → 8 → 64 → 128 → 64"),
            ("Likelihood", "Bernoulli"),
            ("Parameters", "34,128"),
            ("Epochs", "60 (best: 41)"),
            ("Time", "6.2 s"),
            ("Seed", "7"),
            ("Version", "diabolo 0.1.0"),
        ]),
        history: history(60),
        metrics: vec![
            metric(
                "negative_elbo",
                22.0834,
                "nats per example",
                "An upper bound on the negative log-likelihood; lower is better.",
            ),
            metric(
                "log_likelihood",
                -21.3127,
                "nats per example",
                "Importance-weighted estimate with 500 samples an example; higher is better.",
            ),
            metric(
                "bits_per_dimension",
                0.4804,
                "bits",
                "The negative log-likelihood spread over the 64 pixels.",
            ),
            metric("active_units", 8.0, "of 8", "Latent dimensions that carry information."),
            metric(
                "probe_accuracy",
                0.9444,
                "",
                "A linear classifier on the latent vectors; shows what they tell about the label.",
            ),
        ],
        warnings: vec![],
        pictures: Some(Pictures {
            height: 8,
            width: 8,
            channels: 1,
            originals: (0..32).map(|i| digit(i * 7 % 10, i as u64, 0.12, 0.1)).collect(),
            reconstructions: (0..32).map(|i| digit(i * 7 % 10, 500 + i as u64, 0.02, 0.35)).collect(),
            samples: (0..64).map(|i| digit(i * 3 % 10, 900 + i as u64, 0.04, 0.4)).collect(),
            sampler: Sampler::Prior,
        }),
        denoised: None,
        columns: vec![],
        filled: None,
        units: vec![],
        traversals: None,
        latent_map: Some(LatentMap {
            x: (0..n).map(|i| device(i).0).collect(),
            y: (0..n).map(|i| device(i).1).collect(),
            labels: Some((0..n).map(|i| (i % 10).to_string()).collect()),
            x_label: "PCA 1 (31 % of variance)".into(),
            y_label: "PCA 2 (22 % of variance)".into(),
        }),
        spectrum: Some(Spectrum {
            mean: (0..8).map(|i| 1.9 * (-0.45 * i as f64).exp()).collect(),
            low: (0..8).map(|i| 1.3 * (-0.5 * i as f64).exp()).collect(),
            high: (0..8).map(|i| 2.6 * (-0.4 * i as f64).exp()).collect(),
            effective_rank: 5.1,
            caption: "Bars: mean over 500 test rows. Whiskers: from the 10 % to the 90 % quantile.".into(),
        }),
        tangents: Some(TangentPictures {
            height: 8,
            width: 8,
            channels: 1,
            rows: (0..4)
                .map(|i| TangentRow {
                    picture: digit(i, i as u64, 0.1, 0.1),
                    directions: (0..6).map(|k| normals(40 + k, 64)).collect(),
                    singular_values: (0..6).map(|k| 2.0 / (k + 1) as f64).collect(),
                })
                .collect(),
        }),
        ratios: Some(RatioCurve {
            radius: (0..12).map(|i| 0.04 * 1.7f64.powi(i)).collect(),
            mean: (0..12).map(|i| 0.3 + 0.4 * (-((i - 8) as f64 / 3.0).powi(2)).exp()).collect(),
            error: vec![0.02; 12],
            typical_distance: 3.4,
            facts: facts(&[("Distance of two rows (median)", "3.4")]),
            caption: "Mean over 180 test rows.".into(),
        }),
        column_weights: vec![],
        factor_map: Some(FactorMap {
            factors: ["shape", "scale", "rotation", "x", "y"].map(String::from).into(),
            shares: (0..24)
                .map(|j| (0..5).map(|k| if j == 4 * k { 0.9 } else { 0.02 * (j % 7) as f64 }).collect())
                .collect(),
            gaps: vec![0.9, 0.86, 0.82, 0.78, 0.8],
            mutual_information_gap: 0.832,
            examples: 614,
        }),
        pixel_weights: Some(PixelWeights {
            height: 8,
            width: 8,
            values: (0..64).map(|i| (i % 8 * (7 - i % 8)) as f64 / 40.0).collect(),
        }),
    }
}

/// A contractive autoencoder of a mixed table, with a name that attacks the page.
fn table() -> Report {
    let number = |name: &str, value: f64, baseline: f64, unit: &str| ColumnQuality {
        name: name.into(),
        kind: "number".into(),
        measure: "RMSE".into(),
        value,
        baseline,
        perfect: 0.0,
        unit: unit.into(),
    };
    let category = |name: &str, value: f64, baseline: f64| ColumnQuality {
        name: name.into(),
        kind: "category".into(),
        measure: "accuracy".into(),
        value,
        baseline,
        perfect: 1.0,
        unit: String::new(),
    };
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
        metrics: vec![
            metric(
                "reconstruction",
                14.93,
                "nats per example",
                "Negative log-likelihood of the inputs given their latent vectors.",
            ),
            metric(
                "contraction",
                0.000_012_3,
                "‖J‖²",
                "How strongly the latent vector reacts to small changes of the input.",
            ),
            metric("training_rows_seen", 1_234_567.0, "rows", ""),
            metric("broken", f64::NAN, "nats", "A number that could not be computed."),
        ],
        warnings: vec![
            "Column 'fnlwgt' has outliers 12 standard deviations out; consider a robust scale.".into(),
        ],
        columns: vec![
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
        ],
        latent_map: Some(LatentMap {
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

/// Everything that can be wrong with numbers and names.
fn hostile() -> Report {
    let attack = "\"><img src=x onerror=alert(1)></svg><script>alert(1)</script>&\u{0}\u{202e}";
    let mut report = digits();
    report.title = attack.into();
    report.subtitle = attack.into();
    report.facts = facts(&[(attack, attack)]);
    report.warnings = vec![attack.into()];
    report.metrics = vec![metric(attack, f64::NAN, attack, attack), metric("∞", f64::INFINITY, "", "")];
    report.columns = table().columns;
    report.columns[0].name = attack.into();
    report.columns[1].unit = attack.into();
    report.columns[2].baseline = report.columns[2].perfect;
    report.columns[3].value = f64::NEG_INFINITY;
    report.history[3].train.insert(attack.into(), 1.0);
    report.history[4].train.insert("reconstruction".into(), f64::NAN);
    report.history[5].validation.insert("objective".into(), f64::INFINITY);
    report.history[6].learning_rate = f64::NAN;
    if let Some(map) = &mut report.latent_map {
        map.x[0] = f32::NAN;
        map.y[1] = f32::INFINITY;
        map.x_label = attack.into();
        map.labels.as_mut().unwrap()[2] = attack.into();
    }
    if let Some(pictures) = &mut report.pictures {
        pictures.originals[0][0] = f32::NAN;
        pictures.originals[1].pop();
    }
    if let Some(spectrum) = &mut report.spectrum {
        spectrum.mean[7] = f64::NAN;
        spectrum.low[0] = f64::NAN;
        spectrum.caption = attack.into();
        spectrum.effective_rank = f64::NAN;
    }
    if let Some(tangents) = &mut report.tangents {
        tangents.rows[0].picture.pop();
        tangents.rows[0].directions[0][3] = f32::NAN;
        tangents.rows[0].directions[1] = vec![f32::INFINITY; 64];
        tangents.rows[0].directions[2] = vec![];
        tangents.rows[0].singular_values[0] = f64::NAN;
    }
    if let Some(ratios) = &mut report.ratios {
        ratios.radius[0] = 0.0;
        ratios.radius[1] = f64::NAN;
        ratios.mean[4] = f64::INFINITY;
        ratios.error[5] = f64::NAN;
        ratios.typical_distance = f64::NAN;
        ratios.facts = facts(&[(attack, attack)]);
        ratios.caption = attack.into();
    }
    if let Some(pixels) = &mut report.pixel_weights {
        pixels.values[0] = f64::NAN;
        pixels.values[1] = f64::INFINITY;
    }
    report.column_weights = table().column_weights;
    report.column_weights[0].name = attack.into();
    report.column_weights[1].share = f64::NAN;
    report.column_weights[2].value = f64::INFINITY;
    report
}

/// Writes a page where a person can open it.
fn keep(name: &str, text: &str) {
    let Some(folder) = std::env::var_os("DIABOLO_KEEP_REPORT") else { return };
    let path = Path::new(&folder).join(name);
    std::fs::write(&path, text).unwrap();
    eprintln!("{}", path.display());
}

/// Every tag that opens is closed, in order: what a strict parser would check first.
pub(super) fn assert_well_formed(page: &str) {
    const VOID: [&str; 4] = ["meta", "img", "input", "!doctype"];
    let body: String = {
        let (head, rest) = page.split_once("<style>").unwrap_or(("", page));
        head.to_string() + rest.split_once("</style>").unwrap_or(("", rest)).1
    };
    let mut open: Vec<&str> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag that ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes what is open");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_report_of_digits_shows_every_part_and_stays_small() {
    let page = digits().to_html();
    keep("digits.html", &page);
    assert_well_formed(&page);
    for heading in [
        "What was fitted",
        "Training",
        "Originals and reconstructions",
        "Samples",
        "Map of the latent space",
        "Units and factors",
        "Sensitivity of the encoder",
        "Changes the code listens to",
        "How far the code moves",
        "Sensitivity by pixel",
        "Numbers",
    ] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert_eq!(page.matches("<img ").count(), 32 + 32 + 64 + 4 * 7 + 1);
    // The objective equals the negative ELBO here and is not drawn twice; the learning rate is constant.
    assert_eq!(page.matches("<h3>").count(), 4);
    assert!(page.len() < 300_000, "{} bytes", page.len());
}

#[test]
fn a_report_of_a_table_has_columns_instead_of_pictures() {
    let page = table().to_html();
    keep("table.html", &page);
    assert_well_formed(&page);
    // At most 20 columns by sensitivity.
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), 14 + 4 + 20);
    assert!(!page.contains("<img ") && !page.contains("<h2>Samples</h2>"));
    assert!(page.contains("68 %"), "age: (4.318 − 13.64) / (0 − 13.64)");
    assert!(page.contains("class=\"bar loss\""), "capital-loss is worse than guessing");
}

#[test]
fn nothing_in_the_data_can_break_or_script_the_page() {
    let report = hostile();
    let page = report.to_html();
    keep("hostile.html", &page);
    for text in [&page, &report.hero_svg()] {
        assert_well_formed(text);
        assert!(
            !text.contains("<script") && !text.contains("<img src=x") && !text.contains("onerror=alert(1)>")
        );
        assert!(!text.contains('\u{0}') && !text.contains('\u{202e}'));
    }
    let marks = page.split("<style>").next().unwrap().to_string() + page.split("</style>").nth(1).unwrap();
    assert!(!marks.contains("NaN") && !marks.contains(">inf"));
}

#[test]
fn the_page_loads_nothing() {
    for page in [digits().to_html(), table().to_html(), digits().hero_svg()] {
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http:") && !outside.contains("https:") && !outside.contains("url("));
        assert!(!outside.contains("<script") && !outside.contains("<link") && !outside.contains("@import"));
    }
}

#[test]
fn an_empty_report_is_a_page() {
    let page = Report { title: "Nothing yet".into(), ..Report::default() }.to_html();
    assert_well_formed(&page);
    assert!(!page.contains("<h2>"));
}

#[test]
fn the_hero_is_one_small_drawing() {
    let svg = digits().hero_svg();
    keep("hero.svg", &svg);
    assert_well_formed(&svg);
    assert!(svg.len() < 200_000, "{} bytes", svg.len());
    assert_eq!(svg.matches("<image ").count(), 3);
}
