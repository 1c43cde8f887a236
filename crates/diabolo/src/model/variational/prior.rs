//! Learned priors p(z). The standard normal has no weights and is not a module.
//!
//! ```text
//! mixture        p(z) = Σ_k π_k N(z; m_k, diag s²_k)
//! VampPrior      p(z) = 1/K Σ_k q(z|u_k)                       Tomczak & Welling (2018), eq. 9
//! hierarchical   p(z) = ∫ p(z|z₂) N(z₂; 0, I) dz₂,   log p(z) ≥ E log [p(z|z₂) p(z₂) / q(z₂|z)],
//! z₂ ~ q(z₂|z)
//!                                                              Burda et al. (2015), section 5
//! ```

use crate::module;
use crate::tensor::Param;
use crate::tensor::{Tensor, activation};

use super::PosteriorHeads;
use crate::distribution::{Posterior, mixture_log_density, standard_normal_log_density};
use crate::model::Architecture;
use crate::model::settings::PriorConfig;
use crate::nn::Sequential;
use crate::random::{RngExt, Stream, standard_normal, weighted_index_or_last};
use crate::stats::elementary::double::ln;
use crate::tensor::{Device, to_host};

/// A learned prior.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one prior per model")]
pub enum Prior {
    /// Σ_k π_k N(m_k, diag s²_k).
    Mixture(Mixture),
    /// 1/K Σ_k q(z|u_k).
    VampPrior(VampPrior),
    /// Two stochastic layers.
    Hierarchical(Hierarchical),
}
module!(Prior = Mixture | VampPrior | Hierarchical);

/// K Gaussians.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// K × latent_dim.
    pub mean: Param<2>,
    /// log s² before its smooth bound, K × latent_dim.
    pub log_variance: Param<2>,
    /// log π before normalization, K.
    pub logits: Param<1>,
}
module!(Mixture { mean, log_variance, logits });

/// Learned inputs, in encoded units.
#[derive(Clone, Debug)]
pub struct VampPrior {
    /// K × encoder inputs.
    pub pseudo_inputs: Param<2>,
}
module!(VampPrior { pseudo_inputs });

/// q(z₂|z) and p(z|z₂).
#[derive(Clone, Debug)]
pub struct Hierarchical {
    /// z → last hidden layer; may be empty.
    pub encoder: Sequential,
    /// → q(z₂|z).
    pub posterior: PosteriorHeads,
    /// z₂ → last hidden layer; may be empty.
    pub decoder: Sequential,
    /// → p(z|z₂).
    pub output: PosteriorHeads,
}
module!(Hierarchical { encoder, posterior, decoder, output });

impl Prior {
    /// `None` for the standard normal.
    pub(super) fn new(
        config: &PriorConfig,
        architecture: &Architecture,
        noise: &mut Stream,
        device: &Device,
    ) -> Option<Self> {
        let d = architecture.latent_dim;
        let mut normal = |rows: usize, width: usize, scale: f32| {
            let values = standard_normal(noise, rows * width).into_iter().map(|v| v * scale).collect();
            Param::from_tensor(device.tensor(values, [rows, width]))
        };
        Some(match config {
            PriorConfig::StandardNormal => return None,
            &PriorConfig::Mixture { components } => Prior::Mixture(Mixture {
                // Initialized differently, since equal components have equal gradients.
                mean: normal(components, d, 1.0),
                log_variance: normal(components, d, 0.0),
                logits: Param::from_tensor(device.tensor(vec![0.0; components], [components])),
            }),
            &PriorConfig::VampPrior { pseudo_inputs } => Prior::VampPrior(VampPrior {
                pseudo_inputs: normal(pseudo_inputs, architecture.inputs + architecture.condition, 0.5),
            }),
            PriorConfig::Hierarchical { hidden, latent_dim } => {
                let activation = architecture.activation;
                let mut widths = vec![d];
                widths.extend(hidden);
                let top = widths[hidden.len()];
                let encoder = Sequential::new(&widths, activation, activation, noise, device);
                let posterior = PosteriorHeads::dense(top, *latent_dim, noise, device);
                let mut widths = vec![*latent_dim];
                widths.extend(hidden.iter().rev());
                let top = widths[hidden.len()];
                let decoder = Sequential::new(&widths, activation, activation, noise, device);
                let output = PosteriorHeads::dense(top, d, noise, device);
                Prior::Hierarchical(Hierarchical { encoder, posterior, decoder, output })
            }
        })
    }

    /// Width of the second stochastic layer; 0 if there is none.
    pub fn auxiliary_dim(&self) -> usize {
        match self {
            Prior::Hierarchical(h) => h.posterior.mean.outputs(),
            _ => 0,
        }
    }

    /// log p(z), in nats: rows. For a hierarchical prior log p(z|z₂) + log p(z₂) − log q(z₂|z), z₂
    /// from
    /// `auxiliary`.
    ///
    /// `z`: rows × latent_dim; `auxiliary`: standard normal draws, rows ×
    /// [`auxiliary_dim`](Self::auxiliary_dim); `encoder`: from inputs to q(z|x).
    pub fn log_density(
        &self,
        z: Tensor<2>,
        auxiliary: Option<Tensor<2>>,
        encoder: impl Fn(Tensor<2>) -> Posterior,
    ) -> Tensor<1> {
        match self {
            Prior::Hierarchical(h) => {
                h.log_density(z, auxiliary.expect("a hierarchical prior draws z₂ for every z"))
            }
            mixture => {
                let (components, log_weights) = mixture.components(encoder);
                mixture_log_density(z, &components, log_weights)
            }
        }
    }

    /// `rows` draws of z: rows × latent_dim.
    pub fn sample(
        &self,
        rows: usize,
        noise: &mut Stream,
        device: &Device,
        encoder: impl Fn(Tensor<2>) -> Posterior,
    ) -> Tensor<2> {
        let normal = |width: usize, noise: &mut Stream| {
            device.tensor::<2>(standard_normal(noise, rows * width), [rows, width])
        };
        if let Prior::Hierarchical(h) = self {
            let second = normal(self.auxiliary_dim(), noise);
            let given = h.output.forward(h.decoder.forward(second));
            let epsilon = normal(given.mean.dims()[1], noise);
            return given.sample(epsilon);
        }
        let (components, log_weights) = self.components(encoder);
        let weights = to_host(log_weights.exp());
        let mut draw = |_| weighted_index_or_last(&weights, noise.random::<f32>().into());
        let chosen: Vec<usize> = (0..rows).map(&mut draw).collect();
        let width = components.mean.dims()[1];
        let gather = |t: Tensor<2>| {
            let all = to_host(t);
            let rows_of = |&k: &usize| all[k * width..(k + 1) * width].to_vec();
            device.tensor::<2>(chosen.iter().flat_map(rows_of).collect(), [rows, width])
        };
        let epsilon = normal(width, noise);
        Posterior { mean: gather(components.mean), log_variance: gather(components.log_variance) }
            .sample(epsilon)
    }

    /// The Gaussians of a mixture, K × latent_dim, and their log-weights, K.
    fn components(&self, encoder: impl Fn(Tensor<2>) -> Posterior) -> (Posterior, Tensor<1>) {
        match self {
            Prior::Mixture(m) => {
                let components = Posterior::bounded(m.mean.val(), m.log_variance.val());
                let log_weights = activation::log_softmax(m.logits.val().unsqueeze_dim::<2>(0), 1);
                (components, log_weights.squeeze_dim(0))
            }
            Prior::VampPrior(v) => {
                let components = encoder(v.pseudo_inputs.val());
                let count = components.mean.dims()[0];
                let log_weights =
                    components.mean.clone().detach().narrow(1, 0, 1).zeros_like() - ln(count as f64);
                (components, log_weights.squeeze_dim(1))
            }
            Prior::Hierarchical(_) => unreachable!("a hierarchical prior is not a mixture"),
        }
    }
}

impl Hierarchical {
    fn log_density(&self, z: Tensor<2>, epsilon: Tensor<2>) -> Tensor<1> {
        let posterior = self.posterior.forward(self.encoder.forward(z.clone()));
        let second = posterior.sample(epsilon);
        let given = self.output.forward(self.decoder.forward(second.clone()));
        given.log_density(z) + standard_normal_log_density(second.clone()) - posterior.log_density(second)
    }
}
