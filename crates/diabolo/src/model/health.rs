//! Health statistics of a model of any family.

use serde::{Deserialize, Serialize};

use crate::distribution::{Likelihood, Posterior};
use crate::tensor::to_host;

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
            column().map(|m| (m - mean).powi(2)).sum::<f64>() / rows as f64
        };
        let learned = likelihood.log_variance.iter().flat_map(|raw| to_host(raw.val()));
        let [low, high] = ends(learned);
        HealthStats {
            active_units: (0..latent_dim).filter(|&unit| variance(unit) > ACTIVE_VARIANCE).count(),
            latent_dim,
            posterior_log_variance: Some(ends(to_host(posterior.log_variance.clone()).into_iter())[1]),
            likelihood_log_variance: (low <= high).then_some([low, high]),
            codes_used: None,
        }
    }
}

/// The smallest and the largest.
fn ends(values: impl Iterator<Item = f32>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v.into()), high.max(v.into())])
}
