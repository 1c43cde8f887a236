//! Singular values of the encoder's Jacobian: the number of directions of the input that the code
//! is sensitive to, and these directions.
//!
//! For each example J = ∂f(x)/∂x = U Σ Vᵀ (latent × inputs) with σ₁ ≥ σ₂ ≥ …; Σ σ² = ‖J‖²_F. Units:
//! units of the code per encoded unit of the input.

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use super::jacobian::jacobians;
use crate::data::Encoded;
use crate::model::Autoencoder;
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::{Device, to_host};
use crate::{Error, Result};

/// Directions with a singular value below this fraction of the largest are rounding errors.
const ROUNDING: f64 = 1e-5;

/// Statistics of the singular values over examples, largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JacobianSpectrum {
    /// Number of examples.
    pub examples: usize,
    /// Mean over examples of [`effective_rank`], between 1 and the number of singular values.
    pub effective_rank: f64,
    /// Mean of each singular value.
    pub mean: Vec<f64>,
    /// 10 % quantile of each.
    pub low: Vec<f64>,
    /// 90 % quantile of each.
    pub high: Vec<f64>,
}

/// The leading tangent directions at one example.
#[derive(Debug, Clone, PartialEq)]
pub struct Tangents {
    /// σ₁ ≥ σ₂ ≥ …: the change of the code per unit change along each direction.
    pub singular_values: Vec<f64>,
    /// The right singular vectors v₁, v₂, …: unit vectors of the encoded width. Their sign, which
    /// is arbitrary, is chosen so that the entry with the largest magnitude is positive.
    pub directions: Vec<Vec<f32>>,
}

/// The spectrum over the chosen `rows`; the cost is one symmetric eigenproblem of size
/// min(latent, inputs) per row.
pub fn jacobian_spectrum<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    chosen: &[usize],
    device: &Device,
) -> Result<JacobianSpectrum> {
    let mut spectra = Vec::with_capacity(chosen.len());
    for_each_jacobian(model, rows, chosen, device, |matrix| {
        let count = matrix.nrows().min(matrix.ncols());
        let (matrix, _) = without_zeros(&matrix);
        if matrix.nrows() == 0 {
            spectra.push(vec![0.0; count]);
            return Ok(());
        }
        let wide = matrix.nrows() <= matrix.ncols();
        let gram = if wide { &matrix * matrix.transpose() } else { matrix.transpose() * &matrix };
        let eigenvalues = gram.self_adjoint_eigenvalues(Side::Lower).map_err(|_| not_converged())?;
        let mut values: Vec<f64> = eigenvalues.into_iter().rev().map(|v| v.max(0.0).sqrt()).collect();
        values.resize(count, 0.0);
        spectra.push(values);
        Ok(())
    })?;
    let count = spectra.first().map_or(0, Vec::len);
    let across = |k: usize| {
        let mut values: Vec<f64> = spectra.iter().map(|s| s[k]).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let sorted: Vec<Vec<f64>> = (0..count).map(across).collect();
    let quantile = |q: f64| sorted.iter().map(|v| v[((v.len() - 1) as f64 * q).round() as usize]).collect();
    let ranks: f64 = spectra.iter().map(|s| effective_rank(s)).sum();
    Ok(JacobianSpectrum {
        examples: chosen.len(),
        effective_rank: ranks / spectra.len().max(1) as f64,
        mean: sorted.iter().map(|v| v.iter().sum::<f64>() / v.len() as f64).collect(),
        low: quantile(0.1),
        high: quantile(0.9),
    })
}

/// The effective rank (Roy & Vetterli 2007): exp H(p) with p_i = σ_i / Σσ and H(p) = −Σ p_i log p_i
/// in nats. It is n for n equal values, 1 for a single one, 0 if all are 0.
pub fn effective_rank(singular_values: &[f64]) -> f64 {
    let sum: f64 = singular_values.iter().sum();
    if sum == 0.0 {
        return 0.0;
    }
    let shares = singular_values.iter().map(|v| v / sum).filter(|&p| p != 0.0);
    exp(shares.map(|p| -p * ln(p)).sum::<f64>())
}

/// The first `k` right singular vectors of J at each chosen row: the directions of highest
/// sensitivity, which span the tangent space of the learned manifold (Rifai et al. 2011, "The
/// manifold tangent classifier").
///
/// Fewer than `k` if J has fewer, or if the rest are rounding errors compared with the first.
pub fn tangents<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    chosen: &[usize],
    k: usize,
    device: &Device,
) -> Result<Vec<Tangents>> {
    let mut found = Vec::with_capacity(chosen.len());
    for_each_jacobian(model, rows, chosen, device, |matrix| {
        let (inputs, (matrix, columns)) = (matrix.ncols(), without_zeros(&matrix));
        if matrix.nrows() == 0 {
            found.push(Tangents { singular_values: vec![], directions: vec![] });
            return Ok(());
        }
        let svd = matrix.thin_svd().map_err(|_| not_converged())?;
        let values: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let floor = ROUNDING * values.first().copied().unwrap_or(0.0);
        let kept = values.iter().take(k).take_while(|&&v| v > floor).count();
        let direction = |i: usize| {
            let column = svd.V().col(i);
            let largest = column.iter().copied().fold(0f64, |m, v| if v.abs() > m.abs() { v } else { m });
            let mut direction = vec![0.0; inputs];
            columns
                .iter()
                .zip(column.iter())
                .for_each(|(&j, v)| direction[j] = (v * largest.signum()) as f32);
            direction
        };
        let directions = (0..kept).map(direction).collect();
        found.push(Tangents { singular_values: values[..kept].to_vec(), directions });
        Ok(())
    })?;
    Ok(found)
}

/// Calls a function with J of each chosen row: latent × encoded width, in double precision.
fn for_each_jacobian<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    chosen: &[usize],
    device: &Device,
    mut work: impl FnMut(Mat<f64>) -> Result<()>,
) -> Result<()> {
    for block in jacobians(model, rows, chosen, device) {
        let [_, latent, inputs] = block.dims();
        let values = to_host(block);
        if values.iter().any(|v| !v.is_finite()) {
            return Err(not_finite());
        }
        for one in values.chunks_exact((latent * inputs).max(1)) {
            work(Mat::from_fn(latent, inputs, |i, j| one[i * inputs + j] as f64))?;
        }
    }
    Ok(())
}

/// A Jacobian without its rows and columns of zeros, such as those of units that a sparse code cuts
/// off, with which solvers need not converge; and the columns that are left.
fn without_zeros(matrix: &Mat<f64>) -> (Mat<f64>, Vec<usize>) {
    let is_zero = |v: &f64| *v == 0.0;
    let rows: Vec<usize> = (0..matrix.nrows()).filter(|i| !matrix.row(*i).iter().all(is_zero)).collect();
    let columns: Vec<usize> = (0..matrix.ncols()).filter(|j| !matrix.col(*j).iter().all(is_zero)).collect();
    (Mat::from_fn(rows.len(), columns.len(), |i, j| matrix[(rows[i], columns[j])]), columns)
}

fn not_converged() -> Error {
    Error::Unsupported {
        what: "the singular values of the encoder's Jacobian did not converge".into(),
        help: "fit the model again with a smaller --learning-rate".into(),
    }
}

fn not_finite() -> Error {
    Error::Unsupported {
        what: "the encoder's Jacobian is not finite".into(),
        help: "fit the model again with a smaller --learning-rate".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::evaluate::testing::{Network, rows};
    use crate::nn::Activation;

    /// J = W with singular values 3 and 4 along (1, 0, 0) and (0, 0.6, 0.8).
    const W: [f32; 6] = [0.0, 2.4, 3.2, 3.0, 0.0, 0.0];

    #[test]
    fn effective_ranks_by_hand() {
        assert_eq!(effective_rank(&[0.0, 0.0]), 0.0);
        assert!((effective_rank(&[2.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!((effective_rank(&[5.0; 4]) - 4.0).abs() < 1e-12);
        // p = (3/4, 1/4): exp(0.5623351446) = 1.7547653506.
        assert!((effective_rank(&[3.0, 1.0]) - 1.754_765_350_6).abs() < 1e-9);
    }

    #[test]
    fn a_linear_encoder_has_the_spectrum_of_its_weights() {
        let model = Network::new(&[(2, 3, &W, Activation::Identity)]);
        let found = jacobian_spectrum(&model, &rows(3, &[1.0; 9]), &[0, 1, 2], &Device::cpu()).unwrap();
        for values in [&found.mean, &found.low, &found.high] {
            assert!((values[0] - 4.0).abs() < 1e-6 && (values[1] - 3.0).abs() < 1e-6, "{values:?}");
        }
        // p = (4/7, 3/7).
        let expected = (-(4f64 / 7.0) * (4f64 / 7.0).ln() - (3f64 / 7.0) * (3f64 / 7.0).ln()).exp();
        assert!((found.effective_rank - expected).abs() < 1e-6);
    }

    #[test]
    fn tangents_of_a_linear_encoder_are_its_right_singular_vectors() {
        // The second row flips the signs of the weights, which must not flip the directions.
        for sign in [1.0, -1.0] {
            let model = Network::new(&[(2, 3, &W.map(|w| sign * w), Activation::Identity)]);
            let found = tangents(&model, &rows(3, &[0.5; 6]), &[1], 5, &Device::cpu()).unwrap();
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert!((only.singular_values[0] - 4.0).abs() < 1e-6);
            assert!((only.singular_values[1] - 3.0).abs() < 1e-6);
            for (direction, expected) in only.directions.iter().zip([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]]) {
                for (v, e) in direction.iter().zip(expected) {
                    assert!((v - e).abs() < 1e-6, "{direction:?}");
                }
            }
        }
    }

    #[test]
    fn units_and_inputs_without_effect_are_singular_values_of_zero() {
        // Of 60 units and 50 inputs, the first two and three have an effect.
        let mut weights = vec![0.0; 60 * 50];
        (0..2).for_each(|i| weights[i * 50..i * 50 + 3].copy_from_slice(&W[3 * i..3 * i + 3]));
        let model = Network::new(&[(60, 50, &weights, Activation::Identity)]);
        let found = jacobian_spectrum(&model, &rows(50, &[1.0; 50]), &[0], &Device::cpu()).unwrap();
        assert!(found.mean.len() == 50 && found.mean[2..].iter().all(|v| *v == 0.0), "{:?}", found.mean);
        assert!((found.mean[0] - 4.0).abs() < 1e-6 && (found.mean[1] - 3.0).abs() < 1e-6);
        let found = tangents(&model, &rows(50, &[1.0; 50]), &[0], 5, &Device::cpu()).unwrap();
        let first = &found[0].directions[0];
        assert!(first.len() == 50 && (first[2] - 0.8).abs() < 1e-6 && first[3..].iter().all(|v| *v == 0.0));
        assert_eq!(found[0].directions.len(), 2);
    }

    #[test]
    fn a_code_that_is_constant_has_no_directions() {
        let model = Network::new(&[(2, 3, &[0.0; 6], Activation::Identity)]);
        let found = jacobian_spectrum(&model, &rows(3, &[1.0; 3]), &[0], &Device::cpu()).unwrap();
        assert_eq!((found.mean, found.effective_rank), (vec![0.0; 2], 0.0));
        let found = tangents(&model, &rows(3, &[1.0; 3]), &[0], 2, &Device::cpu()).unwrap();
        assert_eq!(found, [Tangents { singular_values: vec![], directions: vec![] }]);
    }

    #[test]
    fn directions_of_rounding_errors_are_omitted() {
        let rank_one = [1.0, 2.0, 2.0, 2.0, 4.0, 4.0];
        let model = Network::new(&[(2, 3, &rank_one, Activation::Identity)]);
        let found = tangents(&model, &rows(3, &[0.0; 3]), &[0], 2, &Device::cpu()).unwrap();
        assert_eq!(found[0].directions.len(), 1);
    }

    #[test]
    fn a_jacobian_that_is_not_finite_is_an_error() {
        let model = Network::new(&[(1, 2, &[f32::NAN, 1.0], Activation::Identity)]);
        let one = rows(2, &[1.0, 1.0]);
        assert!(tangents(&model, &one, &[0], 1, &Device::cpu()).is_err());
        assert!(jacobian_spectrum(&model, &one, &[0], &Device::cpu()).is_err());
    }
}
