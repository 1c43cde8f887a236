//! The examples of `--help`, run unchanged on realistic files.

use crate::support::Workspace;

/// The commands in an order in which each finds the runs of the previous ones.
const VERBS: [&str; 20] = [
    "fit",
    "compare",
    "sweep",
    "encode",
    "decode",
    "reconstruct",
    "denoise",
    "map",
    "impute",
    "forecast",
    "generate",
    "audit",
    "score",
    "calibrate",
    "evaluate",
    "compress",
    "decompress",
    "features",
    "inspect",
    "export",
];

fn customers(rows: usize, hole: impl Fn(usize) -> bool) -> String {
    let row = |i: usize| {
        let age = if hole(i) { String::new() } else { format!("{}", 20 + (i * 37) % 50) };
        let plan = ["basic", "plus", "pro"][(i * 5) % 3];
        format!("c{i},{age},{:.1},{plan}\n", ((i * 29) % 83) as f64 / 7.0)
    };
    std::iter::once("id,age,spent,plan\n".to_string()).chain((1..=rows).map(row)).collect()
}

#[test]
fn every_example_of_every_command_runs() {
    let workspace = Workspace::new();
    workspace.write("customers.csv", customers(200, |_| false));
    workspace.write("new.csv", customers(60, |_| false));
    workspace.write("holes.csv", customers(200, |i| i % 5 == 0));
    let sensor = (0..200).map(|t| format!("t{t},{:.3}\n", (f64::from(t) / 4.0).sin()));
    workspace
        .write("sensor.csv", std::iter::once("time,flow\n".to_string()).chain(sensor).collect::<String>());
    for verb in VERBS {
        let help = workspace.ok(&format!("{verb} --help")).stdout.replace(" \\\n   ", "");
        let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  diabolo ")).collect();
        assert!(!examples.is_empty(), "{verb} has no example");
        assert!(examples.iter().any(|line| line.starts_with(verb)), "{verb}");
        for line in examples {
            let shorter = match verb {
                _ if line.contains("--epochs") => "",
                _ if line.starts_with("fit ") => " --epochs 1",
                "compare" => " --epochs 1 --validation 0.5",
                "sweep" => " --epochs 1 --initializations 1",
                _ => "",
            };
            let line = line.replace("--epochs 600", "--epochs 1");
            workspace.ok(&format!("{line}{shorter}"));
        }
    }
}
