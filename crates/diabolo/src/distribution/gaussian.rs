//! Gaussian with diagonal covariance, as a likelihood and as the posterior q(z|x).
//!
//! ```text
//! −log N(x; μ, σ²) = ½ [ log 2π + log σ² + (x − μ)² / σ² ]
//! KL(N(μ, σ²) ‖ N(0, 1)) = ½ [ μ² + σ² − 1 − log σ² ]          Kingma & Welling (2013), appendix B
//! z = μ + σ ε,  ε ~ N(0, 1)                                     ibid., section 2.4
//! ```
//!
//! Learned log-variances are bounded smoothly to [`LOG_VARIANCE_BOUNDS`], so that neither a constant
//! column (σ → 0) nor a wild step (σ → ∞) can reach infinity:
//! `log σ² = lo + softplus(r − lo) − softplus(r − hi)`, which is r itself well inside the bounds.

use burn::tensor::Tensor;

use crate::nn::softplus;

/// The smooth limits of every learned log σ²: σ between 0.0067 and 148.
pub const LOG_VARIANCE_BOUNDS: (f64, f64) = (-10.0, 10.0);

const LOG_TWO_PI: f64 = 1.837_877_066_409_345_3;

/// Maps an unconstrained value smoothly into [`LOG_VARIANCE_BOUNDS`].
pub fn bound_log_variance<const D: usize>(raw: Tensor<D>) -> Tensor<D> {
    let (low, high) = LOG_VARIANCE_BOUNDS;
    softplus(raw.clone() - low) - softplus(raw - high) + low
}

/// −log N(x; mean, e^log_variance), element by element, in nats.
pub(super) fn negative_log_likelihood(mean: Tensor<2>, log_variance: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    ((x - mean).square() * log_variance.clone().neg().exp() + log_variance + LOG_TWO_PI) * 0.5
}

/// −log N(x; mean, variance) for one fixed variance.
pub(super) fn negative_log_likelihood_fixed(mean: Tensor<2>, variance: f64, x: Tensor<2>) -> Tensor<2> {
    (x - mean).square() * (0.5 / variance) + 0.5 * (LOG_TWO_PI + variance.ln())
}

/// q(z|x): a Gaussian with diagonal covariance for each row.
pub struct Posterior {
    /// batch × latent_dim.
    pub mean: Tensor<2>,
    /// log σ², batch × latent_dim, within [`LOG_VARIANCE_BOUNDS`].
    pub log_variance: Tensor<2>,
}

impl Posterior {
    /// KL(q(z|x) ‖ N(0, I)) of each latent unit, in nats: batch × latent_dim.
    pub fn kl_divergence(&self) -> Tensor<2> {
        (self.mean.clone().square() + self.log_variance.clone().exp() - self.log_variance.clone() - 1.0) * 0.5
    }

    /// z = μ + σ ε for the given standard-normal ε (batch × latent_dim).
    pub fn sample(&self, epsilon: Tensor<2>) -> Tensor<2> {
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * epsilon
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Place, to_host};
    use crate::noise::{Purpose, standard_normal, stream};

    fn row(values: &[f32]) -> Tensor<2> {
        Place::cpu_f64().tensor(values.to_vec(), [1, values.len()])
    }

    #[test]
    fn the_standard_normal_at_its_mean_costs_half_log_two_pi() {
        let nll = negative_log_likelihood(row(&[0.0]), row(&[0.0]), row(&[0.0]));
        assert!((to_host(nll)[0] - 0.918_938_5).abs() < 1e-6);
        let fixed = negative_log_likelihood_fixed(row(&[1.0]), 4.0, row(&[5.0]));
        // ½(log 2π + log 4 + 16/4)
        assert!((to_host(fixed)[0] - 3.612_086).abs() < 1e-5);
    }

    #[test]
    fn the_bound_is_the_identity_inside_and_flat_outside() {
        let bounded = to_host(bound_log_variance(row(&[-1e4, -1.0, 0.0, 2.0, 1e4])));
        for (found, expected) in bounded.iter().zip([-10.0, -1.0, 0.0, 2.0, 10.0]) {
            assert!((found - expected).abs() < 1e-3, "{bounded:?}");
        }
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
}
