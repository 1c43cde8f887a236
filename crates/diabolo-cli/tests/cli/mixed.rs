//! A small mixed table with a key, categories and missing cells.

use crate::support::{Workspace, cells, table};

/// Every ninth x and every seventh color is missing, with two texts for missing cells.
fn gappy() -> String {
    table(200, |i, row| {
        let mut cells: Vec<&str> = row.split(',').collect();
        if i % 9 == 0 {
            cells[1] = "";
        }
        if i % 7 == 0 {
            cells[3] = "NA";
        }
        cells.join(",")
    })
}

#[test]
fn reconstruction_keeps_columns_types_and_order() {
    let workspace = Workspace::new();
    workspace.write("t.csv", gappy());
    workspace.ok("fit t.csv --key id --type n=count --epochs 5 -q -o run");
    let schema = workspace.ok("inspect run").stdout;
    for line in ["x       numeric", "n       count", "color   categorical", "flag    binary", "id      key"] {
        assert!(schema.contains(line), "{line}\n{schema}");
    }
    workspace.ok("encode run t.csv -o codes.csv");
    workspace.ok("decode run codes.csv -o decoded.csv");
    workspace.ok("reconstruct run t.csv -o made.csv");
    let (names, given) = cells(&workspace.text("t.csv"));
    let (made_names, made) = cells(&workspace.text("made.csv"));
    assert_eq!(made_names, names);
    for (before, after) in given.iter().zip(&made) {
        assert_eq!(before[0], after[0], "row order and key");
        assert!(after[1].parse::<f64>().unwrap().is_finite(), "a missing cell is filled in: {after:?}");
        assert!((0..=10).contains(&after[2].parse::<i64>().unwrap()), "{after:?}");
        assert!(["red", "green", "blue"].contains(&after[3].as_str()), "{after:?}");
        assert!(["0", "1"].contains(&after[4].as_str()), "{after:?}");
    }
    let (_, decoded) = cells(&workspace.text("decoded.csv"));
    assert_eq!(decoded.len(), given.len());
    let keys = |rows: &[Vec<String>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&decoded), keys(&given));
}

#[test]
fn columns_in_another_order_and_through_a_pipe_and_parquet() {
    let workspace = Workspace::new();
    workspace.write("t.csv", gappy());
    workspace.ok("fit t.csv --key id --epochs 2 -q -o run");
    let codes = workspace.ok("encode run t.csv").stdout;
    let turned: String = gappy()
        .lines()
        .map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells.reverse();
            cells.join(",") + "\n"
        })
        .collect();
    workspace.write("turned.csv", &turned);
    assert_eq!(workspace.ok("encode run turned.csv").stdout, codes);
    let piped = workspace
        .command("encode run -")
        .stdin(std::fs::File::open(workspace.path("t.csv")).unwrap())
        .output();
    assert_eq!(String::from_utf8(piped.unwrap().stdout).unwrap(), codes);
    workspace.ok("reconstruct run t.csv -o made.parquet");
    assert!(workspace.ok("encode run made.parquet").stdout.starts_with("id,latent_1"));
}

#[test]
fn without_held_out_rows() {
    let workspace = Workspace::new();
    workspace.write("t.csv", gappy());
    let ran = workspace.ok("fit t.csv --key id --validation 0 --test 0 --epochs 2 -o run");
    assert_eq!(ran.stdout, "", "there is nothing to measure on");
    assert!(!ran.stderr.contains("report.html"), "{}", ran.stderr);
    insta::assert_snapshot!(workspace.fails(3, "evaluate run"), @"error: t.csv: expected rows that were held out of the fit, found none of this input; give other rows, or measure all with `diabolo evaluate --all-rows`");
    // The advice of a command without that flag names the one that has it.
    let error = workspace.fails(3, "report run -o page.html");
    assert!(error.contains("measure all with `diabolo evaluate --all-rows`"), "{error}");
    assert_eq!(workspace.ok("evaluate run --all-rows --json").json()["examples"], 200);
}

#[test]
fn counts_and_ordinals_round_trip() {
    let workspace = Workspace::new();
    let row = |i: usize| format!("{},{},{}\n", [0, 0, 3, 1, 40][i % 5], ["S", "M", "L"][i % 3], 20 + i % 50);
    let rows: String = (0..200).map(row).collect();
    workspace.write("t.csv", format!("events,size,age\n{rows}"));
    workspace.ok("fit t.csv --type size=ordinal:S,M,L --type events=count --epochs 3 -q -o run");
    let schema = workspace.ok("inspect run").stdout;
    assert!(schema.contains("size    ordinal  text     3: S < M < L"), "{schema}");
    let made = workspace.ok("reconstruct run t.csv").stdout;
    let (names, made) = cells(&made);
    assert_eq!(names, ["events", "size", "age"]);
    for row in &made {
        assert!(row[0].parse::<u64>().is_ok() && ["S", "M", "L"].contains(&row[1].as_str()), "{row:?}");
    }
    workspace.write("bad.csv", "events,size,age\n1,S,30\n-2,M,31\n");
    insta::assert_snapshot!(workspace.fails(3, "encode run bad.csv"), @"error: bad.csv, row 2, column 'events': expected a whole number, zero or more, found -2; fix the cell, or leave it empty to mark it as missing; or fit with --counts as_numeric");
    insta::assert_snapshot!(workspace.fails(2, "fit t.csv --counts sqrt"), @"error: data.counts: expected a known key and a valid value, found unknown variant `sqrt`, expected one of `auto`, `log1p`, `as_numeric`");
    workspace.fails(2, "fit t.csv --type size=ordinal:S");
    // The order is kept in the run's configuration.
    assert!(workspace.text("run/config.toml").contains("ordinal:S,M,L"));
}
