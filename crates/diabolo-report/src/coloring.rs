//! Which colour a labelled point gets.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::number::number;

/// Distinct colours; more labels than this share one group.
const DISTINCT: usize = 10;

/// Steps of the scale for labels that are quantities.
const STEPS: usize = 8;

/// Points divided into groups of one colour each.
pub(crate) struct Coloring {
    /// The groups, in the order of the legend.
    pub groups: Vec<Group>,
    /// The group of every point.
    pub of_point: Vec<usize>,
}

/// Points that share a colour.
pub(crate) struct Group {
    /// The label, or what the labels have in common.
    pub name: String,
    /// The colour, as a CSS class: `c0`…`c9` distinct, `s0`…`s7` a scale, `other`.
    pub class: String,
    /// How many points.
    pub count: usize,
}

impl Coloring {
    /// One group for all points.
    pub fn plain(points: usize) -> Self {
        let group = Group { name: String::new(), class: "c0".into(), count: points };
        Coloring { groups: vec![group], of_point: vec![0; points] }
    }

    /// Groups by label: by quantity when there are many and all are numbers, else the most frequent
    /// ones.
    pub fn by_label(labels: &[String]) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for label in labels {
            *counts.entry(label).or_default() += 1;
        }
        let mut names: Vec<&str> = counts.keys().copied().collect();
        if names.len() > DISTINCT
            && let Some(values) = labels.iter().map(|l| quantity(l)).collect::<Option<Vec<_>>>()
        {
            return Coloring::by_quantity(&values);
        }
        names.sort_by(|a, b| counts[b].cmp(&counts[a]).then_with(|| natural(a, b)));
        let shown = if names.len() > DISTINCT { DISTINCT - 1 } else { names.len() };
        let rest = names.len() - shown;
        names[..shown].sort_by(|a, b| natural(a, b));
        let device: HashMap<&str, usize> =
            names.iter().enumerate().map(|(i, &n)| (n, i.min(shown))).collect();
        let mut groups: Vec<Group> = names[..shown]
            .iter()
            .enumerate()
            .map(|(i, &name)| Group { name: name.into(), class: format!("c{i}"), count: 0 })
            .collect();
        if rest > 0 {
            groups.push(Group { name: format!("{rest} other labels"), class: "other".into(), count: 0 });
        }
        Coloring { groups, of_point: labels.iter().map(|l| device[l.as_str()]).collect() }.counted()
    }

    /// Groups of about as many points each, so that a few large values leave the others apart.
    fn by_quantity(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut ends: Vec<f64> = (0..STEPS).map(|k| sorted[k * sorted.len() / STEPS]).collect();
        ends.extend(sorted.last());
        ends.dedup();
        let steps = ends.len().saturating_sub(1).max(1);
        let groups = (0..steps)
            .map(|i| {
                let name = format!("{} to {}", number(ends[i]), number(ends[(i + 1).min(ends.len() - 1)]));
                Group { name, class: format!("s{}", i * (STEPS - 1) / (steps - 1).max(1)), count: 0 }
            })
            .collect();
        let of_point = values.iter().map(|v| ends[1..].partition_point(|end| end <= v).min(steps - 1));
        Coloring { groups, of_point: of_point.collect() }.counted()
    }

    fn counted(mut self) -> Self {
        for &group in &self.of_point {
            self.groups[group].count += 1;
        }
        self
    }

    /// Whether the groups are worth a legend.
    pub fn has_legend(&self) -> bool {
        self.groups.len() > 1
    }

    /// Whether the groups are separate things, which can be named in the plot, not steps of a
    /// scale.
    pub fn is_distinct(&self) -> bool {
        self.has_legend() && self.groups.iter().all(|g| !g.class.starts_with('s'))
    }
}

fn quantity(label: &str) -> Option<f64> {
    label.trim().parse().ok().filter(|&v| crate::axis::drawable(v))
}

/// Numbers by value, and before other text.
fn natural(a: &str, b: &str) -> Ordering {
    match (quantity(a), quantity(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<String> {
        let labels: Vec<String> = labels.iter().map(|&l| l.into()).collect();
        Coloring::by_label(&labels).groups.into_iter().map(|g| format!("{}:{}", g.name, g.count)).collect()
    }

    #[test]
    fn few_labels_keep_a_natural_order() {
        assert_eq!(names(&["10", "9", "b", "9"]), ["9:2", "10:1", "b:1"]);
    }

    #[test]
    fn many_names_leave_the_rare_ones_together() {
        let mut labels = vec!["common"; 5];
        let rare: Vec<String> = (0..14).map(|i| format!("name {i:02}")).collect();
        labels.extend(rare.iter().map(String::as_str));
        let found = names(&labels);
        assert_eq!(found.len(), DISTINCT);
        assert!(found.contains(&"common:5".into()));
        assert_eq!(found.last().map(String::as_str), Some("6 other labels:6"));
    }

    #[test]
    fn many_numbers_become_a_scale() {
        let labels: Vec<String> = (0..=80).map(|i| format!("{}", i as f64 / 10.0)).collect();
        let coloring = Coloring::by_label(&labels);
        assert!(!coloring.is_distinct());
        assert_eq!(coloring.groups[0].name, "0 to 1");
        assert_eq!(coloring.groups.iter().map(|g| g.count).sum::<usize>(), 81);
        assert_eq!(coloring.of_point[80], STEPS - 1);
        // A heavy tail leaves the others in groups of their own.
        let labels: Vec<String> =
            (0..80).map(|i| if i == 7 { "1e9".into() } else { i.to_string() }).collect();
        let counts: Vec<usize> = Coloring::by_label(&labels).groups.iter().map(|g| g.count).collect();
        assert_eq!(counts, [10; STEPS]);
    }
}
