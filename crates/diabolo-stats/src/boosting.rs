//! Gradient-boosted trees for two classes, by histograms: a strong classifier of tables, which
//! distinguishes synthetic from real rows, or measures the use of rows for learning.
//!
//! With the defaults of XGBoost (Chen & Guestrin 2016): a tree is grown by levels, a split has the
//! gain ½ [G_L²/(H_L+λ) + G_R²/(H_R+λ) − G²/(H+λ)], missing cells go to the side that gains more,
//! and a leaf has the value −η G/(H+λ), with G and H the sums of first and second derivatives of
//! the logistic loss.

use rayon::prelude::*;

use crate::elementary::double::{exp, ln};
use crate::end_if_cancelled;

/// λ, and the smallest H of a leaf.
const LAMBDA: f64 = 1.0;
const LEAST_HESSIAN: f64 = 1.0;
/// Bins of a column; bin 0 is for missing cells.
const BINS: usize = 256;
const MISSING: u8 = 0;

/// The size of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoostingConfig {
    /// Trees.
    pub rounds: usize,
    /// Levels of splits of a tree.
    pub depth: usize,
    /// η.
    pub learning_rate: f64,
}

impl Default for BoostingConfig {
    fn default() -> Self {
        BoostingConfig { rounds: 100, depth: 6, learning_rate: 0.3 }
    }
}

/// A split, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    Split { column: u32, last: u8, missing_left: bool, left: u32, right: u32 },
    Leaf(f64),
}

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    /// The largest value of each bin but the last, for each column.
    cuts: Vec<Vec<f32>>,
    trees: Vec<Vec<Node>>,
    start: f64,
    gains: Vec<f64>,
}

/// The sums of first and second derivatives.
type Sums = [f64; 2];

/// The best split of a node.
#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    last: u8,
    missing_left: bool,
}

/// A node that is being split: its rows, a range of the order, and its histograms.
struct Open {
    node: usize,
    rows: std::ops::Range<usize>,
    bins: Vec<Vec<Sums>>,
    total: Sums,
}

impl BoostedTrees {
    /// Trains on columns of equal length; NaN is a missing cell.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn fit(columns: &[Vec<f32>], labels: &[bool], config: BoostingConfig) -> Self {
        assert!(columns.iter().all(|column| column.len() == labels.len()), "columns of one length");
        let cuts: Vec<Vec<f32>> = columns.par_iter().map(|column| cuts(column)).collect();
        let bins: Vec<Vec<u8>> =
            columns.par_iter().zip(&cuts).map(|(column, cuts)| binned(column, cuts)).collect();
        let share = labels.iter().filter(|label| **label).count() as f64 / labels.len().max(1) as f64;
        let share = share.clamp(1e-6, 1.0 - 1e-6);
        let start = ln(share / (1.0 - share));
        let mut scores = vec![start; labels.len()];
        let mut fitted = BoostedTrees { cuts, trees: vec![], start, gains: vec![0.0; columns.len()] };
        for _ in 0..config.rounds {
            end_if_cancelled();
            let derivatives: Vec<Sums> = scores
                .iter()
                .zip(labels)
                .map(|(score, label)| {
                    let p = 1.0 / (1.0 + exp(-score));
                    [p - f64::from(u8::from(*label)), (p * (1.0 - p)).max(1e-16)]
                })
                .collect();
            let tree = fitted.grow(&bins, &derivatives, config);
            scores.iter_mut().enumerate().for_each(|(row, score)| {
                *score += value(&tree, |column| bins[column][row]);
            });
            fitted.trees.push(tree);
        }
        fitted
    }

    /// The log odds of the second class, for rows of columns.
    pub fn scores(&self, columns: &[Vec<f32>]) -> Vec<f64> {
        let bins: Vec<Vec<u8>> =
            columns.par_iter().zip(&self.cuts).map(|(column, cuts)| binned(column, cuts)).collect();
        let rows = columns.first().map_or(0, Vec::len);
        let score = |row: usize| {
            let of_trees = self.trees.iter().map(|tree| value(tree, |column| bins[column][row]));
            self.start + of_trees.sum::<f64>()
        };
        (0..rows).into_par_iter().map(score).collect()
    }

    /// The summed gain of the splits of each column.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }

    fn grow(&mut self, bins: &[Vec<u8>], derivatives: &[Sums], config: BoostingConfig) -> Vec<Node> {
        let mut order: Vec<u32> = (0..derivatives.len() as u32).collect();
        let total = derivatives.iter().fold([0.0; 2], |sum: Sums, d| [sum[0] + d[0], sum[1] + d[1]]);
        let mut nodes = vec![Node::Leaf(0.0)];
        let first =
            Open { node: 0, rows: 0..order.len(), bins: histograms(bins, derivatives, &order), total };
        let mut open = vec![first];
        for depth in 0..=config.depth {
            let mut next = vec![];
            for node in open {
                let split = if depth < config.depth { best_split(&node) } else { None };
                let Some(split) = split else {
                    let [g, h] = node.total;
                    nodes[node.node] = Node::Leaf(-config.learning_rate * g / (h + LAMBDA));
                    continue;
                };
                self.gains[split.column] += split.gain;
                let is_left = |row: u32| goes_left(bins[split.column][row as usize], split);
                let rows = &mut order[node.rows.clone()];
                let middle = node.rows.start + partition(rows, is_left);
                let (left, right) = (nodes.len() as u32, nodes.len() as u32 + 1);
                nodes[node.node] = Node::Split {
                    column: split.column as u32,
                    last: split.last,
                    missing_left: split.missing_left,
                    left,
                    right,
                };
                nodes.extend([Node::Leaf(0.0); 2]);
                let parts = [node.rows.start..middle, middle..node.rows.end];
                next.extend(children(node, parts, left as usize, bins, derivatives, &order));
            }
            open = next;
        }
        nodes
    }
}

/// The two children: the histograms of the smaller are counted, the other's are the difference.
fn children(
    parent: Open,
    [left, right]: [std::ops::Range<usize>; 2],
    first: usize,
    bins: &[Vec<u8>],
    derivatives: &[Sums],
    order: &[u32],
) -> [Open; 2] {
    let left_smaller = left.len() <= right.len();
    let smaller = if left_smaller { left.clone() } else { right.clone() };
    let counted = histograms(bins, derivatives, &order[smaller]);
    let mut rest = parent.bins;
    rest.iter_mut().flatten().zip(counted.iter().flatten()).for_each(|(rest, counted)| {
        *rest = [rest[0] - counted[0], rest[1] - counted[1]];
    });
    let total = |rows: &std::ops::Range<usize>| {
        order[rows.clone()].iter().fold([0.0; 2], |sum: Sums, row| {
            let d = derivatives[*row as usize];
            [sum[0] + d[0], sum[1] + d[1]]
        })
    };
    let (of_left, of_right) = if left_smaller { (counted, rest) } else { (rest, counted) };
    let totals = [total(&left), total(&right)];
    [
        Open { node: first, rows: left, bins: of_left, total: totals[0] },
        Open { node: first + 1, rows: right, bins: of_right, total: totals[1] },
    ]
}

fn goes_left(bin: u8, split: Split) -> bool {
    if bin == MISSING { split.missing_left } else { bin <= split.last }
}

/// The value of the leaf that a row reaches.
fn value(tree: &[Node], bin: impl Fn(usize) -> u8) -> f64 {
    let mut at = 0;
    loop {
        match tree[at] {
            Node::Leaf(value) => return value,
            Node::Split { column, last, missing_left, left, right } => {
                let split = Split { gain: 0.0, column: column as usize, last, missing_left };
                at = if goes_left(bin(column as usize), split) { left } else { right } as usize;
            }
        }
    }
}

/// Moves the rows that go left to the front, both in their order; returns their number.
fn partition(rows: &mut [u32], is_left: impl Fn(u32) -> bool) -> usize {
    let (left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| is_left(**row));
    rows[..left.len()].copy_from_slice(&left);
    rows[left.len()..].copy_from_slice(&right);
    left.len()
}

fn histograms(bins: &[Vec<u8>], derivatives: &[Sums], rows: &[u32]) -> Vec<Vec<Sums>> {
    let count = |bins: &Vec<u8>| {
        let mut sums = vec![[0.0; 2]; BINS];
        for &row in rows {
            let (sum, d) = (&mut sums[usize::from(bins[row as usize])], derivatives[row as usize]);
            *sum = [sum[0] + d[0], sum[1] + d[1]];
        }
        sums
    };
    bins.par_iter().map(count).collect()
}

fn best_split(node: &Open) -> Option<Split> {
    let of_columns: Vec<Option<Split>> = (0..node.bins.len())
        .into_par_iter()
        .map(|column| best_of_column(column, &node.bins[column], node.total))
        .collect();
    of_columns.into_iter().flatten().fold(None, |best: Option<Split>, split| {
        if best.is_none_or(|best| split.gain > best.gain) { Some(split) } else { best }
    })
}

fn best_of_column(column: usize, bins: &[Sums], total: Sums) -> Option<Split> {
    let score = |[g, h]: Sums| g * g / (h + LAMBDA);
    let missing = bins[usize::from(MISSING)];
    let mut best: Option<Split> = None;
    let mut sum: Sums = [0.0; 2];
    for (last, bin) in bins.iter().enumerate().skip(1) {
        sum = [sum[0] + bin[0], sum[1] + bin[1]];
        if bin[1] == 0.0 {
            continue;
        }
        for missing_left in [true, false] {
            let left = if missing_left { [sum[0] + missing[0], sum[1] + missing[1]] } else { sum };
            let right = [total[0] - left[0], total[1] - left[1]];
            if left[1] < LEAST_HESSIAN || right[1] < LEAST_HESSIAN {
                continue;
            }
            let gain = 0.5 * (score(left) + score(right) - score(total));
            if gain > 1e-6 && best.is_none_or(|best| gain > best.gain) {
                best = Some(Split { gain, column, last: last as u8, missing_left });
            }
        }
    }
    best
}

/// The largest value of every bin but the last: distinct values, or quantiles.
fn cuts(column: &[f32]) -> Vec<f32> {
    const MOST: usize = BINS - 2;
    let mut sorted: Vec<f32> = column.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f32::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= MOST + 1 {
        distinct.pop();
        return distinct;
    }
    let mut cuts: Vec<f32> = (1..=MOST).map(|k| sorted[k * sorted.len() / (MOST + 1)]).collect();
    cuts.dedup();
    cuts
}

fn binned(column: &[f32], cuts: &[f32]) -> Vec<u8> {
    let bin = |x: &f32| match x.is_nan() {
        true => MISSING,
        false => 1 + cuts.partition_point(|cut| cut < x) as u8,
    };
    column.iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, RngExt, stream};

    fn accuracy(columns: &[Vec<f32>], labels: &[bool], model: &BoostedTrees) -> f64 {
        let scores = model.scores(columns);
        let right = scores.iter().zip(labels).filter(|(score, label)| (**score > 0.0) == **label).count();
        right as f64 / labels.len() as f64
    }

    /// Rows of two uniform columns, of which every tenth of the second is missing; the label is
    /// whether the first is on the same side of ½ as the second, or the second is missing.
    fn parity(part: u64) -> (Vec<Vec<f32>>, Vec<bool>) {
        let noise = &mut stream(0, Purpose::Choose, part, 7);
        let mut columns = vec![vec![], vec![]];
        let mut labels = vec![];
        for _ in 0..2000 {
            let [a, b]: [f32; 2] = [noise.random(), noise.random()];
            let missing = noise.random::<f32>() < 0.1;
            labels.push(missing || (a > 0.5) == (b > 0.5));
            columns[0].push(a);
            columns[1].push(if missing { f32::NAN } else { b });
        }
        (columns, labels)
    }

    #[test]
    fn an_interaction_and_missing_cells_are_learned() {
        let ((columns, labels), (new, new_labels)) = (parity(0), parity(1));
        let model = BoostedTrees::fit(&columns, &labels, BoostingConfig::default());
        assert!(accuracy(&new, &new_labels, &model) > 0.97);
        let stump = BoostingConfig { depth: 1, ..BoostingConfig::default() };
        let additive = BoostedTrees::fit(&columns, &labels, stump);
        assert!(accuracy(&new, &new_labels, &additive) < 0.75, "no sum of columns is enough");
        assert!(model.gains().iter().all(|gain| *gain > 0.0));
    }

    #[test]
    fn the_first_tree_by_hand() {
        // Shares ½: g = ±½, h = ¼. The split has G = ∓2, H = 1 on each side: values ±0.3 · 2 / 2.
        let columns = vec![vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]];
        let labels: Vec<bool> = columns[0].iter().map(|x| *x > 0.5).collect();
        let one = BoostingConfig { rounds: 1, ..BoostingConfig::default() };
        let model = BoostedTrees::fit(&columns, &labels, one);
        assert_eq!(model.scores(&[vec![0.0, 1.0, 9.0]]), [-0.3, 0.3, 0.3]);
        assert!((model.gains()[0] - 2.0).abs() < 1e-12, "½ (4/2 + 4/2 − 0)");
    }
}
