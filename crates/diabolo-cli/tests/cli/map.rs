//! Rows in the plane.

use crate::support::{Desk, table};

#[test]
fn a_page_and_a_drawing_coloured_by_any_column() {
    let desk = Desk::new();
    desk.write("t.csv", table(200, |_, row| row));
    desk.ok("fit t.csv --key id --label color --latent-dim 2 --epochs 3 -q -o run");
    let told = desk.ok("map run t.csv --json").json();
    let trust = |of: &str| told["kept"][of]["trustworthiness"].as_f64().unwrap();
    assert!(
        (0.3..=1.0).contains(&trust("map")) && (0.3..=1.0).contains(&trust("principal_components")),
        "{told}"
    );
    let page = desk.text("map.html");
    assert!(
        page.contains("What the map keeps")
            && page.contains("coloured by color")
            && page.contains("latent 1")
    );
    desk.ok("map run t.csv -o map.svg --color x");
    let drawing = desk.text("map.svg");
    assert!(drawing.starts_with("<svg") && drawing.contains("coloured by x"), "{}", &drawing[..200]);
    insta::assert_snapshot!(desk.fails(3, "map run t.csv --color y"), @"error: t.csv: expected a column 'y' to colour by, found none; give --color the name of a column of texts or numbers");
    insta::assert_snapshot!(desk.fails(2, "map run t.csv -o map.pdf"), @"error: --out: expected a name that ends in .html or .svg, found map.pdf");
    desk.write("two.csv", table(2, |_, row| row));
    insta::assert_snapshot!(desk.fails(3, "map run two.csv"), @"error: two.csv: expected at least 3 rows, found 2; give more rows");
    desk.write("five.csv", table(5, |_, row| row));
    desk.ok("map run five.csv");
}
