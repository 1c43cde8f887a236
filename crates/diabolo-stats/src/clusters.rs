//! k-means clustering, and the agreement of two partitions of the same rows.

use std::collections::BTreeMap;

use super::neighbours::{Near, nearest};
use crate::elementary::{double::ln, square};
use crate::error::{Result, StatsError};
use crate::random::{Purpose, RngExt, Stream, stream, weighted_index_or_last};

const MOST_ITERATIONS: usize = 300;

/// A k-means clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// Clusters × width, row-major.
    pub centroids: Vec<f32>,
    /// The cluster of each row.
    pub assignment: Vec<u32>,
    /// Σ squared distance of the rows to their centroids.
    pub inertia: f64,
}

/// The best of `restarts` runs of Lloyd's algorithm, each from a k-means++ start (Arthur &
/// Vassilvitskii 2007).
///
/// A cluster that becomes empty moves to the row farthest from its centroid. `features` are rows of
/// `width` values.
///
/// # Errors
/// [`StatsError::Parameter`] unless 1 ≤ `clusters` ≤ rows; [`StatsError::Values`] if a value is not
/// finite or the width is 0.
pub fn k_means(
    features: &[f32],
    width: usize,
    clusters: usize,
    restarts: usize,
    seed: u64,
) -> Result<KMeans> {
    if width == 0 || !features.len().is_multiple_of(width) {
        let found = format!("{} values", features.len());
        return Err(StatsError::values(
            "features",
            format!("rows of {width} ≥ 1 values"),
            found,
            "state their width",
        ));
    }
    let rows = features.len() / width;
    if !(1..=rows).contains(&clusters) {
        return Err(StatsError::parameter("clusters", format!("1 to {rows}, the number of rows"), clusters));
    }
    if let Some(at) = features.iter().position(|v| !v.is_finite()) {
        let help = "fit the model again with a smaller --learning-rate";
        let error = StatsError::values("features", "finite values", features[at].to_string(), help);
        return Err(error.at_row((at / width) as u64 + 1));
    }
    let run = |restart| lloyd(features, width, clusters, &mut stream(seed, Purpose::Cluster, 0, restart));
    let mut best = run(0);
    for other in (1..restarts as u64).map(run) {
        if other.inertia < best.inertia {
            best = other;
        }
    }
    Ok(best)
}

/// Runs Lloyd's algorithm until no row changes its cluster.
fn lloyd(features: &[f32], width: usize, clusters: usize, noise: &mut Stream) -> KMeans {
    let mut centroids = spread(features, width, clusters, noise);
    let mut assigned = assign(features, &centroids, width);
    for _ in 0..MOST_ITERATIONS {
        centroids = means(features, width, clusters, &assigned);
        let next = assign(features, &centroids, width);
        let settled = next.iter().zip(&assigned).all(|(a, b)| a.row == b.row);
        assigned = next;
        if settled {
            break;
        }
    }
    let assignment = assigned.iter().map(|near| near.row as u32).collect();
    KMeans { centroids, assignment, inertia: assigned.iter().map(|near| near.squared).sum() }
}

fn assign(features: &[f32], centroids: &[f32], width: usize) -> Vec<Near> {
    nearest(features, centroids, width, 1).into_iter().map(|near| near[0]).collect()
}

/// k-means++: each centroid is a row drawn with probability proportional to its squared distance
/// from the previous centroids.
fn spread(features: &[f32], width: usize, clusters: usize, noise: &mut Stream) -> Vec<f32> {
    let rows = features.len() / width;
    let mut gaps = vec![1f64; rows];
    let mut centroids: Vec<f32> = Vec::with_capacity(clusters * width);
    for _ in 0..clusters {
        // All distances are 0 if there are fewer distinct rows than clusters: then the last one.
        let row = weighted_index_or_last(&gaps, noise.random::<f64>() * gaps.iter().sum::<f64>());
        let chosen = &features[row * width..(row + 1) * width];
        for (gap, row) in gaps.iter_mut().zip(features.chunks_exact(width)) {
            let squared = row.iter().zip(chosen).map(|(a, b)| square(f64::from(a - b))).sum();
            *gap = if centroids.is_empty() { squared } else { gap.min(squared) };
        }
        centroids.extend_from_slice(chosen);
    }
    centroids
}

/// The mean of each cluster's rows; empty clusters move to the rows farthest from their centroids.
fn means(features: &[f32], width: usize, clusters: usize, assigned: &[Near]) -> Vec<f32> {
    let mut sums = vec![0f64; clusters * width];
    let mut counts = vec![0usize; clusters];
    for (row, near) in features.chunks_exact(width).zip(assigned) {
        counts[near.row] += 1;
        let sum = &mut sums[near.row * width..(near.row + 1) * width];
        sum.iter_mut().zip(row).for_each(|(s, &v)| *s += f64::from(v));
    }
    let mut farthest: Vec<usize> = vec![];
    if counts.contains(&0) {
        farthest = (0..assigned.len()).collect();
        farthest.sort_by(|&a, &b| assigned[a].squared.total_cmp(&assigned[b].squared));
    }
    let mean = |(cluster, count): (usize, &usize)| -> Vec<f32> {
        if *count == 0 {
            let row = farthest.pop().unwrap_or(0);
            return features[row * width..(row + 1) * width].to_vec();
        }
        sums[cluster * width..(cluster + 1) * width].iter().map(|s| (s / *count as f64) as f32).collect()
    };
    counts.iter().enumerate().flat_map(mean).collect()
}

/// The contingency table of two partitions, with its marginal counts.
struct Contingency {
    pairs: BTreeMap<(u32, u32), f64>,
    first: BTreeMap<u32, f64>,
    second: BTreeMap<u32, f64>,
    rows: f64,
}

impl Contingency {
    fn new(a: &[u32], b: &[u32]) -> Self {
        let mut table = Contingency {
            pairs: BTreeMap::new(),
            first: BTreeMap::new(),
            second: BTreeMap::new(),
            rows: 0.0,
        };
        for (&a, &b) in a.iter().zip(b) {
            *table.pairs.entry((a, b)).or_default() += 1.0;
            *table.first.entry(a).or_default() += 1.0;
            *table.second.entry(b).or_default() += 1.0;
            table.rows += 1.0;
        }
        table
    }

    /// Whether both put all rows into one class.
    fn is_trivial(&self) -> bool {
        self.first.len() <= 1 && self.second.len() <= 1
    }
}

/// I(a; b) / ½(H(a) + H(b)), from 0 (independent) to 1 (the same partition); 1 if both have one
/// class.
///
/// Rows are counted up to the end of the shorter slice.
///
/// ```
/// use diabolo_stats::normalized_mutual_information;
/// assert!((normalized_mutual_information(&[0, 0, 1, 2], &[0, 0, 1, 1]) - 0.8).abs() < 1e-12);
/// ```
pub fn normalized_mutual_information(a: &[u32], b: &[u32]) -> f64 {
    let table = Contingency::new(a, b);
    if table.is_trivial() {
        return 1.0;
    }
    let entropy = |counts: &BTreeMap<u32, f64>| -> f64 {
        counts.values().map(|count| -(count / table.rows) * ln(count / table.rows)).sum()
    };
    let shared = |(&(a, b), count): (&(u32, u32), &f64)| {
        count / table.rows * ln(count * table.rows / (table.first[&a] * table.second[&b]))
    };
    let information: f64 = table.pairs.iter().map(shared).sum();
    (information / (0.5 * (entropy(&table.first) + entropy(&table.second)))).clamp(0.0, 1.0)
}

/// The adjusted Rand index (Hubert & Arabie 1985), the fraction of row pairs on which the
/// partitions agree, adjusted for chance: 1 for equal partitions, 0 on average for random ones; 1
/// if both have one class.
///
/// Rows are counted up to the end of the shorter slice.
pub fn adjusted_rand_index(a: &[u32], b: &[u32]) -> f64 {
    let table = Contingency::new(a, b);
    let two = |count: &f64| count * (count - 1.0) / 2.0;
    let together: f64 = table.pairs.values().map(two).sum();
    let first: f64 = table.first.values().map(two).sum();
    let second: f64 = table.second.values().map(two).sum();
    // Also if every row is a class of its own in both.
    if together == first && together == second {
        return 1.0;
    }
    let chance = first * second / two(&table.rows);
    (together - chance) / (0.5 * (first + second) - chance)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::labelled::tests::digits;

    /// By scikit-learn 1.9.1:
    /// ```python
    /// a = (np.arange(60)**2) % 7; b = np.arange(60) % 4 + (np.arange(60) > 40)
    /// normalized_mutual_info_score(a, b), adjusted_rand_score(a, b)
    /// X, y = load_digits(return_X_y=True)  # and so on with (y, X[:, 20].astype(int)), and by hand
    /// ```
    #[test]
    fn agreement_matches_scikit_learn() {
        let check = |a: &[u32], b: &[u32], information: f64, rand: f64| {
            for (a, b) in [(a, b), (b, a)] {
                let found = (normalized_mutual_information(a, b), adjusted_rand_index(a, b));
                assert!((found.0 - information).abs() < 1e-12, "{found:?} vs {information}");
                assert!((found.1 - rand).abs() < 1e-12, "{found:?} vs {rand}");
            }
        };
        let a: Vec<u32> = (0..60).map(|i| i * i % 7).collect();
        let b: Vec<u32> = (0..60).map(|i| i % 4 + u32::from(i > 40)).collect();
        check(&a, &b, 0.023_628_383_506_125_637, -0.044_095_204_078_319_315);
        let (x, y) = digits();
        let pixel: Vec<u32> = x.iter().skip(20).step_by(64).map(|&p| p as u32).collect();
        check(&y, &pixel, 0.167_046_153_803_543_3, 0.116_053_394_327_630_55);
        check(&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0, 1.0);
        check(&[0, 0, 0, 0], &[0, 1, 2, 3], 0.0, 0.0);
        check(&[0, 0, 0], &[1, 1, 1], 1.0, 1.0);
        check(&[0, 1, 2], &[2, 1, 0], 1.0, 1.0);
        check(&[0, 0, 1, 2], &[0, 0, 1, 1], 0.8, 4.0 / 7.0);
        check(&[0, 1, 0, 1], &[0, 0, 1, 1], 0.0, -0.5);
        check(&[], &[], 1.0, 1.0);
        check(&[3], &[5], 1.0, 1.0);
    }

    #[test]
    fn two_clusters_by_hand() {
        let rows = [0.0, 1.0, 10.0, 12.0, 0.5];
        let found = k_means(&rows, 1, 2, 3, 0).unwrap();
        let low = found.assignment[0];
        assert_eq!(found.assignment, [low, low, 1 - low, 1 - low, low]);
        assert_eq!((found.centroids[low as usize], found.centroids[1 - low as usize]), (0.5, 11.0));
        assert_eq!(found.inertia, 0.5 + 2.0);
    }

    /// scikit-learn 1.9.1, `KMeans(10, n_init=10, random_state=s)` for s = 0, 1, 2: inertia
    /// 1165189, 1165248, 1165224; with the digits' classes, normalised mutual information 0.742,
    /// 0.739, 0.741.
    #[test]
    fn digits_cluster_as_well_as_with_scikit_learn() {
        let (x, y) = digits();
        let found = k_means(&x, 64, 10, 10, 0).unwrap();
        assert!(found.inertia < 1_166_000.0, "{}", found.inertia);
        let information = normalized_mutual_information(&found.assignment, &y);
        assert!((0.72..0.76).contains(&information), "{information}");
        assert_eq!(found, k_means(&x, 64, 10, 10, 0).unwrap());
    }

    #[test]
    fn an_empty_cluster_takes_the_farthest_row() {
        let near = |row, squared| Near { squared, row };
        let assigned = [near(0, 0.0), near(0, 1.0), near(0, 81.0), near(2, 4.0)];
        let found = means(&[0.0, 1.0, 9.0, 4.0], 1, 4, &assigned);
        assert_eq!(found, [10.0 / 3.0, 9.0, 4.0, 4.0]);
    }

    #[test]
    fn degenerate_rows_give_clusters_or_an_error() {
        let same = k_means(&[2.0; 6], 2, 3, 2, 7).unwrap();
        assert_eq!((same.inertia, same.centroids), (0.0, vec![2.0; 6]));
        assert_eq!(k_means(&[1.0, 4.0], 1, 2, 0, 0).unwrap().inertia, 0.0);
        assert!(k_means(&[1.0], 0, 1, 1, 0).is_err());
        assert!(k_means(&[1.0, 2.0], 1, 3, 1, 0).unwrap_err().to_string().contains("1 to 2"));
        assert!(k_means(&[], 1, 1, 1, 0).is_err() && k_means(&[1.0], 1, 0, 1, 0).is_err());
        assert!(k_means(&[1.0, f32::NAN], 1, 1, 1, 0).unwrap_err().to_string().contains("row 2"));
    }
}
