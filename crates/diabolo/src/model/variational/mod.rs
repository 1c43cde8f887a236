//! The variational autoencoder (Kingma & Welling 2013, eq. 10) and its family.
//!
//! ```text
//! q(z|x) = N(z; μ(x), diag σ²(x)), optionally with a flow        p(z) = N(0, I), or a learned
//! prior −ELBO  = E_q[−log p(x|z)] + E_q[log q(z|x) − log p(z)]
//! loss   = one of the bounds of `Bound`; with the default, reconstruction + β · KL
//! ```
//! The KL divergence of two Gaussians is exact; with a flow or a learned prior it is estimated from
//! the draw of z.

mod bound_terms;
mod flow;
mod prior;

pub use bound_terms::{AnnealingState, ReparameterizationNoise};
pub use flow::{Autoregressive, AutoregressiveFlow, Flow, Planar, PlanarFlow};
pub use prior::{Hierarchical, Mixture, Prior, VampPrior};

use crate::module;
use crate::tensor::Tensor;

use self::bound_terms::WeightedDraws;
use super::settings::{Bound, VariationalConfig};
use super::{
    Architecture, Autoencoder, Batch, Context, HealthStats, Network, PosteriorDraws, Trainable, rows_of_width,
};
use crate::data::Encoded;
use crate::distribution::{Likelihood, Posterior};
use crate::nn::{Activation, AnyLayer, Layers, Linear, Sequential};
use crate::objective::Term;
use crate::random::{RowNoise, Stream, standard_normal};
use crate::tensor::Device;

/// The variational autoencoder.
#[derive(Clone, Debug)]
pub struct Variational {
    /// x → last hidden layer; may be empty.
    pub encoder: Sequential,
    /// Last hidden layer → N(μ, diag σ²).
    pub posterior: PosteriorHeads,
    /// The normalizing flow of the posterior.
    pub flow: Option<Flow>,
    /// p(z); `None` is N(0, I).
    pub prior: Option<Prior>,
    /// z → last hidden layer of the decoder; may be empty.
    pub decoder: Sequential,
    /// Last hidden layer → likelihood parameters.
    pub output: AnyLayer,
    /// The likelihood of the decoder outputs.
    pub likelihood: Likelihood,
    config: VariationalConfig,
}
module!(Variational { encoder, posterior, flow, prior, decoder, output, likelihood });

/// Two heads without activation: a Gaussian with diagonal covariance.
#[derive(Clone, Debug)]
pub struct PosteriorHeads {
    /// μ.
    pub mean: AnyLayer,
    /// log σ², before its smooth bound.
    pub log_variance: AnyLayer,
}
module!(PosteriorHeads { mean, log_variance });

impl PosteriorHeads {
    fn new(mut head: impl FnMut() -> AnyLayer) -> Self {
        PosteriorHeads { mean: head(), log_variance: head() }
    }

    /// Fully connected heads.
    fn dense(inputs: usize, outputs: usize, noise: &mut Stream, device: &Device) -> Self {
        Self::new(|| Linear::new(inputs, outputs, Activation::Identity, noise, device).into())
    }

    /// The same heads without layers before them.
    fn for_categories(self) -> Self {
        PosteriorHeads { mean: self.mean.for_categories(), log_variance: self.log_variance.for_categories() }
    }

    fn forward(&self, top: Tensor<2>) -> Posterior {
        Posterior::bounded(self.mean.forward(top.clone()), self.log_variance.forward(top))
    }
}

impl Variational {
    pub(super) fn new(
        architecture: &Architecture,
        config: &VariationalConfig,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let likelihood = Likelihood::new(architecture.likelihood.clone(), device);
        let encoder = architecture.hidden_encoder(noise, device);
        let mut posterior =
            PosteriorHeads::new(|| architecture.code_layer(Activation::Identity, noise, device));
        if encoder.is_empty() && architecture.reads_categories() {
            posterior = posterior.for_categories();
        }
        let decoder = architecture.hidden_decoder(noise, device);
        let output = architecture.output(likelihood.parameters(), noise, device);
        let flow = Flow::new(config.flow, architecture, architecture.top(), noise, device);
        let prior = Prior::new(&config.prior, architecture, noise, device);
        Variational { encoder, posterior, flow, prior, decoder, output, likelihood, config: config.clone() }
    }

    fn layers_from_code(&self) -> Layers<'_> {
        self.decoder.iter().chain([&self.output]).collect()
    }

    fn approximate_posterior(&self, x: Tensor<2>) -> Posterior {
        self.posterior.forward(self.encoder.forward(x))
    }
}

impl Trainable for Variational {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let rows = batch.x.dims()[0];
        let epsilon = self.epsilon(
            rows,
            self.config.bound.samples(),
            &mut RowNoise::Own(context.noise),
            context.device,
        );
        self.terms(batch, epsilon, &self.stage(context))
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.likelihood.rescale(rows, device);
    }

    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        let reads_rows = matches!(self.prior, Some(Prior::VampPrior(_)));
        let is_dense = |layer: Option<&AnyLayer>| layer.is_some_and(|layer| layer.as_linear().is_some());
        let is_dense = is_dense(self.encoder.first()) && is_dense(Some(&self.output));
        (is_dense && !reads_rows).then_some(&mut self.likelihood)
    }

    fn warmup_epochs(&self) -> f64 {
        self.config.warmup_epochs()
    }

    /// Other bounds compare rows, and the inputs of a VampPrior would be encoded again for every
    /// part.
    fn is_row_separable(&self) -> bool {
        matches!(self.config.bound, Bound::Elbo | Bound::Importance { .. })
            && !matches!(self.prior, Some(Prior::VampPrior(_)))
    }

    fn max_batch_rows(&self, width: usize) -> usize {
        let rows = match self.config.bound {
            Bound::Importance { samples, .. } => rows_of_width(samples.saturating_mul(self.output.outputs())),
            // A tensor of rows × rows.
            Bound::TotalCorrelation { .. } => ((1 << 24) / self.latent_dim().max(1)).isqrt(),
            _ => rows_of_width(self.output.outputs()),
        };
        rows.min(rows_of_width(width)).max(1)
    }

    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        let posterior = self.approximate_posterior(batch.input());
        let stats = HealthStats::of(&posterior, &self.likelihood);
        Some(stats.with_reconstructions(batch, &self.likelihood, self.reconstruct(batch)))
    }
}

impl Network for Variational {
    fn encoder(&self) -> Layers<'_> {
        self.encoder.iter().chain([&self.posterior.mean]).collect()
    }

    fn decoder(&self) -> Option<Layers<'_>> {
        Some(self.layers_from_code())
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.layers_from_code().forward(z)
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }
}

impl Autoencoder for Variational {
    fn network(&self) -> &dyn Network {
        self
    }

    /// The posterior mean, transformed by the flow if there is one. The encoder layers, and thus
    /// the Jacobian, exclude the flow.
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        let top = self.encoder.forward(x);
        let mean = self.posterior.mean.forward(top.clone());
        match &self.flow {
            Some(flow) => flow.transform(mean, top).0,
            None => mean,
        }
    }

    fn has_posterior(&self) -> bool {
        true
    }

    fn posterior(&self, x: Tensor<2>) -> Option<Posterior> {
        Some(self.approximate_posterior(x))
    }

    fn draw_posterior(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<PosteriorDraws> {
        let epsilon = self.epsilon(batch.x.dims()[0], samples, noise, device);
        let WeightedDraws { parameters, log_weights, .. } = self.weighted_draws(batch, samples, epsilon);
        Some(PosteriorDraws { parameters, log_weights })
    }

    fn kl_draws(&self) -> Option<usize> {
        match self.config.bound {
            Bound::Importance { samples, .. } => Some(samples),
            _ => (!self.config.has_closed_form()).then_some(1),
        }
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, device: &Device) -> Option<Tensor<2>> {
        Some(match &self.prior {
            Some(prior) => prior.sample(rows, noise, device, |x| self.approximate_posterior(x)),
            None => {
                let shape = [rows, self.latent_dim()];
                device.tensor(standard_normal(noise, rows * shape[1]), shape)
            }
        })
    }
}
