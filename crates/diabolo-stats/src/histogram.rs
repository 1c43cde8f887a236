//! Histograms of a number or a category, and the difference between the distributions of two
//! samples.
//!
//! Numbers are binned at the deciles e_1 < e_2 < … of the held-out rows, in bins (e_{b−1}, e_b]; a
//! value that equals two deciles has its own bin. Missing cells have one more bin. With n_b and m_b
//! the counts of two samples, and n and m their sums:
//!
//! ```text
//! χ²  = Σ_b (n_b − n t_b)² / (n t_b) + (m_b − m t_b)² / (m t_b) ,    t_b = (n_b + m_b) / (n + m)
//!     homogeneity, bins − 1 degrees
//! PSI = Σ_b (q_b − p_b) log(q_b / p_b) ,    p_b = (n_b + ½) / (n + B/2) ,
//!     q_b = (m_b + ½) / (m + B/2)
//! ```
//! where bins (neighbours, or rare categories) are first merged until the expected count of each is
//! [`EXPECTED`] rows of the smaller sample. PSI, the population stability index, is a divergence in
//! nats, usually called small below 0.1 and large above 0.25; for two samples of the same
//! distribution, it is about (B − 1)(1/n + 1/m).

use super::chi_square::chi_square_tail;
use crate::elementary::{double::ln, square};

/// Minimum expected count of a bin in the smaller sample.
const EXPECTED: f64 = 5.0;

/// Counts of rows in bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Upper edges of the bins, inclusive, ascending. Categories are the numbers 0, 1, 2, ….
    pub edges: Vec<f32>,
    /// The number of missing cells, then of rows in each bin.
    pub counts: Vec<u32>,
}

/// The difference of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The population stability index.
    pub psi: f64,
    /// The p-value of the χ² test of homogeneity.
    pub p_value: f64,
}

/// The direction in which the distribution of a number changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// New values are mostly higher.
    Higher,
    /// New values are mostly lower.
    Lower,
    /// More values in both tails.
    Wider,
    /// Fewer values in both tails.
    Narrower,
    /// None of these.
    Changed,
}

impl Histogram {
    /// An empty histogram with edges at the quantiles `at` of `values`; NaN is missing.
    pub fn of_numbers(values: &[f32], at: &[f64]) -> Self {
        let mut sorted: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_by(f32::total_cmp);
        let rank = |q: f64| ((q * sorted.len() as f64).ceil() as usize).saturating_sub(1);
        let found: Vec<f32> = at.iter().filter_map(|&q| sorted.get(rank(q)).copied()).collect();
        let alone = |run: &[f32]| (run.len() > 1).then(|| run[0].next_down());
        let mut edges: Vec<f32> =
            found.chunk_by(|a, b| a == b).flat_map(|run| alone(run).into_iter().chain([run[0]])).collect();
        edges.dedup();
        Histogram { counts: vec![0; edges.len() + 2], edges }
    }

    /// An empty histogram of this many categories.
    pub fn of_categories(count: usize) -> Self {
        let edges: Vec<f32> = (0..count.saturating_sub(1)).map(|code| code as f32).collect();
        Histogram { counts: vec![0; edges.len() + 2], edges }
    }

    /// An empty histogram with the same bins.
    pub fn emptied(&self) -> Self {
        Histogram { edges: self.edges.clone(), counts: vec![0; self.counts.len()] }
    }

    /// Counts a value; NaN is missing.
    pub fn add(&mut self, value: f32) {
        let bin = if value.is_nan() { 0 } else { 1 + self.edges.partition_point(|edge| *edge < value) };
        self.counts[bin] += 1;
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.counts.iter().map(|&n| u64::from(n)).sum()
    }

    /// The fraction of missing cells.
    pub fn missing(&self) -> f64 {
        f64::from(self.counts[0]) / self.rows().max(1) as f64
    }

    /// The fraction of each bin among the observed cells.
    pub fn shares(&self) -> Vec<f64> {
        let seen = (self.rows() - u64::from(self.counts[0])).max(1) as f64;
        self.counts[1..].iter().map(|&n| f64::from(n) / seen).collect()
    }

    /// The fractions of missing cells and of each bin, among all rows.
    pub fn all_shares(&self) -> Vec<f64> {
        let rows = self.rows().max(1) as f64;
        self.counts.iter().map(|&n| f64::from(n) / rows).collect()
    }

    /// The bin that contains the median, and the fraction of that bin below it; `None` without
    /// values.
    pub fn median(&self) -> Option<(usize, f64)> {
        // From counts, not fractions: exactly half of the held-out rows are at or below their
        // median.
        let half = 0.5 * self.counts[1..].iter().map(|&n| f64::from(n)).sum::<f64>();
        let mut below = 0.0;
        for (bin, n) in self.counts[1..].iter().map(|&n| f64::from(n)).enumerate() {
            if n > 0.0 && below + n >= half {
                return Some((bin, (half - below) / n));
            }
            below += n;
        }
        None
    }

    /// Whether the fields are consistent.
    pub fn is_sound(&self) -> bool {
        self.counts.len() == self.edges.len() + 2
            && self.edges.iter().all(|edge| !edge.is_nan())
            && self.edges.windows(2).all(|pair| pair[0] < pair[1])
    }
}

/// The difference of counts in the same bins, after merging sparse neighbours; `None` if no test is
/// possible.
pub fn difference(reference: &[u32], new: &[u32]) -> Option<Difference> {
    let counts: Vec<[f64; 2]> = reference.iter().zip(new).map(|(&n, &m)| [n, m].map(f64::from)).collect();
    let sums = counts.iter().fold([0.0; 2], |sums, pair| [sums[0] + pair[0], sums[1] + pair[1]]);
    let all = sums[0] + sums[1];
    let bins = put_together(&counts, EXPECTED * all / sums[0].min(sums[1]));
    if bins.len() < 2 {
        return None;
    }
    let (mut statistic, mut psi) = (0.0, 0.0);
    let half = 0.5 * bins.len() as f64;
    for bin in &bins {
        for side in 0..2 {
            let expected = sums[side] * (bin[0] + bin[1]) / all;
            statistic += square(bin[side] - expected) / expected;
        }
        let [p, q] = [0, 1].map(|side| (bin[side] + 0.5) / (sums[side] + half));
        psi += (q - p) * ln(q / p);
    }
    Some(Difference { psi, p_value: chi_square_tail(statistic, bins.len() - 1) })
}

/// [`difference`] of categories, after merging rare ones.
pub fn difference_of_categories(reference: &[u32], new: &[u32]) -> Option<Difference> {
    let mut order: Vec<usize> = (0..reference.len()).collect();
    order.sort_by_key(|&at| u64::from(reference[at]) + u64::from(new[at]));
    let sorted = |counts: &[u32]| -> Vec<u32> { order.iter().map(|&at| counts[at]).collect() };
    difference(&sorted(reference), &sorted(new))
}

/// Merges neighbours until both samples have `least` rows in each bin; the rest joins the last bin.
fn put_together(counts: &[[f64; 2]], least: f64) -> Vec<[f64; 2]> {
    let mut bins: Vec<[f64; 2]> = vec![];
    let mut open = [0.0; 2];
    for pair in counts {
        open = [open[0] + pair[0], open[1] + pair[1]];
        if open[0] + open[1] >= least {
            bins.push(std::mem::take(&mut open));
        }
    }
    if let Some(last) = bins.last_mut() {
        *last = [last[0] + open[0], last[1] + open[1]];
    }
    bins
}

/// Adjusts p-values for multiple tests (Holm 1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * p_values[at]).min(1.0);
        corrected[at] = largest;
    }
    corrected
}

/// The direction of the change from the fractions `reference` to the fractions `new` of the same
/// bins.
///
/// ```text
/// δ = P(new > old) − P(new < old)
///     Cliff's delta, between bins
/// ε = the change of the fraction in the two lowest bins + in the two highest, if both rise or both
/// fall; else 0
/// ```
/// Wider or narrower if |ε| > |δ|, else higher or lower; only "changed" if the larger of both is
/// less than half of the total variation distance ½ Σ_b |q_b − p_b|.
pub fn direction(reference: &[f64], new: &[f64]) -> Direction {
    let change: Vec<f64> = new.iter().zip(reference).map(|(q, p)| q - p).collect();
    let moved = 0.5 * change.iter().map(|c| c.abs()).sum::<f64>();
    let (mut below, mut above, mut delta) = (0.0, reference.iter().sum::<f64>(), 0.0);
    for (p, q) in reference.iter().zip(new) {
        above -= p;
        delta += q * (below - above);
        below += p;
    }
    let spread = match change.as_slice() {
        [a, b, _, .., c, d] if (a + b) * (c + d) > 0.0 => a + b + c + d,
        _ => 0.0,
    };
    if moved == 0.0 || spread.abs().max(delta.abs()) < 0.5 * moved {
        return Direction::Changed;
    }
    match spread.abs() > delta.abs() {
        true if spread > 0.0 => Direction::Wider,
        true => Direction::Narrower,
        false if delta > 0.0 => Direction::Higher,
        false => Direction::Lower,
    }
}

#[cfg(test)]
mod tests;
