//! The page of a run, and its card.

use std::collections::BTreeSet;

use diabolo_report::{Metric, Report};

use crate::comparison::comparison;
use crate::digits::digits;
use crate::hostile::hostile;
use crate::table::table;
use crate::{assert_well_formed, facts, keep};

#[test]
fn a_report_of_digits_shows_every_part_and_stays_small() {
    let page = digits().to_html();
    keep("digits.html", &page);
    assert_well_formed(&page);
    for heading in [
        "What was fitted",
        "Training",
        "Originals and reconstructions",
        "Samples",
        "Map of the latent space",
        "Latent dimensions and factors",
        "Sensitivity of the encoder",
        "High-singular-value directions",
        "Contraction ratio",
        "Sensitivity by pixel",
        "Metrics",
    ] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(page.contains("<section id=\"what-was-fitted\">\n<h2>What was fitted</h2>"));
    assert_eq!(page.matches("<img ").count(), 32 + 32 + 64 + 4 * 7 + 1);
    // The objective equals the negative ELBO here and is not drawn twice; the learning rate is
    // constant.
    assert_eq!(page.matches("<h3>").count(), 4);
    assert!(page.len() < 300_000, "{} bytes", page.len());
}

#[test]
fn a_report_of_a_table_has_columns_instead_of_pictures() {
    let page = table().to_html();
    keep("table.html", &page);
    assert_well_formed(&page);
    // At most 20 columns by sensitivity; columns of data, levels of a column, worst and best rows.
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), 14 + 4 + 20 + 2 + 4 + 3);
    assert!(!page.contains("<img ") && !page.contains("<h2>Samples</h2>"));
    assert!(page.contains("68 %"), "age: (4.318 − 13.64) / (0 − 13.64)");
    assert!(page.contains("class=\"bar loss\""), "capital-loss is worse than the baseline");
}

#[test]
fn every_section_is_linked_once() {
    for page in [digits().to_html(), table().to_html(), hostile().to_html(), comparison().to_html()] {
        let after = |mark: &str| -> Vec<String> {
            let parts = page.split(mark).skip(1);
            parts.map(|part| part.split('"').next().unwrap().to_string()).collect()
        };
        let (ids, mut links) = (after("<section id=\""), after("<li><a href=\"#"));
        assert_eq!(page.matches("<h2>").count(), ids.len());
        links.truncate(ids.len());
        assert_eq!(links, ids);
        assert_eq!(BTreeSet::from_iter(&ids).len(), ids.len(), "{ids:?}");
    }
    let short = Report { facts: facts(&[("Rows", "7")]), ..Report::default() }.to_html();
    assert!(short.contains("<section id=") && !short.contains("<nav"));
}

#[test]
fn nothing_in_the_data_can_break_or_script_the_page() {
    let report = hostile();
    let page = report.to_html();
    keep("hostile.html", &page);
    for text in [&page, &report.card_svg()] {
        assert_well_formed(text);
        assert!(
            !text.contains("<script") && !text.contains("<img src=x") && !text.contains("onerror=alert(1)>")
        );
        assert!(!text.contains('\u{0}') && !text.contains('\u{202e}'));
    }
    let marks = page.split("<style>").next().unwrap().to_string() + page.split("</style>").nth(1).unwrap();
    assert!(!marks.contains("NaN") && !marks.contains(">inf"));
}

#[test]
fn the_page_loads_nothing() {
    for page in [digits().to_html(), table().to_html(), digits().card_svg()] {
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http:") && !outside.contains("https:") && !outside.contains("url("));
        assert!(!outside.contains("<script") && !outside.contains("<link") && !outside.contains("@import"));
    }
}

#[test]
fn an_empty_report_is_a_page() {
    let page = Report { title: "Nothing yet".into(), ..Report::default() }.to_html();
    assert_well_formed(&page);
    assert!(!page.contains("<h2>"));
}

#[test]
fn the_card_is_one_small_drawing() {
    let svg = digits().card_svg();
    keep("card.svg", &svg);
    assert_well_formed(&svg);
    assert!(svg.len() < 200_000, "{} bytes", svg.len());
    assert_eq!(svg.matches("<image ").count(), 3);
}

#[test]
fn terms_of_the_loss_have_readable_names() {
    let mut report = table();
    for row in &mut report.history {
        for key in ["importance_bound", "capacity_gap", "my_own_term"] {
            row.train.insert(key.into(), row.epoch as f64);
        }
    }
    report.metrics = vec![Metric::of("importance_bound", 1.0), Metric::of("my_own_metric", 2.0)];
    let page = report.to_html();
    for name in
        ["Importance-weighted bound", "Distance from the KL capacity", ">My own term<", "my own metric"]
    {
        assert!(page.contains(name), "{name}");
    }
    for key in ["importance_bound", "capacity_gap", "my_own"] {
        assert!(!page.contains(key), "{key}");
    }
}
