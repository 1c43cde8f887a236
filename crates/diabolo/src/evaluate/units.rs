//! The information of each latent dimension, and the aggregate posterior compared with the prior.
//!
//! ```text
//! KL_j = E_x KL(q(z_j|x) ‖ N(0, 1))
//! q(z) = E_x q(z|x), the aggregate posterior:  mean_j = E μ_j,  variance_j = E σ²_j + Var μ_j
//! ```
//! With a standard normal prior, new codes are drawn from N(0, 1): if the aggregate posterior
//! differs, samples differ from the data.

use serde::{Deserialize, Serialize};

use crate::data::Encoded;
use crate::model::{Autoencoder, Batch, CHUNK};
use crate::stats::elementary::square;
use crate::tensor::{Device, to_host};

/// One latent dimension.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitStatistics {
    /// Mean KL(q(z_j|x) ‖ N(0, 1)), nats per example. With a flow, that of the base Gaussian.
    pub kl_divergence: f64,
    /// Mean of the aggregate posterior.
    pub mean: f64,
    /// Variance of the aggregate posterior.
    pub variance: f64,
}

/// Statistics of every latent dimension over `rows`; `None` for a model without a posterior.
/// `model` without autodiff.
pub fn unit_statistics<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    device: &Device,
) -> Option<Vec<UnitStatistics>> {
    let units = model.latent_dim();
    // For each latent dimension: Σ KL, Σ μ, Σ μ², Σ σ².
    let mut sums = vec![[0f64; 4]; units];
    let all: Vec<usize> = (0..rows.rows).collect();
    for chunk in all.chunks(CHUNK) {
        let posterior = model.posterior(Batch::gather(rows, chunk, device).input())?;
        let kl = to_host(posterior.kl_divergence());
        let (mean, variance) = (to_host(posterior.mean), to_host(posterior.log_variance.exp()));
        for (k, ((kl, mean), variance)) in kl.iter().zip(&mean).zip(&variance).enumerate() {
            let (kl, mean, variance) = (f64::from(*kl), f64::from(*mean), f64::from(*variance));
            let sums = &mut sums[k % units];
            [kl, mean, mean * mean, variance].iter().zip(sums).for_each(|(value, sum)| *sum += value);
        }
    }
    let n = rows.rows.max(1) as f64;
    let of = |[kl, mean, squares, variance]: [f64; 4]| UnitStatistics {
        kl_divergence: kl / n,
        mean: mean / n,
        variance: variance / n + squares / n - square(mean / n),
    };
    Some(sums.into_iter().map(of).collect())
}
