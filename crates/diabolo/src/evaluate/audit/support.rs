//! α-precision and β-recall: whether rows lie where the real ones do, and everywhere they do.
//!
//! Rows are [points](super::points), and distances are Euclidean. The α-support of rows is the ball
//! around their mean that holds a share α of them (Alaa et al. 2022, "How Faithful is your
//! Synthetic Data?").
//!
//! ```text
//! P_α = share of rows in the α-support of the real ones
//! R_β = share of real rows that are at least as near to a row as to another real row, where the
//!       nearest such row is in the β-support of all these nearest rows
//! α-precision = 1 − Σ |P_α − α| / Σ α,   β-recall = 1 − Σ |R_β − β| / Σ β   over 30 equal steps
//! ```
//! P and R are the curves of `AlphaPrecision` in synthcity; the sums are such that a curve of 0 has
//! the value 0.

use super::points::Space;
use super::table::AuditTable;
use crate::random::{Purpose, stream};

/// Rows of a table that are compared with all others, at most.
const ROWS: usize = 4000;
/// Values of α and β, from 0 to 1.
const STEPS: usize = 30;

/// α-precision and β-recall of each of some tables beside real rows. As many rows of each are
/// compared, since the distance of neighbours depends on it; `None` for fewer than two rows.
pub(super) fn supports<const N: usize>(
    real: &AuditTable,
    others: [&AuditTable; N],
    seed: u64,
) -> [Option<[f64; 2]>; N] {
    let rows = others.iter().map(|table| table.rows).fold(real.rows.min(ROWS), usize::min);
    let sample =
        |table: &AuditTable, part: u64| table.sample(rows, &mut stream(seed, Purpose::AuditSupport, 4, part));
    let real = sample(real, 0);
    let mut part = 0;
    others.map(|table| {
        part += 1;
        support(&real, &sample(table, part))
    })
}

/// α-precision and β-recall of rows beside as many real rows.
pub(super) fn support(real: &AuditTable, other: &AuditTable) -> Option<[f64; 2]> {
    if real.rows < 2 || other.rows < 1 {
        return None;
    }
    let space = Space::of(real);
    let (real, other) = (space.points(real), space.points(other));
    let (to_real, to_other) = (real.distances_to_mean_of(&real), other.distances_to_mean_of(&real));
    let own = other.distances_to_mean_of(&other);
    let gap = |x: f32, y: f32| (x - y) * (x - y);
    let (nearest, among_real) = (real.nearest(&other, gap), real.nearest_other(gap));
    let covered: Vec<bool> = nearest.iter().zip(&among_real).map(|(a, b)| a.0 <= b.0).collect();
    let of_nearest: Vec<f64> = nearest.iter().map(|(_, at)| own[*at]).collect();
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let precision = |_: f64, radius: f64| {
        share(to_other.iter().filter(|distance| **distance <= radius).count(), to_other.len())
    };
    let recall = |_: f64, radius: f64| {
        let inside = of_nearest.iter().zip(&covered).filter(|(d, covered)| **covered && **d <= radius);
        share(inside.count(), covered.len())
    };
    Some([one_minus_gap(&to_real, precision), one_minus_gap(&of_nearest, recall)])
}

/// 1 − Σ |curve(a) − a| / Σ a, with the quantiles of distances as radii.
fn one_minus_gap(distances: &[f64], curve: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sorted = distances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut gap, mut sum) = (0.0, 0.0);
    for step in 0..STEPS {
        let share = step as f64 / (STEPS - 1) as f64;
        // Linear interpolation between the order statistics.
        let at = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        let radius = low + (high - low) * (at - at.floor());
        gap += (curve(share, radius) - share).abs();
        sum += share;
    }
    1.0 - gap / sum
}
