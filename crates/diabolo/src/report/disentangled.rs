//! The section on what each unit tells about the factors of drawn pictures: a heat map of units and factors.

use std::fmt::Write;

use super::FactorMap;
use super::html::{facts, section};
use super::number::{fixed, number};
use super::svg::escape;
use crate::evaluate::Disentanglement;

/// Units shown at most.
const UNITS: usize = 20;
/// Shades of a cell, the classes `s0` to `s7`.
const STEPS: f64 = 8.0;

impl From<Disentanglement> for FactorMap {
    fn from(found: Disentanglement) -> Self {
        let share =
            |unit: Vec<f64>| unit.into_iter().zip(&found.factors).map(|(told, f)| told / f.entropy).collect();
        FactorMap {
            shares: found.mutual_information.into_iter().map(share).collect(),
            gaps: found.factors.iter().map(|factor| factor.gap).collect(),
            factors: found.factors.into_iter().map(|factor| factor.name).collect(),
            mutual_information_gap: found.mutual_information_gap,
            examples: found.examples,
        }
    }
}

/// The heat map.
pub(super) fn map(map: &FactorMap) -> String {
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
        "<div class=\"factors\"><table><thead><tr><th scope=\"col\">Unit</th>{head}<th scope=\"col\" class=\"value\">Gap</th></tr>\
         </thead>\n<tbody>\n{rows}</tbody></table></div>"
    );
    let mut help = "How much each unit of the code tells about each of the factors that the pictures were drawn from: 100 \
                    is all of it, an empty cell nothing. Where every row has one dark cell in a column of its own, the code \
                    has pulled the factors apart. The gap is the difference of a row's two largest values, and the mutual \
                    information gap their mean, 0 to 1."
        .to_string();
    if units.len() < map.shares.len() {
        let _ = write!(help, " The {} of {} units that tell most.", units.len(), map.shares.len());
    }
    let values = [
        ("Mutual information gap".to_string(), fixed(map.mutual_information_gap, 3)),
        ("Measured on".to_string(), format!("{} rows", number(map.examples as f64))),
    ];
    section("Units and factors", &help, &format!("{table}\n{}", facts(&values)))
}

/// The units that tell most about any factor, in their order.
fn shown(shares: &[Vec<f64>]) -> Vec<usize> {
    let most = |unit: &usize| shares[*unit].iter().copied().fold(0.0, f64::max);
    let mut units: Vec<usize> = (0..shares.len()).collect();
    units.sort_by(|a, b| most(b).total_cmp(&most(a)));
    units.truncate(UNITS);
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
    fn cells_are_shaded_by_what_a_unit_tells_and_the_telling_units_are_shown() {
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
    fn shares_are_of_the_factors_entropy() {
        let gap = crate::evaluate::FactorGap { name: "<x>".into(), entropy: 2.0, unit: 0, gap: 0.5 };
        let found = Disentanglement {
            mutual_information_gap: 0.5,
            examples: 10,
            factors: vec![gap],
            mutual_information: vec![vec![1.5], vec![0.5]],
        };
        let found = FactorMap::from(found);
        assert_eq!(found.shares, [[0.75], [0.25]]);
        let html = map(&found);
        assert!(html.contains("&lt;x&gt;") && html.contains(">75<") && html.contains("0.500"), "{html}");
        assert_eq!(map(&FactorMap::default()), "");
    }
}
