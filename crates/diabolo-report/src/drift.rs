//! Drift since the fit: a table, largest first, with the distributions of held-out and new rows
//! side by side.

use diabolo_stats::percent;

use crate::document::section;
use crate::number::{number, scientific};
use crate::svg::{Anchor, Svg, escape, shorten};

/// Bars are drawn of no more bins than this.
const MOST_BINS: usize = 24;
/// A small plot.
const SIZE: (f64, f64) = (180.0, 44.0);
/// Room for what the first and the last bin hold, and for how many characters of each.
const ENDS: f64 = 18.0;
const END_LENGTH: usize = 12;

const HELP: &str = "New rows compared with rows held out of the fit: one test for the score, each column and each \
                    latent dimension. Left bars are held-out rows, right bars (red) new rows: the share of missing \
                    cells, if there are any, then of each bin; numbers are cut at the deciles of the held-out rows. \
                    PSI is the population stability index, usually read as small below 0.1 and large above 0.25; p \
                    is corrected for all tests (Holm).";

/// New rows beside held-out ones.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// What was compared with what, and how many variables drifted.
    pub summary: String,
    /// What to know before trusting that nothing else has drifted.
    pub warning: Option<String>,
    /// Largest first.
    pub variables: Vec<DriftedVariable>,
    /// Latent dimensions that have drifted too and are not listed.
    pub left_out: usize,
}

/// A score, a column or a latent dimension that has drifted.
#[derive(Debug, Clone, Default)]
pub struct DriftedVariable {
    /// The column; "score"; "latent_1", ….
    pub name: String,
    /// "score", "latent", or the kind of the column.
    pub kind: String,
    /// The population stability index.
    pub psi: f64,
    /// The p-value, corrected for all tests (Holm).
    pub p_corrected: f64,
    /// In words and in the column's own units.
    pub change: String,
    /// What the first and the last bin hold.
    pub ends: [String; 2],
    /// The share of held-out and of new rows that lack the cell, and that fall into each bin.
    pub shares: Vec<[f64; 2]>,
}

/// The section; without drift, a sentence.
pub(crate) fn section_of(drift: &Drift) -> String {
    let sentence = |text: &str| format!("<p>{}</p>\n", escape(text));
    let mut content = sentence(&drift.summary);
    content += &drift.warning.as_deref().map(sentence).unwrap_or_default();
    if !drift.variables.is_empty() {
        let rows: String = drift.variables.iter().map(row).collect();
        content += &format!(
            "<div class=\"scroll\"><table class=\"drift\"><thead><tr><th scope=\"col\">Variable</th><th scope=\"col\">Change</th>\
             <th scope=\"col\" class=\"value\">PSI</th><th scope=\"col\" class=\"value\">p</th>\
             <th scope=\"col\">Held-out and new rows</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
        );
        if drift.left_out > 0 {
            content += &sentence(&format!("And {} more latent dimensions.", drift.left_out));
        }
    }
    section("Drift", HELP, &content)
}

fn row(variable: &DriftedVariable) -> String {
    let p = match variable.p_corrected {
        p if p < 1e-16 => "&lt; 10⁻¹⁶".into(),
        p if p < 1e-3 => scientific(p),
        p => number(p),
    };
    format!(
        "<tr><th scope=\"row\">{}<small>{}</small></th><td>{}</td><td class=\"value\">{:.2}</td>\
         <td class=\"value\">{p}</td><td>{}</td></tr>\n",
        escape(&variable.name),
        escape(&variable.kind),
        escape(&variable.change),
        variable.psi,
        bars(variable),
    )
}

fn bars(variable: &DriftedVariable) -> String {
    let shares: &[[f64; 2]] = match variable.shares.split_first() {
        Some(([0.0, 0.0], seen)) => seen,
        _ => &variable.shares,
    };
    if shares.len() > MOST_BINS {
        return String::new();
    }
    let most = shares.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = SIZE.0 / shares.len() as f64;
    let width = 0.42 * step;
    let mut svg = Svg::new(SIZE.0, SIZE.1 + ENDS);
    svg.line((0.0, SIZE.1), (SIZE.0, SIZE.1), "axis");
    for (end, (x, anchor)) in variable.ends.iter().zip([(0.0, Anchor::Start), (SIZE.0, Anchor::End)]) {
        svg.text((x, SIZE.1 + ENDS - 3.0), anchor, "tick", &shorten(end, END_LENGTH));
    }
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
    format!(
        "<div style=\"width:{}px\">{}</div>",
        SIZE.0,
        svg.finish("plot", &variable.name, &variable.change)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drifted_variables_are_a_table_and_names_cannot_break_it() {
        let variable = |name: &str, bins: usize| DriftedVariable {
            name: name.into(),
            kind: "numeric".into(),
            psi: 0.826,
            p_corrected: 3e-19,
            change: "higher, median 37 → about 52".into(),
            ends: ["≤ 17".into(), "> a very long category".into()],
            shares: [vec![[0.0; 2]], vec![[0.5, 0.1]; bins]].concat(),
        };
        let drift = Drift {
            summary: "2 variables have drifted".into(),
            warning: None,
            variables: vec![variable("<age>", 2), variable("wide", MOST_BINS + 1)],
            left_out: 6,
        };
        let html = section_of(&drift);
        for part in [
            "&lt;age&gt;",
            "median 37",
            ">0.83<",
            "&lt; 10⁻¹⁶",
            "2 variables have drifted",
            "And 6 more latent dimensions.",
            "≤ 17",
            "&gt; a very lo…",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        // Two bins with two bars each, no bin of missing cells, and nothing of too many bins.
        assert_eq!(html.matches("<rect").count(), 4, "{html}");
        let none = Drift { summary: "nothing".into(), warning: Some("few".into()), ..Drift::default() };
        let html = section_of(&none);
        assert!(html.contains(">nothing<") && html.contains(">few<") && !html.contains("<table"));
    }
}
