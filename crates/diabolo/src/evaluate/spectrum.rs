//! Singular values of the encoder's Jacobian: how many directions of the input the code still feels.
//!
//! For each example, σ₁ ≥ σ₂ ≥ … of ∂f(x)/∂x (latent × inputs); Σ σ² = ‖J‖²_F.

use faer::{Mat, Side};

use crate::data::Encoded;
use crate::error::{Error, Result};
use crate::model::{Autoencoder, Batch};
use crate::nn::{Place, to_host};

/// Singular values over examples, largest first.
#[derive(Debug, Clone, PartialEq)]
pub struct JacobianSpectrum {
    /// How many examples.
    pub examples: usize,
    /// Mean of each singular value.
    pub mean: Vec<f64>,
    /// 10 % quantile of each.
    pub low: Vec<f64>,
    /// 90 % quantile of each.
    pub high: Vec<f64>,
}

/// The spectrum over `rows`; the cost is one symmetric eigenproblem of min(latent, inputs) a row.
pub fn jacobian_spectrum<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    chosen: &[usize],
    place: &Place,
) -> Result<JacobianSpectrum> {
    let mut spectra = Vec::with_capacity(chosen.len());
    for row in chosen {
        let x = Batch::gather(rows, &[*row], place).x;
        let jacobian = model.trace(x).jacobian();
        let [_, latent, inputs] = jacobian.dims();
        let values = to_host(jacobian);
        let matrix = Mat::from_fn(latent, inputs, |i, j| values[i * inputs + j] as f64);
        let gram = if latent <= inputs { &matrix * matrix.transpose() } else { matrix.transpose() * &matrix };
        let eigenvalues = gram.self_adjoint_eigenvalues(Side::Lower).map_err(|_| Error::Unsupported {
            what: "the encoder's Jacobian is not finite".into(),
            help: "fit again with a smaller --learning-rate".into(),
        })?;
        spectra.push(eigenvalues.into_iter().rev().map(|v| v.max(0.0).sqrt()).collect::<Vec<f64>>());
    }
    let count = spectra.first().map_or(0, Vec::len);
    let across = |k: usize| {
        let mut values: Vec<f64> = spectra.iter().map(|s| s[k]).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let sorted: Vec<Vec<f64>> = (0..count).map(across).collect();
    let quantile = |q: f64| sorted.iter().map(|v| v[((v.len() - 1) as f64 * q).round() as usize]).collect();
    Ok(JacobianSpectrum {
        examples: chosen.len(),
        mean: sorted.iter().map(|v| v.iter().sum::<f64>() / v.len() as f64).collect(),
        low: quantile(0.1),
        high: quantile(0.9),
    })
}
