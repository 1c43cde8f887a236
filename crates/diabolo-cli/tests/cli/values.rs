//! What new values look like: decimals, ranges, constants, categories. Expected values are what
//! pandas reads from the same files.

use crate::support::{Workspace, cells};

fn column(text: &str, name: &str) -> Vec<String> {
    let (names, rows) = cells(text);
    let at = names.iter().position(|column| column == name).unwrap();
    rows.into_iter().map(|row| row[at].clone()).collect()
}

fn numbers(text: &str, name: &str) -> Vec<f64> {
    column(text, name).iter().map(|cell| cell.parse().unwrap()).collect()
}

#[test]
fn a_constant_is_filled_in_and_generated_as_it_is() {
    let workspace = Workspace::with_cases(&["case-13-constant.csv"]);
    workspace.ok("fit case-13-constant.csv --epochs 20 -q -o run");
    workspace.ok("impute run case-13-constant.csv -o filled.csv");
    workspace.ok("generate run -n 50 -o new.csv");
    for name in ["filled.csv", "new.csv"] {
        assert!(numbers(&workspace.text(name), "leak").iter().all(|&x| x == 1e-6), "{name}");
    }
    // A departure is an anomaly, whose reason is the column and the constant.
    let text = workspace.text("case-13-constant.csv");
    workspace.write("new.csv", text.replacen("0.64,1.454,1e-06", "0.64,1.454,3e-06", 1));
    workspace.ok("score run new.csv -o scored.csv --top 1 --reasons 1");
    let scored = workspace.text("scored.csv");
    let flagged = column(&scored, "anomaly").iter().position(|flag| flag == "true");
    assert_eq!(flagged, Some(2), "{scored}");
    assert!(scored.contains("leak: 3e-6, expected 1e-6"), "{scored}");
}

#[test]
fn a_column_that_no_training_row_has_stays_empty() {
    let workspace = Workspace::with_cases(&["case-15-never-observed.csv"]);
    workspace.ok("fit case-15-never-observed.csv --key id --epochs 2 -q -o run");
    let note = "column 'temp' is missing in every training row";
    let imputed = workspace.ok("impute run case-15-never-observed.csv -o filled.csv");
    assert!(
        imputed.stderr.contains(note) && imputed.stderr.contains("imputed 0 missing"),
        "{}",
        imputed.stderr
    );
    assert_eq!(workspace.text("filled.csv"), workspace.text("case-15-never-observed.csv"));
    let generated = workspace.ok("generate run -n 5 -o new.csv");
    assert!(generated.stderr.contains(note), "{}", generated.stderr);
    assert_eq!(column(&workspace.text("new.csv"), "temp"), [""; 5]);
}

#[test]
fn one_column_is_counted_as_one() {
    let workspace = Workspace::with_cases(&["case-28-one-column.csv"]);
    let shown = workspace.ok("inspect case-28-one-column.csv").stdout;
    assert!(shown.contains(" rows, 1 column ("), "{shown}");
}

#[test]
fn truth_values_are_the_same_in_text_and_in_parquet() {
    let [text, stored] = ["case-11-bool.csv", "case-11-bool.parquet"];
    let workspace = Workspace::with_cases(&[text, stored]);
    for (train, run) in [(text, "a"), (stored, "b")] {
        workspace.ok(&format!("fit {train} --epochs 2 -q -o {run}"));
        workspace.ok(&format!("score {run} {text} -o {run}1.csv"));
        workspace.ok(&format!("score {run} {stored} -o {run}2.csv"));
        let scores = |k| numbers(&workspace.text(&format!("{run}{k}.csv")), "score");
        assert_eq!(scores(1), scores(2), "{train}");
    }
}

#[test]
fn new_numbers_have_the_decimals_and_the_range_of_their_column() {
    let workspace = Workspace::new();
    let row = |i: usize| {
        let price = ((i * 37) % 101) as f64 / 4.0 + 0.99;
        format!("{price:.2},{:.1},{}\n", (i * 7 % 23) as f64 / 10.0 - 1.0, i * 13 % 17 + 18)
    };
    let rows: String = (0..200).map(row).collect();
    workspace.write("t.csv", format!("price,x,age\n{rows}"));
    workspace.write("gaps.csv", format!("price,x,age\n,0.1,20\n1.24,,\n{rows}"));
    workspace.ok("fit t.csv --epochs 3 -q -o run");
    let decimals = |cell: &String| cell.split_once('.').map_or(0, |(_, digits)| digits.len());
    let check = |file: &str| {
        let text = workspace.text(file);
        for (name, places, low, high) in
            [("price", 2, 0.99, 25.99), ("x", 1, -1.0, 1.2), ("age", 0, 18.0, 34.0)]
        {
            assert!(column(&text, name).iter().all(|cell| decimals(cell) == places), "{file} {name}");
            assert!(numbers(&text, name).iter().all(|x| (low..=high).contains(x)), "{file} {name}");
        }
    };
    workspace.ok("generate run -n 500 -o new.csv");
    check("new.csv");
    workspace.ok("impute run gaps.csv -o filled.csv");
    check("filled.csv");
    workspace.ok("generate run -n 500 -o far.csv --beyond-range");
    let far = numbers(&workspace.text("far.csv"), "price");
    assert!(far.iter().any(|x| !(0.99..=25.99).contains(x)), "{far:?}");
}

#[test]
fn rare_categories_are_pooled_and_drawn_as_themselves() {
    let workspace = Workspace::new();
    // 30 cities with 40 rows each, and 300 with one row.
    let city = |i: usize| if i < 1200 { format!("big{}", i % 30) } else { format!("small{i}") };
    let rows: String =
        (0..1500).map(|i| format!("{},{:.3}\n", city(i), (i * 37 % 101) as f64 / 50.0)).collect();
    workspace.write("t.csv", format!("city,x\n{rows}"));
    let fit = workspace.ok("fit t.csv --epochs 2 -o run --validation 0 --test 0");
    let note = "column 'city': 300 of its 330 levels have fewer than 5 training rows and are learned as one";
    assert!(fit.stderr.contains(note) && fit.stderr.contains("20.0 % of the rows"), "{}", fit.stderr);
    workspace.ok("generate run -n 2000 -o new.csv");
    let cities = column(&workspace.text("new.csv"), "city");
    let small: std::collections::BTreeSet<&String> =
        cities.iter().filter(|city| city.starts_with("small")).collect();
    assert!(small.len() > 50, "{}", small.len());
    assert!(cities.iter().all(|city| rows.contains(&format!("{city},"))));
    workspace.write("new.csv", "city,x\nbig1,0.5\nsmall1300,0.5\nnowhere,0.5\n");
    let message = workspace.fails(3, "encode run new.csv --unknown error -o codes.csv");
    assert!(message.contains("row 3, column 'city'") && message.contains("'nowhere'"), "{message}");
    workspace.ok("encode run new.csv -o codes.csv");
}
