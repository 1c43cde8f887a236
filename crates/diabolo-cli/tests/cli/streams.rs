//! Pipes that are read once or closed early, and signals.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Ran, Workspace, fitted, table};

/// Makes a named pipe.
fn pipe(workspace: &Workspace, name: &str) {
    assert!(Command::new("mkfifo").arg(workspace.path(name)).status().unwrap().success());
}

/// Runs a command while `contents` are written to the pipe `name` once.
fn fed(workspace: &Workspace, name: &str, contents: Vec<u8>, line: &str) -> Ran {
    pipe(workspace, name);
    let path = workspace.path(name);
    let child = workspace.command(line).spawn().unwrap();
    std::thread::spawn(move || File::options().write(true).open(path).unwrap().write_all(&contents));
    let ran = Ran::of(waited(child, 60));
    assert_eq!(ran.code, Some(0), "{line}\n{}", ran.stderr);
    ran
}

/// The output of a process that must end soon.
fn waited(mut child: Child, seconds: u64) -> std::process::Output {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(seconds) {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_pipe_is_read_once() {
    let workspace = fitted();
    let rows = workspace.bytes("good.csv");
    fed(&workspace, "pipe.csv", rows.clone(), "fit pipe.csv --key id --epochs 2 -o piped -q");
    let header =
        |run: &str| workspace.ok(&format!("inspect {run} --json")).json()["header"]["source"].clone();
    assert_eq!(header("piped")["fingerprint"], header("run")["fingerprint"], "that of the bytes");
    for (name, line) in [
        ("1", "evaluate run 1 --all-rows"),
        ("2", "calibrate run 2"),
        ("3", "score run 3"),
        ("4", "report run 4 -o r.html"),
        ("5", "inspect 5"),
    ] {
        fed(&workspace, name, rows.clone(), line);
    }
    // The model of a pipe knows the file that has its bytes: held-out rows only.
    let evaluated = workspace.ok("evaluate piped good.csv");
    assert!(
        evaluated.stderr.contains("using the 6 rows of good.csv that were held out"),
        "{}",
        evaluated.stderr
    );
    let refused = workspace.run("evaluate piped");
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("a stream, which can be read only once"), "{}", refused.stderr);
    assert!(workspace.fails(2, "compare pipe.csv").contains("every seed reads it again"));
}

#[test]
fn stdin_has_a_fingerprint_too() {
    let workspace = fitted();
    let from = |line: &str, file: &str| {
        let input = File::open(workspace.path(file)).unwrap();
        Ran::of(workspace.command(line).stdin(Stdio::from(input)).output().unwrap())
    };
    assert_eq!(from("fit - --key id --epochs 2 -o piped -q", "good.csv").code, Some(0));
    workspace.write("other.csv", table(70, |_, row| row));
    assert_eq!(from("fit --resume piped -q", "good.csv").code, Some(0));
    let refused = from("fit --resume piped -q", "other.csv");
    assert!(refused.code == Some(3) && refused.stderr.contains("other contents"), "{}", refused.stderr);
}

#[test]
fn an_interrupt_is_heard_while_the_input_is_read() {
    let workspace = fitted();
    for (k, line) in [
        "fit PIPE --key id",
        "compare good.csv",
        "encode run PIPE -o codes.csv",
        "evaluate run PIPE",
        "inspect PIPE",
    ]
    .iter()
    .enumerate()
    {
        if line.starts_with("compare") {
            continue;
        }
        let name = format!("pipe{k}");
        pipe(&workspace, &name);
        let child = workspace.command(&line.replace("PIPE", &name)).spawn().unwrap();
        // Some rows come, and then none.
        let mut writer = File::options().write(true).open(workspace.path(&name)).unwrap();
        writer.write_all(&workspace.bytes("good.csv")).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
        let ran = Ran::of(waited(child, 5));
        assert_eq!(ran.code, Some(130), "{line}\n{}", ran.stderr);
        drop(writer);
    }
    assert!(!workspace.path("runs").exists() && !workspace.path("codes.csv").exists());
    let left: Vec<String> = workspace.listing().into_iter().filter(|name| name.ends_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn closed_pipes_are_no_failure() {
    let workspace = fitted();
    // Nobody listens on stderr: training goes on.
    let mut child =
        workspace.command("fit good.csv --key id --epochs 40 --patience 0 -o unheard").spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(waited(child, 60).status.code(), Some(0));
    assert!(workspace.path("unheard/report.html").is_file());
    for line in ["fit missing.csv", "fit --nonsense", "evaluate run"] {
        let mut child = workspace.command(line).spawn().unwrap();
        drop(child.stderr.take());
        let status = waited(child, 60).status;
        assert!(status.signal().is_none() && status.code() != Some(101), "{line}: {status}");
    }
    for format in ["csv", "tsv", "parquet", "arrow"] {
        let mut child =
            workspace.command(&format!("generate run -n 50000 --format {format}")).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(waited(child, 60));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{format}");
    }
}
