//! What has moved since the fit: a table, the most first, with the spread of held-out and new rows side by side.

use super::html::section;
use super::number::{number, scientific};
use super::svg::{Svg, escape};
use crate::stats::percent;
use crate::task::{DriftReport, DriftedVariable};

/// Bars are drawn of no more bins than this.
const MOST_BINS: usize = 24;
/// A small plot.
const SIZE: (f64, f64) = (180.0, 44.0);

const HELP: &str = "New rows beside rows held out of the fit, one test for the score, each column and each latent unit. Left bars are \
    the held-out rows, right bars (red) the new ones: the share of missing cells, if there are any, then of each bin; numbers are \
    cut at the deciles of the held-out rows. PSI is the population stability index, usually read as small below 0.1 and large \
    above 0.25; p is corrected for all tests (Holm).";

/// The section; of nothing moved, a sentence.
pub(super) fn moved(drift: &DriftReport) -> String {
    let sentence = |text: String| format!("<p>{}</p>\n", escape(&text));
    let mut content = sentence(drift.summary());
    content += &drift.warning().map(sentence).unwrap_or_default();
    if !drift.moved.is_empty() {
        let (told, left_out) = drift.told();
        let rows: String = told.into_iter().map(row).collect();
        content += &format!(
            "<table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">How</th>\
             <th scope=\"col\" class=\"value\">PSI</th><th scope=\"col\" class=\"value\">p</th>\
             <th scope=\"col\">Held-out and new rows</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
        );
        if left_out > 0 {
            content += &sentence(format!("And {left_out} latent units more."));
        }
    }
    section("What has moved", HELP, &content)
}

fn row(moved: &DriftedVariable) -> String {
    let p = match moved.p_corrected {
        p if p < 1e-16 => "&lt; 10⁻¹⁶".into(),
        p if p < 1e-3 => scientific(p),
        p => number(p),
    };
    format!(
        "<tr><th scope=\"row\">{}<small>{}</small></th><td>{}</td><td class=\"value\">{:.2}</td>\
         <td class=\"value\">{p}</td><td>{}</td></tr>\n",
        escape(&moved.name),
        moved.kind,
        escape(&moved.words),
        moved.psi,
        bars(moved),
    )
}

fn bars(moved: &DriftedVariable) -> String {
    let shares: &[[f64; 2]] = match moved.shares.split_first() {
        Some(([0.0, 0.0], seen)) => seen,
        _ => &moved.shares,
    };
    if shares.len() > MOST_BINS {
        return String::new();
    }
    let most = shares.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = SIZE.0 / shares.len() as f64;
    let width = 0.42 * step;
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    for (bin, pair) in shares.iter().enumerate() {
        for (side, class) in ["bar", "bar alarm"].into_iter().enumerate() {
            let height = pair[side] / most * SIZE.1;
            let x = bin as f64 * step + side as f64 * width;
            let hover = format!("{} of held-out rows, {} of new ones", percent(pair[0]), percent(pair[1]));
            if height > 0.0 {
                svg.rect((x, SIZE.1 - height), width, height, class, &hover);
            }
        }
    }
    format!("<div style=\"width:{}px\">{}</div>", SIZE.0, svg.finish("plot", &moved.name, &moved.words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_latent_units_are_told() {
        let thing = |name: String, kind: &'static str| DriftedVariable {
            name,
            kind,
            psi: 0.5,
            p_value: 0.0,
            p_corrected: 0.0,
            words: "higher".into(),
            shares: vec![],
        };
        let mut moved: Vec<DriftedVariable> =
            (1..=9).map(|k| thing(format!("latent_{k}"), "latent")).collect();
        moved.push(thing("age".into(), "numeric"));
        let html = super::moved(&DriftReport { rows: 500, reference_rows: 400, tests: 20, moved });
        assert!(html.contains(">age<") && html.contains(">latent_3<") && !html.contains(">latent_4<"));
        assert!(html.contains("And 6 latent units more."), "{html}");
    }

    #[test]
    fn moved_things_are_a_table_and_names_cannot_break_it() {
        let thing = |name: &str, bins: usize| DriftedVariable {
            name: name.into(),
            kind: "numeric",
            psi: 0.826,
            p_value: 1e-20,
            p_corrected: 3e-19,
            words: "higher, median 37 → about 52".into(),
            shares: [vec![[0.0; 2]], vec![[0.5, 0.1]; bins]].concat(),
        };
        let moved = vec![thing("<age>", 2), thing("wide", MOST_BINS + 1)];
        let html = super::moved(&DriftReport { rows: 500, reference_rows: 400, tests: 9, moved });
        for part in
            ["&lt;age&gt;", "median 37", ">0.83<", "&lt; 10⁻¹⁶", "2 things have moved: 500 rows against 400"]
        {
            assert!(html.contains(part), "{part}\n{html}");
        }
        // Two bins with two bars each, no bin of missing cells, and nothing of too many bins.
        assert_eq!(html.matches("<rect").count(), 4, "{html}");
        let still = super::moved(&DriftReport { rows: 5, reference_rows: 400, tests: 9, moved: vec![] });
        assert!(
            still.contains("nothing has moved") && still.contains("are few") && !still.contains("<table")
        );
    }
}
