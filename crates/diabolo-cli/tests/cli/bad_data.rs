//! Invalid data: each error states the cause and a fix.

use insta::assert_snapshot;

use crate::support::{Workspace, fitted, table, table_with};

/// `fit` on a file with these contents.
fn fit(code: i32, name: &str, contents: impl AsRef<[u8]>) -> String {
    let workspace = Workspace::new();
    workspace.write(name, contents);
    workspace.fails(code, &format!("fit {name} --epochs 1"))
}

/// `encode` with a model of good rows.
fn encode(contents: impl AsRef<[u8]>) -> String {
    let workspace = fitted();
    workspace.write("rows.csv", contents);
    workspace.fails(3, "encode run rows.csv -o codes.csv")
}

#[test]
fn missing_file() {
    assert_snapshot!(Workspace::new().fails(1, "fit missing.csv"), @"error: missing.csv: cannot open: there is no such file or folder; check the path");
}

#[test]
fn empty_file() {
    assert_snapshot!(fit(3, "empty.csv", ""), @"error: empty.csv: expected at least one row, found an empty file; check that it was written completely");
}

#[test]
fn only_a_header() {
    assert_snapshot!(fit(3, "t.csv", "a,b\n"), @"error: t.csv: expected at least one row, found none; check that the file is the right one");
}

#[test]
fn ragged_csv() {
    assert_snapshot!(fit(3, "t.csv", table_with(17, "r17,0.1,2")), @"error: t.csv, row 17: expected 5 cells, found 3 (line 18); fix the row (an unclosed quote is a possible cause), or pass --delimiter, or pass --skip-bad-rows N to go on without up to N such rows");
}

#[test]
fn text_in_a_numeric_column() {
    assert_snapshot!(fit(3, "t.csv", table_with(42, "r42,abc,2,red,1")), @"error: t.csv, row 42, column 'x': expected a number, found 'abc'; fix the cell, treat it as missing with --missing abc, or fit with --type x=categorical to keep the column as text");
}

#[test]
fn all_missing_column() {
    let contents = table(60, |_, row| row + ",").replacen("flag\n", "flag,gone\n", 1);
    let workspace = Workspace::new();
    workspace.write("t.csv", contents);
    let said = workspace.ok("fit t.csv --epochs 1 -o run").stderr;
    assert!(said.contains("note: column 'gone' is empty, and is excluded"), "{said}");
}

#[test]
fn infinite_value() {
    assert_snapshot!(fit(3, "t.csv", table_with(10, "r10,inf,2,red,1")), @"error: t.csv, row 10, column 'x': expected a finite number, found inf; fix the cell, or leave it empty to mark it as missing");
}

#[test]
fn binary_data_named_csv() {
    assert_snapshot!(fit(3, "t.csv", b"a,b\n\0\x01\x02,3\n"), @"error: t.csv: expected text or a known binary format, found binary data; give the file the extension of its format, or name the encoding with --encoding");
}

#[test]
fn a_column_name_twice() {
    assert_snapshot!(fit(3, "t.csv", "x,x\n1,2\n3,4\n5,7\n"), @"error: t.csv, column 'x': expected unique column names, found the same name twice; rename one, or pass --no-header if the first row is data");
}

#[test]
fn a_constant_column_is_only_noted() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(60, |_, row| row + ",7").replacen("flag\n", "flag,c\n", 1));
    let ran = workspace.ok("fit t.csv --key id --epochs 1 -o run");
    assert_snapshot!(ran.stderr.lines().next().unwrap(), @"note: column 'c' is 7 in every row and carries no information; --drop c removes it");
}

#[test]
fn an_empty_folder() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("empty")).unwrap();
    assert_snapshot!(workspace.fails(3, "fit empty"), @"error: empty: expected PNG or JPEG images, or the files of one table, found a folder without any; name a folder of images, the folder of a table, or one data file");
}

#[test]
fn unknown_category() {
    let workspace = fitted();
    workspace.write("rows.csv", table_with(10, "r10,0.1,2,purple,1"));
    assert_snapshot!(workspace.fails(3, "encode run rows.csv --unknown error -o codes.csv"), @"error: rows.csv, row 10, column 'color': expected one of 'blue', 'green', 'red', found 'purple'; it was not in the training data: treat it as missing with --unknown missing");
}

#[test]
fn unknown_category_may_count_as_missing() {
    let workspace = fitted();
    workspace.write("rows.csv", table_with(10, "r10,0.1,2,purple,1"));
    workspace.ok("encode run rows.csv -o codes.csv");
    assert_eq!(workspace.text("codes.csv").lines().count(), 61);
}

#[test]
fn wrong_columns() {
    assert_snapshot!(encode("id,x,n,color\nr1,0.5,3,red\n"), @"error: rows.csv: expected the columns 'x', 'n', 'color', 'flag', found 'id', 'x', 'n', 'color' without 'flag'; give rows with the columns the model was fitted on, in any order");
}

#[test]
fn text_and_infinity_at_use_time() {
    assert_snapshot!(encode(table_with(10, "r10,abc,2,red,1")), @"error: rows.csv, row 10, column 'x': expected a number, found 'abc'; fix the cell, treat it as missing with --missing abc, or fit with --type x=categorical to keep the column as text");
    assert_snapshot!(encode(table_with(10, "r10,-inf,2,red,1")), @"error: rows.csv, row 10, column 'x': expected a finite number, found -inf; fix the cell, or leave it empty to mark it as missing");
}

#[test]
fn no_rows_at_use_time() {
    assert_snapshot!(encode("id,x,n,color,flag\n"), @"error: rows.csv: expected at least one row, found none; check that the file is the right one");
}

#[test]
fn a_failure_late_in_the_stream_leaves_no_output() {
    let workspace = fitted();
    workspace
        .write("rows.csv", table(30_000, |i, row| if i == 29_999 { "r,abc,2,red,1".into() } else { row }));
    assert_snapshot!(workspace.fails(3, "reconstruct run rows.csv -o made.csv"), @"error: rows.csv, row 29999, column 'x': expected a number, found 'abc'; fix the cell, treat it as missing with --missing abc, or fit with --type x=categorical to keep the column as text");
}

#[test]
fn codes_of_another_model() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(3, "decode run good.csv"), @"error: good.csv, column 'latent_1': expected codes as columns latent_1 to latent_8, found no such column; pass the output of `diabolo encode` with this model");
}

#[test]
fn wrong_image_size() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 1 --hidden 16 -o run -q");
    std::fs::create_dir(workspace.path("small")).unwrap();
    workspace.ok("generate run -n 2 -o small/ -q");
    workspace.ok("encode run small -q");
    let sheet = "generate run -n 4 -o sheet/sheet.png -q";
    std::fs::create_dir(workspace.path("sheet")).unwrap();
    workspace.ok(sheet);
    assert_snapshot!(workspace.fails(3, "encode run sheet -o codes.csv"), @"error: sheet, column 'image': expected images of 8x8x1 (height x width x channels), found images of 130x130x1 (height x width x channels); give rows with the same columns as the training data");
    assert_snapshot!(workspace.fails(3, "evaluate run sheet"), @"error: sheet, column 'image': expected images of 8x8x1 (height x width x channels), found images of 130x130x1 (height x width x channels); give rows with the same columns as the training data");
}
