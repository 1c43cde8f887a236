//! File permissions follow the umask.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Ran, Workspace, fitted};

/// Runs the command under this umask.
fn under(umask: &str, workspace: &Workspace, line: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_diabolo")]);
    command.args(line.split_whitespace()).current_dir(workspace.path("."));
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{line}\n{}", ran.stderr);
}

#[test]
fn files_are_as_open_as_the_umask_allows() {
    let workspace = fitted();
    let mode = |name: &str| workspace.path(name).metadata().unwrap().permissions().mode() & 0o777;
    for (umask, expected) in [("077", 0o600), ("027", 0o640), ("022", 0o644)] {
        under(umask, &workspace, &format!("fit good.csv --epochs 1 -o run{umask} -q"));
        under(umask, &workspace, &format!("score run{umask} good.csv -o scored{umask}.csv -q"));
        let run = ["model.safetensors", "metrics.json", "report.html", "config.toml", "history.jsonl"];
        let files = run.map(|name| format!("run{umask}/{name}"));
        for name in files.iter().chain([&format!("scored{umask}.csv")]) {
            assert_eq!(format!("{:o}", mode(name)), format!("{expected:o}"), "{name}");
        }
    }
}
