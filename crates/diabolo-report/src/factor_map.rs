//! The information of each latent dimension about the factors that pictures were drawn from, as a
//! heat map.

use std::fmt::Write;

use crate::document::{facts, section};
use crate::number::{fixed, number};
use crate::svg::escape;

/// The information of each latent dimension about the factors that the pictures were drawn from.
#[derive(Debug, Clone, Default)]
pub struct FactorMap {
    /// The factors' names.
    pub factors: Vec<String>,
    /// Mutual information over the factor's entropy, 0 to 1: one entry a latent dimension, in it
    /// one a factor.
    pub shares: Vec<Vec<f64>>,
    /// The gap between the two largest shares, by factor.
    pub gaps: Vec<f64>,
    /// The mean of the gaps.
    pub mutual_information_gap: f64,
    /// How many rows were measured.
    pub examples: usize,
}

/// Dimensions shown at most.
const SHOWN: usize = 20;
/// Shades of a cell, the classes `s0` to `s7`.
const STEPS: f64 = 8.0;

/// The heat map.
pub(crate) fn heat_map(map: &FactorMap) -> String {
    if map.shares.is_empty() || map.factors.is_empty() {
        return String::new();
    }
    let units = shown(&map.shares);
    let head: String = units.iter().map(|unit| format!("<th scope=\"col\">{}</th>", unit + 1)).collect();
    let mut rows = String::new();
    for (k, name) in map.factors.iter().enumerate() {
        let cells: String = units.iter().map(|&unit| cell(map.shares[unit].get(k))).collect();
        let gap = map.gaps.get(k).map_or("—".into(), |gap| fixed(*gap, 2));
        let name = escape(name);
        let _ = writeln!(rows, "<tr><th scope=\"row\">{name}</th>{cells}<td class=\"value\">{gap}</td></tr>");
    }
    let table = format!(
        "<div class=\"factors\"><table><thead><tr><th scope=\"col\">Dimension</th>{head}<th scope=\"col\" class=\"value\">Gap</th></tr>\
         </thead>\n<tbody>\n{rows}</tbody></table></div>"
    );
    let mut help = "Mutual information of each latent dimension and each factor that the pictures were drawn from, as \
                    a share of the factor's entropy: 100 is all of it, an empty cell none. If every row has one dark \
                    cell in a column of its own, the code is disentangled. The gap is the difference of a row's two \
                    largest values; the mutual information gap is their mean, 0 to 1."
        .to_string();
    if units.len() < map.shares.len() {
        let _ = write!(
            help,
            " The {} of {} dimensions with the most information.",
            units.len(),
            map.shares.len()
        );
    }
    let values = [
        ("Mutual information gap".to_string(), fixed(map.mutual_information_gap, 3)),
        ("Measured on".to_string(), format!("{} rows", number(map.examples as f64))),
    ];
    section("Latent dimensions and factors", &help, &format!("{table}\n{}", facts(&values)))
}

/// The dimensions with the most information about any factor, in their order.
fn shown(shares: &[Vec<f64>]) -> Vec<usize> {
    let most = |unit: &usize| shares[*unit].iter().copied().fold(0.0, f64::max);
    let mut units: Vec<usize> = (0..shares.len()).collect();
    units.sort_by(|a, b| most(b).total_cmp(&most(a)));
    units.truncate(SHOWN);
    units.sort_unstable();
    units
}

fn cell(share: Option<&f64>) -> String {
    let Some(share) = share.filter(|share| share.is_finite()) else { return "<td></td>".into() };
    let share = share.clamp(0.0, 1.0);
    let step = ((share * STEPS) as usize).min(STEPS as usize - 1);
    match (100.0 * share).round() {
        p if p < 1.0 => "<td></td>".into(),
        p if share < 0.5 => format!("<td class=\"s{step}\">{}</td>", number(p)),
        p => format!("<td class=\"s{step} strong\">{}</td>", number(p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_shaded_by_information_and_the_most_informative_dimensions_are_shown() {
        assert_eq!(cell(Some(&0.004)), "<td></td>");
        assert_eq!(cell(Some(&0.254)), "<td class=\"s2\">25</td>");
        assert_eq!(cell(Some(&1.0)), "<td class=\"s7 strong\">100</td>");
        assert_eq!(cell(Some(&f64::NAN)), "<td></td>");
        let mut shares = vec![vec![0.0, 0.0]; 30];
        shares[29] = vec![0.0, 0.5];
        let units = shown(&shares);
        assert_eq!((units.len(), units[0], units[19]), (20, 0, 29));
    }

    #[test]
    fn names_are_escaped_and_nothing_is_no_section() {
        let found = FactorMap {
            factors: vec!["<x>".into()],
            shares: vec![vec![0.75], vec![0.25]],
            gaps: vec![0.5],
            mutual_information_gap: 0.5,
            examples: 10,
        };
        let html = heat_map(&found);
        assert!(html.contains("&lt;x&gt;") && html.contains(">75<") && html.contains("0.500"), "{html}");
        assert_eq!(heat_map(&FactorMap::default()), "");
    }
}
