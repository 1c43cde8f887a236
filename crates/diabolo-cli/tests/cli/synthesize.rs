//! Synthetic tables and audits: from a CSV to a page, and wrong use.

use std::collections::BTreeSet;

use crate::support::{Workspace, cells};

/// People: a key, a plan and its price, an income that is missing as `?`, and a joining date.
fn people(first: usize, count: usize) -> String {
    let row = |i: usize| {
        let plan = (i * i * 7 + i / 3) % 5 % 3;
        let income = match i * 13 % 11 {
            0 => "?".to_string(),
            k => format!("{}", 1000 * (plan + 1) + 37 * (i * 31 % 101) + k),
        };
        let (name, price) = (["basic", "plus", "pro"][plan], ["0.00", "9.90", "29.90"][plan]);
        format!("P{:04},{name},{price},{income},2020-{:02}-{:02}\n", i, 1 + i % 12, 1 + i * 7 % 28)
    };
    std::iter::once("id,plan,price,income,joined\n".to_string())
        .chain((first..first + count).map(row))
        .collect()
}

fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("train.csv", people(0, 900));
    workspace.write("held.csv", people(900, 300));
    workspace.ok("fit train.csv --key id --preset synthesize --epochs 15 --test 0 --out run -q");
    workspace
}

#[test]
fn from_a_csv_to_a_page() {
    let workspace = fitted();
    workspace.ok("generate run -n 500 -o copy.csv");
    let (names, rows) = cells(&workspace.text("copy.csv"));
    assert_eq!(names, ["id", "plan", "price", "income", "joined"]);
    let keys: BTreeSet<&String> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!((rows.len(), keys.len()), (500, 500));
    for row in &rows {
        let price = match row[1].as_str() {
            "basic" => "0.00",
            "plus" => "9.90",
            "pro" => "29.90",
            other => panic!("a plan '{other}'"),
        };
        assert_eq!(row[2], price, "{row:?}");
        assert!(row[3] == "?" || row[3].parse::<u32>().is_ok_and(|x| (1000..8000).contains(&x)), "{row:?}");
        assert!(row[4].starts_with("2020-") && row[4].len() == 10, "{row:?}");
    }
    assert!(rows.iter().any(|row| row[3] == "?"), "missing cells in the source's own word");
    workspace.ok("generate run -n 500 -o copy.jsonl");
    let lines = workspace.text("copy.jsonl");
    for (line, row) in lines.lines().zip(&rows) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["price"].as_f64(), line["joined"].as_str()), (row[2].parse().ok(), Some(&*row[4])));
        assert_eq!(line["income"].as_i64(), row[3].parse().ok(), "{line}");
    }

    let audit = "audit copy.csv --real train.csv --holdout held.csv --target plan --secret plan";
    let ran = workspace.ok(&format!("{audit} --report page.html"));
    for figure in ["Shape error", "C2ST", "TSTR AUC", "Copies of training rows", "a guarantee"] {
        assert!(ran.stdout.contains(figure), "{figure}\n{}", ran.stdout);
    }
    let page = workspace.text("page.html");
    assert!(page.contains("Most telling columns") && page.contains("shade-"));
    let found = workspace.ok(&format!("{audit} --json")).json();
    let [made, shuffled] = ["synthetic", "independent"].map(|of| found["trend_error"][of].as_f64().unwrap());
    assert!(made < shuffled, "{made} and {shuffled}");
    assert!(workspace.ok("inspect run").stdout.contains("plan, price"));
}

#[test]
fn conditions_keys_and_balance() {
    let workspace = fitted();
    let ran = workspace.ok("generate run -n 50 --where plan=pro --where income>=4000 -o rich.csv");
    assert!(ran.stderr.contains("effective sample size"), "{}", ran.stderr);
    let (_, rows) = cells(&workspace.text("rich.csv"));
    assert!(rows.iter().all(|row| row[1] == "pro" && row[3].parse::<u32>().unwrap() >= 4000), "{rows:?}");
    for (given, is_missing) in [("income=", true), ("income!=", false)] {
        let (_, rows) = cells(&workspace.ok(&format!("generate run -n 40 --where {given}")).stdout);
        assert!(rows.iter().all(|row| (row[3] == "?") == is_missing), "{given}: {rows:?}");
    }
    // Levels that a comparison rules out are no levels of the balance.
    let (_, rows) = cells(&workspace.ok("generate run -n 20 --balance price --where price>=9.90").stdout);
    assert_eq!(rows.iter().filter(|row| row[2] == "29.90").count(), 10, "{rows:?}");
    workspace.ok("generate run -n 90 --balance plan -o equal.csv");
    let (_, rows) = cells(&workspace.text("equal.csv"));
    assert_eq!(rows.iter().filter(|row| row[1] == "plus").count(), 30);
    workspace
        .ok("fit train.csv --key id --key-format K[0-9]{2} --preset synthesize --epochs 1 --out other -q");
    let (_, rows) = cells(&workspace.ok("generate other -n 3").stdout);
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["K00", "K01", "K02"]);
    let message = workspace.fails(2, "generate other -n 101");
    assert!(message.contains("at most 100"), "{message}");
    // Visits: a key that repeats has no format of its own.
    let twice = workspace.text("train.csv").replace("P0001,", "P0002,");
    workspace.write("twice.csv", twice);
    let ran = workspace.ok("fit twice.csv --key id --preset synthesize --epochs 1 --out visits");
    assert!(ran.stderr.contains("is left empty; --key-format makes keys"), "{}", ran.stderr);
}

#[test]
fn wrong_use_is_named() {
    let workspace = fitted();
    let message = workspace.fails(2, "generate run --where plan=gold");
    assert!(message.contains("plan") && message.contains("basic"), "{message}");
    let message = workspace.fails(2, "generate run --near 3");
    assert!(message.contains("--near"), "{message}");
    let message = workspace.fails(2, "fit train.csv --quiet --preset synthesize --key-format K[0-9]{4}");
    assert!(message.contains("--key-format") && message.contains("--key"), "{message}");
    for flag in ["--latent-dim 3", "--hidden 9", "--window 5", "--numeric min_max"] {
        let message = workspace.fails(2, &format!("fit train.csv --quiet --preset synthesize {flag}"));
        let key = flag[2..].split(' ').next().unwrap().replace('-', "_");
        assert!(message.contains(&key), "{message}");
    }
    let message = workspace.fails(2, "fit train.csv --rare 5");
    assert!(message.contains("--preset synthesize"), "{message}");
    let message = workspace.fails(2, "audit held.csv --real train.csv --holdout held.csv --target plans");
    assert!(message.contains("--target"), "{message}");
    workspace.write("short.csv", "id,plan\nP1,pro\nP2,pro\n");
    let message = workspace.ok("audit short.csv --real train.csv --holdout held.csv").stderr;
    assert!(message.contains("column 'price' is not in short.csv and is left out"), "{message}");
    workspace.write("none.csv", "id,size\nP1,7\nP2,8\n");
    let message = workspace.fails(3, "audit none.csv --real train.csv --holdout held.csv");
    assert!(message.contains("that all three tables have"), "{message}");
    let model = workspace.bytes("run/model.safetensors");
    let message = workspace.fails(2, "fit --resume run");
    assert!(message.contains("synthetic tables"), "{message}");
    assert!(workspace.bytes("run/model.safetensors") == model, "the model stays");
    let message = workspace.fails(4, "encode run train.csv");
    assert!(message.contains("synthetic tables"), "{message}");
}

/// Stays: a start and an end, of which some are missing, and two prices; two rows break each rule.
fn stays(first: usize, count: usize) -> String {
    let day = |k: usize| format!("2021-{:02}-{:02}", 1 + k / 28 % 12, 1 + k % 28);
    let row = |i: usize| {
        let start = i * i * 7 % 290;
        let end = start + i * 31 % 19;
        let low = 100 + i * i * 13 % 4001;
        let mut cells = [day(start), day(end), format!("{:.2}", low as f64 / 100.0), String::new()];
        cells[3] = format!("{:.1}", (low as f64 / 10.0).floor() / 10.0 + 0.2 + (i * 17 % 29) as f64 / 10.0);
        match i % 50 {
            7 | 19 | 31 => cells[1] = "?".into(),
            11 => cells[0].clear(),
            _ => {}
        }
        if [5, 40].contains(&i) {
            cells.swap(0, 1);
            cells.swap(2, 3);
        }
        cells.join(",") + "\n"
    };
    std::iter::once("start,end,low,high\n".to_string()).chain((first..first + count).map(row)).collect()
}

#[test]
fn rules_between_columns_are_kept_by_every_row() {
    let workspace = Workspace::new();
    workspace.write("stays.csv", stays(0, 1200));
    workspace.write("held.csv", stays(1200, 400));
    let fit = "fit stays.csv --preset synthesize --epochs 40 --test 0 --out run";
    let ran = workspace.ok(&format!("{fit} --require start<=end --require high>low"));
    assert!(ran.stderr.contains("2 of 1200 rows break start<=end"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 of 1200 rows break low<high"), "{}", ran.stderr);
    workspace.ok("generate run -n 3000 -o copy.csv");
    let (names, rows) = cells(&workspace.text("copy.csv"));
    assert_eq!(names, ["start", "end", "low", "high"]);
    let mut ends = 0;
    for row in &rows {
        let is_day = |cell: &str| cell.len() == 10 && cell.starts_with("2021-");
        let [start, end] = [&row[0], &row[1]].map(String::as_str);
        assert!(start.is_empty() || is_day(start), "{row:?}");
        assert!(end == "?" || is_day(end), "{row:?}");
        assert!(start.is_empty() || end == "?" || start <= end, "{row:?}");
        let [low, high]: [f64; 2] = [&row[2], &row[3]].map(|cell| cell.parse().unwrap());
        assert!(low < high && row[3].split_once('.').unwrap().1.len() == 1, "{row:?}");
        ends += usize::from(end == "?");
    }
    // Of 6 %, within five standard deviations of a share of independent rows.
    assert!((115..=245).contains(&ends), "{ends} of 3000 ends are missing");
    let early = workspace.ok("generate run -n 200 --where end<2021-04-01 --where high>=20 -o early.csv");
    assert!(early.stderr.contains("effective sample size"), "{}", early.stderr);
    let (_, rows) = cells(&workspace.text("early.csv"));
    assert!(rows.iter().all(|row| row[1].as_str() < "2021-04-01" && row[3].parse::<f64>().unwrap() >= 20.0));

    for (given, is_missing) in [("end=", true), ("end!=", false), ("end=?", true), ("end!=?", false)] {
        let (_, rows) = cells(&workspace.ok(&format!("generate run -n 40 --where {given}")).stdout);
        assert!(rows.iter().all(|row| (row[1] == "?") == is_missing), "{given}: {rows:?}");
    }
    let jsonl = workspace.ok("generate run -n 20 --format jsonl").stdout;
    for line in jsonl.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["low"].is_number() && line["high"].is_number() && !line["end"].is_number(), "{line}");
    }

    let audit = "audit copy.csv --real stays.csv --holdout held.csv --require start<=end --require low<high";
    let found = workspace.ok(&format!("{audit} --json")).json();
    let rule = &found["rules"][0];
    assert_eq!((&rule["rule"], &rule["synthetic"]), (&"start<=end".into(), &1.0.into()), "{rule}");
    assert!(rule["real"].as_f64().unwrap() < 1.0 && rule["independent"].as_f64().unwrap() < 0.9, "{rule}");
    let said = workspace.ok(&format!("{audit} --report page.html")).stdout;
    for part in ["Keeps start<=end", "kept by every row with both cells", "missing cells", "β-recall"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let page = workspace.text("page.html");
    assert!(page.contains("Keeps start&lt;=end") && page.contains("Missing cells"));
    assert!(workspace.ok("inspect run").stdout.contains("end - start"));
}

#[test]
fn rules_that_cannot_be_kept_are_named() {
    let workspace = fitted();
    let fails = |code: i32, rest: &str, words: &[&str]| {
        let message =
            workspace.fails(code, &format!("fit train.csv --quiet --key id --epochs 1 --out other {rest}"));
        words.iter().for_each(|word| assert!(message.contains(word), "{word}: {message}"));
    };
    let preset = "--preset synthesize --require";
    fails(2, &format!("{preset} income<=pay"), &["--require", "COLUMN<=COLUMN", "joined"]);
    fails(3, &format!("{preset} plan<=income"), &["column 'plan'", "numbers or dates"]);
    fails(3, &format!("{preset} id<income"), &["column 'id'"]);
    fails(3, &format!("{preset} income<joined"), &["numbers in 'income' and dates in 'joined'"]);
    fails(2, &format!("{preset} income<price --require price<income"), &["without a circle"]);
    fails(2, &format!("{preset} price<=income --together plan,price"), &["--together", "'price'"]);
    fails(2, "--require income<price", &["--preset synthesize"]);
    let audit = "audit held.csv --real train.csv --holdout held.csv --require";
    let message = workspace.fails(3, &format!("{audit} plan<income"));
    assert!(message.contains("column 'plan'"), "{message}");
    workspace.fails(2, &format!("{audit} pay<income"));
    let message = workspace.fails(3, &format!("{audit} income<joined"));
    assert!(message.contains("numbers in 'income' and dates in 'joined'"), "{message}");
}
