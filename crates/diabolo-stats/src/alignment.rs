//! Similarity of two codes of the same rows: linear centred kernel alignment (Kornblith et al.
//! 2019).
//!
//! ```text
//! K = H X Xᵀ H,  L = H Y Yᵀ H,  H = I − 1 1ᵀ / n        X: n × p, Y: n × q, one row a code
//! CKA(X, Y) = ⟨K, L⟩ / (‖K‖_F ‖L‖_F)
//! ```
//! It is between 0 and 1, and 1 for codes that differ by a rotation and a factor only: distances
//! between rows count, not the names of latent dimensions.

use crate::elementary::square;

/// What [`alignment`] compares of the codes of some rows: K / ‖K‖_F, as a vector of the entries on
/// and above the diagonal, those above times √2, so that its inner products are those of matrices.
/// `None` for codes that are all equal. `codes`: rows × `width`, row-major.
pub fn geometry(codes: &[f32], width: usize) -> Option<Vec<f32>> {
    let rows = codes.len() / width.max(1);
    let mean = |unit: usize| -> f64 {
        codes.iter().skip(unit).step_by(width).map(|&v| f64::from(v)).sum::<f64>() / rows as f64
    };
    let means: Vec<f64> = (0..width).map(mean).collect();
    let centred: Vec<f64> =
        codes.iter().enumerate().map(|(at, &v)| f64::from(v) - means[at % width]).collect();
    let row = |i: usize| &centred[i * width..(i + 1) * width];
    let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
    let entry =
        |i: usize, j: usize| if i == j { product(i, j) } else { std::f64::consts::SQRT_2 * product(i, j) };
    let entries: Vec<f64> =
        (0..rows).flat_map(|i| (i..rows).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect();
    let norm = entries.iter().map(|&v| square(v)).sum::<f64>().sqrt();
    (norm.is_finite() && norm > 0.0).then(|| entries.into_iter().map(|v| (v / norm) as f32).collect())
}

/// The linear centred kernel alignment of two codes of the same rows, by their [`geometry`].
pub fn alignment(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(a: (&[f32], usize), b: (&[f32], usize)) -> f64 {
        let geometry = |(codes, width): (&[f32], usize)| geometry(codes, width).unwrap_or_default();
        alignment(&geometry(a), &geometry(b))
    }

    #[test]
    fn rotations_shifts_and_factors_do_not_count() {
        let codes = [0.0, 0.0, 1.0, 0.5, -0.3, 2.0, 0.7, -1.1];
        let (cos, sin) = (0.6, 0.8);
        let turned: Vec<f32> = codes
            .chunks_exact(2)
            .flat_map(|z| [5.0 + 3.0 * (cos * z[0] - sin * z[1]), 3.0 * (sin * z[0] + cos * z[1]) - 2.0])
            .collect();
        assert!((of((&codes, 2), (&turned, 2)) - 1.0).abs() < 1e-6);
        assert!(of((&codes, 2), (&[1.0, -1.0, 1.0, -1.0], 1)) < 0.9);
    }

    #[test]
    fn an_alignment_by_hand() {
        // Centred x = (−1, 0, 1), y = (−1, 2, −1): ⟨xxᵀ, yyᵀ⟩ = (x·y)² = 0.
        assert!(of((&[0.0, 1.0, 2.0], 1), (&[0.0, 3.0, 0.0], 1)).abs() < 1e-7);
        // y = (−4, −1, 5) / 3: (x·y)² / (‖x‖² ‖y‖²) = 3² / (2 · 42/9) = 27/28.
        assert!((of((&[0.0, 1.0, 2.0], 1), (&[0.0, 1.0, 3.0], 1)) - 27.0 / 28.0).abs() < 1e-6);
        assert_eq!(geometry(&[2.0; 6], 2), None);
    }
}
