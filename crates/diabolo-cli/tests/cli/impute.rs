//! Imputation.

use crate::support::{Workspace, cells, table};

/// Every ninth x, every seventh color and every fifth flag is missing.
fn gappy(rows: usize) -> String {
    table(rows, |i, row| {
        let mut cells: Vec<&str> = row.split(',').collect();
        for (every, column) in [(9, 1), (7, 3), (5, 4)] {
            if i % every == 0 {
                cells[column] = "";
            }
        }
        cells.join(",")
    })
}

fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("t.csv", gappy(200));
    workspace.ok("fit t.csv --key id --bound importance:5 --epochs 5 -q -o run");
    workspace
}

#[test]
fn only_missing_cells_change() {
    let workspace = fitted();
    let output = workspace.ok("impute run t.csv -o done.csv --mask mask.csv --std-errors errors.csv").stderr;
    assert!(output.contains("imputed 90 missing cells in 200 rows"), "{output}");
    let (names, given) = cells(&workspace.text("t.csv"));
    let (done_names, done) = cells(&workspace.text("done.csv"));
    let (_, mask) = cells(&workspace.text("mask.csv"));
    let (_, errors) = cells(&workspace.text("errors.csv"));
    assert_eq!((done_names, done.len()), (names, given.len()));
    for (((given, done), mask), errors) in given.iter().zip(&done).zip(&mask).zip(&errors) {
        assert_eq!((&mask[0], &errors[0]), (&given[0], &given[0]), "the key comes along");
        for column in 1..5 {
            let gap = given[column].is_empty();
            assert_eq!(mask[column], gap.to_string());
            match gap {
                false => assert_eq!((&done[column], errors[column].as_str()), (&given[column], "")),
                true => assert!(errors[column].parse::<f64>().unwrap() > 0.0, "{errors:?}"),
            }
        }
        assert!(done[1].parse::<f64>().unwrap().abs() < 10.0, "{done:?}");
        assert!(["red", "green", "blue"].contains(&done[3].as_str()), "{done:?}");
        assert!(["0", "1"].contains(&done[4].as_str()), "{done:?}");
    }
    let report = workspace.text("run/report.html");
    assert!(report.contains("Imputation of missing cells"), "the report shows how well it works");
}

#[test]
fn multiple_imputation_changes_missing_cells_only() {
    let workspace = fitted();
    workspace.ok("impute run t.csv -o done.csv --multiple 3");
    workspace.ok("impute run t.csv -o again.csv --multiple 3 --threads 1");
    let tables: Vec<_> = (1..=3).map(|k| cells(&workspace.text(&format!("done-{k}.csv"))).1).collect();
    assert_eq!(
        workspace.text("done-2.csv"),
        workspace.text("again-2.csv"),
        "the seed decides, threads do not"
    );
    let (_, given) = cells(&workspace.text("t.csv"));
    let differ = |row: usize, column: usize| tables[0][row][column] != tables[1][row][column];
    let gaps = (0..200).flat_map(|row| (0..5).map(move |column| (row, column)));
    let gaps: Vec<_> = gaps.filter(|&(row, column)| differ(row, column)).collect();
    assert!(gaps.iter().all(|&(row, column)| given[row][column].is_empty()));
    assert!(gaps.len() > 22, "numbers at least: {}", gaps.len());
    workspace.fails(2, "impute run t.csv --multiple 3");
}

#[test]
fn column_order_does_not_matter_and_other_columns_are_copied() {
    let workspace = fitted();
    let turned: String = gappy(200)
        .lines()
        .map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells.reverse();
            format!("{},{}\n", cells.join(","), if line.starts_with("id") { "note" } else { "" })
        })
        .collect();
    workspace.write("turned.csv", turned);
    let (_, straight) = cells(&workspace.ok("impute run t.csv").stdout);
    let (names, turned) = cells(&workspace.ok("impute run turned.csv").stdout);
    assert_eq!(names, ["flag", "color", "n", "x", "id", "note"]);
    for (mut a, b) in straight.into_iter().zip(turned) {
        a.reverse();
        assert_eq!((&a[..], b[5].as_str()), (&b[..5], ""), "what the model does not know is left as it is");
    }
}

#[test]
fn types_survive_parquet() {
    let workspace = fitted();
    workspace.ok("impute run t.csv -o typed.parquet");
    let shown = workspace.ok("inspect typed.parquet --json").json();
    let n = shown["columns"].as_array().unwrap().iter().find(|column| column["name"] == "n").unwrap();
    assert_eq!(n["storage"], "integer", "{shown}");
    workspace.ok("impute run typed.parquet -o same.csv");
    let (_, first) = cells(&workspace.ok("impute run t.csv").stdout);
    let (_, second) = cells(&workspace.text("same.csv"));
    assert_eq!(first.len(), second.len());
    for (a, b) in first.iter().zip(&second) {
        assert_eq!((&a[0], &a[2..]), (&b[0], &b[2..]));
        assert_eq!(a[1].parse::<f64>().unwrap(), b[1].parse::<f64>().unwrap());
    }
}

#[test]
fn output_files_must_be_distinct() {
    let workspace = fitted();
    for flags in [
        "-o done.csv --mask done.csv",
        "-o done.csv --mask m.csv --std-errors m.csv",
        "-o done.csv --std-errors t.csv",
    ] {
        let message = workspace.fails(2, &format!("impute run t.csv {flags}"));
        assert!(message.contains("expected a separate file"), "{message}");
    }
    assert_eq!(workspace.text("t.csv"), gappy(200));
}

#[test]
fn empty_rows_and_unknown_categories() {
    let workspace = fitted();
    // A column without missing cells in training, an empty row, a single row.
    workspace.write("odd.csv", "id,x,n,color,flag\na,1.5,,red,1\nb,,,,\n");
    let (_, odd) = cells(&workspace.ok("impute run odd.csv").stdout);
    assert_eq!((odd[0][0].as_str(), odd[1][0].as_str()), ("a", "b"));
    assert!(odd.iter().all(|row| row[2].parse::<u64>().is_ok()), "{odd:?}");
    assert!(odd[1].iter().all(|cell| !cell.is_empty()), "{odd:?}");
    workspace.write("one.csv", "id,x,n,color,flag\na,1.5,,red,1\n");
    assert_eq!(cells(&workspace.ok("impute run one.csv").stdout).1, odd[..1]);
    // A category that was not in the training data is an error, or copied.
    workspace.write("new.csv", "id,x,n,color,flag\na,,3,violet,1\n");
    insta::assert_snapshot!(workspace.fails(3, "impute run new.csv --unknown error"), @"error: new.csv, row 1, column 'color': expected one of 'blue', 'green', 'red', found 'violet'; it was not in the training data: treat it as missing with --unknown missing");
    let kept = workspace.ok("impute run new.csv");
    let note = "note: 1 cell has a category that was not in the training data; it is treated as missing: column 'color'";
    assert!(kept.stderr.contains(note), "{}", kept.stderr);
    for verb in ["score", "encode", "reconstruct"] {
        let output = workspace.ok(&format!("{verb} run new.csv -o {verb}.csv")).stderr;
        assert!(output.contains(note), "{verb}: {output}");
        assert!(!workspace.ok(&format!("{verb} run t.csv -o {verb}.csv")).stderr.contains(note));
    }
    let (_, new) = cells(&kept.stdout);
    assert!(new[0][3] == "violet" && new[0][1].parse::<f64>().is_ok(), "{new:?}");
    workspace.write("none.csv", "id,x,n,color,flag\n");
    insta::assert_snapshot!(workspace.fails(3, "impute run none.csv"), @"error: none.csv: expected at least one row, found none; check that the file is the right one");
    workspace.write("few.csv", "id,x,color,flag\na,,red,1\n");
    insta::assert_snapshot!(workspace.fails(3, "impute run few.csv"), @"error: few.csv: expected the columns 'x', 'n', 'color', 'flag', found 'id', 'x', 'color', 'flag' without 'n'; give rows with the columns the model was fitted on, in any order");
}

#[test]
fn model_without_a_posterior_imputes_but_does_not_draw() {
    let workspace = Workspace::new();
    workspace.write("t.csv", gappy(200));
    workspace.ok("fit t.csv --key id --model plain --epochs 3 -q -o run");
    let (_, done) = cells(&workspace.ok("impute run t.csv").stdout);
    assert!(done.iter().flatten().all(|cell| !cell.is_empty()));
    insta::assert_snapshot!(workspace.fails(2, "impute run t.csv -o d.csv --multiple 2"), @"error: a plain model has no posterior, which draws and standard errors need; omit --multiple and --std-errors, or fit with --model variational --bound importance:20");
}

/// An NPY file of pictures of 8 × 8 numbers.
fn npy(pixels: &[f32]) -> Vec<u8> {
    let shape = pixels.len() / 64;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}, 8, 8), }}");
    let header = format!("{header:117}\n");
    let start =
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    start.into_iter().chain(pixels.iter().flat_map(|pixel| pixel.to_le_bytes())).collect()
}

#[test]
fn missing_pixels_are_imputed() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 2 -q -o run");
    // The lower half of the second image and all of the third are missing.
    let pixels: Vec<f32> = (0..192)
        .map(|i| if (96..128).contains(&i) || i >= 128 { f32::NAN } else { (i % 7) as f32 / 7.0 })
        .collect();
    workspace.write("holes.npy", npy(&pixels));
    let output = workspace.ok("impute run holes.npy -o done.npy --mask mask.npy").stderr;
    assert!(output.contains("imputed 96 missing pixels in 3 rows"), "{output}");
    let done = workspace.bytes("done.npy");
    let numbers = done[done.len() - 4 * 192..].chunks_exact(4);
    let done: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    for (given, done) in pixels.iter().zip(&done) {
        assert!(if given.is_nan() { (0.0..=1.0).contains(done) } else { given == done }, "{given} {done}");
    }
    let mask = workspace.bytes("mask.npy");
    let white: Vec<bool> = mask[mask.len() - 192..].iter().map(|&byte| byte == 255).collect();
    assert_eq!(white, pixels.iter().map(|pixel| pixel.is_nan()).collect::<Vec<_>>());
}
