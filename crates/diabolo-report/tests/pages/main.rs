//! Pages about made-up runs: what the tests look at, and a person too when `DIABOLO_KEEP_REPORT`
//! names a folder.
#![allow(clippy::unwrap_used)]

mod claims;
mod comparison;
mod digits;
mod hostile;
mod runs;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use diabolo_report::{EpochRow, Metric};
use diabolo_stats::random::{Purpose, standard_normal, stream};

fn normals(step: u64, n: usize) -> Vec<f32> {
    standard_normal(&mut stream(3, Purpose::Choose, 0, step), n)
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

/// Writes a page where a person can open it.
fn keep(name: &str, text: &str) {
    let Some(folder) = std::env::var_os("DIABOLO_KEEP_REPORT") else { return };
    let path = Path::new(&folder).join(name);
    std::fs::write(path, text).unwrap();
}

/// Every tag that opens is closed, in order: what a strict parser would check first.
fn assert_well_formed(page: &str) {
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
