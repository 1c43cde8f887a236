//! The texts of `--help`, and older names of flags.

use crate::support::{Workspace, fitted};

/// All commands.
const COMMANDS: [&str; 22] = [
    "fit",
    "compare",
    "sweep",
    "encode",
    "decode",
    "reconstruct",
    "denoise",
    "map",
    "explore",
    "lab",
    "impute",
    "generate",
    "score",
    "calibrate",
    "evaluate",
    "compress",
    "decompress",
    "features",
    "inspect",
    "export",
    "report",
    "data",
];

fn help(command: &str) -> String {
    Workspace::new().ok(&format!("{command} --help")).stdout
}

/// The lines below a heading, up to an empty line.
fn section<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn arguments_are_in_their_order_on_the_command_line() {
    for (command, first, second) in [
        ("encode", "<MODEL>", "<INPUT>"),
        ("decode", "<MODEL>", "<CODES>"),
        ("denoise", "<MODEL>", "<INPUT>"),
        ("impute", "<MODEL>", "<INPUT>"),
        ("score", "<MODEL>", "<INPUT>"),
        ("evaluate", "<MODEL>", "[INPUT]"),
    ] {
        let help = help(command);
        let names: Vec<&str> = section(&help, "Arguments:")
            .iter()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.starts_with(['<', '[']))
            .collect();
        assert_eq!(names, [first, second], "{command}\n{help}");
    }
}

#[test]
fn options_are_under_their_headings() {
    let help = help("score");
    let text = |heading: &str| section(&help, heading).join("\n");
    for flag in ["--alpha", "--fdr", "--top", "--quantile"] {
        assert!(text("Anomaly rule (at most one):").contains(flag), "{help}");
    }
    for flag in ["--truth", "--drift", "--report", "--out"] {
        assert!(text("Options:").contains(flag), "{help}");
    }
    assert!(text("Reading:").contains("--no-header") && text("Global options:").contains("--json"), "{help}");
}

#[test]
fn help_fits_into_a_terminal() {
    for command in COMMANDS {
        for line in help(command).lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
}

#[test]
fn older_names_of_flags_are_accepted() {
    let workspace = fitted();
    let config = |flags: &str| workspace.ok(&format!("fit {flags} --print-config")).stdout;
    assert_eq!(config("--for impute"), config("--preset impute"));
    assert_eq!(config("--header false"), config("--no-header"));
    assert!(config("--no-header").contains("header = false") && config("--header").contains("header = true"));
    let labelled = |flag: &str| workspace.ok(&format!("score run good.csv {flag} flag --json")).json();
    assert_eq!(labelled("--label"), labelled("--truth"));
    workspace.ok("impute run good.csv -o new.csv --std-errors new-errors.csv");
    workspace.ok("impute run good.csv -o old.csv --errors old-errors.csv");
    assert_eq!(workspace.bytes("old-errors.csv"), workspace.bytes("new-errors.csv"));
}
