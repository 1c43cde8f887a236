//! Descriptions of drift, in the units of the column.

use super::reasons::{short, text};
use super::variable::{LEVEL, Variable};
use crate::Result;
use crate::data::Preprocessor;
use crate::stats::{Direction, Histogram, difference, direction, percent};

/// Smaller p-values are shown as "< LEAST".
const LEAST: f64 = 1e-16;

/// Describes the drift of a variable from `old` to `new`: its values, its missing cells, or both,
/// depending on separate tests.
pub(super) fn words(
    preprocessor: &Preprocessor,
    thing: &Variable,
    old: &Histogram,
    new: &Histogram,
) -> Result<String> {
    let gaps = |histogram: &Histogram| [histogram.counts[0], histogram.counts[1..].iter().sum()];
    let mut parts = vec![];
    let gaps_moved = differ(&gaps(old), &gaps(new));
    if !gaps_moved || differ(&old.counts[1..], &new.counts[1..]) {
        parts.push(match thing.categories() {
            [] => Numbers { preprocessor, thing, old, new }.words()?,
            categories => of_categories(categories, old, new),
        });
    }
    if gaps_moved {
        parts.push(format!("missing {}", change(old.missing(), new.missing())));
    }
    Ok(parts.join("; "))
}

/// What the first and the last bin hold: "≤ 17" and "> 64", or the first and the last category.
pub(super) fn ends(preprocessor: &Preprocessor, thing: &Variable, old: &Histogram) -> Result<[String; 2]> {
    let categories = thing.categories();
    if let (Some(first), Some(last)) = (categories.first(), categories.last()) {
        return Ok([first.clone(), last.clone()]);
    }
    let numbers = Numbers { preprocessor, thing, old, new: old };
    match (old.edges.first(), old.edges.last()) {
        (Some(&first), Some(&last)) => {
            Ok([format!("≤ {}", numbers.text(first)?), format!("> {}", numbers.text(last)?)])
        }
        _ => Ok(Default::default()),
    }
}

/// Whether a part of a drifted variable has drifted, by a separate test.
fn differ(old: &[u32], new: &[u32]) -> bool {
    difference(old, new).is_some_and(|found| found.p_value <= LEVEL)
}

/// The category whose fraction changed most; first, the fraction of categories that were not in
/// the training data.
fn of_categories(categories: &[String], old: &Histogram, new: &Histogram) -> String {
    let (old, new) = (old.shares(), new.shares());
    let known = categories.len().min(old.len());
    let at = most_changed(&old[..known], &new[..known]);
    let known = format!("'{}' {}", categories.get(at).map_or("", String::as_str), change(old[at], new[at]));
    match new.get(categories.len()) {
        Some(share) => format!("unseen level: {}, {known}", percent(*share)),
        None => known,
    }
}

fn most_changed(old: &[f64], new: &[f64]) -> usize {
    let by = |&at: &usize| (new[at] - old[at]).abs();
    (0..old.len()).max_by(|a, b| by(a).total_cmp(&by(b))).unwrap_or(0)
}

/// Numbers before and after.
struct Numbers<'a> {
    preprocessor: &'a Preprocessor,
    thing: &'a Variable<'a>,
    old: &'a Histogram,
    new: &'a Histogram,
}

impl Numbers<'_> {
    fn words(&self) -> Result<String> {
        let (old, new) = (self.old.shares(), self.new.shares());
        let last = self.old.edges.len();
        match direction(&old, &new) {
            direction @ (Direction::Higher | Direction::Lower) => {
                let up = direction == Direction::Higher;
                let word = if up { "higher" } else { "lower" };
                let detail = match self.medians()? {
                    Some(medians) => medians,
                    None => self.beyond(up)?,
                };
                // The upper tail of the score, which raises alarms, if it drifted.
                let beyond = |histogram: &Histogram| {
                    let counts = &histogram.counts;
                    [counts[..=last].iter().sum(), counts[last + 1]]
                };
                Ok(match self.thing {
                    Variable::Score if up && differ(&beyond(self.old), &beyond(self.new)) => {
                        let change = change(old[last], new[last]);
                        format!(
                            "{word}, {change} of rows above the 95 % quantile of the held-out rows, {detail}"
                        )
                    }
                    _ => format!("{word}, {detail}"),
                })
            }
            Direction::Changed => {
                let at = most_changed(&old, &new);
                Ok(format!("changed, {} of rows {}", change(old[at], new[at]), self.bin(at)?))
            }
            // Wider and narrower need at least five bins.
            direction => {
                let word = if direction == Direction::Wider { "wider" } else { "narrower" };
                let (low, high) = (self.old.edges[1], self.old.edges[last - 2]);
                let outside = |shares: &[f64]| shares[..2].iter().chain(&shares[last - 1..]).sum::<f64>();
                let change = change(outside(&old), outside(&new));
                Ok(format!("{word}, {change} of rows outside {} to {}", self.text(low)?, self.text(high)?))
            }
        }
    }

    /// Both medians, if they differ.
    fn medians(&self) -> Result<Option<String>> {
        let edges = &self.old.edges;
        let (Some((before, _)), Some((now, part))) = (self.old.median(), self.new.median()) else {
            return Ok(None);
        };
        if before == now || before == edges.len() {
            return Ok(None);
        }
        // The median of the held-out rows is an edge; that of the new rows lies between two edges.
        let (word, value) = match now {
            0 => ("below ", edges[0]),
            _ if now == edges.len() => ("above ", edges[now - 1]),
            _ if edges[now - 1].next_up() == edges[now] => ("", edges[now]),
            _ => ("about ", edges[now - 1] + part as f32 * (edges[now] - edges[now - 1])),
        };
        let (old, new) = (self.text(edges[before])?, self.text(value)?);
        Ok((old != new).then(|| format!("median {old} → {word}{new}")))
    }

    /// The fraction above, or up to, the edge where it changed most.
    fn beyond(&self, above: bool) -> Result<String> {
        let edges = &self.old.edges;
        let up_to = |histogram: &Histogram| -> Vec<f64> {
            let sums = histogram.shares().into_iter().scan(0.0, |sum, share| {
                *sum += share;
                Some(if above { 1.0 - *sum } else { *sum })
            });
            sums.take(edges.len()).collect()
        };
        let (old, new) = (up_to(self.old), up_to(self.new));
        let at = most_changed(&old, &new);
        // The lower edge of a bin with one value: all numbers above it are at least that value.
        let single = edges.get(at + 1) == Some(&edges[at].next_up());
        let word = match (above, single) {
            (true, false) => "above",
            (true, true) => "from",
            (false, false) => "up to",
            (false, true) => "below",
        };
        let value = self.text(edges[at + usize::from(single)])?;
        Ok(format!("{} of rows {word} {value}", change(old[at].max(0.0), new[at].max(0.0))))
    }

    /// The range of a bin.
    fn bin(&self, at: usize) -> Result<String> {
        let edges = &self.old.edges;
        Ok(match (at.checked_sub(1).map(|low| edges[low]), edges.get(at)) {
            (Some(low), Some(&high)) if low.next_up() == high => format!("at {}", self.text(high)?),
            (Some(low), Some(&high)) => format!("from {} to {}", self.text(low)?, self.text(high)?),
            (None, Some(&high)) => format!("up to {}", self.text(high)?),
            (Some(low), None) => format!("above {}", self.text(low)?),
            (None, None) => "with a value".into(),
        })
    }

    /// A number in the units of the column.
    fn text(&self, value: f32) -> Result<String> {
        let Variable::Column(index, feature, _) = self.thing else { return Ok(short(f64::from(value))) };
        let mut row = vec![0.0; self.preprocessor.width()];
        row[self.preprocessor.column_ranges()[*index].start] = value;
        Ok(text(&self.preprocessor.decode_feature(*index, &row)?.1, feature, 0))
    }
}

fn change(old: f64, new: f64) -> String {
    format!("{} → {}", percent(old), percent(new))
}

/// "p = 0.003", "p = 4e-7", "p < 1e-16"
pub(super) fn p_value(p: f64) -> String {
    match p {
        p if p < LEAST => format!("p < {LEAST:e}"),
        p if p < 1e-3 => format!("p = {p:.0e}"),
        p => format!("p = {p:.3}"),
    }
}

#[cfg(test)]
mod tests;
