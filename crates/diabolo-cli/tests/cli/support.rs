//! A temporary folder and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A separate folder for each test.
pub struct Workspace {
    folder: tempfile::TempDir,
}

/// The result of a command.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Workspace {
    pub fn new() -> Self {
        Workspace { folder: tempfile::tempdir().unwrap() }
    }

    /// A workspace with these files of `testdata/cases`.
    pub fn with_cases(names: &[&str]) -> Self {
        let workspace = Workspace::new();
        names.iter().for_each(|name| workspace.write(name, std::fs::read(case(name)).unwrap()));
        workspace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// Names of the files and folders here.
    pub fn listing(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command, to be started; the words are separated by spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diabolo"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("RUST_BACKTRACE", "0");
        command
    }

    pub fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, line: &str) -> Ran {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "{line}\n{}", ran.stderr);
        ran
    }

    /// Runs a command that must fail with `code`, one line on stderr, nothing on stdout, and no
    /// backtrace; returns the line.
    pub fn fails(&self, code: i32, line: &str) -> String {
        let before = self.listing();
        let ran = self.run(line);
        assert_eq!(ran.code, Some(code), "{line}\n{}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
        assert_eq!(self.listing(), before, "{line} left something behind");
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].starts_with("error: "), "{line}\n{}", ran.stderr);
        lines[0].replace(&self.folder.path().canonicalize().unwrap().display().to_string(), "DESK")
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The path of an input of `testdata/cases`.
pub fn case(name: &str) -> String {
    format!("{}/../../testdata/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A mixed table: id, x, n, color, flag; `edit` may change a 1-based row before it is written.
pub fn table(rows: usize, edit: impl Fn(usize, String) -> String) -> String {
    let colors = ["red", "green", "blue"];
    let mut text = String::from("id,x,n,color,flag\n");
    for i in 1..=rows {
        let x = ((i * 37) % 101) as f64 / 17.0 - 3.0;
        let row = format!("r{i},{x:.3},{},{},{}", (i * 7) % 11, colors[(i * 5) % 3], (i * 13) % 2);
        text += &edit(i, row);
        text.push('\n');
    }
    text
}

/// `table` with one row replaced.
pub fn table_with(row: usize, cells: &str) -> String {
    table(60, |i, line| if i == row { cells.into() } else { line })
}

/// A workspace with `good.csv` and a small run of it, `run`.
pub fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    workspace.ok("fit good.csv --key id --epochs 2 -o run -q");
    workspace
}

/// The metrics of a fit as `evaluate` gives them: without the model that is the same for every row.
pub fn as_evaluated(fitted: &serde_json::Value) -> serde_json::Value {
    let mut metrics = fitted.clone();
    for key in ["constant_model", "constant_model_error"] {
        assert!(metrics.as_object_mut().unwrap().remove(key).is_some(), "{key}: {fitted}");
    }
    metrics
}

/// Cells of a CSV without quotes: header, rows.
pub fn cells(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let split = |line: &str| line.split(',').map(str::to_string).collect::<Vec<_>>();
    let mut lines = text.lines();
    (split(lines.next().unwrap()), lines.map(split).collect())
}

/// A file of the folder with real data, for tests that are ignored without it.
pub fn real_data(name: &str) -> PathBuf {
    let path = Path::new(&std::env::var_os("DIABOLO_DATA").unwrap()).join(name);
    assert!(path.is_file(), "DIABOLO_DATA does not hold {name}");
    path
}
