//! Files: formats, several files, damaged rows, images, and what the command line says about them.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::{Workspace, case, cells, fitted, table};

/// The table of [`fitted`] as JSON lines.
fn json_lines() -> String {
    let (names, rows) = cells(&table(60, |_, row| row));
    let line = |row: &Vec<String>| {
        let members = names.iter().zip(row).map(|(name, cell)| match cell.parse::<f64>() {
            Ok(_) => format!("\"{name}\":{cell}"),
            Err(_) => format!("\"{name}\":\"{cell}\""),
        });
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    rows.iter().map(line).collect()
}

#[test]
fn a_run_is_replaced_on_request_only() {
    let workspace = fitted();
    workspace.write("run/notes.txt", "mine");
    let before = workspace.bytes("run/model.safetensors");
    workspace.fails(2, "fit good.csv --key id --epochs 3 -o run");
    assert_eq!(workspace.bytes("run/model.safetensors"), before);
    workspace.ok("fit good.csv --key id --epochs 3 -o run --force -q");
    assert_ne!(workspace.bytes("run/model.safetensors"), before);
    assert_eq!(
        (workspace.text("run/history.jsonl").lines().count(), workspace.text("run/notes.txt")),
        (3, "mine".into())
    );
}

#[test]
fn arguments_in_the_wrong_order_are_recognised() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(2, "score good.csv run"), @"error: 'run' is a run, and 'good.csv' is not; give the run first: run good.csv");
    assert_snapshot!(workspace.fails(2, "evaluate good.csv run/model.safetensors"), @"error: 'run/model.safetensors' is a run, and 'good.csv' is not; give the run first: run/model.safetensors good.csv");
    assert_snapshot!(workspace.fails(3, "encode run run"), @"error: run: expected data, found a run of diabolo; name the data; the run comes before it, as in diabolo score RUN INPUT");
    assert_snapshot!(workspace.fails(2, "fit run/model.safetensors"), @"error: run/model.safetensors: not supported: a model or weights (safetensors), not data; pass it as the RUN, before the INPUT");
}

#[test]
fn names_that_are_nearly_right_are_suggested() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(2, "fit digit"), @"error: input: expected a file or a built-in data set, found 'digit', which is neither; did you mean digits?");
    assert_snapshot!(workspace.fails(3, "fit good.csv --type colour=categorical"), @"error: good.csv: expected the column 'colour' (--type), found the columns 'id', 'x', 'n', 'color', 'flag'; did you mean --type color?");
}

#[test]
fn too_few_rows_are_refused() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(9, |_, row| row));
    assert_snapshot!(workspace.fails(3, "fit t.csv"), @"error: t.csv: expected 10 rows or more, found 9; a model cannot be fitted to so few: add rows");
}

#[test]
fn damaged_rows_are_skipped_by_every_command_if_asked() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(60, |i, row| if i == 17 || i == 30 { "r,1".into() } else { row }));
    let error = workspace.fails(3, "fit t.csv --key id --epochs 1 --skip-bad-rows 1");
    assert!(
        error.contains("row 30") && error.contains("damaged row 2, and --skip-bad-rows allows 1"),
        "{error}"
    );
    let ran = workspace.ok("fit t.csv --key id --epochs 1 --skip-bad-rows 2 -o run");
    let note = "skipped 2 damaged rows, the first: t.csv, row 17: expected 5 cells, found 2 (line 18)";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    let ran = workspace.ok("impute run t.csv -o out.csv");
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    assert_eq!(workspace.text("out.csv").lines().count(), 59);
    workspace.ok("evaluate run");
    // The rows would be lost.
    let before = workspace.bytes("t.csv");
    for command in ["impute run", "score run", "reconstruct run", "denoise run --add-noise gaussian:0.1"] {
        let error = workspace.fails(3, &format!("{command} t.csv -o ./t.csv"));
        assert!(error.contains("row 17") && error.contains("pass --skip-bad-rows N"), "{error}");
        assert_eq!(workspace.bytes("t.csv"), before);
    }
    workspace.ok("impute run t.csv -o t.csv --skip-bad-rows 2");
    assert_eq!(workspace.text("t.csv").lines().count(), 59);
}

#[test]
fn damaged_rows_of_all_parts_count_together() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("t")).unwrap();
    for part in ["a.csv", "b.csv"] {
        let damaged = table(30, |i, row| if i == 17 { "r,1".into() } else { row });
        workspace.write(&format!("t/{part}"), damaged);
    }
    let error = workspace.fails(3, "fit t --key id --epochs 1 --skip-bad-rows 1");
    assert!(error.contains("b.csv, row 17") && error.contains("damaged row 2"), "{error}");
    let ran = workspace.ok("inspect t --skip-bad-rows 2");
    let notes = ran.stderr.lines().filter(|line| line.contains("damaged row")).collect::<Vec<_>>();
    assert!(ran.stdout.contains("58 rows"), "{}", ran.stdout);
    assert!(
        notes.len() == 1
            && notes[0].contains("2 damaged rows, the first")
            && notes[0].contains("a.csv, row 17"),
        "{}",
        ran.stderr
    );
}

#[test]
fn json_lines_are_read_and_written() {
    let workspace = fitted();
    workspace.write("good.jsonl", json_lines());
    workspace.ok("fit good.jsonl --key id --epochs 2 -o other -q");
    let codes = |run: &str, rows: &str| workspace.ok(&format!("encode {run} {rows}")).stdout;
    assert_eq!(codes("run", "good.csv"), codes("run", "good.jsonl"));
    assert_eq!(codes("other", "good.jsonl"), codes("run", "good.csv"));
    workspace.write("gaps.jsonl", json_lines().replacen("\"x\":", "\"x\":null,\"deep\":", 1));
    workspace.ok("impute run gaps.jsonl -o filled.jsonl -q");
    let (gaps, filled) = (workspace.text("gaps.jsonl"), workspace.text("filled.jsonl"));
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    for (line, (before, after)) in gaps.lines().map(parse).zip(filled.lines().map(parse)).enumerate() {
        assert!(after["x"].is_number(), "{line}");
        for name in ["id", "n", "color", "flag"] {
            assert_eq!(before[name], after[name], "{line} {name}");
        }
    }
}

#[test]
fn files_of_a_table_are_one_input() {
    let workspace = Workspace::new();
    let text = table(60, |_, row| row);
    let (header, rows) = text.split_once('\n').unwrap();
    let rows = rows.lines().collect::<Vec<_>>();
    for (part, rows) in rows.chunks(20).enumerate() {
        std::fs::create_dir_all(workspace.path(&format!("t/part={part}"))).unwrap();
        workspace.write(&format!("t/part={part}/x.csv"), format!("{header}\n{}\n", rows.join("\n")));
    }
    workspace.write("t/_SUCCESS", "");
    let shown = workspace.ok("inspect t").stdout;
    assert!(shown.contains("60 rows") && shown.contains("part"), "{shown}");
    let shown = workspace.ok("inspect t/*/x.csv").stdout;
    assert!(shown.contains("60 rows"), "{shown}");
}

#[test]
fn images_are_read_as_the_model_was_fitted() {
    let workspace = Workspace::new();
    let mixed = case("train-pictures-mixed");
    let ran = workspace.ok(&format!("fit {mixed} --epochs 1 -o run"));
    assert!(ran.stderr.contains("12 of 13 images are grey and are read as RGB"), "{}", ran.stderr);
    workspace.ok(&format!("encode run {mixed}/00.png"));
    workspace.ok(&format!("fit {mixed} --gray --resize 4x6 --epochs 1 -o small -q"));
    let ran = workspace.ok(&format!("reconstruct small {mixed}/zz.png -o out/"));
    assert!(ran.stderr.contains("resized to 4 × 6 pixels"), "{}", ran.stderr);
    assert!(Path::new(&workspace.path("out/zz.png")).is_file());
    let error = workspace.fails(2, &format!("fit {mixed} --resize 0"));
    assert_eq!(error, "error: --resize: expected HxW such as 32x48, or N for NxN, found '0'");
}

#[test]
fn images_of_16_bits_come_back_in_16_bits() {
    let workspace = Workspace::new();
    workspace.ok(&format!("fit {} --epochs 1 -o run -q", case("train-pictures-16bit")));
    workspace.ok(&format!("reconstruct run {} -o out/ -q", case("train-pictures-16bit")));
    // The bit depth of a PNG.
    assert_eq!(workspace.bytes("out/00.png")[24], 16);
}
