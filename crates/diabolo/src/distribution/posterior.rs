//! The diagonal Gaussian, as posterior q(z|x) and as a component of a prior.
//!
//! ```text
//! KL(N(μ, σ²) ‖ N(0, 1)) = ½ [ μ² + σ² − 1 − log σ² ]          Kingma & Welling (2013), appendix B
//! z = μ + σ ε,  ε ~ N(0, 1)                                     ibid., section 2.4
//! ```

use crate::tensor::Tensor;

use super::bound_log_variance;
use super::gaussian::LOG_TWO_PI;
use crate::tensor::{fused, log_sum_exp, repeat_rows};

/// q(z|x): a Gaussian with diagonal covariance for each row.
pub struct Posterior {
    /// batch × latent_dim.
    pub mean: Tensor<2>,
    /// log σ², batch × latent_dim, within [`LOG_VARIANCE_BOUNDS`](super::LOG_VARIANCE_BOUNDS).
    pub log_variance: Tensor<2>,
}

impl Posterior {
    /// From unconstrained values of log σ².
    pub fn bounded(mean: Tensor<2>, raw_log_variance: Tensor<2>) -> Self {
        Posterior { mean, log_variance: bound_log_variance(raw_log_variance) }
    }

    /// KL(q(z|x) ‖ N(0, I)) of each latent dimension, in nats: batch × latent_dim.
    pub fn kl_divergence(&self) -> Tensor<2> {
        if fused::is_supported(&self.mean) {
            return fused::gaussian_kl(self.mean.clone(), self.log_variance.clone());
        }
        (self.mean.clone().square() + self.log_variance.clone().exp() - self.log_variance.clone() - 1.0) * 0.5
    }

    /// z = μ + σ ε for the given standard-normal ε (batch × latent_dim).
    pub fn sample(&self, epsilon: Tensor<2>) -> Tensor<2> {
        if fused::is_supported(&self.mean) {
            return fused::gaussian_draw(self.mean.clone(), self.log_variance.clone(), epsilon);
        }
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * epsilon
    }

    /// log q(z|x), summed over latent dimensions: batch. `z`: batch × latent_dim.
    pub fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let units = gaussian_log_density(z, self.mean.clone(), self.log_variance.clone());
        units.sum_dim(1).squeeze_dim(1)
    }

    /// Repeats each row `samples` times: (batch · samples) × latent_dim.
    pub fn repeat(self, samples: usize) -> Self {
        Posterior {
            mean: repeat_rows(self.mean, samples),
            log_variance: repeat_rows(self.log_variance, samples),
        }
    }

    /// The same values without gradient.
    pub fn detach(self) -> Self {
        Posterior { mean: self.mean.detach(), log_variance: self.log_variance.detach() }
    }
}

/// log N(x; mean, e^log_variance), element by element, in nats.
pub fn gaussian_log_density<const D: usize>(
    x: Tensor<D>,
    mean: Tensor<D>,
    log_variance: Tensor<D>,
) -> Tensor<D> {
    ((x - mean).square() * log_variance.clone().neg().exp() + log_variance + LOG_TWO_PI) * -0.5
}

/// log N(z; 0, I), summed over latent dimensions: rows. `z`: rows × width.
pub fn standard_normal_log_density(z: Tensor<2>) -> Tensor<1> {
    ((z.square() + LOG_TWO_PI) * -0.5).sum_dim(1).squeeze_dim(1)
}

/// log Σ_k e^{log_weights_k} N(z; m_k, diag s²_k): rows.
///
/// `z`: rows × width; `components`: K × width; `log_weights`: K. Computed by three matrix products,
/// since (z − m)² / s² = z² / s² − 2 z m / s² + m² / s².
pub fn mixture_log_density(z: Tensor<2>, components: &Posterior, log_weights: Tensor<1>) -> Tensor<1> {
    let precision = components.log_variance.clone().neg().exp();
    let weighted = components.mean.clone() * precision.clone();
    let own = (weighted.clone() * components.mean.clone() + components.log_variance.clone() + LOG_TWO_PI)
        .sum_dim(1)
        .transpose();
    let exponents =
        z.clone().square().matmul(precision.transpose()) - z.matmul(weighted.transpose()) * 2.0 + own;
    log_sum_exp(exponents * -0.5 + log_weights.unsqueeze_dim::<2>(0), 1).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::{Device, to_host};

    fn row(values: &[f32]) -> Tensor<2> {
        Device::cpu_f64().tensor(values.to_vec(), [1, values.len()])
    }

    #[test]
    fn the_closed_form_kl_agrees_with_monte_carlo() {
        let (mean, log_variance, n) = (0.7f32, -0.9f32, 200_000);
        let posterior = Posterior { mean: row(&[mean]), log_variance: row(&[log_variance]) };
        let exact = to_host(posterior.kl_divergence())[0] as f64;
        let sigma = (log_variance as f64 / 2.0).exp();
        let draws: Vec<f64> = standard_normal(&mut stream(3, Purpose::Evaluate, 0, 0), n)
            .into_iter()
            .map(|e| {
                let (e, z) = (e as f64, mean as f64 + sigma * e as f64);
                // log q(z) − log p(z)
                -0.5 * e * e - sigma.ln() + 0.5 * z * z
            })
            .collect();
        let estimate = draws.iter().sum::<f64>() / n as f64;
        let spread = draws.iter().map(|d| (d - estimate).powi(2)).sum::<f64>() / n as f64;
        assert!((estimate - exact).abs() < 4.0 * (spread / n as f64).sqrt(), "{estimate} vs {exact}");
    }

    #[test]
    fn a_mixture_by_hand() {
        // ½ N(0; 0, 1) + ½ N(0; 1, 1)
        let device = Device::cpu_f64();
        let components = Posterior {
            mean: device.tensor(vec![0.0, 1.0], [2, 1]),
            log_variance: device.tensor(vec![0.0, 0.0], [2, 1]),
        };
        let half = device.tensor::<1>(vec![0.5, 0.5], [2]).log();
        let found = to_host(mixture_log_density(row(&[0.0]), &components, half))[0];
        let normal = |x: f32| (-0.5 * x * x).exp() / std::f32::consts::TAU.sqrt();
        assert!((found - (0.5 * normal(0.0) + 0.5 * normal(1.0)).ln()).abs() < 1e-6, "{found}");
    }
}
