//! Outputs: in place of the input, arrays without names, summaries as JSON; negative values.

use insta::assert_snapshot;

use crate::support::{Workspace, cells, fitted, table};

#[test]
fn an_output_may_replace_its_input() {
    let workspace = fitted();
    for name in ["t.csv", "t.csv.gz", "t.tsv", "t.parquet", "t.arrow"] {
        workspace.ok(&format!("impute run good.csv -o {name} -q"));
        workspace.ok(&format!("score run {name} -o apart-{name} -q"));
        workspace.ok(&format!("score run {name} -o {name} -q"));
        assert!(workspace.bytes(name) == workspace.bytes(&format!("apart-{name}")), "{name}");
    }
    // An array has numbers only: here those of codes.
    workspace.ok("encode run good.csv -o t.npy -q");
    workspace.ok("fit t.npy --epochs 1 -o arrays -q");
    workspace.ok("reconstruct arrays t.npy -o apart.npy -q");
    workspace.ok("reconstruct arrays t.npy -o t.npy -q");
    assert!(workspace.bytes("t.npy") == workspace.bytes("apart.npy"));
    workspace.write("t.csv", table(30_000, |i, row| if i == 29_999 { "r,abc,2,red,1".into() } else { row }));
    let before = workspace.bytes("t.csv");
    workspace.fails(3, "impute run t.csv -o t.csv");
    assert!(workspace.bytes("t.csv") == before, "a failure changes nothing");
}

#[test]
fn other_outputs_are_separate_files() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(2, "impute run good.csv -o new.csv --mask ./good.csv"), @"error: --mask: expected a separate file, found './good.csv' a second time");
    assert_snapshot!(workspace.fails(2, "impute run good.csv -o new.csv --mask ./new.csv"), @"error: --mask: expected a separate file, found './new.csv' a second time");
}

#[test]
fn a_page_has_the_name_of_a_page() {
    let workspace = fitted();
    let expected = "error: --out: expected a name that ends in .html or .svg, found page.txt";
    assert_eq!(workspace.fails(2, "report run -o page.txt"), expected);
    assert_eq!(workspace.fails(2, "map run good.csv -o page.txt"), expected);
    assert_snapshot!(workspace.fails(2, "score run good.csv -o s.csv --report -"), @"error: --report: expected a name that ends in .html, found -");
}

#[test]
fn images_are_not_written_into_their_own_folder() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 1 --hidden 16 -o run -q");
    workspace.ok("generate run -n 3 -o pictures/ -q");
    let before = workspace.bytes("pictures/000001.png");
    assert_snapshot!(workspace.fails(2, "reconstruct run pictures -o ./pictures/"), @"error: --out: expected another folder than the input, whose images would be replaced one by one, found './pictures/'");
    assert!(workspace.bytes("pictures/000001.png") == before);
    workspace.ok("reconstruct run pictures -o other/ -q");
}

#[test]
fn codes_in_an_array_are_decoded() {
    let workspace = fitted();
    workspace.ok("encode run good.csv -o codes.csv -q");
    workspace.ok("encode run good.csv -o codes.npy -q");
    let (names, _) = cells(&workspace.ok("decode run codes.npy").stdout);
    assert_eq!(names, ["x", "n", "color", "flag"]);
    let rows = |ran: String| cells(&ran).1;
    let named: Vec<Vec<String>> = rows(workspace.ok("decode run codes.csv").stdout);
    let array: Vec<Vec<String>> = rows(workspace.ok("decode run codes.npy").stdout);
    assert!(named.iter().map(|row| &row[1..]).eq(array.iter().map(|row| &row[..])), "but for the key");
    // An array of another width is none of codes.
    workspace.ok("fit good.csv --key id --latent-dim 2 --epochs 1 -o narrow -q");
    workspace.fails(3, "decode narrow codes.npy");
}

#[test]
fn summaries_are_json_if_rows_are_not_on_stdout() {
    let workspace = fitted();
    for (line, file, rows) in [
        ("encode run good.csv -o codes.csv", "codes.csv", 60),
        ("decode run codes.csv -o rows.csv", "rows.csv", 60),
        ("reconstruct run good.csv -o rows.parquet", "rows.parquet", 60),
        ("denoise run good.csv -o smooth.csv", "smooth.csv", 60),
        ("generate run -n 7 -o new.csv", "new.csv", 7),
    ] {
        let found = workspace.ok(&format!("{line} --json")).json();
        assert_eq!((found["file"].as_str(), found["rows"].as_u64()), (Some(file), Some(rows)), "{line}");
    }
    let noisy = workspace.ok("denoise run good.csv --add-noise gaussian:1 -o noisy.csv --json").json();
    assert_eq!(noisy["file"], "noisy.csv");
    let report = workspace.ok("report run -o page.html --json").json();
    assert_eq!(report["report"], "page.html");
    assert!(report["metrics"]["reconstruction"].is_number(), "{report}");
    // The training rows are read again.
    let data = |page: &str| {
        let page = workspace.text(page);
        page[page.find("<h2>Data</h2>").unwrap()..page.find("<h2>Architecture</h2>").unwrap()].to_string()
    };
    assert_eq!(data("page.html"), data("run/report.html"));
    let config = workspace.ok("fit good.csv --epochs 3 --print-config --json").json();
    assert_eq!(config["training"]["epochs"], 3);
    let masked = workspace.fails(2, "impute run good.csv -o new.csv --mask - --json");
    assert!(masked.contains("--mask -"), "{masked}");
    assert!(workspace.ok("data fetch digits --json").json()["folder"].is_null());
    for line in [
        "encode run good.csv",
        "decode run codes.csv",
        "reconstruct run good.csv",
        "denoise run good.csv",
        "generate run",
        "impute run good.csv",
    ] {
        let refused = workspace.fails(2, &format!("{line} --json"));
        assert_eq!(
            refused,
            "error: --json and --out - cannot be combined: both are written to stdout; give --out FILE"
        );
    }
}

#[test]
fn values_may_be_negative_numbers() {
    let workspace = fitted();
    let missing = |flag: &str| workspace.ok(&format!("fit good.csv {flag} --print-config")).stdout;
    assert_eq!(missing("--missing -999"), missing("--missing=-999"));
    assert!(missing("--missing -999").contains("\"-999\""));
    assert!(missing("--missing --").contains("\"--\""));
    let refused = |line: &str| {
        let refused = workspace.fails(2, line);
        refused.strip_suffix("; see --help for the options").unwrap_or(&refused).to_string()
    };
    assert_snapshot!(refused("generate run --near -3"), @"error: --near: expected a whole number, 0 or more, found '-3'");
    assert_snapshot!(refused("generate run -n -3"), @"error: --count: expected a whole number, 0 or more, found '-3'");
    assert_snapshot!(refused("generate run --between -1,4"), @"error: --between: expected a whole number, 0 or more, found '-1'");
    assert_snapshot!(refused("fit good.csv --seed -1"), @"error: --seed: expected a whole number, 0 or more, found '-1'");
    assert_snapshot!(refused("fit good.csv --window -2"), @"error: --window: expected a whole number, 0 or more, found '-2'");
    assert_snapshot!(refused("fit good.csv --hidden -5,3"), @"error: --hidden: expected widths such as 400 or 512,256, or none, found '-5,3'");
    assert_snapshot!(refused("fit good.csv --max-time -5s"), @"error: --max-time: expected a time such as 90s, 10m or 2h, found '-5s'");
    assert_snapshot!(refused("evaluate run --threads -1"), @"error: --threads: expected a whole number, 0 or more, found '-1'");
    let truth = workspace.ok("score run good.csv --truth flag --normal -1 --json").json();
    assert_eq!(truth["labels"]["anomalies"], 60);
}

#[test]
fn a_path_through_the_latent_space_is_smooth() {
    let workspace = fitted();
    for origin in ["--traverse", "--between 1,5 -n 9"] {
        let line = format!("generate run {origin}");
        let mean = workspace.ok(&line).stdout;
        assert_eq!(mean, workspace.ok(&format!("{line} --mean")).stdout);
        assert_eq!(mean, workspace.ok(&format!("{line} --seed 7")).stdout, "nothing is drawn");
        assert_ne!(mean, workspace.ok(&format!("{line} --mean false")).stdout);
    }
    let line = "generate run --near 1 -n 5";
    assert_eq!(workspace.ok(line).stdout, workspace.ok(&format!("{line} --mean false")).stdout);
}
