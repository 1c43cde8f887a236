//! Conditional models: condition columns and --where.

use insta::assert_snapshot;

use crate::support::{Workspace, cells, table};

/// The mean ink in the middle of the lower half, where a seven has some and a zero has none.
fn ink(workspace: &Workspace, name: &str) -> f64 {
    let (header, rows) = cells(&workspace.text(name));
    let first = header.len() - 64;
    let at = |row: &Vec<String>, y: usize, x: usize| row[first + 8 * y + x].parse::<f64>().unwrap();
    rows.iter().map(|row| at(row, 4, 3) + at(row, 4, 4)).sum::<f64>() / rows.len() as f64
}

/// There, the decoder alone has the condition.
#[test]
fn a_convolutional_model_generates_the_requested_class() {
    let workspace = Workspace::new();
    let network = "--network convolution:8,16 --latent-dim 4 --epochs 20 --learning-rate 0.005";
    workspace.ok(&format!("fit digits --condition label {network} -q -o run"));
    for digit in [7, 0] {
        workspace.ok(&format!("generate run --where label={digit} -n 40 -q -o {digit}.csv"));
    }
    let [seven, zero] = ["7.csv", "0.csv"].map(|name| ink(&workspace, name));
    assert!(seven > zero + 4.0, "{seven} {zero}");
    let of_input = workspace.ok("evaluate run digits --all-rows --json").json();
    assert!(of_input["contraction"].as_f64().is_some_and(|found| found > 0.0), "{of_input}");
}

#[test]
fn generated_digits_have_the_requested_class() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --condition label --latent-dim 4 --epochs 40 -q -o run");
    workspace.ok("fit digits --latent-dim 4 --hidden 64 --epochs 40 -q --label label -o evaluator");
    workspace.ok("generate run --where label=7 -n 40 -o sevens.csv");
    let (header, rows) = cells(&workspace.text("sevens.csv"));
    assert_eq!(header[0], "label");
    assert!(rows.len() == 40 && rows.iter().all(|row| row[0] == "7"));
    workspace.ok("generate run --where label=0 -n 40 -o zeros.csv");
    let [seven, zero] = ["sevens.csv", "zeros.csv"].map(|name| ink(&workspace, name));
    assert!(seven > zero + 5.0, "{seven} {zero}");
    // Without --where, classes by their shares of the training rows, in every format; images in
    // the order of the classes.
    workspace.ok("generate run -n 400 -o all.csv");
    let (_, rows) = cells(&workspace.text("all.csv"));
    let labels: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(labels.is_sorted());
    for class in 0..10 {
        let count = labels.iter().filter(|label| **label == class).count();
        assert!((20..=60).contains(&count), "{count} of {class}, of which the digits are a tenth");
    }
    // The same seed gives the same style to every class.
    workspace.ok("generate run --where label=7 -n 40 -o again.csv");
    assert_eq!(workspace.text("sevens.csv"), workspace.text("again.csv"));
    assert_snapshot!(workspace.fails(2, "generate run --where label=12"), @"error: --where label: expected one of '0', '1', '2', '3', '4', '5', '6', '7' and 2 more, found 12");
    assert_snapshot!(workspace.fails(2, "generate run --where colour=red"), @"error: --where: expected conditions of the model: label, found colour");
    assert_snapshot!(workspace.fails(2, "generate run --where label"), @"error: --where: expected COLUMN=VALUE, found 'label'");
    // Conditions also apply to exploration of the latent space, and codes are evaluated without the
    // condition.
    workspace.ok("generate run --traverse --where label=7 -o seven.csv");
    workspace.ok("generate run --traverse --where label=0 -o zero.csv");
    assert!(ink(&workspace, "seven.csv") > ink(&workspace, "zero.csv") + 5.0);
    assert_snapshot!(workspace.fails(2, "generate run --near 3 --where colour=red"), @"error: --where: expected conditions of the model: label, found colour");
    assert_snapshot!(workspace.fails(2, "features run"), @"error: features and a conditional model cannot be combined: give a model fitted without --condition");
    assert_snapshot!(workspace.fails(2, "compare digits --condition label"), @"error: --condition: expected no columns, since test rows are measured without conditions, found label");
    assert_snapshot!(workspace.fails(2, "generate evaluator --where label=7"), @"error: --where: expected none: the model was fitted without --condition, found label");
}

#[test]
fn conditions_that_are_not_given_have_their_shares() {
    let workspace = Workspace::new();
    // Three of four rows are red; x is large where they are blue.
    let line = |k: usize| match k % 4 {
        3 => format!("blue,{}\n", 500 + k % 17),
        _ => format!("red,{}\n", k % 17),
    };
    workspace.write("t.csv", "color,x\n".to_string() + &(0..800).map(line).collect::<String>());
    workspace.ok("fit t.csv --condition color --epochs 30 -q -o run");
    workspace.ok("generate run -n 1000 -o new.csv");
    let (_, rows) = cells(&workspace.text("new.csv"));
    let red: Vec<bool> = rows.iter().map(|row| row[0] == "red").collect();
    let count = red.iter().filter(|red| **red).count();
    assert!((700..800).contains(&count), "{count} of 1000 rows are red");
    assert!(!red.is_sorted() && !red.iter().rev().is_sorted(), "rows of a table have no order");
    let fits = rows.iter().zip(&red).filter(|(row, red)| (row[1].parse::<f64>().unwrap() < 250.0) == **red);
    assert!(fits.count() > 950, "x follows the condition");
}

#[test]
fn conditions_of_each_type() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(120, |_, row| row));
    workspace.ok("fit t.csv --key id --condition color --condition x --epochs 5 -q -o run");
    let seen = workspace.ok("inspect run").stdout;
    assert!(seen.contains("color   condition") && seen.contains("x       condition"), "{seen}");
    // Files of codes include the conditions, which decoding uses.
    workspace.ok("encode run t.csv -o codes.csv");
    let (header, rows) = cells(&workspace.text("codes.csv"));
    assert_eq!(header[..3], ["id", "color", "x"]);
    assert_eq!(rows.len(), 120);
    workspace.ok("decode run codes.csv -o rows.csv");
    workspace.ok("reconstruct run t.csv -o same.csv");
    let pick = |name: &str| {
        let (header, rows) = cells(&workspace.text(name));
        let n = header.iter().position(|h| h == "n").unwrap();
        rows.iter().map(|row| row[n].clone()).collect::<Vec<_>>()
    };
    assert_eq!(pick("rows.csv"), pick("same.csv"));
    workspace.ok("evaluate run t.csv --samples 10 --diagnose");
    let new = workspace.ok("generate run --where color=red --where x=1.5 -n 3");
    assert!(new.stdout.lines().skip(1).all(|line| line.starts_with("red,1.500,")), "{}", new.stdout);
    assert!(!new.stderr.contains("is not given"), "{}", new.stderr);
    let new = workspace.ok("generate run --where color=red -n 3");
    assert!(new.stdout.lines().skip(1).all(|line| line.starts_with("red,,")), "{}", new.stdout);
    assert!(new.stderr.contains("condition 'x' is not given: it is missing"), "{}", new.stderr);
    assert_snapshot!(workspace.fails(2, "fit t.csv --model plain --condition color"), @"error: condition and model = plain cannot be combined: only variational models support conditions");
    assert_snapshot!(workspace.fails(2, "fit t.csv --condition color --condition color"), @"error: --condition: expected a column named once, and neither the key nor dropped, found 'color'");
    assert_snapshot!(workspace.fails(2, "fit t.csv --prior hierarchical:1048576,1048576,8"), @"error: --hidden: expected layers with at most 2147483648 weights in all, found 1099528406528");
    assert_snapshot!(workspace.fails(3, "fit t.csv --condition colour"), @"error: t.csv: expected the column 'colour' (--condition), found the columns 'id', 'x', 'n', 'color', 'flag'; did you mean --condition color?");
}
