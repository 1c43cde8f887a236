//! Decomposition of the KL divergence into three parts (Chen et al. 2018, eq. 2), estimated within
//! a batch.
//!
//! ```text
//! E_x KL(q(z|x) ‖ p(z)) = I(x; z) + KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j))
//!
//! log q(z_i) ≈ log Σ_k q(z_i|x_k) − log(N M)      M rows in the batch out of N, z_i ~ q(z|x_i)
//!     ibid., eq. 5
//! ```
//! The estimate of each part is biased; their sum is unbiased.

use crate::tensor::Tensor;

use crate::distribution::{Posterior, standard_normal_log_density};
use crate::stats::elementary::double::ln;
use crate::tensor::log_sum_exp;

/// The three parts, each in nats per example: batch.
pub struct KlParts {
    /// I(x; z).
    pub mutual_information: Tensor<1>,
    /// KL(q(z) ‖ Π_j q(z_j)).
    pub total_correlation: Tensor<1>,
    /// Σ_j KL(q(z_j) ‖ p(z_j)), p(z) = N(0, I).
    pub dimension_kl: Tensor<1>,
}

/// Estimates the parts from draws `z` (batch × latent_dim) of the posterior of a batch, for a data
/// set of
/// `rows` rows.
pub fn kl_parts(posterior: &Posterior, z: Tensor<2>, rows: usize) -> KlParts {
    let [batch, _] = z.dims();
    let all = |t: &Tensor<2>| t.clone().unsqueeze_dim::<3>(0);
    // log q(z_i,j | x_k): batch (i) × batch (k) × latent_dim.
    let (mean, log_variance) = (all(&posterior.mean), all(&posterior.log_variance));
    let densities =
        crate::distribution::gaussian_log_density(z.clone().unsqueeze_dim::<3>(1), mean, log_variance);
    let norm = ln((rows.max(batch) * batch) as f64);
    let joint = log_sum_exp(densities.clone().sum_dim(2).squeeze_dim::<2>(2), 1).squeeze_dim::<1>(1) - norm;
    let marginals = (log_sum_exp(densities, 1).squeeze_dim::<2>(1) - norm).sum_dim(1).squeeze_dim::<1>(1);
    KlParts {
        mutual_information: posterior.log_density(z.clone()) - joint.clone(),
        total_correlation: joint - marginals.clone(),
        dimension_kl: marginals - standard_normal_log_density(z),
    }
}
