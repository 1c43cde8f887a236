//! The values of one model over splits and initial weights.

use std::collections::BTreeMap;

use diabolo_report::comparison::Summary;

use super::catalog::SIMILARITY;
use crate::stats::alignment;
use crate::task::compare::{ComparisonResult, Trial};

/// The trials of a model in groups, each of which counts as one value: the mean over it.
pub(super) struct Groups<'a>(Vec<Vec<&'a Trial>>);

impl<'a> Groups<'a> {
    /// One group for each split, since the values of a split are not independent.
    pub fn by_split(result: &'a ComparisonResult, model: &str) -> Self {
        let of_seed = |seed: &u64| -> Vec<&Trial> {
            result.trials.iter().filter(|t| t.model == model && t.seed == *seed).collect()
        };
        Groups(result.seeds.iter().map(of_seed).filter(|group| !group.is_empty()).collect())
    }

    /// One group for each trial; only one of the raw input, which is not trained.
    pub fn single(result: &'a ComparisonResult, model: &str) -> Self {
        Groups(result.trials.iter().filter(|t| t.model == model).map(|t| vec![t]).collect())
    }

    /// The terms of the objective by name: mean over trials, and weight.
    pub fn terms(&self) -> BTreeMap<String, [f64; 2]> {
        let trials: Vec<&&Trial> = self.0.iter().flatten().collect();
        let Some(first) = trials.first() else { return BTreeMap::new() };
        let mean = |name: &String| {
            Summary::of(&trials.iter().filter_map(|t| Some(t.terms.get(name)?.0)).collect::<Vec<_>>()).mean
        };
        first.terms.iter().map(|(name, term)| (name.clone(), [mean(name), term.1])).collect()
    }

    /// One value for each group; NaN where there is none.
    pub fn values(&self, measure: &str) -> Vec<f64> {
        if measure == SIMILARITY {
            return self.0.iter().map(|group| similarity(group)).collect();
        }
        self.0.iter().map(|group| Summary::of(&of_each(group, measure)).mean).collect()
    }

    /// The standard deviation within groups: √(Σ (v − mean of its group)² / Σ (size − 1)); `None`
    /// for groups of one.
    pub fn deviation(&self, measure: &str) -> Option<f64> {
        let (mut squares, mut free) = (0.0, 0);
        for group in &self.0 {
            let values: Vec<f64> = of_each(group, measure).into_iter().filter(|v| v.is_finite()).collect();
            let mean = Summary::of(&values).mean;
            squares += values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
            free += values.len().saturating_sub(1);
        }
        (free > 0).then(|| (squares / free as f64).sqrt())
    }

    /// x, mean over groups and its standard error, at each x that all trials have.
    pub fn curve(&self, key: &str, factor: f64) -> Vec<[f64; 3]> {
        let all: Vec<Vec<&[(f64, f64)]>> = self.0.iter().map(|group| curves(group, key)).collect();
        let shared = all.iter().flatten().map(|c| c.len()).min().unwrap_or(0);
        let Some(first) = all.iter().flatten().next() else { return vec![] };
        let point = |i: usize| {
            let of_group = |group: &Vec<&[(f64, f64)]>| {
                Summary::of(&group.iter().map(|c| c[i].1 * factor).collect::<Vec<_>>()).mean
            };
            let found = Summary::of(&all.iter().map(of_group).collect::<Vec<_>>());
            [first[i].0, found.mean, found.standard_error.unwrap_or(0.0)]
        };
        (0..shared).map(point).collect()
    }
}

/// The mean alignment of the codes of all pairs; constant codes have none.
fn similarity(group: &[&Trial]) -> f64 {
    let pairs = group.iter().enumerate().flat_map(|(at, b)| group[..at].iter().map(move |a| (a, b)));
    Summary::of(&pairs.map(|(a, b)| alignment(&a.geometry, &b.geometry)).collect::<Vec<_>>()).mean
}

fn of_each(group: &[&Trial], measure: &str) -> Vec<f64> {
    group.iter().map(|t| t.measures.get(measure).copied().unwrap_or(f64::NAN)).collect()
}

fn curves<'a>(group: &[&'a Trial], key: &str) -> Vec<&'a [(f64, f64)]> {
    group.iter().filter_map(|t| Some(t.curves.get(key)?.as_slice())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(seed: u64, initialization: usize, value: f64) -> Trial {
        Trial {
            model: "m".into(),
            seed,
            initialization,
            measures: [("a".to_string(), value)].into(),
            curves: [("c".to_string(), vec![(0.0, value), (1.0, 2.0 * value)])].into(),
            ..Trial::default()
        }
    }

    #[test]
    fn initial_weights_of_a_split_are_one_value() {
        // Splits with 1, 3 and 5, 9: means 2 and 7, deviations (1 + 1 + 4 + 4) / 2.
        let trials = [trial(0, 0, 1.0), trial(1, 0, 5.0), trial(0, 1, 3.0), trial(1, 1, 9.0)];
        let of = |seed: u64| trials.iter().filter(|t| t.seed == seed).collect();
        let groups = Groups(vec![of(0), of(1)]);
        assert_eq!(groups.values("a"), [2.0, 7.0]);
        assert!((groups.deviation("a").unwrap_or(0.0) - 5f64.sqrt()).abs() < 1e-12);
        // Mean 4.5, standard error of 2 and 7: √(12.5 / 2) = 2.5.
        assert_eq!(groups.curve("c", 10.0), [[0.0, 45.0, 25.0], [1.0, 90.0, 50.0]]);
        let coded = |geometry: &[f32]| Trial { geometry: geometry.to_vec(), ..Trial::default() };
        let [a, b, c] = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]].map(|g| coded(&g));
        // Pairs: 0.6, 0 and 0.8.
        let found = Groups(vec![vec![&a, &b, &c], vec![&a]]).values(SIMILARITY);
        assert!((found[0] - 1.4 / 3.0).abs() < 1e-6 && found[1].is_nan());
        let single = Groups(trials.iter().map(|t| vec![t]).collect());
        assert_eq!(single.deviation("a"), None);
        assert!(groups.values("b").iter().all(|v| v.is_nan()) && groups.curve("d", 1.0).is_empty());
    }
}
