//! Denoising.

use crate::support::{Workspace, cells, table};

#[test]
fn denoising_digits_raises_the_psnr() {
    let workspace = Workspace::new();
    workspace
        .ok("fit digits --model denoising --corruption clipped_gaussian:0.3 --hidden 256 --latent-dim 32 \
             --activation silu --latent-activation identity --epochs 20 -q -o run");
    let ran = workspace.ok("denoise run digits --add-noise gaussian:0.3 --json");
    assert!(ran.stderr.contains("note: the model was fitted on most of these rows"), "{}", ran.stderr);
    let output = ran.json();
    let methods = output["methods"].as_array().unwrap();
    let names: Vec<&str> = methods.iter().map(|m| m["method"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[1], names[3]), ("noisy rows", "median filter", "denoising model"));
    assert!(names[2].starts_with("PCA, "), "{names:?}");
    let psnr = |k: usize| methods[k]["images"]["psnr"].as_f64().unwrap();
    assert!(psnr(3) > psnr(0) + 1.0, "{output}");
    // Noisy rows from a file with --clean give the same metrics.
    workspace.ok("denoise run digits -o made.parquet -q");
    let again = workspace.ok("denoise run made.parquet --clean digits").stdout;
    assert!(again.starts_with("mean over images") && again.contains("PCA, "), "{again}");
    let report = workspace.text("run/report.html");
    assert!(report.contains("<h2>Denoising</h2>"), "the report shows pictures before and after");
    insta::assert_snapshot!(workspace.fails(2, "denoise run digits --add-noise fog:1"), @"error: --add-noise: expected masking:P, gaussian:SD, clipped_gaussian:SD or salt_and_pepper:P, found 'fog:1'");
}

#[test]
fn denoising_tables_reports_errors_by_column() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(200, |_, row| row));
    workspace.ok("fit t.csv --key id --epochs 3 -q -o run");
    let output = workspace.ok("denoise run t.csv --add-noise gaussian:0.5").stdout;
    let lines: Vec<&str> = output.lines().collect();
    assert!(lines[1].starts_with("column") && lines[2].starts_with("x "), "{output}");
    // The noise on x is half a standard deviation.
    let noisy: f64 = lines[2].split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((noisy - 0.5).abs() < 0.1, "{output}");
    let (names, rows) = cells(&workspace.ok("denoise run t.csv").stdout);
    assert_eq!((names.len(), rows.len(), rows[7][0].as_str()), (5, 200, "r8"), "order and key survive");
    workspace.write("few.csv", table(10, |_, row| row));
    insta::assert_snapshot!(workspace.fails(3, "denoise run t.csv --clean few.csv"), @"error: t.csv, row 11, column 'id': expected a row of few.csv for each row, found 'r11', which has none; give the same rows in both inputs, in any order");
    insta::assert_snapshot!(workspace.fails(3, "denoise run few.csv --clean t.csv"), @"error: t.csv, row 11, column 'id': expected a row of few.csv for each row, found 'r11', which has none; give the same rows in both inputs, in any order");
    workspace.write("none.csv", "id,x,n,color,flag\n");
    workspace.fails(3, "denoise run none.csv");
    workspace.fails(3, "denoise run none.csv --add-noise gaussian:1");
}

#[test]
fn rows_are_paired_by_key_or_file_name() {
    let workspace = Workspace::new();
    let rows = table(100, |_, row| row);
    workspace.write("t.csv", &rows);
    let (header, body) = rows.split_once('\n').unwrap();
    let reversed: Vec<&str> = body.lines().rev().collect();
    workspace.write("reversed.csv", format!("{header}\n{}\n", reversed.join("\n")));
    workspace.ok("fit t.csv --key id --epochs 2 -q -o run");
    let same = workspace.ok("denoise run t.csv --clean t.csv").stdout;
    assert_eq!(workspace.ok("denoise run t.csv --clean reversed.csv").stdout, same);
    let unnamed = |text: String| text.replace("id,", "number,");
    workspace.write("unnamed.csv", unnamed(rows.clone()));
    assert!(
        workspace.fails(3, "denoise run t.csv --clean unnamed.csv").contains("column 'id': expected the key")
    );
    let by_position = workspace.ok("denoise run unnamed.csv --clean unnamed.csv");
    assert!(by_position.stderr.contains("paired by position"), "{}", by_position.stderr);

    // Of images, by the name of the file.
    workspace.ok("fit digits --epochs 1 --hidden 16 -q -o pictures");
    workspace.ok("generate pictures -n 12 -q -o clean/");
    std::fs::create_dir(workspace.path("noisy")).unwrap();
    for number in 1..=12 {
        let name = format!("{number:06}.png");
        std::fs::copy(workspace.path("clean").join(&name), workspace.path("noisy").join(&name)).unwrap();
    }
    let psnr = |noisy: &str| workspace.run(&format!("denoise pictures {noisy} --clean clean --json"));
    assert_eq!(psnr("noisy").code, Some(0));
    std::fs::rename(workspace.path("noisy/000001.png"), workspace.path("noisy/000013.png")).unwrap();
    let refused = psnr("noisy");
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("column 'file': expected a row of clean for each row, found '000013'"),
        "{}",
        refused.stderr
    );
}
