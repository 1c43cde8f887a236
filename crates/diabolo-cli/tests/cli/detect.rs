//! Anomaly detection: scores, p-values, reasons, rules, and unsuitable rows.

use crate::support::{Workspace, cells, table, table_with};

/// A model of `good.csv`, 300 rows.
fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(300, |_, row| row));
    workspace.ok("fit good.csv --key id --preset detect --epochs 30 --validation 0.2 -o run -q");
    workspace
}

fn column(text: &str, name: &str) -> Vec<String> {
    let (names, rows) = cells(text);
    let at = names.iter().position(|n| n == name).unwrap();
    rows.into_iter().map(|mut row| row.swap_remove(at)).collect()
}

#[test]
fn scores_keep_the_order_of_rows() {
    let workspace = fitted();
    workspace.write("new.csv", table_with(17, "far,90.5,3,red,0"));
    let out = workspace.ok("score run new.csv --reasons 2").stdout;
    let (names, rows) = cells(&out);
    assert_eq!(
        names,
        ["id", "x", "n", "color", "flag", "score", "p_value", "anomaly", "reason_1", "reason_2"]
    );
    assert_eq!(rows.len(), 60);
    assert_eq!((rows[0][0].as_str(), rows[16][0].as_str(), rows[59][0].as_str()), ("r1", "far", "r60"));
    let score = |row: usize| rows[row][5].parse::<f64>().unwrap();
    assert!((0..60).all(|row| row == 16 || score(row) < score(16)));
    assert_eq!(rows[16][7], "true");
    // The smallest possible p-value with 60 held-out rows.
    assert!((rows[16][6].parse::<f64>().unwrap() - 1.0 / 61.0).abs() < 1e-12, "{:?}", rows[16]);
    assert!(out.contains("x: 90.5, expected "), "{out}");
    assert_eq!(column(&out, "id"), column(&workspace.text("new.csv"), "id"));
}

#[test]
fn a_score_depends_on_its_row_alone() {
    let workspace = fitted();
    workspace.write("all.csv", table(60, |_, row| row));
    workspace.write(
        "one.csv",
        table(60, |_, row| row).lines().take(1).chain(["r9,-2.5,3,blue,1"]).collect::<Vec<_>>().join("\n"),
    );
    let turned: Vec<String> = table(60, |_, row| row)
        .lines()
        .map(|line| line.split(',').rev().chain(["more"]).collect::<Vec<_>>().join(","))
        .collect();
    let mut turned = turned;
    turned[1..].reverse();
    workspace.write("turned.csv", turned.join("\n"));
    let straight = column(&workspace.ok("score run all.csv --reasons 0").stdout, "score");
    let mut other = column(&workspace.ok("score run turned.csv --reasons 0 --threads 1").stdout, "score");
    other.reverse();
    assert_eq!(straight, other, "another order of rows and columns, and a column more");
    assert_eq!(workspace.ok("score run one.csv").stdout.lines().count(), 2);
    for family in ["variational", "plain"] {
        workspace.ok(&format!("fit good.csv --key id --model {family} --epochs 2 -o {family} -q"));
        let all = column(&workspace.ok(&format!("score {family} all.csv")).stdout, "score");
        let mut other = column(&workspace.ok(&format!("score {family} turned.csv")).stdout, "score");
        other.reverse();
        assert_eq!(all, other, "{family}");
    }
}

#[test]
fn rules_are_chosen_when_rows_are_scored() {
    let workspace = fitted();
    workspace.write("new.csv", table_with(17, "far,90.5,3,red,0"));
    let count = |rule: &str| {
        let out = workspace.ok(&format!("score run new.csv {rule}")).stdout;
        column(&out, "anomaly").iter().filter(|cell| *cell == "true").count()
    };
    assert_eq!([count("--top 5"), count("--top 60")], [5, 60]);
    let more = workspace.ok("score run new.csv --top 1000");
    let all = format!("{}{}", more.stdout, more.stderr);
    assert!(all.contains("the 1000 highest scores, of which there are no more"), "{all}");
    assert_eq!([count("--alerts-per-1000 50"), count("--alerts-per-1000 1000")], [3, 60]);
    assert!(count("--alpha 0.5") > count("--alpha 0.05"));
    assert!(count("--quantile 0.5") > count("--quantile 1") && count("--quantile 1") >= 1);
    assert!(count("--fdr 0.99") >= 1);
    let json = workspace.ok("score run new.csv --top 1 --json").json();
    assert_eq!((json["rows"].as_u64(), json["anomalies"].as_u64()), (Some(60), Some(1)));
    let found = &json["found"][0];
    assert_eq!((found["row"].as_u64(), found["key"].as_str()), (Some(17), Some("far")));
    assert_eq!(found["reasons"][0]["column"].as_str(), Some("x"));
    assert_eq!(workspace.run("score run new.csv --top 1 --fail-on-anomaly -q").code, Some(10));
    assert_eq!(workspace.run("score run new.csv --alpha 0.001 --fail-on-anomaly -q").code, Some(0));
    for bad in
        ["--alpha 0", "--fdr 1.5", "--top 0", "--alerts-per-1000 -1", "--quantile nan", "--alpha 0.1 --top 3"]
    {
        assert_eq!(workspace.run(&format!("score run new.csv {bad}")).code, Some(2), "{bad}");
    }
}

#[test]
fn labels_only_evaluate() {
    let workspace = fitted();
    let labelled: String = table(60, |i, row| if i == 17 { "far,90.5,3,red,0".into() } else { row })
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("{line},fault\n"),
            17 => format!("{line},yes\n"),
            _ => format!("{line},no\n"),
        })
        .collect();
    workspace.write("new.csv", labelled);
    let json =
        workspace.ok("score run new.csv --truth fault --normal no --top 1 --json --report page.html").json();
    for (name, value) in [("auroc", 1.0), ("average_precision", 1.0), ("precision", 1.0), ("recall", 1.0)] {
        assert_eq!(json["labels"][name].as_f64(), Some(value), "{name}");
    }
    assert!(workspace.text("page.html").contains("Receiver operating characteristic"));
    assert!(workspace.fails(3, "score run new.csv --truth nothing -q").contains("nothing"));
}

#[test]
fn labels_without_normal_rows_give_a_note() {
    let workspace = fitted();
    workspace.write("new.csv", table(60, |_, row| row));
    let output = workspace.ok("score run new.csv --truth color -o scored.csv").stderr;
    assert!(output.contains("no row is normal by the column 'color'"), "{output}");
    let output = workspace.ok("score run new.csv --truth color --normal red -o scored.csv").stderr;
    assert!(!output.contains("no row is normal"), "{output}");
}

#[test]
fn the_summary_says_what_chance_gives_and_rows_of_the_fit_are_noted() {
    let workspace = fitted();
    workspace.write("new.csv", table(60, |_, row| row));
    let stderr = workspace.ok("score run new.csv --alpha 0.1 -o scored.csv").stderr;
    assert!(stderr.contains("p-value at most 0.1; 6 are expected by chance"), "{stderr}");
    assert!(!stderr.contains("was fitted on"), "{stderr}");
    let stderr = workspace.ok("score run good.csv --top 3 -o scored.csv").stderr;
    assert!(stderr.contains("fitted on most of these rows") && !stderr.contains("by chance"), "{stderr}");
    let json = workspace.ok("score run new.csv --json").json();
    assert_eq!(json["expected_by_chance"].as_f64(), Some(3.0));
}

#[test]
fn cross_fitting_scores_rows_by_models_of_the_others() {
    let workspace = Workspace::new();
    // The row is far in one of many columns: a model that was fitted on it knows it.
    workspace.write("good.csv", table(120, |i, row| if i == 7 { "far,90.5,3,red,0".into() } else { row }));
    workspace.ok("fit good.csv --key id --preset detect --epochs 40 --validation 0.2 --test 0 -o run -q");
    let ran = workspace.ok("score run good.csv --cross-fit");
    assert!(!ran.stderr.contains("was fitted on"), "{}", ran.stderr);
    let scores = |out: &str| -> Vec<f64> {
        column(out, "score").into_iter().map(|score| score.parse().unwrap()).collect()
    };
    let (fitted, held_out) = (scores(&workspace.ok("score run good.csv").stdout), scores(&ran.stdout));
    assert_eq!(column(&ran.stdout, "id"), column(&workspace.text("good.csv"), "id"));
    let highest = |scores: &[f64]| (0..120).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    assert_eq!(highest(&held_out), Some(6));
    assert!(held_out.iter().sum::<f64>() > fitted.iter().sum::<f64>());
    let top = column(&workspace.ok("score run good.csv --cross-fit --top 2").stdout, "anomaly");
    assert_eq!((top.iter().filter(|flag| *flag == "true").count(), top[6].as_str()), (2, "true"));
    // The model of a part that does not know a value says where it is in the file.
    workspace.write("rare.csv", table(120, |i, row| if i == 7 { "r7,0.5,3,violet,0".into() } else { row }));
    workspace.ok("fit rare.csv --key id --preset detect --epochs 1 --unknown error -o strict -q");
    let said = workspace.fails(3, "score strict rare.csv --cross-fit -q");
    assert!(said.contains("rare.csv, row 7, column 'color'"), "{said}");
    workspace.ok("fit good.csv --key id --preset detect --window 4 --epochs 3 -o series -q");
    assert!(workspace.fails(2, "score series good.csv --cross-fit -q").contains("windows overlap"));
}

#[test]
fn a_fit_to_contaminated_rows_leaves_out_those_far_from_the_centre() {
    let workspace = Workspace::new();
    workspace
        .write("good.csv", table(100, |i, row| if i % 10 == 7 { "far,90.5,3,red,0".into() } else { row }));
    let ran = workspace.ok("fit good.csv --key id --preset detect-contaminated --epochs 60 --test 0 -o run");
    assert!(ran.stderr.contains("68 of 90 training rows are fitted"), "{}", ran.stderr);
    let ran = workspace.ok("score run good.csv -o scored.csv");
    assert!(ran.stderr.contains("held-out rows may contain anomalies"), "{}", ran.stderr);
    let flagged = column(&workspace.ok("score run good.csv --top 10").stdout, "anomaly");
    assert!(flagged.iter().enumerate().all(|(i, flag)| (flag == "true") == (i % 10 == 6)), "{flagged:?}");
    assert!(workspace.fails(2, "fit good.csv --central 0 -q").contains("above 0"));
    // The fits of the parts are warned of as this one is.
    let ran = workspace.ok("score run good.csv --cross-fit --top 10 -o crossed.csv");
    assert!(ran.stderr.contains("note: cross-fitting: 54 of 72 training rows"), "{}", ran.stderr);
    let (names, rows) = cells(&workspace.text("crossed.csv"));
    let at = |name: &str| names.iter().position(|column| column == name).unwrap();
    let (flag, reason) = (at("anomaly"), at("reason_1"));
    assert!(rows.iter().all(|row| (row[flag] == "true") != row[reason].is_empty()), "{rows:?}");
    // The p-values of the fit are those of rows with anomalies; after calibration, of those given.
    workspace.write("normal.csv", table(40, |_, row| row));
    let ran = workspace.ok("calibrate run normal.csv");
    assert!(!ran.stderr.contains("anomalies"), "{}", ran.stderr);
    let ran = workspace.ok("score run good.csv -o scored.csv");
    assert!(!ran.stderr.contains("may contain anomalies"), "{}", ran.stderr);
    let ran = workspace.ok("calibrate run good.csv");
    let [wrote, fitted] = ["wrote the scores", "fitted on most"].map(|said| ran.stderr.find(said).unwrap());
    assert!(wrote < fitted, "{}", ran.stderr);
}

#[test]
fn typed_formats_keep_numbers() {
    let workspace = fitted();
    workspace.write("new.csv", table(60, |_, row| row));
    workspace.ok("score run new.csv -o scored.parquet");
    let shown = workspace.ok("inspect scored.parquet --json").json();
    let columns = shown["columns"].as_array().unwrap();
    let storage =
        |name: &str| columns.iter().find(|column| column["name"] == name).unwrap()["storage"].clone();
    assert_eq!((storage("x"), storage("n")), ("float".into(), "integer".into()), "{shown}");
}

#[test]
fn calibration_with_few_rows_gives_a_note() {
    let workspace = fitted();
    workspace.write("one.csv", table(1, |_, row| row));
    let ran = workspace.ok("calibrate run one.csv --json");
    assert!(ran.stderr.contains("with 1 held-out rows no p-value is below"), "{}", ran.stderr);
    assert_eq!(ran.json()["held_out_rows"], 1);
}

#[test]
fn calibration_changes_p_values_and_no_score() {
    let workspace = fitted();
    workspace.write("new.csv", table(40, |_, row| row));
    let before = workspace.ok("score run new.csv").stdout;
    workspace.write("far.csv", table(99, |i, _| format!("r{i},{},3,red,0", 5 + i)));
    workspace.ok("calibrate run far.csv -q");
    let after = workspace.ok("score run new.csv").stdout;
    assert_eq!(column(&before, "score"), column(&after, "score"));
    assert_ne!(column(&before, "p_value"), column(&after, "p_value"));
    assert!(workspace.fails(1, "calibrate run nothing.csv -q").contains("nothing.csv"));
}

#[test]
fn model_without_held_out_scores_is_an_error() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    workspace.ok("fit good.csv --key id --model plain --epochs 2 --validation 0 --test 0 -o run -q");
    assert!(workspace.fails(2, "score run good.csv -q").contains("diabolo calibrate RUN INPUT"));
    workspace.ok("calibrate run good.csv -q");
    workspace.ok("score run good.csv -q");
}

#[test]
fn unsuitable_rows_are_refused() {
    let workspace = fitted();
    workspace.write("lacking.csv", "id,x,n\nr1,1,2\n");
    assert!(workspace.fails(3, "score run lacking.csv -q").contains("color"));
    workspace.write("category.csv", table_with(3, "r3,0.1,3,violet,0"));
    assert!(workspace.fails(3, "score run category.csv --unknown error -q").contains("violet"));
    let out = workspace.ok("score run category.csv -q").stdout;
    assert!(column(&out, "score")[2].parse::<f64>().unwrap().is_finite());
    workspace.write("empty.csv", table_with(5, "r5,,,,"));
    let out = workspace.ok("score run empty.csv -q").stdout;
    assert_eq!((column(&out, "score")[4].as_str(), column(&out, "anomaly")[4].as_str()), ("0.0", "false"));
    workspace.write("none.csv", "id,x,n,color,flag\n");
    workspace.fails(3, "score run none.csv -q");
    workspace.write("wild.csv", table_with(7, "r7,1e300,3,red,0"));
    let out = workspace.ok("score run wild.csv -q").stdout;
    assert!(out.lines().nth(7).unwrap().contains("true"), "{out}");
    workspace.write("clash.csv", "id,x,n,color,flag,score\nr1,1,2,red,0,7\n");
    let out = workspace.ok("score run clash.csv -q").stdout;
    assert_eq!((column(&out, "score")[0].as_str(), column(&out, "diabolo_score").len()), ("7", 1));
}

#[test]
fn presets_print_their_settings_and_flags_override_them() {
    let workspace = fitted();
    let ran = workspace.ok("fit good.csv --key id --preset detect --epochs 1 --latent-dim 7 -o other");
    assert!(ran.stderr.contains("for detect: a multi-scale denoising autoencoder"), "{}", ran.stderr);
    assert!(workspace.text("other/config.toml").contains("latent_dim = 7"));
    assert_eq!(workspace.run("fit good.csv --preset detection").code, Some(2));
    // This family cannot decode codes.
    workspace.ok("encode run good.csv -o codes.csv -q");
    assert!(workspace.fails(2, "decode run codes.csv -q").contains("multiscale"));
    assert!(workspace.fails(2, "generate run -q").contains("multiscale"));
    workspace.ok("reconstruct run good.csv -o made.csv -q");
    workspace.ok("evaluate run --diagnose -q");
}
