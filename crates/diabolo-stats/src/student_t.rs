//! Student's t distribution (Student 1908) with whole degrees of freedom.

use std::f64::consts::PI;

use crate::elementary::double::{sin_cos, tan};

/// The quantile t_p: P(T ≤ t_p) = p for `degrees` ≥ 1 degrees of freedom and 0 < p < 1; NaN
/// otherwise.
///
/// The mean m of n normal values has the confidence interval m ± t · s/√n of level 1 − α with t =
/// t_{1−α/2} for n − 1 degrees of freedom, s the sample standard deviation.
pub fn student_t_quantile(p: f64, degrees: usize) -> f64 {
    if degrees == 0 || !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    // P(|T| ≤ √ν tan θ) grows with θ in [0, π/2).
    let inside = (2.0 * p - 1.0).abs();
    let (mut low, mut high) = (0.0, PI / 2.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if central_probability(middle, degrees) < inside { low = middle } else { high = middle }
    }
    (2.0 * p - 1.0).signum() * (degrees as f64).sqrt() * tan(low)
}

/// P(|T| ≤ √ν tan θ), a finite sum for whole ν (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4):
///
/// ```text
/// odd ν    2/π (θ + sin θ (cos θ + 2/3 cos³θ + … + (2·4⋯(ν−3))/(3·5⋯(ν−2)) cos^{ν−2} θ))
///          2θ/π for ν = 1
/// even ν   sin θ (1 + 1/2 cos²θ + (1·3)/(2·4) cos⁴θ + … + (1·3⋯(ν−3))/(2·4⋯(ν−2)) cos^{ν−2} θ)
/// ```
fn central_probability(theta: f64, degrees: usize) -> f64 {
    let (sine, cosine) = sin_cos(theta);
    let odd = degrees % 2 == 1;
    let mut power = degrees % 2;
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    while power + 2 <= degrees {
        sum += term;
        term *= cosine * cosine * (power + 1) as f64 / (power + 2) as f64;
        power += 2;
    }
    if odd { 2.0 / PI * (theta + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_as_tabulated() {
        // Abramowitz & Stegun (1964), table 26.10; two-sided 95 %. For many degrees the normal
        // quantile.
        for (degrees, expected) in
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (100_000, 1.960)]
        {
            let found = student_t_quantile(0.975, degrees);
            assert!((found - expected).abs() < 6e-4, "{degrees}: {found}");
            assert!((student_t_quantile(0.025, degrees) + found).abs() < 1e-9);
        }
        assert!((student_t_quantile(0.9995, 5) - 6.869).abs() < 6e-4);
        // One degree of freedom is Cauchy's distribution: tan(π (p − ½)).
        assert!((student_t_quantile(0.75, 1) - 1.0).abs() < 1e-9);
        assert_eq!(student_t_quantile(0.5, 4), 0.0);
        assert!(student_t_quantile(1.0, 3).is_nan() && student_t_quantile(0.5, 0).is_nan());
    }
}
