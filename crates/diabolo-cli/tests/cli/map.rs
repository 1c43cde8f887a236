//! Two-dimensional plots of rows.

use crate::support::{Workspace, table};

#[test]
fn map_page_and_figure_coloured_by_any_column() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(200, |_, row| row));
    workspace.ok("fit t.csv --key id --label color --latent-dim 2 --epochs 3 -q -o run");
    let output = workspace.ok("map run t.csv --json").json();
    let trust = |of: &str| output["kept"][of]["trustworthiness"].as_f64().unwrap();
    assert!(
        (0.3..=1.0).contains(&trust("map")) && (0.3..=1.0).contains(&trust("principal_components")),
        "{output}"
    );
    let page = workspace.text("map.html");
    assert!(
        page.contains("Neighbourhood preservation")
            && page.contains("coloured by color")
            && page.contains("latent 1")
    );
    workspace.ok("map run t.csv -o map.svg --color x");
    let drawing = workspace.text("map.svg");
    assert!(drawing.starts_with("<svg") && drawing.contains("coloured by x"), "{}", &drawing[..200]);
    insta::assert_snapshot!(workspace.fails(3, "map run t.csv --color y"), @"error: t.csv: expected a column 'y' to colour by, found none; give --color the name of a column of texts or numbers");
    insta::assert_snapshot!(workspace.fails(2, "map run t.csv -o map.pdf"), @"error: --out: expected a name that ends in .html or .svg, found map.pdf");
    workspace.write("two.csv", table(2, |_, row| row));
    insta::assert_snapshot!(workspace.fails(3, "map run two.csv"), @"error: two.csv: expected at least 3 rows, found 2; give more rows");
    workspace.write("five.csv", table(5, |_, row| row));
    workspace.ok("map run five.csv");
}

#[test]
fn codes_of_one_dimension_lie_on_a_line_and_nothing_else_is_reported() {
    let workspace = Workspace::new();
    workspace.write("t.csv", table(200, |_, row| row));
    workspace.ok("fit t.csv --key id --label color --latent-dim 1 --epochs 3 -q -o run");
    let output = workspace.ok("map run t.csv --json").json();
    assert_eq!(output["placement"], "the codes", "{output}");
    assert!(output["kept"]["map"]["trustworthiness"].is_number() && output["kept"]["other"].is_null());
    let page = workspace.text("map.html");
    assert!(page.contains("latent 1") && !page.contains("t-SNE") && !page.contains("NaN"));
    let text = workspace.ok("map run t.csv").stdout;
    assert!(text.contains("(the codes; PCA of the data: ") && !text.contains("t-SNE"), "{text}");
}

#[test]
fn codes_of_more_dimensions_are_placed_in_the_more_trustworthy_way() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model plain --latent-dim 16 --epochs 2 -q -o run");
    let output = workspace.ok("map run digits --json").json();
    let trust = |of: &str| output["kept"][of]["trustworthiness"].as_f64().unwrap();
    assert_eq!(output["placement"], "t-SNE of the codes", "{output}");
    assert!(trust("map") > trust("other") && trust("map") > trust("principal_components"), "{output}");
    assert!(workspace.text("map.html").contains("t-SNE 1"));
    let text = workspace.ok("map run digits").stdout;
    assert!(
        text.contains("(t-SNE of the codes; PCA of the codes: ") && text.contains("; PCA of the data: "),
        "{text}"
    );
}
