//! Small inputs of `testdata/cases` on which the program went wrong. Expected values are what
//! pandas reads from the same files.

use crate::support::{Workspace, cells};

fn inspected(workspace: &Workspace, line: &str, column: &str) -> serde_json::Value {
    let found = workspace.ok(&format!("inspect {line} --json")).json();
    let columns = found["columns"].as_array().unwrap();
    columns.iter().find(|one| one["name"] == column).unwrap().clone()
}

#[test]
fn a_country_called_na_is_a_category() {
    let workspace = Workspace::with_cases(&["case-07-na-category.csv"]);
    let fit = workspace.ok("fit case-07-na-category.csv --model plain --epochs 2 -o run");
    assert!(fit.stderr.contains("'NA'") && fit.stderr.contains("country"), "{}", fit.stderr);
    workspace.ok("impute run case-07-na-category.csv -o filled.csv");
    assert_eq!(workspace.text("filled.csv"), workspace.text("case-07-na-category.csv"));
    let country = inspected(&workspace, "case-07-na-category.csv", "country");
    assert_eq!((&country["missing"], &country["kind"]), (&0.into(), &"categorical".into()));
}

#[test]
fn keys_are_never_missing() {
    let workspace = Workspace::with_cases(&["case-08-na-key.csv"]);
    workspace.ok("fit case-08-na-key.csv --key ticker --model plain --epochs 1 -q -o run");
    let keys = |text: &str| cells(text).1.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let found = workspace.ok("reconstruct run case-08-na-key.csv").stdout;
    assert_eq!(keys(&found), keys(&workspace.text("case-08-na-key.csv")));
}

#[test]
fn sentinels_are_compared_as_numbers_in_every_format() {
    let names = ["case-09-sentinel.csv", "train-sent.csv", "train-sentf.csv", "train-sent.parquet"];
    let workspace = Workspace::with_cases(&names);
    for word in ["-999", "-999.0"] {
        let s = inspected(&workspace, &format!("case-09-sentinel.csv --missing={word}"), "s");
        assert_eq!(s["missing"], 6, "{word}");
        assert!(!s["examples"].to_string().contains("-999"), "{s}");
        assert!(s["range"][0].as_f64().unwrap() > -10.0, "{s}");
        let missing = names[1..].iter().map(|name| {
            let y = inspected(&workspace, &format!("{name} --missing {word}"), "y");
            // Parquet keeps 26.419999999999998, which text writes as 26.42.
            let ends = [0, 1].map(|end| format!("{:.6}", y["range"][end].as_f64().unwrap()));
            (y["missing"].clone(), ends)
        });
        let missing: Vec<_> = missing.collect();
        assert!(
            missing[0].0.as_u64() > Some(0) && missing.iter().all(|one| *one == missing[0]),
            "{missing:?}"
        );
        let one_column = inspected(&workspace, &format!("train-sent.csv --missing y={word}"), "y");
        assert_eq!(one_column["missing"], missing[0].0, "{word}");
    }
}

#[test]
fn missing_words_hold_in_parquet() {
    let workspace = Workspace::with_cases(&["case-10-missing-text.parquet"]);
    workspace.ok("fit case-10-missing-text.parquet --missing NA --model plain --epochs 1 -q -o run");
    let imputed = workspace.ok("impute run case-10-missing-text.parquet -o filled.csv");
    assert!(imputed.stderr.contains("imputed"), "{}", imputed.stderr);
    assert!(!workspace.text("filled.csv").contains("NA"));
}

#[test]
fn numbers_of_rows_in_any_order_are_an_identifier() {
    let workspace = Workspace::with_cases(&["case-17-shuffled-index.csv", "case-17-new.csv"]);
    let fit = workspace.ok("fit case-17-shuffled-index.csv --for detect --epochs 5 -o run");
    assert!(fit.stderr.contains("looks like an identifier"), "{}", fit.stderr);
    workspace.ok("score run case-17-new.csv -o scored.csv");
    let (names, rows) = cells(&workspace.text("scored.csv"));
    let score = names.iter().position(|name| name == "score").unwrap();
    let scores: Vec<f64> = rows.iter().map(|row| row[score].parse().unwrap()).collect();
    assert!(scores.iter().all(|score| score.abs() < 1e4), "{scores:?}");
}

#[test]
fn tables_may_be_wide() {
    let workspace = Workspace::with_cases(&["case-18-wide.csv.gz"]);
    let found = workspace.ok("inspect case-18-wide.csv.gz --json").json();
    assert_eq!((found["rows"].as_u64(), found["columns"].as_array().map(Vec::len)), (Some(3), Some(40_000)));
}

#[test]
fn categories_that_were_not_in_training_are_reasons_and_drift() {
    let workspace = Workspace::with_cases(&["case-25-train.csv", "case-25-unseen.csv"]);
    workspace.ok("fit case-25-train.csv --for detect --epochs 3 -q -o run");
    let scored =
        workspace.ok("score run case-25-unseen.csv --drift --reasons 1 --report page.html -o scored.csv");
    assert!(scored.stderr.contains("unseen level: 50"), "{}", scored.stderr);
    let (names, rows) = cells(&workspace.text("scored.csv"));
    let at = |name: &str| names.iter().position(|column| column == name).unwrap();
    let (unseen, known): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row[at("k")] == "new");
    assert_eq!(unseen.len(), rows.len() / 2);
    assert!(unseen.iter().all(|row| row.join(" ").contains("never seen in training")), "{:?}", unseen[0]);
    assert!(known.iter().all(|row| !row.join(" ").contains("never seen in training")));
    let page = workspace.text("page.html");
    assert!(page.contains("<b>k</b> new <small>never seen in training, expected "), "{page}");
    let mean = |rows: &[&Vec<String>]| {
        rows.iter().map(|row| row[at("score")].parse::<f64>().unwrap()).sum::<f64>() / rows.len() as f64
    };
    assert!(mean(&unseen) > mean(&known) + 1.0, "{} {}", mean(&unseen), mean(&known));
    let refused = workspace.fails(3, "score run case-25-unseen.csv --unknown error -o no.csv");
    assert!(refused.contains("column 'k'") && refused.contains("'new'"), "{refused}");
}

#[test]
fn a_measurement_is_no_label() {
    let workspace = Workspace::with_cases(&["case-27-continuous-label.csv"]);
    let fit =
        "fit case-27-continuous-label.csv --label label --model plain --latent-dim 1 --epochs 2 -q -o run";
    workspace.ok(fit);
    let said = workspace.fails(3, "features run");
    assert!(
        said.contains("expected 2 to 1000 classes that rows share, found 60 different numbers"),
        "{said}"
    );
}

#[test]
fn calibration_counts_categories_that_were_not_in_training() {
    let workspace = Workspace::with_cases(&["case-25-train.csv", "case-25-unseen.csv"]);
    workspace.ok("fit case-25-train.csv --for detect --epochs 3 -q -o run");
    let alarms = |workspace: &Workspace| {
        let found = workspace.ok("score run case-25-unseen.csv --json -o scored.csv").json();
        found["anomalies"].as_u64().unwrap()
    };
    assert!(alarms(&workspace) >= 100);
    workspace.ok("calibrate run case-25-unseen.csv -q");
    assert!(alarms(&workspace) <= 20, "half of the rows of its own are no alarms");
}

#[test]
fn typed_tables_are_written_as_json_lines() {
    let workspace = Workspace::with_cases(&["case-01-tz.parquet"]);
    workspace.ok("fit case-01-tz.parquet --drop t --model plain --epochs 1 -q -o run");
    workspace.ok("score run case-01-tz.parquet -o scored.jsonl -q");
    let first: serde_json::Value =
        serde_json::from_str(workspace.text("scored.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(first["t"], "2024-01-01T00:00:00Z");
}

#[test]
fn dates_are_filled_in_the_type_of_the_file_in_use() {
    use diabolo::data::{Writer, open};
    let workspace = Workspace::new();
    let row = |k: usize| format!("{:02}.01.2024,{}\n", 1 + k % 28, k % 5);
    workspace.write("t.csv", format!("day,x\n{}", (0..56).map(row).collect::<String>()));
    workspace.write("iso.csv", "day,x\n2024-01-05,1\n,2\n2024-01-09,3\n");
    workspace.ok("fit t.csv --type day=datetime:%d.%m.%Y --model plain --epochs 2 -q -o run");
    // The same days as a type of Parquet.
    let text =
        open(&workspace.path("iso.csv").to_string_lossy(), &Default::default()).unwrap().collect().unwrap();
    let days = diabolo::data::texts(&text, "day").unwrap();
    let stored = days.iter().map(|day| day.as_ref().map(|day| day[8..].parse::<i32>().unwrap() + 19_722));
    let stored: diabolo::arrow::ArrayRef =
        std::sync::Arc::new(stored.collect::<diabolo::arrow::Date32Array>());
    let rows = diabolo::arrow::RecordBatch::try_from_iter_with_nullable([
        ("day", stored, true),
        ("x", text.column(1).clone(), true),
    ]);
    let path = workspace.path("days.parquet").to_string_lossy().into_owned();
    let mut writer = Writer::create(&path, None).unwrap();
    writer.write(&rows.unwrap()).unwrap();
    writer.finish().unwrap();
    workspace.ok("impute run days.parquet -o filled.csv -q");
    let (_, filled) = cells(&workspace.text("filled.csv"));
    assert_eq!((filled[0][0].as_str(), filled[2][0].as_str()), ("2024-01-05", "2024-01-09"));
    assert!(filled[1][0].starts_with("2024-01-"), "{filled:?}");
    let (_, made) = cells(&workspace.ok("reconstruct run days.parquet").stdout);
    assert!(made.iter().all(|row| row[0].starts_with("2024-01-")), "{made:?}");
}

#[test]
fn ordered_numbers_suit_every_family() {
    let workspace = Workspace::new();
    let row = |i: usize| format!("{},{}.5\n", i * 7 % 3 + i * 11 % 4 + i * 5 % 3, i * 37 % 97);
    workspace.write("t.csv", format!("kids,price\n{}", (1..=120).map(row).collect::<String>()));
    assert_eq!(inspected(&workspace, "t.csv", "kids")["kind"], "ordinal");
    for family in ["contractive", "sparse", "denoising", "variational", "multiscale"] {
        workspace.ok(&format!("fit t.csv --model {family} --epochs 1 -q -o {family}"));
    }
}

#[test]
fn a_truth_value_that_never_changes_is_a_constant() {
    use diabolo::data::Writer;
    let workspace = Workspace::new();
    let x: diabolo::arrow::ArrayRef = std::sync::Arc::new(
        (0..80).map(|k| Some(f64::from(k * 7 % 13))).collect::<diabolo::arrow::Float64Array>(),
    );
    let b: diabolo::arrow::ArrayRef = std::sync::Arc::new(
        (0..80).map(|k| (k % 7 != 0).then_some(true)).collect::<diabolo::arrow::BooleanArray>(),
    );
    let rows =
        diabolo::arrow::RecordBatch::try_from_iter_with_nullable([("x", x, true), ("b", b, true)]).unwrap();
    let path = workspace.path("b.parquet").to_string_lossy().into_owned();
    let mut writer = Writer::create(&path, None).unwrap();
    writer.write(&rows).unwrap();
    writer.finish().unwrap();
    workspace.ok("fit b.parquet --epochs 2 -q -o run");
    for line in ["impute run b.parquet -o out.csv -q", "generate run -n 30 -o out.csv -q"] {
        workspace.ok(line);
        let (_, rows) = cells(&workspace.text("out.csv"));
        assert!(rows.iter().all(|row| row[1] == "true"), "{line}: {rows:?}");
    }
}

#[test]
fn long_numbers_are_identifiers_or_codes() {
    let workspace = Workspace::new();
    let rows = |of: &dyn Fn(u64) -> u64| {
        format!("id,x\n{}", (0..80).map(|k| format!("{},{}.5\n", of(k), k * 37 % 97)).collect::<String>())
    };
    workspace.write("ids.csv", rows(&|k| 1_745_000_000_000_000_000 + k));
    let id = inspected(&workspace, "ids.csv", "id");
    assert_eq!((&id["kind"], &id["distinct"]), (&"excluded".into(), &80.into()), "{id}");
    workspace.write("codes.csv", rows(&|k| 9_007_199_254_740_992 + k % 3));
    let code = inspected(&workspace, "codes.csv", "id");
    assert_eq!((&code["kind"], &code["distinct"]), (&"categorical".into(), &3.into()), "{code}");
    workspace.ok("fit codes.csv --model plain --epochs 1 -q -o run");
    let (_, made) = cells(&workspace.ok("reconstruct run codes.csv").stdout);
    assert!(made.iter().all(|row| row[0].starts_with("900719925474099")), "{made:?}");
}

#[test]
fn years_of_two_digits_may_come_first() {
    let workspace = Workspace::new();
    let day = |k: usize| format!("23-{:02}-{:02},{}\n", 1 + k % 12, 1 + k * 5 % 28, k % 7);
    workspace.write("t.csv", format!("d,x\n{}", (0..80).map(day).collect::<String>()));
    let d = inspected(&workspace, "t.csv", "d");
    assert!(d["range"][0].as_str().unwrap().starts_with("23-01-"), "{d}");
}
