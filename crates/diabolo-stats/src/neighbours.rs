//! Exact nearest neighbours by Euclidean distance, by comparison of all pairs.
//!
//! Distances are first ranked by ‖r‖² − 2 q·r, a matrix product in f32 of rows centred on the
//! reference mean; a few more candidates than requested are then measured again in f64, so that the
//! result is exact. Memory: a centred copy of the reference, and a block of products per thread.

use rayon::prelude::*;

use super::labelled::Labelled;
use super::matrix::rows_by_rows;
use crate::elementary::square;
use crate::error::{Result, StatsError};

/// The numbers of neighbours that [`NearestNeighbours::fit`] tries.
pub const NEIGHBOUR_COUNTS: [usize; 4] = [1, 3, 5, 10];

/// The number of neighbours without validation rows.
const USUAL: usize = 5;

/// Additional candidates that are measured exactly.
const SPARE: usize = 6;

/// Rows per block of products: queries and references.
const QUERIES: usize = 256;
const REFERENCES: usize = 2048;

/// A reference row and its squared distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    /// ‖q − r‖².
    pub squared: f64,
    /// Index of the reference row.
    pub row: usize,
}

/// Classification by the majority of the `k` nearest training rows.
#[derive(Debug, Clone)]
pub struct NearestNeighbours<'a> {
    /// Number of neighbours; all training rows if there are fewer.
    pub k: usize,
    train: Labelled<'a>,
}

impl<'a> NearestNeighbours<'a> {
    /// Chooses the number of neighbours, from [`NEIGHBOUR_COUNTS`], with the fewest errors on
    /// `validation` (the smallest, if tied). Without validation rows it is 5.
    ///
    /// # Errors
    /// [`StatsError::Values`] if there is no training row or feature, rows do not match, or a value
    /// is not finite.
    pub fn fit(train: &Labelled<'a>, validation: &Labelled) -> Result<NearestNeighbours<'a>> {
        train.check_training(usize::MAX)?;
        validation.check_beside(train, usize::MAX)?;
        if validation.rows() == 0 {
            return NearestNeighbours::fit_at(train, USUAL);
        }
        let most = NEIGHBOUR_COUNTS.into_iter().max().unwrap_or(USUAL);
        let near = nearest(validation.features, train.features, train.width, most);
        let mistakes = |k: &usize| {
            near.iter()
                .zip(validation.classes)
                .filter(|(near, class)| vote(near, *k, train.classes) != **class)
                .count()
        };
        let k = NEIGHBOUR_COUNTS.into_iter().min_by_key(mistakes).unwrap_or(USUAL);
        Ok(NearestNeighbours { k, train: *train })
    }

    /// Uses a fixed number of neighbours.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`StatsError::Parameter`] if `k` is 0.
    pub fn fit_at(train: &Labelled<'a>, k: usize) -> Result<NearestNeighbours<'a>> {
        train.check_training(usize::MAX)?;
        if k == 0 {
            return Err(StatsError::parameter("neighbours", "at least 1", k));
        }
        Ok(NearestNeighbours { k, train: *train })
    }

    /// The majority class of each row; ties go to the class of the nearest neighbour among them.
    pub fn predict(&self, features: &[f32]) -> Vec<u32> {
        let near = nearest(features, self.train.features, self.train.width, self.k);
        near.iter().map(|near| vote(near, self.k, self.train.classes)).collect()
    }
}

/// The distance of each query row to its nearest reference row; ∞ if there is none. Both are rows
/// of `width` values.
///
/// ```
/// use diabolo_stats::nearest_distances;
/// assert_eq!(nearest_distances(&[0.0, 0.0, 3.0, 5.0], &[3.0, 4.0], 2), [5.0, 1.0]);
/// ```
pub fn nearest_distances(queries: &[f32], reference: &[f32], width: usize) -> Vec<f32> {
    let distance = |near: &Vec<Near>| near.first().map_or(f32::INFINITY, |near| near.squared.sqrt() as f32);
    nearest(queries, reference, width, 1).iter().map(distance).collect()
}

/// The distance from each of the first `count` rows to the nearest other row; there must be two or
/// more.
pub fn nearest_other_distances(rows: &[f32], width: usize, count: usize) -> Vec<f32> {
    // A row is the nearest to itself.
    let distance = |near: &Vec<Near>| near.last().map_or(f32::INFINITY, |near| near.squared.sqrt() as f32);
    nearest(&rows[..count * width], rows, width, 2).iter().map(distance).collect()
}

/// The majority class of the `k` nearest; ties go to the class that occurs first.
fn vote(near: &[Near], k: usize, classes: &[u32]) -> u32 {
    let voters: Vec<u32> = near.iter().take(k).map(|near| classes[near.row]).collect();
    let votes = |class: &u32| voters.iter().filter(|other| *other == class).count();
    let most = voters.iter().map(votes).max().unwrap_or(0);
    voters.iter().copied().find(|class| votes(class) == most).unwrap_or(0)
}

/// The `count` nearest reference rows of each query row, nearest first, ties in row order; fewer if
/// there are fewer rows.
pub(crate) fn nearest(queries: &[f32], reference: &[f32], width: usize, count: usize) -> Vec<Vec<Near>> {
    if width == 0 {
        return vec![];
    }
    let rows = reference.len() / width;
    let mut mean = vec![0f64; width];
    for row in reference.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(m, &v)| *m += f64::from(v) / rows as f64);
    }
    let centred = |rows: &[f32]| -> Vec<f32> {
        let row =
            |row: &[f32]| row.iter().zip(&mean).map(|(&v, m)| (f64::from(v) - m) as f32).collect::<Vec<_>>();
        rows.chunks_exact(width).flat_map(row).collect()
    };
    let middle = centred(reference);
    let norms: Vec<f32> = middle.chunks_exact(width).map(|r| r.iter().map(|v| v * v).sum()).collect();
    let block = |block: &[f32]| {
        let shifted = centred(block);
        let mut lists = vec![Shortlist::new((count + SPARE).min(rows)); shifted.len() / width];
        let mut products = vec![0f32; lists.len() * REFERENCES.min(rows)];
        for (part, chunk) in middle.chunks(REFERENCES * width).enumerate() {
            let length = chunk.len() / width;
            let products = &mut products[..lists.len() * length];
            rows_by_rows(&shifted, chunk, width, products);
            let first = part * REFERENCES;
            for (list, products) in lists.iter_mut().zip(products.chunks_exact(length)) {
                list.offer(first, products, &norms[first..first + length]);
            }
        }
        let measured = |(list, query): (Shortlist, &[f32])| list.measured(query, reference, width, count);
        lists.into_iter().zip(block.chunks_exact(width)).map(measured).collect::<Vec<_>>()
    };
    queries.par_chunks(QUERIES * width).flat_map_iter(block).collect()
}

/// The best candidates of one query so far, by ‖r‖² − 2 q·r, best first.
#[derive(Clone)]
struct Shortlist {
    length: usize,
    best: Vec<(f32, usize)>,
}

impl Shortlist {
    fn new(length: usize) -> Self {
        Shortlist { length, best: Vec::with_capacity(length + 1) }
    }

    fn offer(&mut self, first: usize, products: &[f32], norms: &[f32]) {
        let mut worst = self.worst();
        for (i, (product, norm)) in products.iter().zip(norms).enumerate() {
            let rank = norm - 2.0 * product;
            if rank < worst {
                let at = self.best.partition_point(|(other, _)| *other <= rank);
                self.best.insert(at, (rank, first + i));
                self.best.truncate(self.length);
                worst = self.worst();
            }
        }
    }

    fn worst(&self) -> f32 {
        if self.best.len() < self.length {
            f32::INFINITY
        } else {
            self.best.last().map_or(f32::INFINITY, |b| b.0)
        }
    }

    fn measured(self, query: &[f32], reference: &[f32], width: usize, count: usize) -> Vec<Near> {
        let near = |(_, row): (f32, usize)| {
            let there = &reference[row * width..(row + 1) * width];
            let squared = query.iter().zip(there).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
            Near { squared, row }
        };
        let mut all: Vec<Near> = self.best.into_iter().map(near).collect();
        all.sort_by(|a, b| a.squared.total_cmp(&b.squared).then(a.row.cmp(&b.row)));
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::labelled::tests::{digits, labelled};
    use crate::random::{Purpose, standard_normal, stream};

    #[test]
    fn distances_to_other_rows_by_hand() {
        // On a line: 0, 3, 4, 4, 9.
        assert_eq!(nearest_other_distances(&[0.0, 3.0, 4.0, 4.0, 9.0], 1, 5), [3.0, 1.0, 0.0, 0.0, 5.0]);
        assert_eq!(nearest_other_distances(&[0.0, 0.0, 3.0, 4.0], 2, 1), [5.0]);
    }

    #[test]
    fn a_vote_by_hand() {
        // On a line at 1, 2, 3, 4, 6 with classes 0, 1, 1, 0, 2.
        let train = labelled(&[1.0, 2.0, 3.0, 4.0, 6.0], 1, &[0, 1, 1, 0, 2]);
        let at = |k| NearestNeighbours::fit_at(&train, k).unwrap().predict(&[0.0, 2.6, 9.0]);
        assert_eq!(at(1), [0, 1, 2]);
        assert_eq!(at(3), [1, 1, 2]); // 9: classes 2, 0, 1, one vote each, 2 is nearest
        assert_eq!(at(4), [0, 1, 1]); // 0: 0, 1, 1, 0, the nearer has 0; 9: 2, 0, 1, 1
        assert_eq!(at(100), [0, 1, 0]); // all five vote: two each for 0 and 1, the nearer decides
    }

    #[test]
    fn neighbours_match_a_brute_force_search() {
        // Far from 0, where f32 products alone are inexact; more references than a block holds.
        let width = 7;
        let mut rows = standard_normal(&mut stream(3, Purpose::Choose, 0, 0), (REFERENCES + 700) * width);
        rows.iter_mut().for_each(|v| *v += 1000.0);
        let (queries, reference) = rows.split_at(300 * width);
        let found = nearest(queries, reference, width, 4);
        for (query, found) in queries.chunks_exact(width).zip(&found) {
            let distance =
                |r: &[f32]| r.iter().zip(query).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            let mut all: Vec<(f64, usize)> =
                reference.chunks_exact(width).enumerate().map(|(i, r)| (distance(r), i)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let rows = |pairs: &[(f64, usize)]| pairs.iter().map(|p| p.1).collect::<Vec<_>>();
            assert_eq!(found.iter().map(|n| n.row).collect::<Vec<_>>(), rows(&all[..4]));
        }
    }

    /// By scikit-learn 1.9.1:
    /// ```python
    /// X, y = load_digits(return_X_y=True)
    /// model = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(X[:1200])
    /// d, near = model.kneighbors(X[1200:])
    /// d[:, 0].sum()
    /// for k in (1, 3, 5, 10):
    ///     right = 0
    ///     for row, truth in zip(y[:1200][near[:, :k]], y[1200:]):
    ///         counts = np.bincount(row, minlength=10)
    ///         right += next(c for c in row if counts[c] == counts.max()) == truth
    ///     print(k, right)
    /// ```
    #[test]
    fn digits_match_scikit_learn() {
        let (x, y) = digits();
        let (known, asked) = x.split_at(1200 * 64);
        let train = labelled(known, 64, &y[..1200]);
        let right = |k| {
            let predicted = NearestNeighbours::fit_at(&train, k).unwrap().predict(asked);
            predicted.iter().zip(&y[1200..]).filter(|(a, b)| a == b).count()
        };
        assert_eq!([1, 3, 5, 10].map(right), [576, 578, 575, 574]);
        assert_eq!(NearestNeighbours::fit(&train, &labelled(asked, 64, &y[1200..])).unwrap().k, 3);
        let sum: f64 = nearest_distances(asked, known, 64).into_iter().map(f64::from).sum();
        assert!((sum - 11_162.576_612).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn degenerate_rows_give_an_answer_or_an_error() {
        let none = labelled(&[], 1, &[]);
        let same = labelled(&[2.0; 30], 1, &[4; 30]);
        assert_eq!(NearestNeighbours::fit(&same, &none).unwrap().k, 5);
        assert_eq!(NearestNeighbours::fit(&same, &same).unwrap().predict(&[2.0, -1.0]), [4, 4]);
        assert!(NearestNeighbours::fit(&none, &same).is_err());
        assert!(NearestNeighbours::fit(&labelled(&[], 0, &[1]), &none).is_err());
        assert!(NearestNeighbours::fit_at(&same, 0).is_err());
        assert_eq!(nearest_distances(&[1.0, 2.0], &[], 1), [f32::INFINITY; 2]);
        assert_eq!(nearest_distances(&[1.0, 2.0], &[1.0], 0), [0f32; 0]);
        assert_eq!(nearest_distances(&[], &[1.0], 1), [0f32; 0]);
        assert_eq!(nearest_distances(&[1.0, 2.0, 5.0], &[1.0, 2.0, 9.0], 2), [0.0]);
    }
}
