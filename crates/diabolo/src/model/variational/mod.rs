//! The variational autoencoder (Kingma & Welling 2013, eq. 10 with L = 1).
//!
//! ```text
//! q(z|x) = N(z; μ(x), diag σ²(x))      p(z) = N(0, I)
//! −ELBO  = E_q[−log p(x|z)] + KL(q(z|x) ‖ p(z))
//! loss   = reconstruction + β · KL                (β-VAE: Higgins et al. 2017, eq. 4)
//! ```

use burn::module::Module;
use burn::tensor::Tensor;

use serde::{Deserialize, Serialize};

use super::config::non_negative;
use super::{Architecture, Autoencoder, Batch, Context, Trainable, deterministic::layers};
use crate::distribution::{Likelihood, Posterior, bound_log_variance};
use crate::error::Result;
use crate::nn::{Activation, Dense, Place, chain};
use crate::noise::{Stream, standard_normal};
use crate::objective::{Term, Warmup};

/// Settings of the variational family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VariationalConfig {
    /// β: 1 is the ELBO.
    pub kl_weight: f64,
    /// Epochs over which β grows linearly from 0.
    pub kl_warmup_epochs: f64,
}

impl Default for VariationalConfig {
    fn default() -> Self {
        VariationalConfig { kl_weight: 1.0, kl_warmup_epochs: 0.0 }
    }
}

impl VariationalConfig {
    pub(super) fn validate(&self) -> Result<()> {
        non_negative("kl_weight", self.kl_weight)?;
        non_negative("kl_warmup_epochs", self.kl_warmup_epochs)
    }
}

/// With a posterior and a prior.
#[derive(Module, Debug)]
pub struct Variational {
    /// x → last hidden layer; may be empty.
    pub encoder: Vec<Dense>,
    /// Last hidden layer → q(z|x).
    pub posterior: PosteriorHeads,
    /// z → last hidden layer of the decoder; may be empty.
    pub decoder: Vec<Dense>,
    /// Last hidden layer → likelihood parameters.
    pub output: Dense,
    /// Reads the decoder's outputs.
    pub likelihood: Likelihood,
    #[module(skip)]
    config: VariationalConfig,
}

/// Two linear heads.
#[derive(Module, Debug)]
pub struct PosteriorHeads {
    /// μ(x).
    pub mean: Dense,
    /// log σ²(x), before its smooth bound.
    pub log_variance: Dense,
}

impl Variational {
    pub(super) fn new(
        architecture: &Architecture,
        config: &VariationalConfig,
        noise: &mut Stream,
        place: &Place,
    ) -> Self {
        let Architecture { inputs, hidden, latent_dim, activation, .. } = architecture;
        let likelihood = Likelihood::new(architecture.likelihood.clone(), place);
        let mut widths = vec![*inputs];
        widths.extend(hidden);
        let encoder = layers(&widths, *activation, *activation, noise, place);
        let top = widths[hidden.len()];
        let posterior = PosteriorHeads {
            mean: Dense::new(top, *latent_dim, Activation::Identity, noise, place),
            log_variance: Dense::new(top, *latent_dim, Activation::Identity, noise, place),
        };
        let mut widths = vec![*latent_dim];
        widths.extend(hidden.iter().rev());
        let decoder = layers(&widths, *activation, *activation, noise, place);
        let output =
            Dense::new(widths[hidden.len()], likelihood.parameters(), Activation::Identity, noise, place);
        Variational { encoder, posterior, decoder, output, likelihood, config: config.clone() }
    }

    fn approximate_posterior(&self, x: Tensor<2>) -> Posterior {
        let top = chain(&self.encoder, x);
        Posterior {
            mean: self.posterior.mean.forward(top.clone()),
            log_variance: bound_log_variance(self.posterior.log_variance.forward(top)),
        }
    }

    /// Reconstruction and KL for the given ε (batch × latent_dim).
    pub fn terms(&self, batch: &Batch, epsilon: Tensor<2>, kl_weight: f64) -> Vec<Term> {
        let posterior = self.approximate_posterior(batch.x.clone());
        let parameters = self.decode(posterior.sample(epsilon));
        let reconstruction =
            self.likelihood.negative_log_likelihood(parameters, batch.x.clone(), batch.observed.as_ref());
        let kl = posterior.kl_divergence().sum_dim(1).squeeze_dim::<1>(1);
        vec![Term::new("reconstruction", reconstruction), Term::new("kl_divergence", kl).weighted(kl_weight)]
    }
}

impl Trainable for Variational {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let shape = [batch.x.dims()[0], self.latent_dim()];
        let epsilon = context.place.tensor(standard_normal(context.noise, shape[0] * shape[1]), shape);
        // Held-out rows are always scored by the objective the warm-up leads to, so that epochs compare.
        let warmup = Warmup { epochs: self.config.kl_warmup_epochs };
        let factor = if context.training { warmup.factor(context.epochs) } else { 1.0 };
        self.terms(batch, epsilon, self.config.kl_weight * factor)
    }
}

impl Autoencoder for Variational {
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.posterior.mean.forward(chain(&self.encoder, x))
    }

    fn posterior(&self, x: Tensor<2>) -> Option<Posterior> {
        Some(self.approximate_posterior(x))
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.output.forward(chain(&self.decoder, z))
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }

    fn encoder_layers(&self) -> Vec<&Dense> {
        self.encoder.iter().chain([&self.posterior.mean]).collect()
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, place: &Place) -> Option<Tensor<2>> {
        let shape = [rows, self.latent_dim()];
        Some(place.tensor(standard_normal(noise, rows * shape[1]), shape))
    }
}
