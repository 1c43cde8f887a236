//! Similarity of two codes of the same rows: linear centred kernel alignment (Kornblith et al.
//! 2019) with the unbiased estimator of HSIC (Song et al. 2012, eq. 5; Nguyen et al. 2021).
//!
//! ```text
//! K = X Xᵀ,  L = Y Yᵀ, with 0 on the diagonals           X: n × p, Y: n × q, one row a code
//! U(K)_ij = K_ij − (k_i + k_j)/(n−2) + Σ_i k_i/((n−1)(n−2)),  i ≠ j,  k_i = Σ_j K_ij
//! HSIC(K, L) = Σ_{i≠j} U(K)_ij U(L)_ij / (n (n−3))
//!            = [tr KL + 1ᵀK1 1ᵀL1/((n−1)(n−2)) − 2/(n−2) 1ᵀKL1] / (n (n−3))
//! CKA(X, Y) = HSIC(K, L) / √(HSIC(K, K) HSIC(L, L))
//! ```
//! It has no unit, is at most 1, and 1 for codes that differ by a rotation and a factor only:
//! distances between rows count, not the names of latent dimensions. For independent codes it is 0
//! on average, and may be below. The usual estimator, with H K H in the place of U(K), is not: it
//! grows with the widths p and q over n.

use crate::elementary::square;

/// Deviations from the mean whose squares are below this share of the squares of the codes are
/// rounding errors of constant codes.
const CONSTANT: f64 = 1e-12;

/// What [`alignment`] compares of the codes of some rows: the entries of U(K) above the diagonal,
/// as a vector of length 1. `None` for codes that are all equal, and for fewer than four rows.
/// `codes`: rows × `width`, row-major.
pub fn geometry(codes: &[f32], width: usize) -> Option<Vec<f32>> {
    let rows = codes.len() / width.max(1);
    if rows < 4 {
        return None;
    }
    let n = rows as f64;
    let centred = centred(codes, width)?;
    let row = |i: usize| &centred[i * width..(i + 1) * width];
    let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
    let pairs = || (0..rows).flat_map(|i| (i + 1..rows).map(move |j| (i, j)));
    let kernel: Vec<f64> = pairs().map(|(i, j)| product(i, j)).collect();
    let mut sums = vec![0.0; rows];
    for ((i, j), value) in pairs().zip(&kernel) {
        sums[i] += value;
        sums[j] += value;
    }
    let total = sums.iter().sum::<f64>() / ((n - 1.0) * (n - 2.0));
    let entry = |((i, j), value): ((usize, usize), &f64)| value - (sums[i] + sums[j]) / (n - 2.0) + total;
    let entries: Vec<f64> = pairs().zip(&kernel).map(entry).collect();
    let norm_of = |values: &[f64]| values.iter().map(|&v| square(v)).sum::<f64>().sqrt();
    let norm = norm_of(&entries);
    (norm.is_finite() && norm > CONSTANT * norm_of(&kernel))
        .then(|| entries.into_iter().map(|v| (v / norm) as f32).collect())
}

/// The codes without their mean, which changes no U(K), but its rounding; `None` if nothing else
/// is left.
fn centred(codes: &[f32], width: usize) -> Option<Vec<f64>> {
    let rows = (codes.len() / width) as f64;
    let mean =
        |unit: usize| codes.iter().skip(unit).step_by(width).map(|&v| f64::from(v)).sum::<f64>() / rows;
    let means: Vec<f64> = (0..width).map(mean).collect();
    let centred: Vec<f64> =
        codes.iter().enumerate().map(|(at, &v)| f64::from(v) - means[at % width]).collect();
    let squares: f64 = codes.iter().map(|&v| square(f64::from(v))).sum();
    let spread: f64 = centred.iter().map(|&v| square(v)).sum();
    (spread > CONSTANT * squares).then_some(centred)
}

/// The linear centred kernel alignment of two codes of the same rows, by their [`geometry`]; NaN if
/// one of them has none.
pub fn alignment(a: &[f32], b: &[f32]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::NAN;
    }
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, standard_normal, stream};

    fn of(a: (&[f32], usize), b: (&[f32], usize)) -> f64 {
        let geometry = |(codes, width): (&[f32], usize)| geometry(codes, width).unwrap_or_default();
        alignment(&geometry(a), &geometry(b))
    }

    #[test]
    fn rotations_shifts_and_factors_do_not_count() {
        let codes = [0.0, 0.0, 1.0, 0.5, -0.3, 2.0, 0.7, -1.1, 0.2, 0.4];
        let (cos, sin) = (0.6, 0.8);
        let turned: Vec<f32> = codes
            .chunks_exact(2)
            .flat_map(|z| [5.0 + 3.0 * (cos * z[0] - sin * z[1]), 3.0 * (sin * z[0] + cos * z[1]) - 2.0])
            .collect();
        assert!((of((&codes, 2), (&turned, 2)) - 1.0).abs() < 1e-6);
        assert!(of((&codes, 2), (&[1.0, -1.0, 1.0, -1.0, 1.0], 1)) < 0.9);
    }

    /// HSIC of Song et al. 2012, eq. 5, as it stands there.
    fn hsic(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len();
        let kernel = |x: &[f64], i: usize, j: usize| if i == j { 0.0 } else { x[i] * x[j] };
        let (mut trace, mut both, mut k, mut l) = (0.0, 0.0, 0.0, 0.0);
        for i in 0..n {
            for j in 0..n {
                k += kernel(x, i, j);
                l += kernel(y, i, j);
                trace += kernel(x, i, j) * kernel(y, j, i);
                both += (0..n).map(|m| kernel(x, i, m) * kernel(y, m, j)).sum::<f64>();
            }
        }
        let n = n as f64;
        (trace + k * l / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * both) / (n * (n - 3.0))
    }

    #[test]
    fn an_alignment_is_that_of_the_published_estimator() {
        let (x, y) = ([0.0, 1.0, 2.0, 4.0, -1.5], [0.0, 1.0, 3.0, -2.0, 0.5]);
        let expected = hsic(&x, &y) / (hsic(&x, &x) * hsic(&y, &y)).sqrt();
        let [a, b] = [x, y].map(|values| values.map(|v| v as f32));
        assert!((of((&a, 1), (&b, 1)) - expected).abs() < 1e-6, "{expected}");
    }

    #[test]
    fn codes_that_have_nothing_in_common_are_at_zero_for_every_width() {
        // The biased estimator gives p / (p + n) or so: 0.56 for 128 numbers of 100 rows.
        for width in [2, 32, 128] {
            let code =
                |of: u64| standard_normal(&mut stream(3, Purpose::Choose, of, width as u64), 100 * width);
            let found: Vec<f64> =
                (0..20).map(|k| of((&code(2 * k), width), (&code(2 * k + 1), width))).collect();
            let mean = found.iter().sum::<f64>() / 20.0;
            // Each has a deviation of about √2 / 100; their mean one of 0.0032.
            assert!(mean.abs() < 0.013, "{width}: {mean}");
        }
    }

    #[test]
    fn constant_codes_and_few_rows_have_no_geometry() {
        assert_eq!(geometry(&[2.0; 10], 2), None);
        assert_eq!(geometry(&[0.0, 1.0, 2.0], 1), None);
        // Sums in single precision differ in their last digit.
        let rounded: Vec<f32> = (0..20).map(|k| 0.7 + f32::EPSILON / 2.0 * (k % 2) as f32).collect();
        assert_eq!(geometry(&rounded, 1), None);
        // One row that differs from all others, which are equal: U(K) is 0 but for its rounding.
        let single: Vec<f32> = (0..51).map(|k| if k < 50 { 0.25 } else { 1.75 }).collect();
        assert_eq!(geometry(&single, 1), None);
        assert!(alignment(&[], &[1.0]).is_nan());
    }
}
