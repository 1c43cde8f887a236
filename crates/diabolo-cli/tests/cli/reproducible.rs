//! Same seed, same bytes: for any number of threads, and after any interruption.

use std::process::Child;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::support::{Ran, Workspace};

const CHECKPOINT: &str = "checkpoint/checkpoint.safetensors";
/// Long enough to be interrupted, with checkpoints within epochs.
const LONG: &str =
    "fit digits --epochs 60 --patience 0 --hidden 64 --set training.checkpoint_seconds=0.05 -q --model";

fn same_bytes(workspace: &Workspace, a: &str, b: &str) {
    let model = |run: &str| workspace.bytes(&format!("{run}/model.safetensors"));
    assert!(model(a) == model(b), "{a} and {b} differ");
}

/// Starts a fit and waits for its first checkpoint.
fn started(workspace: &Workspace, model: &str, run: &str) -> Child {
    let child = workspace.command(&format!("{LONG} {model} -o {run}")).spawn().unwrap();
    let checkpoint = workspace.path(run).join(CHECKPOINT);
    let start = Instant::now();
    while !checkpoint.is_file() {
        assert!(start.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn results_depend_on_the_seed_only() {
    let workspace = Workspace::new();
    let shapes = [
        "--model variational",
        "--model denoising",
        "--model vector_quantized",
        "--model contractive --hidden 64 --latent-dim 8 --tied false",
    ];
    for shape in shapes {
        for (flags, run) in [("--threads 1", "one"), ("--threads 2", "two"), ("--seed 1", "seed")] {
            workspace.ok(&format!("fit digits {shape} --epochs 2 -q {flags} -o {run}"));
        }
        same_bytes(&workspace, "one", "two");
        assert!(workspace.bytes("one/model.safetensors") != workspace.bytes("seed/model.safetensors"));
        for run in ["one", "two", "seed"] {
            std::fs::remove_dir_all(workspace.path(run)).unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn killed_or_interrupted_and_resumed() {
    for model in ["variational", "vector_quantized"] {
        stopped_and_resumed(model);
    }
}

#[cfg(unix)]
fn stopped_and_resumed(model: &str) {
    let workspace = Workspace::new();
    workspace.ok(&format!("{LONG} {model} -o whole"));

    let mut child = started(&workspace, model, "killed");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it ended before it was killed");
    assert!(!workspace.path("killed/model.safetensors").exists());
    workspace.ok("fit --resume killed -q");
    same_bytes(&workspace, "whole", "killed");

    let child = started(&workspace, model, "interrupted");
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(workspace.path("interrupted").join(CHECKPOINT).is_file());
    workspace.ok("fit --resume interrupted -q");
    same_bytes(&workspace, "whole", "interrupted");

    // A finished run does not change.
    workspace.ok("fit --resume interrupted -q");
    same_bytes(&workspace, "whole", "interrupted");
}

#[test]
fn resume_with_more_epochs() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model plain --epochs 2 -q -o run");
    let short = workspace.bytes("run/model.safetensors");
    let refused = workspace.run("fit --resume run --epochs 2 -q");
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("more than the run's 2"), "{}", refused.stderr);
    let shown = workspace.ok("fit --resume run --epochs 4 --print-config").stdout;
    assert!(shown.contains("epochs = 4") && shown.contains("plain"), "{shown}");
    assert!(workspace.text("run/config.toml").contains("epochs = 2"), "nothing was begun");
    workspace.ok("fit --resume run --epochs 4 -q");
    let epochs = |text: Vec<u8>| String::from_utf8(text).unwrap().lines().count();
    assert_eq!(epochs(workspace.bytes("run/history.jsonl")), 4);
    let long = workspace.bytes("run/model.safetensors");
    // Its configuration can be used for another run.
    let taken = workspace.ok("fit digits --config run/config.toml --print-config").stdout;
    assert!(taken.contains("epochs = 4") && !taken.contains("fingerprint"), "{taken}");
    assert!(long != short);
    // Without remaining work nothing changes.
    workspace.ok("fit --resume run -q");
    assert!(workspace.bytes("run/model.safetensors") == long);
    assert!(workspace.text("run/config.toml").contains("epochs = 4"));
}

#[cfg(unix)]
#[test]
fn extended_run_killed_at_once_is_resumed() {
    let workspace = Workspace::new();
    let impatient = "--schedule constant --learning-rate 0.05 --patience 3";
    workspace.ok(&format!("fit digits --model plain --epochs 1000 {impatient} -q -o run"));
    let epochs = |workspace: &Workspace| workspace.text("run/history.jsonl").lines().count();
    let stopped = epochs(&workspace);
    assert!(stopped < 1000, "out of patience");
    let mut child = workspace.command("fit --resume run --epochs 2000 -q").spawn().unwrap();
    let start = Instant::now();
    while !workspace.text("run/config.toml").contains("epochs = 2000") {
        assert!(start.elapsed() < Duration::from_secs(60), "not begun");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The checkpoint contains the epoch of the extension, from which patience counts.
    workspace.ok("fit --resume run -q");
    assert!(epochs(&workspace) >= stopped + 3, "{stopped}");
}

#[test]
fn patience_restarts_when_a_run_is_extended() {
    // The rate rises again, and the temporarily worse objective must not stop training: the last of
    // the 40 epochs are the best.
    let workspace = Workspace::new();
    workspace.ok("fit digits --model plain --epochs 40 --patience 2 --learning-rate 0.02 -q -o run");
    workspace.ok("fit --resume run --epochs 60 -q");
    let history = String::from_utf8(workspace.bytes("run/history.jsonl")).unwrap();
    assert!(history.lines().count() >= 42, "{}", history.lines().count());
}

#[test]
fn time_limit() {
    let workspace = Workspace::new();
    let start = Instant::now();
    workspace.ok("fit digits --epochs 1000000 --patience 0 --max-time 1s -q -o run");
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(workspace.ok("inspect run").stdout.contains("time_limit"));
}

#[test]
fn divergence() {
    let workspace = Workspace::new();
    let ran = workspace.run("fit digits --model plain --epochs 3 --learning-rate 1e30 -q -o run");
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_snapshot!(ran.stderr.trim_end(), @"error: the loss diverged: reconstruction is NaN at epoch 1, step 2; the last good weights were kept; try a smaller --learning-rate or --set training.gradient_clip=1.0");
    let metrics = workspace.ok("evaluate run --json").json();
    assert!(metrics["reconstruction"].as_f64().unwrap().is_finite(), "the weights kept are good ones");
}
