//! Drift detection.

use crate::support::{Ran, Workspace};

/// Rows of: id, height, weight, color, smokes; `edit` may change the cells of a row.
fn people(first: usize, rows: usize, edit: impl Fn(&mut [String; 5])) -> String {
    // Fractional parts of multiples of irrational numbers: uniform and independent.
    let even = |i: usize, of: f64| (i as f64 * of).fract();
    let mut text = String::from("id,height,weight,color,smokes\n");
    for i in first..first + rows {
        let height = 150.0 + 40.0 * even(i, 2f64.sqrt());
        let weight = 0.5 * height + 30.0 * even(i, 3f64.sqrt());
        let color = ["red", "green", "blue"][(3.0 * even(i, 5f64.sqrt())) as usize];
        let smokes = if even(i, 7f64.sqrt()) < 0.3 { "yes" } else { "no" };
        let mut row =
            [format!("r{i}"), format!("{height:.2}"), format!("{weight:.2}"), color.into(), smokes.into()];
        edit(&mut row);
        text += &row.join(",");
        text.push('\n');
    }
    text
}

fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("good.csv", people(0, 1000, |_| ()));
    workspace.ok("fit good.csv --key id --model plain --latent-dim 2 --epochs 5 --validation 0.4 -o run -q");
    workspace
}

/// The drifted columns, with their descriptions.
fn columns(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    let moved = json["drift"]["moved"].as_array().unwrap().clone();
    let columns = moved.iter().filter(|m| !["score", "latent"].contains(&m["kind"].as_str().unwrap()));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    columns.map(|m| (text(&m["name"]), text(&m["words"]))).collect()
}

#[test]
fn no_drift_for_rows_of_the_same_source() {
    let workspace = fitted();
    workspace.write("new.csv", people(1000, 600, |_| ()));
    let ran = workspace.ok("score run new.csv --drift");
    let sentence = "no drift detected: 600 rows against 400 held-out rows, 7 tests (Holm, 0.05)";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    assert!(!ran.stderr.contains("are few"), "{}", ran.stderr);
    assert_eq!(ran.stdout, workspace.ok("score run new.csv").stdout, "rows are written as without it");
    let json = workspace.ok("score run new.csv --drift --json").json();
    assert_eq!(
        (json["drift"]["rows"].as_u64(), json["drift"]["reference_rows"].as_u64()),
        (Some(600), Some(400))
    );
    assert_eq!(workspace.ok("score run new.csv --json").json().get("drift"), None);
    workspace.write("some.csv", people(1000, 20, |_| ()));
    assert!(workspace.ok("score run some.csv --drift").stderr.contains("20 rows against 400 are few"));
}

#[test]
fn drifted_columns_are_named_and_no_others() {
    let workspace = fitted();
    workspace.write(
        "heavy.csv",
        people(1000, 600, |row| {
            row[2] = format!("{:.2}", row[2].parse::<f64>().unwrap() + 8.0);
        }),
    );
    let found = columns(&workspace.ok("score run heavy.csv --drift --json"));
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["weight"], "{found:?}");
    assert!(
        found[0].1.starts_with("higher, median 9") || found[0].1.starts_with("higher, median 10"),
        "{found:?}"
    );
    workspace.write(
        "gaps.csv",
        people(1000, 600, |row| {
            if row[0].ends_with('1') {
                row[3].clear();
            }
        }),
    );
    assert_eq!(
        columns(&workspace.ok("score run gaps.csv --drift --json")),
        [("color".into(), "missing 0 % → 10 %".into())]
    );
    // Columns in another order, keys of another kind, and one of the two values more often.
    let smoke = people(1000, 600, |row| {
        row[0].insert(0, 'x');
        if row[1].as_str() > "180" {
            row[4] = "yes".into();
        }
    });
    let turned: Vec<String> =
        smoke.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(",")).collect();
    workspace.write("smoke.csv", turned.join("\n"));
    let found = columns(&workspace.ok("score run smoke.csv --drift --json"));
    assert!(found.len() == 1 && found[0].0 == "smokes" && found[0].1.contains("30 % →"), "{found:?}");
}

#[test]
fn drift_exit_code_and_report() {
    let workspace = fitted();
    workspace.write("red.csv", people(1000, 600, |row| row[3] = "red".into()));
    let line = "score run red.csv --drift --alpha 0.000001 --fail-on-anomaly";
    let ran = workspace.run(&format!("{line} --report page.html"));
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    // About a third of the held-out rows is red.
    let output = ran.stderr.lines().find(|line| line.starts_with("  color: 'red' 3")).unwrap_or_default();
    assert!(output.contains(" % → 100 % (PSI "), "{}", ran.stderr);
    let page = workspace.text("page.html");
    assert!(page.contains("<h2>Drift</h2>") && page.contains(" % → 100 %"), "{page}");
    assert_eq!(workspace.run(&line.replace("--drift ", "")).code, Some(0));
    workspace.write("violet.csv", people(1000, 60, |row| row[3] = "violet".into()));
    assert!(workspace.fails(3, "score run violet.csv --drift --unknown error -q").contains("violet"));
    let found = columns(&workspace.ok("score run violet.csv --drift --json"));
    assert_eq!(found, [("color".into(), "unseen level: 100 %, 'red' 36 % → 0 %".into())]);
}

#[test]
fn model_without_drift_reference_is_an_error() {
    let workspace = Workspace::new();
    workspace.write("good.csv", people(0, 200, |_| ()));
    workspace.ok("fit good.csv --key id --model plain --epochs 1 --validation 0 --test 0 -o run -q");
    assert!(workspace.fails(2, "score run good.csv --drift -q").contains("diabolo calibrate RUN ROWS"));
    workspace.ok("calibrate run good.csv -q");
    assert!(
        workspace.ok("score run good.csv --drift").stderr.contains("no drift detected: 200 rows against 200")
    );
}
