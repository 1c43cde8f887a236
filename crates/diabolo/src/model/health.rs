//! Health statistics of a model of any family.

use serde::{Deserialize, Serialize};

use super::Batch;
use crate::distribution::{Likelihood, Posterior};
use crate::stats::elementary::square;
use crate::tensor::{Tensor, to_host};

/// A latent dimension is active if the variance of its posterior mean over the data is at least
/// this (Burda et al. 2015, section 5.1).
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// Health statistics of a model on held-out rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthStats {
    /// Number of active latent dimensions.
    pub active_units: usize,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// The largest log σ² of the posterior, over rows and latent dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posterior_log_variance: Option<f64>,
    /// The smallest and the largest learned log σ² of the likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood_log_variance: Option<[f64; 2]>,
    /// The share of the variance of the rows that reconstructions explain, 1 − Σ(x − x̂)² / Σ(x −
    /// x̄)² but at least 0, of each encoded column; the mean over columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained_variance: Option<f64>,
    /// Fraction of codebook vectors that are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes_used: Option<f64>,
}

impl HealthStats {
    /// Measures a posterior and a likelihood.
    pub(super) fn of(posterior: &Posterior, likelihood: &Likelihood) -> Self {
        let [rows, latent_dim] = posterior.mean.dims();
        let means = to_host(posterior.mean.clone());
        let variance = |unit: usize| {
            let column = || means.iter().skip(unit).step_by(latent_dim).map(|&m| f64::from(m));
            let mean = column().sum::<f64>() / rows as f64;
            column().map(|m| square(m - mean)).sum::<f64>() / rows as f64
        };
        let learned = likelihood.log_variance.iter().flat_map(|raw| to_host(raw.val()));
        let [low, high] = ends(learned);
        HealthStats {
            active_units: (0..latent_dim).filter(|&unit| variance(unit) > ACTIVE_VARIANCE).count(),
            latent_dim,
            posterior_log_variance: Some(ends(to_host(posterior.log_variance.clone()).into_iter())[1]),
            likelihood_log_variance: (low <= high).then_some([low, high]),
            explained_variance: None,
            codes_used: None,
        }
    }

    /// Adds the explained variance, from the mean of the reconstructions.
    pub(super) fn with_reconstructions(
        self,
        batch: &Batch,
        likelihood: &Likelihood,
        outputs: Tensor<2>,
    ) -> Self {
        let described = likelihood.described();
        let explained = explained_variance(batch, likelihood.mean(outputs), &described);
        HealthStats { explained_variance: explained, ..self }
    }
}

/// The smallest and the largest.
fn ends(values: impl Iterator<Item = f32>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v.into()), high.max(v.into())])
}

/// Over the columns that the decoder describes; `None` if none of them varies.
fn explained_variance(batch: &Batch, mean: Tensor<2>, described: &[bool]) -> Option<f64> {
    let width = batch.x.dims()[1];
    let (x, reconstructed) = (to_host(batch.x.clone()), to_host(mean));
    let observed = batch.observed.clone().map(to_host);
    let of_column = |column: usize| {
        let cells = || {
            let all = (column..x.len()).step_by(width);
            let seen = all.filter(|&cell| observed.as_ref().is_none_or(|flags| flags[cell] == 1.0));
            seen.map(|cell| (f64::from(x[cell]), f64::from(reconstructed[cell])))
        };
        let center = cells().map(|(x, _)| x).sum::<f64>() / cells().count().max(1) as f64;
        let spread: f64 = cells().map(|(x, _)| square(x - center)).sum();
        let error: f64 = cells().map(|(x, r)| square(x - r)).sum();
        (spread > 1e-9).then(|| (1.0 - error / spread).max(0.0))
    };
    let columns = (0..width).filter(|&column| described[column]);
    let shares: Vec<f64> = columns.filter_map(of_column).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn explained_variance_by_hand() {
        // Columns 0 4, of which reconstructions 1 3 explain ¾; a constant; 0 2, by 4 4: less than
        // the mean.
        let device = Device::cpu();
        let tensor = |values: Vec<f32>| device.tensor::<2>(values, [2, 3]);
        let mut batch = Batch::new(tensor(vec![0.0, 5.0, 0.0, 4.0, 5.0, 2.0]));
        let mean = || tensor(vec![1.0, 0.0, 4.0, 3.0, 0.0, 4.0]);
        let all = [true; 3];
        assert_eq!(explained_variance(&batch, mean(), &all), Some(0.375));
        assert_eq!(explained_variance(&batch, mean(), &[true, true, false]), Some(0.75));
        batch.observed = Some(tensor(vec![1.0, 1.0, 0.0, 1.0, 1.0, 0.0]));
        assert_eq!(explained_variance(&batch, mean(), &all), Some(0.75));
        assert_eq!(explained_variance(&Batch::new(mean() * 0.0), mean(), &all), None);
    }
}
