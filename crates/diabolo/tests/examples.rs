//! Every program of `examples/` runs, as it stands, and prints something.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo puts the examples that it builds for `cargo test`: beside the folder of this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("examples")
}

#[test]
fn every_example_runs() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let mut names: Vec<String> = sources
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let program = built().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(program.is_file(), "{name} is not built: run `cargo test`, or `cargo build --examples`");
        let ran = Command::new(program).current_dir(&folder).output().unwrap();
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{name}: {errors}");
        assert!(!ran.stdout.is_empty(), "{name} prints nothing: {errors}");
    }
}
