//! Time series: windows, a score for each row, and invalid windows.

use crate::support::{Workspace, case, cells};

/// A sine of period 12 with a small perturbation, starting at step `first`; `edit` may change the
/// value of a 1-based row.
fn series(rows: usize, first: usize, edit: impl Fn(usize, f64) -> f64) -> String {
    let mut text = String::from("time,flow\n");
    for row in 1..=rows {
        let t = (row + first) as f64;
        let value = (t * std::f64::consts::TAU / 12.0).sin() + 0.1 * (t * 0.7).sin() * (t * 1.9).cos();
        text += &format!("t{row},{:.4}\n", edit(row, value));
    }
    text
}

/// A model of windows of 12 rows of `past.csv`.
fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("past.csv", series(400, 0, |_, value| value));
    workspace.ok("fit past.csv --key time --window 12 --preset detect --epochs 20 -o run -q");
    workspace
}

#[test]
fn every_row_gets_a_score_and_the_reason_names_the_step() {
    let workspace = fitted();
    // In the middle of the range: the value alone is not unusual.
    workspace.write("new.csv", series(60, 401, |row, value| if row == 40 { -value } else { value }));
    let out = workspace.ok("score run new.csv --alpha 0.05 --reasons 1 --report page.html").stdout;
    let (names, rows) = cells(&out);
    assert_eq!(names, ["time", "flow", "score", "p_value", "anomaly", "reason_1"]);
    assert_eq!(rows.len(), 60);
    assert_eq!((rows[0][0].as_str(), rows[59][0].as_str()), ("t1", "t60"));
    assert_eq!(rows[10][2..], ["", "", "false", ""], "its window begins before the series");
    assert_eq!(rows[39][4], "true", "{:?}", rows[39]);
    assert!(rows[39][5].contains("flow: "), "{:?}", rows[39]);
    assert!(rows[42][5].contains("flow[-3]: "), "{:?}", rows[42]);
    let flagged = |rows: &[Vec<String>]| rows.iter().filter(|row| row[4] == "true").count();
    assert!(flagged(&rows[..39]) <= 4 && flagged(&rows[39..51]) >= 10, "{rows:?}");
    assert!(workspace.text("page.html").contains("Scores along the series"));
    assert_eq!(
        workspace.ok("score run new.csv --window 12 --alpha 0.05 --reasons 1").stdout,
        out,
        "said again"
    );
}

/// A window's score stays high for as long as the anomaly is within it; that of a row does not.
#[test]
fn rows_are_scored_by_themselves_if_asked() {
    let workspace = fitted();
    workspace.write("new.csv", series(60, 401, |row, value| if row == 40 { -value } else { value }));
    let scored = |flags: &str| cells(&workspace.ok(&format!("score run new.csv {flags}")).stdout).1;
    let score = |row: &Vec<String>| row[2].parse::<f64>().unwrap();
    let [windows, own] = ["", "--by-row"].map(scored);
    assert!(windows[40..51].iter().all(|row| score(row) > 0.5 * score(&windows[39])), "{windows:?}");
    // A wrong row also makes the next ones hard to expect.
    assert!(own[40..51].iter().all(|row| score(row) < 0.2 * score(&own[39])), "{own:?}");
    assert!(own[11..39].iter().all(|row| score(row) < 0.05 * score(&own[39])), "{own:?}");
    assert_eq!((own[39][4].as_str(), own[10][2].as_str()), ("true", ""));
    assert!(own[39][5].contains("flow: ") && own.iter().all(|row| !row[5].contains('[')), "{own:?}");
    workspace.write("later.csv", series(300, 461, |_, value| value));
    workspace.ok("calibrate run later.csv");
    let p_value = scored("--by-row")[39][3].parse::<f64>().unwrap();
    assert_eq!(p_value, 1.0 / 290.0, "of 289 windows");
    let message = workspace.fails(2, "score run new.csv --by-row --drift");
    assert!(message.contains("drift compares the scores of windows"), "{message}");
    workspace.ok("fit past.csv --key time --epochs 1 -o rows -q");
    let message = workspace.fails(2, "score rows new.csv --by-row");
    assert!(message.contains("has no windows") && message.contains("leave out --by-row"), "{message}");
}

#[test]
fn a_column_may_end_in_a_bracket() {
    let workspace = Workspace::new();
    let with_unit = |text: String| text.replace("time,flow", "time,flow[l]");
    workspace.write("past.csv", with_unit(series(200, 0, |_, value| value)));
    workspace.ok("fit past.csv --key time --window 4 --preset detect --epochs 5 -o run -q");
    workspace.write("new.csv", with_unit(series(60, 201, |row, value| if row == 40 { 9.0 } else { value })));
    workspace.ok("score run new.csv --report page.html -o scored.csv -q");
    let page = workspace.text("page.html");
    let section = page.split("<h2>The series</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
    assert!(section.contains("<polyline"), "its values are drawn: {section}");
}

#[test]
fn a_file_in_many_batches_has_the_scores_of_one_batch() {
    let workspace = fitted();
    let long = series(9000, 401, |_, value| value);
    workspace.write("long.csv", &long);
    let last: String =
        std::iter::once("time,flow").chain(long.lines().skip(8990 - 11)).collect::<Vec<_>>().join("\n");
    workspace.write("last.csv", last);
    let scores = |name: &str| -> Vec<f64> {
        let (_, rows) = cells(&workspace.ok(&format!("score run {name} --reasons 0")).stdout);
        rows.into_iter().map(|row| row[2].parse().unwrap_or(f64::NAN)).collect()
    };
    let (all, some) = (scores("long.csv"), scores("last.csv"));
    assert_eq!((all.len(), some.len()), (9000, 22));
    assert!(some[10].is_nan() && all[8988].is_finite());
    // The last digits depend on the batch size.
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
    assert!(all[8989..].iter().zip(&some[11..]).all(near), "{:?} {:?}", &all[8989..], &some[11..]);
}

#[test]
fn other_commands_accept_a_series() {
    let workspace = fitted();
    workspace.write("new.csv", series(30, 401, |_, value| value));
    assert_eq!(cells(&workspace.ok("encode run new.csv").stdout).1.len(), 30);
    let (names, rows) = cells(&workspace.ok("reconstruct run new.csv").stdout);
    assert_eq!(names, ["time", "flow"], "each row is the last of its own window");
    assert_eq!(rows.len(), 30);
    workspace.ok("evaluate run");
    let metrics = workspace.ok("evaluate run new.csv --json").json();
    assert_eq!(metrics["examples"], 19, "rows with complete windows");
    workspace.ok("report run new.csv --out page.html");
    workspace.ok("calibrate run new.csv");
    assert_eq!(cells(&workspace.ok("score run new.csv").stdout).1.len(), 30);
    let described = workspace.ok("inspect run").stdout;
    assert!(described.contains("flow[-11]"), "{described}");
}

#[test]
fn missing_cells_of_a_series_are_imputed() {
    let workspace = Workspace::new();
    workspace.write("past.csv", series(400, 0, |_, value| value));
    workspace.ok("fit past.csv --key time --window 6 --bound importance:5 --epochs 10 --test 0 -o run -q");
    let lines = series(40, 401, |_, value| value);
    let gappy = lines.lines().map(|line| if line.starts_with("t20,") { "t20," } else { line });
    workspace.write("new.csv", gappy.collect::<Vec<_>>().join("\n"));
    let output =
        workspace.ok("impute run new.csv -o done.csv --mask mask.csv --std-errors errors.csv").stderr;
    assert!(output.contains("imputed 1 missing cells in 40 rows"), "{output}");
    for name in ["done.csv", "mask.csv", "errors.csv"] {
        assert_eq!(cells(&workspace.text(name)).0, ["time", "flow"], "{name}");
    }
    assert!(cells(&workspace.text("done.csv")).1[19][1].parse::<f64>().unwrap().abs() < 1.5);
}

#[test]
fn unordered_series_gives_a_note() {
    let workspace = Workspace::new();
    for (name, first, second) in [("number", "7", "8"), ("date", "2024-01-07", "2024-01-08")] {
        let row = |key: &str, k: usize| format!("{key},{}\n", k % 5);
        let rows: String = (0..60).map(|k| row(if k < 30 { second } else { first }, k)).collect();
        workspace.write("back.csv", format!("time,flow\n{rows}"));
        let output = workspace.ok(&format!("fit back.csv --key time --window 3 --epochs 1 -o {name}")).stderr;
        assert!(output.contains("'time' decreases at row 31"), "{output}");
    }
    workspace.write("past.csv", series(60, 0, |_, value| value));
    let output = workspace.ok("fit past.csv --key time --window 3 --epochs 1 -o forward").stderr;
    assert!(!output.contains("decreases"), "{output}");
}

#[test]
fn times_are_checked_at_every_use_as_moments() {
    let workspace = Workspace::new();
    let fit = |name: &str, run: &str| {
        workspace.ok(&format!("fit {} --key time --window 3 --epochs 1 -o {run}", case(name))).stderr
    };
    // Clocks go back one hour; the offsets say so.
    let output = fit("train-dst.csv", "dst");
    assert!(!output.contains("decreases") && !output.contains("usual"), "{output}");
    let output = fit("train-ser.csv", "run");
    assert!(!output.contains("decreases"), "{output}");
    let shuffled = case("train-ser_shuf.csv");
    for verb in ["score run", "impute run", "encode run", "reconstruct run", "calibrate run"] {
        let out = if verb.starts_with("calibrate") { "" } else { "-o out.csv" };
        let output = workspace.ok(&format!("{verb} {shuffled} {out}")).stderr;
        assert!(output.contains("'time' decreases at row 4"), "{verb}: {output}");
    }
    let rows = std::fs::read_to_string(case("train-ser.csv")).unwrap();
    let kept = rows.lines().enumerate().filter(|(line, _)| !(50..60).contains(line)).map(|(_, row)| row);
    workspace.write("gap.csv", kept.collect::<Vec<_>>().join("\n"));
    let output = workspace.ok("score run gap.csv -o out.csv").stderr;
    assert!(
        output.contains("'time' has 1 step longer than the usual 1 h, the longest 11 h before row 50"),
        "{output}"
    );
}

#[test]
fn drift_of_a_series_is_reported_once_per_column() {
    let workspace = fitted();
    workspace.write("higher.csv", series(300, 401, |_, value| value + 1.0));
    let json = workspace.ok("score run higher.csv --drift --json").json();
    let moved = json["drift"]["moved"].as_array().unwrap();
    let columns: Vec<&str> =
        moved.iter().filter(|m| m["kind"] == "numeric").map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(columns, ["flow"]);
    assert_eq!(json["drift"]["rows"], 289, "rows whose windows are whole");
}

#[test]
fn invalid_windows_are_refused() {
    let workspace = fitted();
    workspace.write("short.csv", series(11, 0, |_, value| value));
    let message = workspace.fails(2, "score run past.csv --window 9");
    assert!(message.contains("windows of 12"), "{message}");
    let message = workspace.fails(2, "fit past.csv --window 1 -o other");
    assert!(message.contains("2 rows or more"), "{message}");
    let message = workspace.fails(3, "fit past.csv --window 200 -o other");
    assert!(message.contains("windows of 200") && message.contains("found 400"), "{message}");
    let message = workspace.fails(3, "fit past.csv --window 1000000000 -o other");
    assert!(message.contains("windows") && message.contains("found 400"), "{message}");
    let message = workspace.fails(3, "evaluate run short.csv");
    assert!(message.contains("12 rows or more, for windows of 12"), "{message}");
    let message = workspace.fails(3, "fit digits --window 4 -o other");
    assert!(message.contains("images"), "{message}");
}

#[test]
fn generated_series_have_a_row_a_step_and_the_period_of_the_data() {
    let workspace = Workspace::new();
    workspace.write("past.csv", series(400, 0, |_, value| value));
    workspace.ok("fit past.csv --key time --window 12 --model variational --epochs 40 -o run -q");
    let (names, rows) = cells(&workspace.ok("generate run --length 60 --series 3").stdout);
    assert_eq!(names, ["series", "step", "flow"]);
    assert_eq!(rows.len(), 180);
    assert_eq!((rows[59][..2].join(","), rows[60][..2].join(",")), ("1,60".into(), "2,1".into()));
    let flow: Vec<f64> = rows.iter().map(|row| row[2].parse().unwrap()).collect();
    let change = |lag: usize| -> f64 {
        let pairs = flow.chunks(60).flat_map(|one| one.iter().zip(&one[lag..]).map(|(a, b)| (a - b).abs()));
        pairs.clone().sum::<f64>() / pairs.count() as f64
    };
    assert!(change(12) < 0.6 * change(6), "{} {}", change(12), change(6));
    assert_eq!(cells(&workspace.ok("generate run --length 5").stdout).1.len(), 5);
    let error = workspace.fails(2, "generate run --length 0");
    assert!(error.contains("--length"), "{error}");
    let error = workspace.fails(2, "generate run --length 9000000000000000000");
    assert!(error.contains("--length") && error.contains("fit in memory"), "{error}");
    workspace.ok("fit past.csv --key time --model variational --epochs 1 -o single -q");
    let error = workspace.fails(2, "generate single --length 5");
    assert!(error.contains("single rows") && error.contains("--window"), "{error}");
}

#[test]
fn a_generated_series_has_one_condition() {
    let workspace = Workspace::new();
    let kind = |row: usize| if (row / 40).is_multiple_of(2) { "high" } else { "low" };
    let row = |(at, line): (usize, &str)| format!("{line},{}\n", if at == 0 { "kind" } else { kind(at) });
    let text: String = series(400, 0, |_, value| value).lines().enumerate().map(row).collect();
    workspace.write("past.csv", text);
    workspace
        .ok("fit past.csv --key time --window 4 --condition kind --model variational --epochs 2 -o run -q");
    let (names, rows) = cells(&workspace.ok("generate run --length 30 --series 8").stdout);
    assert_eq!(names, ["series", "step", "kind", "flow"]);
    let kinds: Vec<&str> = rows.chunks(30).map(|one| one[0][2].as_str()).collect();
    assert!(rows.chunks(30).all(|one| one.iter().all(|row| row[2] == one[0][2])), "{rows:?}");
    assert!(kinds.contains(&"high") && kinds.contains(&"low"), "{kinds:?}");
}
