//! The survival function of the χ² distribution.
//!
//! ```text
//! P(χ²_k ≥ x) = Q(a, y) = Γ(a, y) / Γ(a) ,   a = k/2 ,  y = x/2
//! y < a + 1:  Q = 1 − yᵃ e⁻ʸ / Γ(a+1) · [1 + y/(a+1) + y²/((a+1)(a+2)) + …]
//!             DLMF 8.7.1
//! otherwise:  Q = yᵃ e⁻ʸ / Γ(a) · 1 / (y+1−a − 1(1−a) / (y+3−a − 2(2−a) / (y+5−a − …)))
//!             DLMF 8.9.2
//! ```
//! a is a multiple of ½, so that log Γ(a) is a sum of logarithms.

use crate::elementary::double::{exp, ln};

/// Maximum number of terms; a few thousand degrees of freedom need far fewer.
const TERMS: usize = 100_000;

/// P(χ²_k ≥ x) for k ≥ 1 degrees of freedom.
pub(crate) fn chi_square_tail(x: f64, degrees: usize) -> f64 {
    let (a, y) = (degrees as f64 / 2.0, x / 2.0);
    if y <= 0.0 {
        return 1.0;
    }
    let head = exp(a * ln(y) - y - log_gamma_of_half(degrees));
    if y < a + 1.0 { 1.0 - head / a * series(a, y) } else { head * fraction(a, y) }
}

/// log Γ(n/2)
fn log_gamma_of_half(n: usize) -> f64 {
    let first = if n.is_multiple_of(2) { 0.0 } else { 0.5 * ln(std::f64::consts::PI) };
    (1..n).rev().step_by(2).filter(|&m| m > 1).fold(first, |sum, m| sum + ln((m - 1) as f64 / 2.0))
}

fn series(a: f64, y: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..TERMS {
        term *= y / (a + n as f64);
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// The continued fraction by Lentz's algorithm (1976).
fn fraction(a: f64, y: f64) -> f64 {
    let mut below = y + 1.0 - a;
    let mut c = f64::INFINITY;
    let mut d = 1.0 / below;
    let mut value = d;
    for n in 1..TERMS {
        let above = -(n as f64) * (n as f64 - a);
        below += 2.0;
        d = 1.0 / (above * d + below);
        c = below + above / c;
        value *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_gamma_by_hand() {
        // Γ(½) = √π, Γ(1) = Γ(2) = 1, Γ(5/2) = ¾ √π, Γ(5) = 24.
        let root = std::f64::consts::PI.sqrt();
        for (n, expected) in [(1, root), (2, 1.0), (4, 1.0), (5, 0.75 * root), (10, 24.0)] {
            assert!((log_gamma_of_half(n) - expected.ln()).abs() < 1e-14, "{n}");
        }
    }

    #[test]
    fn survival_function_matches_scipy() {
        // scipy.stats.chi2.sf
        for (x, degrees, expected) in [
            (3.841458820694124, 1, 0.05),
            (18.307038053275146, 10, 0.05),
            (100.0, 10, 5.4497019829205215e-17),
            (0.5, 3, 0.9188914116546758),
            (1e-3, 1, 0.9747728793699604),
            (2.0, 2, (-1f64).exp()),
            (700.0, 50, 1.9616058465942822e-115),
            (60.0, 80, 0.9537469623541579),
        ] {
            let found = chi_square_tail(x, degrees);
            assert!((found / expected - 1.0).abs() < 1e-11, "{x}, {degrees}: {found:e}");
        }
        assert_eq!([chi_square_tail(0.0, 3), chi_square_tail(1e5, 3)], [1.0, 0.0]);
        assert!((chi_square_tail(1000.0, 1000) - 0.49405).abs() < 1e-5);
    }
}
