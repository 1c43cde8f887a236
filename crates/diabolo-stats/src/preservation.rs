//! Preservation of neighbourhoods by a low-dimensional map.
//!
//! ```text
//! trustworthiness = 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_{j ∈ U_k(i)} (r(i, j) − k)
//!     Venna & Kaski (2001), eq. 1
//! ```
//! U_k(i) are rows among the k nearest of i on the map, but not in the data; r(i, j) is the rank of
//! j by distance from i in the data. Trustworthiness is 1 if every neighbour on the map is one in
//! the data. Preservation is the converse: the mean fraction of a row's k nearest neighbours in the
//! data that are among its k nearest on the map.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::Serialize;

use crate::elementary::square;
use crate::error::{Result, StatsError};

/// Neighbourhood preservation of a map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Preservation {
    /// k.
    pub neighbours: usize,
    /// 0 to 1.
    pub trustworthiness: f64,
    /// 0 to 1.
    pub preservation: f64,
}

/// Measures a map of the `rows` (`width` numbers each) at `places` (`map_width` each), by
/// comparison of all pairs.
///
/// # Errors
/// [`StatsError::Values`] if there are too few rows for `neighbours`: 2n > 3k + 1, and k ≥ 1.
pub fn preservation(
    rows: &[f32],
    width: usize,
    places: &[f32],
    map_width: usize,
    neighbours: usize,
) -> Result<Preservation> {
    let (n, k) = (rows.len() / width.max(1), neighbours);
    if k == 0 || 2 * n <= 3 * k + 1 {
        let expected = format!("more than {} rows for {k} neighbours", (3 * k).div_ceil(2));
        return Err(StatsError::values("rows", expected, n.to_string(), "request fewer neighbours"));
    }
    let of_row = |i: usize| {
        let (inside, on_map) = (order(rows, width, i), order(places, map_width, i));
        let mut place = vec![0; n];
        inside.iter().enumerate().for_each(|(rank, &row)| place[row] = rank + 1);
        let too_far: usize = on_map[..k].iter().map(|&row| place[row].saturating_sub(k)).sum();
        let kept = on_map[..k].iter().filter(|row| place[**row] <= k).count();
        (too_far, kept)
    };
    let found: Vec<(usize, usize)> = (0..n).into_par_iter().map(of_row).collect();
    let (far, kept) = found.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let pairs = (n * k) as f64;
    Ok(Preservation {
        neighbours,
        trustworthiness: 1.0 - 2.0 * far as f64 / (pairs * (2 * n - 3 * k - 1) as f64),
        preservation: kept as f64 / pairs,
    })
}

/// All other rows, nearest to row `from` first, ties in row order.
fn order(rows: &[f32], width: usize, from: usize) -> Vec<usize> {
    let own = &rows[from * width..(from + 1) * width];
    let squared = |row: &[f32]| -> f64 {
        row.iter().zip(own).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum()
    };
    let mut all: Vec<(f64, usize)> = rows.chunks_exact(width).map(squared).zip(0..).collect();
    all.retain(|(_, row)| *row != from);
    all.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1)));
    all.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn identity_map_preserves_all_neighbours() {
        let rows: Vec<f32> = (0..30).flat_map(|i| [(i * i) as f32, (i * 7 % 13) as f32]).collect();
        let found = preservation(&rows, 2, &rows, 2, 5).unwrap();
        assert_eq!((found.trustworthiness, found.preservation), (1.0, 1.0));
        assert!(preservation(&rows, 2, &rows, 2, 20).is_err());
    }

    /// Compared with scikit-learn's `trustworthiness` and `NearestNeighbors`.
    #[test]
    fn a_distorted_map_agrees_with_an_independent_program() {
        let point = |i: usize| [(i as f64 * 1.3).sin(), (i as f64 * 0.7).cos(), (i * 17 % 23) as f64 / 10.0];
        let place = |i: usize| {
            let [x, y, _] = point(i);
            [x + (i * 5 % 7) as f64 / 10.0, y * 0.5 + (i * 3 % 5) as f64 / 10.0]
        };
        let rows: Vec<f32> = (0..40).flat_map(point).map(|v| v as f32).collect();
        let places: Vec<f32> = (0..40).flat_map(place).map(|v| v as f32).collect();
        let found = preservation(&rows, 3, &places, 2, 5).unwrap();
        assert!((found.trustworthiness - 0.863_281_25).abs() < 1e-9, "{found:?}");
        assert!((found.preservation - 0.435).abs() < 1e-9, "{found:?}");
    }
}
