//! Draws from q(z|x), and the terms of every [`Bound`].

use crate::tensor::Module;
use crate::tensor::Tensor;

use super::Variational;
use crate::distribution::{Posterior, standard_normal_log_density};
use crate::model::settings::{Bound, VariationalConfig};
use crate::model::{Autoencoder, Batch, Context};
use crate::objective::{
    Term, Warmup, importance_bound, kl_parts, maximum_mean_discrepancy, normalized_weights, scale_gradient,
    with_gradient_of,
};
use crate::random::RowNoise;
use crate::tensor::{Device, repeat_rows};

/// The standard normal draws of a loss.
#[derive(Clone)]
pub struct ReparameterizationNoise {
    /// ε of z: (rows · K) × latent_dim.
    pub latent: Tensor<2>,
    /// ε of z₂ of a hierarchical prior: (rows · K) × its width.
    pub auxiliary: Option<Tensor<2>>,
    /// Draws from p(z) for the MMD: rows × latent_dim.
    pub prior: Option<Tensor<2>>,
}

/// The state of annealing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnnealingState {
    /// β times its warm-up.
    pub kl_weight: f64,
    /// C of [`Bound::Capacity`], nats.
    pub capacity: f64,
    /// Number of rows of the data set.
    pub rows: usize,
    /// Whether gradients are needed.
    pub training: bool,
}

/// Draws of z and their densities.
struct Draws {
    /// (rows · K) × latent_dim.
    z: Tensor<2>,
    /// log q(z|x): rows · K.
    log_posterior: Tensor<1>,
    /// log p(z): rows · K.
    log_prior: Tensor<1>,
}

/// Decoded draws; all fields except `parameters` are rows × K.
pub(super) struct WeightedDraws {
    /// The decoder outputs: (rows · K) × likelihood parameters.
    pub parameters: Tensor<2>,
    /// −log p(x|z).
    pub reconstruction: Tensor<2>,
    /// log q(z|x) − log p(z).
    pub kl_divergence: Tensor<2>,
    /// log p(x, z) − log q(z|x).
    pub log_weights: Tensor<2>,
}

impl Variational {
    /// Draws the noise of [`terms`](Self::terms) for `rows` rows with `samples` draws each.
    pub(super) fn epsilon(
        &self,
        rows: usize,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> ReparameterizationNoise {
        let mut normal = |samples: usize, width: usize| {
            device.tensor::<2>(noise.standard_normal(rows, samples * width), [rows * samples, width])
        };
        let auxiliary_dim = self.prior.as_ref().map_or(0, |prior| prior.auxiliary_dim());
        let compares = matches!(self.config.bound, Bound::Mmd { .. });
        ReparameterizationNoise {
            latent: normal(samples, self.latent_dim()),
            auxiliary: (auxiliary_dim > 0).then(|| normal(samples, auxiliary_dim)),
            prior: compares.then(|| normal(1, self.latent_dim())),
        }
    }

    pub(super) fn stage(&self, context: &Context) -> AnnealingState {
        let VariationalConfig { bound, kl_weight, kl_warmup_epochs, kl_cycles, .. } = self.config;
        let warmup = Warmup { epochs: kl_warmup_epochs, cycles: kl_cycles };
        // Validation rows always use the final objective of the warm-up, so that epochs are
        // comparable.
        let factor = if context.training { warmup.factor(context.epochs) } else { 1.0 };
        let capacity = match bound {
            Bound::Capacity { nats, epochs } if context.training => {
                nats * Warmup::once(epochs).factor(context.epochs)
            }
            Bound::Capacity { nats, .. } => nats,
            _ => 0.0,
        };
        AnnealingState {
            kl_weight: kl_weight * factor,
            capacity,
            rows: context.rows,
            training: context.training,
        }
    }

    /// The terms of the configured bound for the given ε.
    pub fn terms(
        &self,
        batch: &Batch,
        epsilon: ReparameterizationNoise,
        stage: &AnnealingState,
    ) -> Vec<Term> {
        match self.config.bound {
            Bound::Importance { samples, doubly_reparameterized } => {
                self.importance_terms(batch, epsilon, samples, doubly_reparameterized && stage.training)
            }
            _ => self.elbo_terms(batch, epsilon, stage),
        }
    }

    fn elbo_terms(
        &self,
        batch: &Batch,
        epsilon: ReparameterizationNoise,
        stage: &AnnealingState,
    ) -> Vec<Term> {
        let top = self.encoder.forward(batch.input());
        let posterior = self.posterior.forward(top.clone());
        let compared = epsilon.prior.clone();
        let (z, kl) = match self.config.has_closed_form() {
            true => {
                let kl = posterior.kl_divergence().sum_dim(1).squeeze_dim::<1>(1);
                (posterior.sample(epsilon.latent), kl)
            }
            false => {
                let draws = self.draw(&posterior, top, epsilon);
                (draws.z, draws.log_posterior - draws.log_prior)
            }
        };
        let parameters = self.decode(batch.with_condition(z.clone()));
        let reconstruction = self.reconstructions(batch, 1, parameters).squeeze_dim::<1>(1);
        let mut terms = vec![Term::new("reconstruction", reconstruction)];
        terms.extend(self.latent_terms(&posterior, z, kl, compared, stage));
        terms
    }

    /// The terms of the bound that depend on the codes; `kl` by row, `compared`: draws from the
    /// prior.
    fn latent_terms(
        &self,
        posterior: &Posterior,
        z: Tensor<2>,
        kl: Tensor<1>,
        compared: Option<Tensor<2>>,
        stage: &AnnealingState,
    ) -> Vec<Term> {
        let shared = |value: Tensor<1>, like: &Tensor<1>| value.expand(like.dims());
        let weighted =
            |name, value: Tensor<1>, weight: f64| Term::new(name, value).weighted(weight * stage.kl_weight);
        let reported = Term::new("kl_divergence", kl.clone().detach()).weighted(0.0);
        match self.config.bound {
            Bound::Elbo | Bound::Importance { .. } => vec![weighted("kl_divergence", kl, 1.0)],
            Bound::FreeBits { nats } => {
                let units = posterior.kl_divergence().mean_dim(0).clamp_min(nats);
                vec![reported, weighted("free_bits", shared(units.sum(), &kl), 1.0)]
            }
            Bound::Capacity { .. } => {
                let gap = (kl.clone().mean() - stage.capacity).abs();
                vec![reported, weighted("capacity_gap", shared(gap, &kl), 1.0)]
            }
            Bound::TotalCorrelation { weight } => {
                let parts = kl_parts(posterior, z, stage.rows);
                vec![
                    reported,
                    weighted("mutual_information", parts.mutual_information, 1.0),
                    weighted("total_correlation", parts.total_correlation, weight),
                    weighted("dimension_kl", parts.dimension_kl, 1.0),
                ]
            }
            Bound::Mmd { weight } => {
                let prior = compared.expect("drawn for this bound");
                let discrepancy = shared(maximum_mean_discrepancy(z, prior), &kl);
                vec![weighted("kl_divergence", kl, 1.0), Term::new("mmd", discrepancy).weighted(weight)]
            }
        }
    }

    fn importance_terms(
        &self,
        batch: &Batch,
        epsilon: ReparameterizationNoise,
        samples: usize,
        doubly: bool,
    ) -> Vec<Term> {
        let drawn = match doubly {
            // The weights are needed to build the graph that they scale.
            true => self.valid().weighted_draws(batch, samples, epsilon.clone()),
            false => self.weighted_draws(batch, samples, epsilon.clone()),
        };
        let bound = importance_bound(drawn.log_weights.clone());
        let loss = match doubly {
            true => {
                let surrogate = self.doubly_reparameterized(batch, &drawn.log_weights, samples, epsilon);
                with_gradient_of(bound, surrogate).neg()
            }
            false => bound.neg(),
        };
        let mean = |t: Tensor<2>| t.detach().mean_dim(1).squeeze_dim::<1>(1);
        vec![
            Term::new("reconstruction", mean(drawn.reconstruction)).weighted(0.0),
            Term::new("kl_divergence", mean(drawn.kl_divergence)).weighted(0.0),
            Term::new("importance_bound", loss),
        ]
    }

    /// A function whose gradient is the doubly reparameterized gradient of log 1/K Σ w_k: rows.
    fn doubly_reparameterized(
        &self,
        batch: &Batch,
        log_weights: &Tensor<2>,
        samples: usize,
        epsilon: ReparameterizationNoise,
    ) -> Tensor<1> {
        let weights = normalized_weights(log_weights.clone());
        let rows = weights.dims()[0];
        let posterior = self.approximate_posterior(batch.input()).repeat(samples);
        let z = posterior.sample(epsilon.latent);
        let z = scale_gradient(z, weights.clone().reshape([rows * samples]));
        let log_posterior = posterior.detach().log_density(z.clone());
        let log_prior = self.log_prior(z.clone(), None);
        let parameters = self.decode(batch.with_condition(z));
        let log_likelihood = self.reconstructions(batch, samples, parameters).neg();
        let log_weights = log_likelihood + (log_prior - log_posterior).reshape([rows, samples]);
        (weights * log_weights).sum_dim(1).squeeze_dim(1)
    }

    /// `samples` draws for each row, with their densities.
    pub(super) fn weighted_draws(
        &self,
        batch: &Batch,
        samples: usize,
        epsilon: ReparameterizationNoise,
    ) -> WeightedDraws {
        let rows = batch.x.dims()[0];
        let top = self.encoder.forward(batch.input());
        let posterior = self.posterior.forward(top.clone()).repeat(samples);
        let draws = self.draw(&posterior, repeat_rows(top, samples), epsilon);
        let parameters = self.decode(batch.with_condition(draws.z));
        let reconstruction = self.reconstructions(batch, samples, parameters.clone());
        let kl_divergence = (draws.log_posterior - draws.log_prior).reshape([rows, samples]);
        let log_weights = (reconstruction.clone() + kl_divergence.clone()).neg();
        WeightedDraws { parameters, reconstruction, kl_divergence, log_weights }
    }

    /// z and its densities for given Gaussians (one per draw); `top`: the last hidden layer for
    /// each row.
    fn draw(&self, posterior: &Posterior, top: Tensor<2>, epsilon: ReparameterizationNoise) -> Draws {
        let start = posterior.sample(epsilon.latent);
        let log_start = posterior.log_density(start.clone());
        let (z, log_posterior) = match &self.flow {
            Some(flow) => {
                let (z, log_det) = flow.transform(start, top);
                (z, log_start - log_det)
            }
            None => (start, log_start),
        };
        let log_prior = self.log_prior(z.clone(), epsilon.auxiliary);
        Draws { z, log_posterior, log_prior }
    }

    fn log_prior(&self, z: Tensor<2>, auxiliary: Option<Tensor<2>>) -> Tensor<1> {
        match &self.prior {
            Some(prior) => prior.log_density(z, auxiliary, |x| self.approximate_posterior(x)),
            None => standard_normal_log_density(z),
        }
    }

    /// −log p(x|z) from the decoder's outputs for `samples` consecutive z of each row: rows ×
    /// samples.
    fn reconstructions(&self, batch: &Batch, samples: usize, parameters: Tensor<2>) -> Tensor<2> {
        let observed = batch.observed.as_ref();
        let nll = self.likelihood.negative_log_likelihood(parameters, batch.x.clone(), observed);
        nll.reshape([batch.x.dims()[0], samples])
    }
}
