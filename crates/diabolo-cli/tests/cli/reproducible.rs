//! Same seed, same bytes: for any number of threads, and after any interruption.

use std::process::Child;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::support::{Desk, Ran};

const CHECKPOINT: &str = "checkpoint/checkpoint.safetensors";
/// Long enough to be interrupted, with checkpoints within epochs.
const LONG: &str =
    "fit digits --epochs 60 --patience 0 --hidden 64 --set training.checkpoint_seconds=0.05 -q --model";

fn same_bytes(desk: &Desk, a: &str, b: &str) {
    let model = |run: &str| desk.bytes(&format!("{run}/model.safetensors"));
    assert!(model(a) == model(b), "{a} and {b} differ");
}

/// Starts a fit and waits for its first checkpoint.
fn started(desk: &Desk, model: &str, run: &str) -> Child {
    let child = desk.command(&format!("{LONG} {model} -o {run}")).spawn().unwrap();
    let checkpoint = desk.path(run).join(CHECKPOINT);
    let start = Instant::now();
    while !checkpoint.is_file() {
        assert!(start.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn threads_and_runs_do_not_matter_but_seeds_do() {
    let desk = Desk::new();
    let shapes = [
        "--model variational",
        "--model denoising",
        "--model vector_quantized",
        "--model contractive --hidden 64 --latent-dim 8 --tied false",
    ];
    for shape in shapes {
        for (flags, run) in [("--threads 1", "one"), ("--threads 2", "two"), ("--seed 1", "seed")] {
            desk.ok(&format!("fit digits {shape} --epochs 2 -q {flags} -o {run}"));
        }
        same_bytes(&desk, "one", "two");
        assert!(desk.bytes("one/model.safetensors") != desk.bytes("seed/model.safetensors"));
        for run in ["one", "two", "seed"] {
            std::fs::remove_dir_all(desk.path(run)).unwrap();
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
    let desk = Desk::new();
    desk.ok(&format!("{LONG} {model} -o whole"));

    let mut child = started(&desk, model, "killed");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it ended before it was killed");
    assert!(!desk.path("killed/model.safetensors").exists());
    desk.ok("fit --resume killed -q");
    same_bytes(&desk, "whole", "killed");

    let child = started(&desk, model, "interrupted");
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(desk.path("interrupted").join(CHECKPOINT).is_file());
    desk.ok("fit --resume interrupted -q");
    same_bytes(&desk, "whole", "interrupted");

    // A finished run stays as it is.
    desk.ok("fit --resume interrupted -q");
    same_bytes(&desk, "whole", "interrupted");
}

#[test]
fn a_run_goes_on_for_longer() {
    let desk = Desk::new();
    desk.ok("fit digits --model plain --epochs 2 -q -o run");
    let short = desk.bytes("run/model.safetensors");
    let refused = desk.run("fit --resume run --epochs 2 -q");
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("more than the run's 2"), "{}", refused.stderr);
    let shown = desk.ok("fit --resume run --epochs 4 --print-config").stdout;
    assert!(shown.contains("epochs = 4") && shown.contains("plain"), "{shown}");
    assert!(desk.text("run/config.toml").contains("epochs = 2"), "nothing was begun");
    desk.ok("fit --resume run --epochs 4 -q");
    let epochs = |text: Vec<u8>| String::from_utf8(text).unwrap().lines().count();
    assert_eq!(epochs(desk.bytes("run/history.jsonl")), 4);
    let long = desk.bytes("run/model.safetensors");
    // Its settings can be taken for another run.
    let taken = desk.ok("fit digits --config run/config.toml --print-config").stdout;
    assert!(taken.contains("epochs = 4") && !taken.contains("fingerprint"), "{taken}");
    assert!(long != short);
    // Where nothing is left to do nothing changes.
    desk.ok("fit --resume run -q");
    assert!(desk.bytes("run/model.safetensors") == long);
    assert!(desk.text("run/config.toml").contains("epochs = 4"));
}

#[cfg(unix)]
#[test]
fn a_run_made_longer_and_killed_at_once_goes_on() {
    let desk = Desk::new();
    let impatient = "--schedule constant --learning-rate 0.05 --patience 3";
    desk.ok(&format!("fit digits --model plain --epochs 1000 {impatient} -q -o run"));
    let epochs = |desk: &Desk| desk.text("run/history.jsonl").lines().count();
    let stopped = epochs(&desk);
    assert!(stopped < 1000, "out of patience");
    let mut child = desk.command("fit --resume run --epochs 2000 -q").spawn().unwrap();
    let start = Instant::now();
    while !desk.text("run/config.toml").contains("epochs = 2000") {
        assert!(start.elapsed() < Duration::from_secs(60), "not begun");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Where it was made longer is in the checkpoint: patience begins there.
    desk.ok("fit --resume run -q");
    assert!(epochs(&desk) >= stopped + 3, "{stopped}");
}

#[test]
fn patience_begins_anew_where_a_run_was_made_longer() {
    // The rate rises again, and what it spoils at first must not end the training: the last of the 40 epochs are the best.
    let desk = Desk::new();
    desk.ok("fit digits --model plain --epochs 40 --patience 2 --learning-rate 0.02 -q -o run");
    desk.ok("fit --resume run --epochs 60 -q");
    let history = String::from_utf8(desk.bytes("run/history.jsonl")).unwrap();
    assert!(history.lines().count() >= 42, "{}", history.lines().count());
}

#[test]
fn time_up() {
    let desk = Desk::new();
    let start = Instant::now();
    desk.ok("fit digits --epochs 1000000 --patience 0 --max-time 1s -q -o run");
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(desk.ok("inspect run").stdout.contains("time_up"));
}

#[test]
fn divergence() {
    let desk = Desk::new();
    let ran = desk.run("fit digits --model plain --epochs 3 --learning-rate 1e30 -q -o run");
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_snapshot!(ran.stderr.trim_end(), @"error: the loss diverged: reconstruction is NaN at epoch 1, step 2; the last good weights were kept; try a smaller --learning-rate or --set training.gradient_clip=1.0");
    let metrics = desk.ok("evaluate run --json").json();
    assert!(metrics["reconstruction"].as_f64().unwrap().is_finite(), "the weights kept are good ones");
}
