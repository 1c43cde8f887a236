//! Likelihood-free quality of generated rows: distances between generated and real rows.

use serde::{Deserialize, Serialize};

use crate::elementary::square;
use crate::error::{Result, StatsError};

/// Distances between samples and real rows: Euclidean, in encoded units.
///
/// Fidelity and diversity are misleading alone: copies of one row are near, noise is diverse. The
/// energy distance measures both. Compare with the values of held-out real rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SampleQuality {
    /// Number of samples, n.
    pub samples: usize,
    /// Number of reference rows, m.
    pub reference: usize,
    /// Mean distance of a sample to the nearest reference row: small if samples are realistic.
    pub nearest: f64,
    /// Mean distance between two samples: small if they are all alike.
    pub diversity: f64,
    /// Mean distance between two reference rows: the target value of `diversity`.
    pub reference_diversity: f64,
    /// 2 E‖s − r‖ − E‖s − s′‖ − E‖r − r′‖ over different samples s, s′ and rows r, r′: 0 if and
    /// only if both have the same distribution (Székely & Rizzo 2013); the estimate is unbiased, so
    /// it may be slightly negative.
    pub energy_distance: f64,
}

/// Compares `samples` with `reference` rows, both row-major with `width` numbers per row.
///
/// The cost is (n + m)² distances; one or two thousand of each suffice.
///
/// # Errors
/// [`StatsError::Parameter`] if there are fewer than two of either.
pub fn sample_quality(samples: &[f32], reference: &[f32], width: usize) -> Result<SampleQuality> {
    let rows = |values: &[f32]| values.len() / width.max(1);
    for (key, values) in [("samples", samples), ("reference", reference)] {
        if rows(values) < 2 {
            return Err(StatsError::parameter(key, "2 rows or more", rows(values)));
        }
    }
    let (mut nearest, mut across) = (0.0, 0.0);
    for sample in samples.chunks_exact(width) {
        let mut least = f64::INFINITY;
        for row in reference.chunks_exact(width) {
            let d = distance(sample, row);
            least = least.min(d);
            across += d;
        }
        nearest += least;
    }
    let (n, m) = (rows(samples) as f64, rows(reference) as f64);
    let (diversity, reference_diversity) = (within(samples, width), within(reference, width));
    Ok(SampleQuality {
        samples: rows(samples),
        reference: rows(reference),
        nearest: nearest / n,
        diversity,
        reference_diversity,
        energy_distance: 2.0 * across / (n * m) - diversity - reference_diversity,
    })
}

/// Mean distance between two different rows.
fn within(rows: &[f32], width: usize) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (i, row) in rows.chunks_exact(width).enumerate() {
        for other in rows.chunks_exact(width).take(i) {
            sum += distance(row, other);
            pairs += 1.0;
        }
    }
    sum / pairs
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares: f32 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    f64::from(squares).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::random::{Purpose, standard_normal, stream};

    #[test]
    fn four_points_by_hand() {
        // Samples (0,0), (3,4); rows (0,0), (0,1), on a line.
        let found = sample_quality(&[0.0, 0.0, 3.0, 4.0], &[0.0, 0.0, 0.0, 1.0], 2).unwrap();
        let to_far = 18f64.sqrt();
        assert!((found.nearest - to_far / 2.0).abs() < 1e-6, "{found:?}");
        assert_eq!((found.diversity, found.reference_diversity), (5.0, 1.0));
        let across = (0.0 + 1.0 + 5.0 + to_far) / 4.0;
        assert!((found.energy_distance - (2.0 * across - 6.0)).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn energy_distance_detects_narrow_and_wide_samples() {
        let rows = |seed, scale: f32| -> Vec<f32> {
            let draws = standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), 400 * 3);
            draws.into_iter().map(|v| scale * v).collect()
        };
        let energy = |scale| sample_quality(&rows(1, scale), &rows(2, 1.0), 3).unwrap().energy_distance;
        assert!(energy(1.0).abs() < 0.02, "{}", energy(1.0));
        assert!(energy(0.3) > 0.2 && energy(3.0) > 0.2, "{} {}", energy(0.3), energy(3.0));
    }

    #[test]
    fn one_row_has_no_diversity() {
        assert!(sample_quality(&[1.0], &[1.0, 2.0], 1).is_err());
        assert!(sample_quality(&[1.0, 2.0], &[], 1).is_err());
    }
}
