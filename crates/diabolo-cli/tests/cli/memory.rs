//! Data that take more memory than `--max-memory`.

use std::fmt::Write;

use super::support::{Ran, Workspace};

/// Numbers, categories and missing cells of both.
fn with_table() -> Workspace {
    let mut table = String::from("id,size,price,plan\n");
    for row in 0..3000 {
        let size = if row % 13 == 0 { String::new() } else { format!("{}", row * 7 % 100) };
        let plan = ["basic", "pro", ""][row * row % 11 % 3];
        writeln!(table, "k{row},{size},{}.5,{plan}", row % 37).unwrap();
    }
    let workspace = Workspace::new();
    workspace.write("table.csv", table);
    workspace
}

const FIT: &str = "fit table.csv --key id --epochs 2 --quiet";

#[test]
fn the_model_of_data_in_files_has_the_same_bits_and_no_file_is_left() {
    let workspace = with_table();
    workspace.ok(&format!("{FIT} --out memory"));
    std::fs::create_dir(workspace.path("temporary")).unwrap();
    let mut command = workspace.command(&format!("{FIT} --out files --max-memory 20KB"));
    let ran = Ran::of(command.env("TMPDIR", workspace.path("temporary")).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let model = |run: &str| workspace.bytes(&format!("{run}/model.safetensors"));
    assert!(model("memory") == model("files"), "the same bytes");
    assert_eq!(std::fs::read_dir(workspace.path("temporary")).unwrap().count(), 0);
}

#[test]
fn a_folder_of_temporary_files_that_is_not_there_is_named() {
    let workspace = with_table();
    let mut command = workspace.command(&format!("{FIT} --out run --max-memory 20KB"));
    let ran = Ran::of(command.env("TMPDIR", workspace.path("nowhere")).output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("nowhere") && ran.stderr.contains("TMPDIR"), "{}", ran.stderr);
    // Data that fit into memory need none.
    let mut command = workspace.command(&format!("{FIT} --out run"));
    let ran = Ran::of(command.env("TMPDIR", workspace.path("nowhere")).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn a_size_that_is_none_is_named() {
    let message = with_table().fails(2, &format!("{FIT} --max-memory lots"));
    assert!(message.contains("--max-memory") && message.contains("500MB"), "{message}");
}
