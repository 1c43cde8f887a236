//! Disentanglement: whether each factor of the images has its own latent dimension.
//!
//! The mutual information gap (Chen et al. 2018, *Isolating sources of disentanglement in
//! variational autoencoders*, eq. 6), in nats:
//!
//! MIG = 1/K Σ_k (I(z_j₁; v_k) − I(z_j₂; v_k)) / H(v_k),
//!
//! where z_j₁ and z_j₂ are the latent dimensions with the largest and second largest mutual
//! information with factor v_k. Here z is the posterior mean (for families without a posterior, the
//! code), in 20 bins of equal width between its minimum and maximum, and I and H are estimated from
//! the counts. With n rows, the estimate of I is biased upwards by about 19 · (classes − 1) / 2n
//! nats.

use serde::{Deserialize, Serialize};

use crate::data::Factors;
use crate::stats::elementary::double::ln;
use crate::{Error, Result};

/// Number of bins of a latent dimension.
const BINS: usize = 20;

/// Disentanglement of the factors in a code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disentanglement {
    /// The mean gap over factors: 1 if each factor is determined by one latent dimension and
    /// independent of the others, 0 if the two most informative dimensions are equally informative.
    pub mutual_information_gap: f64,
    /// Number of rows.
    pub examples: usize,
    /// The factors with two or more classes.
    pub factors: Vec<FactorGap>,
    /// I(z_j; v_k) in nats: latent dimensions × factors.
    pub mutual_information: Vec<Vec<f64>>,
}

/// The gap of one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorGap {
    /// The factor's name.
    pub name: String,
    /// H(v_k), nats.
    pub entropy: f64,
    /// The most informative latent dimension, numbered from 0.
    pub unit: usize,
    /// (I(z_j₁; v_k) − I(z_j₂; v_k)) / H(v_k); with one latent dimension the second term is 0.
    pub gap: f64,
}

/// The mutual information gap of `codes` (rows × width, row-major) and `factors`.
///
/// # Errors
/// [`Error::Data`] if the numbers of rows differ, a code is not finite, or no factor has two
/// classes.
pub fn mutual_information_gap(codes: &[f32], width: usize, factors: &Factors) -> Result<Disentanglement> {
    let rows = factors.rows();
    let wrong = |expected: &str, found: String, help: &str| Err(Error::data("codes", expected, found, help));
    if width == 0 || codes.len() != rows * width {
        let expected = format!("{rows} rows of {width} numbers");
        return wrong(
            &expected,
            format!("{} numbers", codes.len()),
            "give a code for each row of the factors",
        );
    }
    if codes.iter().any(|v| !v.is_finite()) {
        let help = "fit the model again with a smaller --learning-rate";
        return wrong("finite codes", "a code that is not finite".into(), help);
    }
    let column = |k: usize| -> Vec<usize> {
        factors.classes.iter().skip(k).step_by(factors.names.len()).map(|&class| class as usize).collect()
    };
    let all = factors.names.iter().zip(&factors.cardinalities).enumerate();
    let varying: Vec<Factor> = all
        .map(|(k, (name, &cardinality))| Factor::new(name, cardinality, column(k)))
        .filter(|factor| factor.entropy > 0.0)
        .collect();
    if varying.is_empty() {
        return wrong("a factor that takes two values or more", "none".into(), "give more rows");
    }
    let unit = |j: usize| {
        let bins = binned(codes.iter().skip(j).step_by(width).copied());
        varying.iter().map(|factor| factor.information(&bins)).collect()
    };
    let mutual_information: Vec<Vec<f64>> = (0..width).map(unit).collect();
    let gaps: Vec<FactorGap> =
        varying.iter().enumerate().map(|(k, factor)| factor.gap(k, &mutual_information)).collect();
    Ok(Disentanglement {
        mutual_information_gap: gaps.iter().map(|factor| factor.gap).sum::<f64>() / gaps.len() as f64,
        examples: rows,
        factors: gaps,
        mutual_information,
    })
}

/// One factor's classes.
struct Factor<'a> {
    name: &'a str,
    cardinality: usize,
    classes: Vec<usize>,
    entropy: f64,
}

impl<'a> Factor<'a> {
    fn new(name: &'a str, cardinality: usize, classes: Vec<usize>) -> Self {
        let mut counts = vec![0; cardinality];
        classes.iter().for_each(|&class| counts[class] += 1);
        Factor { name, cardinality, entropy: entropy(&counts), classes }
    }

    /// I(bin; class) = H(bin) + H(class) − H(bin, class), clamped at 0.
    fn information(&self, bins: &[usize]) -> f64 {
        let mut joint = vec![0; BINS * self.cardinality];
        let mut counts = [0; BINS];
        for (&bin, &class) in bins.iter().zip(&self.classes) {
            joint[bin * self.cardinality + class] += 1;
            counts[bin] += 1;
        }
        (entropy(&counts) + self.entropy - entropy(&joint)).max(0.0)
    }

    fn gap(&self, k: usize, information: &[Vec<f64>]) -> FactorGap {
        let (mut unit, mut first, mut second) = (0, 0.0, 0.0);
        for (j, value) in information.iter().map(|of_unit| of_unit[k]).enumerate() {
            if value > first {
                (unit, first, second) = (j, value, first);
            } else {
                second = value.max(second);
            }
        }
        let gap = (first - second) / self.entropy;
        FactorGap { name: self.name.into(), entropy: self.entropy, unit, gap }
    }
}

/// The entropy −Σ p log p of `counts`, nats.
fn entropy(counts: &[usize]) -> f64 {
    let total = counts.iter().sum::<usize>() as f64;
    let term = |&count: &usize| {
        let p = count as f64 / total;
        if count == 0 { 0.0 } else { -p * ln(p) }
    };
    counts.iter().map(term).sum()
}

/// The bin of each value; one bin if all values are equal.
fn binned(values: impl Iterator<Item = f32> + Clone) -> Vec<usize> {
    let values = values.map(f64::from);
    let (low, high) = values.clone().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let bins_a_unit = if high > low { BINS as f64 / (high - low) } else { 0.0 };
    values.map(|v| (((v - low) * bins_a_unit) as usize).min(BINS - 1)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::f64::consts::LN_2;

    use super::*;
    use crate::data::factors::factors;
    use crate::random::{Purpose, standard_normal, stream};

    /// Two independent factors of two classes, every combination once.
    fn two_bits() -> Factors {
        let mut bits = Factors::default();
        bits.names = vec!["a".into(), "b".into()];
        bits.cardinalities = vec![2, 2];
        bits.classes = vec![0, 0, 0, 1, 1, 0, 1, 1];
        bits
    }

    fn gap(codes: &[f32], width: usize) -> f64 {
        mutual_information_gap(codes, width, &two_bits()).unwrap().mutual_information_gap
    }

    #[test]
    fn one_dimension_per_factor_has_gap_1_and_two_have_gap_0() {
        // Latent dimensions a, b, and a constant one; scale and sign do not matter.
        let found = mutual_information_gap(
            &[0.0, 5.0, 3.0, 0.0, -5.0, 3.0, 0.1, 5.0, 3.0, 0.1, -5.0, 3.0],
            3,
            &two_bits(),
        )
        .unwrap();
        let expected = [[LN_2, 0.0], [0.0, LN_2], [0.0, 0.0]];
        for (found, expected) in found.mutual_information.iter().flatten().zip(expected.as_flattened()) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!((found.mutual_information_gap - 1.0).abs() < 1e-12);
        assert_eq!(found.factors.iter().map(|factor| factor.unit).collect::<Vec<_>>(), [0, 1]);
        // Latent dimensions a and a: a is encoded twice, b never.
        assert!(gap(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], 2).abs() < 1e-12);
        // Latent dimension a only: a has gap 1 and b has gap 0.
        assert!((gap(&[0.0, 0.0, 1.0, 1.0], 1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn mixed_codes_have_intermediate_gaps() {
        // Latent dimensions a and a ∧ b. I(a∧b; a) = H(¼) − ½ log 2 = I(a∧b; b), so the gap of a is
        // 1 − I/log 2 and that of b I/log 2.
        let information = 0.25 * 4f64.ln() + 0.75 * (4.0f64 / 3.0).ln() - 0.5 * LN_2;
        let found =
            mutual_information_gap(&[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0], 2, &two_bits()).unwrap();
        assert!((found.factors[0].gap - (1.0 - information / LN_2)).abs() < 1e-12, "{found:?}");
        assert!((found.factors[1].gap - information / LN_2).abs() < 1e-12, "{found:?}");
        // Latent dimensions a + b and a − b, rotated by 45°: each has half of the information on
        // each.
        let turned =
            mutual_information_gap(&[0.0, 0.0, 1.0, -1.0, 1.0, 1.0, 2.0, 0.0], 2, &two_bits()).unwrap();
        assert!((turned.mutual_information[1][1] - 0.5 * LN_2).abs() < 1e-12);
        assert!(turned.mutual_information_gap.abs() < 1e-12);
    }

    #[test]
    fn rotated_codes_and_noise_have_smaller_gaps() {
        let all = factors();
        let aligned: Vec<f32> = all.classes.iter().map(|&class| class as f32).collect();
        let measure = |codes: &[f32]| mutual_information_gap(codes, 5, &all).unwrap().mutual_information_gap;
        assert!((measure(&aligned) - 1.0).abs() < 1e-9);
        // x and y, the last two, are rotated: at 45° both dimensions are equally informative.
        let gap_of_x = |degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let turn = |row: &[f32]| {
                let [shape, scale, rotation, x, y] = <[f32; 5]>::try_from(row).unwrap();
                [shape, scale, rotation, cos * x - sin * y, sin * x + cos * y]
            };
            let turned: Vec<f32> = aligned.chunks_exact(5).flat_map(turn).collect();
            mutual_information_gap(&turned, 5, &all).unwrap().factors[3].gap
        };
        let gaps = [0.0, 10.0, 20.0, 45.0].map(gap_of_x);
        assert!(gaps.windows(2).all(|pair| pair[0] > pair[1] + 0.05), "{gaps:?}");
        assert!(gaps[3] < 0.05, "{gaps:?}");
        let noise = standard_normal(&mut stream(1, Purpose::Evaluate, 0, 0), aligned.len());
        let noise = measure(&noise);
        assert!(noise < 0.01, "{noise}");
    }

    #[test]
    fn invalid_input_is_refused() {
        assert!(mutual_information_gap(&[0.0; 3], 1, &two_bits()).is_err());
        assert!(mutual_information_gap(&[0.0, f32::NAN, 0.0, 0.0], 1, &two_bits()).is_err());
        let mut same = two_bits();
        same.classes = vec![0; 8];
        assert!(mutual_information_gap(&[0.0; 4], 1, &same).unwrap_err().to_string().contains("two values"));
    }
}
