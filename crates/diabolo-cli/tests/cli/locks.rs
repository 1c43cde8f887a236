//! One process writes to a folder at a time.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Ran, Workspace, fitted};

const LONG: &str = "fit digits --epochs 100000 --patience 0 --hidden 16 -q";

/// Starts a fit that writes to `run` and waits until it does.
fn writing(workspace: &Workspace, flags: &str) -> Child {
    let child = workspace.command(&format!("{LONG} {flags}")).spawn().unwrap();
    let start = Instant::now();
    while !workspace.path("run/history.jsonl").is_file() {
        assert!(start.elapsed() < Duration::from_secs(60), "it has not begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_second_process_is_refused() {
    let workspace = Workspace::new();
    let mut first = writing(&workspace, "-o run");
    let config = workspace.text("run/config.toml");
    for line in ["fit digits --seed 1 -o run", "fit --resume run"] {
        let refused = workspace.fails(1, line);
        let expected = "error: run: cannot write: another process is writing to it; wait until that ends, or choose another folder";
        assert_eq!(refused, expected, "{line}");
    }
    assert_eq!(workspace.text("run/config.toml"), config);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock has ended with the process.
    let refused = workspace.fails(2, "fit digits -o run");
    assert!(refused.contains("already contains a run"), "{refused}");
    workspace.ok("fit --resume run --epochs 100001 --print-config -q");
}

#[test]
fn what_writes_into_a_run_waits_for_nobody() {
    let workspace = fitted();
    std::fs::rename(workspace.path("run"), workspace.path("kept")).unwrap();
    let mut first = writing(&workspace, "-o run");
    std::fs::copy(workspace.path("kept/model.safetensors"), workspace.path("run/model.safetensors")).unwrap();
    for line in ["report run good.csv", "calibrate run good.csv"] {
        assert!(workspace.fails(1, line).contains("another process is writing to it"), "{line}");
    }
    workspace.ok("report run good.csv -o page.html -q");
    workspace.ok("evaluate run good.csv -q");
    first.kill().unwrap();
    first.wait().unwrap();
    workspace.ok("report run good.csv -q");
}

#[test]
fn fits_at_once_without_a_name_get_folders_of_their_own() {
    let workspace = Workspace::new();
    let start = |seed: usize| -> Command {
        workspace.command(&format!("fit digits --epochs 1 --hidden 16 --seed {seed} -q"))
    };
    let running: Vec<Child> = (0..4).map(|seed| start(seed).spawn().unwrap()).collect();
    for child in running {
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let mut seeds: Vec<String> = std::fs::read_dir(workspace.path("runs"))
        .unwrap()
        .map(|run| {
            let run = run.unwrap().path();
            let config = std::fs::read_to_string(run.join("config.toml")).unwrap();
            assert!(run.join("report.html").is_file());
            config.lines().find(|line| line.starts_with("seed")).unwrap().to_string()
        })
        .collect();
    seeds.sort();
    assert_eq!(seeds, ["seed = 0", "seed = 1", "seed = 2", "seed = 3"]);
}
