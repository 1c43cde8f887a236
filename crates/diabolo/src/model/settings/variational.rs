//! Settings of the variational family.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `bound.kind` | training objective: `elbo`, `free_bits`, `capacity`, `importance`, `total_correlation`, `mmd` | `elbo` |
//! | `kl_weight` | β | 1 |
//! | `kl_warmup_epochs` | epochs over which β rises from 0 | 0 |
//! | `kl_cycles` | number of warm-up cycles, each followed by as many epochs at β | 1 |
//! | `prior.kind` | p(z): `standard_normal`, `mixture`, `vamp_prior`, `hierarchical` | `standard_normal` |
//! | `flow.kind` | normalizing flow of the posterior: `none`, `planar`, `inverse_autoregressive` | `none` |

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::non_negative;
use crate::{Error, Result};

/// Settings of the variational family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VariationalConfig {
    /// The training objective.
    pub bound: Bound,
    /// β: 1 is the ELBO.
    pub kl_weight: f64,
    /// Epochs over which β rises linearly from 0.
    pub kl_warmup_epochs: f64,
    /// Number of warm-up cycles (Fu et al. 2019).
    pub kl_cycles: usize,
    /// p(z).
    pub prior: PriorConfig,
    /// The normalizing flow of the posterior.
    pub flow: FlowConfig,
}

/// The training objective. Each also reports the two terms of the ELBO.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Bound {
    /// E_q[log p(x|z)] − β KL (Kingma & Welling 2013; β: Higgins et al. 2017, eq. 4).
    #[default]
    Elbo,
    /// The KL divergence of each latent dimension counts at least this much, which prevents the
    /// collapse of dimensions (Kingma et al. 2016, eq. 15).
    FreeBits {
        /// λ, in nats per latent dimension, averaged over the batch.
        nats: f64,
    },
    /// β |KL − C| instead of β KL, with C rising from 0 to `nats` (Burgess et al. 2018, eq. 8).
    Capacity {
        /// The final C.
        nats: f64,
        /// Epochs over which C rises linearly.
        epochs: f64,
    },
    /// log 1/K Σ_k p(x, z_k) / q(z_k|x) (Burda et al. 2015, eq. 8).
    Importance {
        /// K.
        samples: usize,
        /// Use the gradient of Tucker et al. (2018), eq. 8, whose variance does not grow with K.
        #[serde(default)]
        doubly_reparameterized: bool,
    },
    /// KL as index-code mutual information + weight · total correlation + dimension-wise KL
    /// (β-TCVAE: Chen et al. 2018, eq. 4).
    TotalCorrelation {
        /// The weight, β in the paper; 1 is the ELBO.
        weight: f64,
    },
    /// The ELBO − weight · MMD(q(z), p(z)) (InfoVAE: Zhao et al. 2017); with `kl_weight = 0` a
    /// Wasserstein autoencoder (Tolstikhin et al. 2018).
    Mmd {
        /// λ.
        weight: f64,
    },
}

/// p(z).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PriorConfig {
    /// N(0, I).
    #[default]
    StandardNormal,
    /// Σ_k π_k N(m_k, diag s²_k), all learned.
    Mixture {
        /// Number of Gaussians.
        components: usize,
    },
    /// 1/K Σ_k q(z|u_k) with learned inputs u_k (Tomczak & Welling 2018, eq. 9).
    VampPrior {
        /// K.
        pseudo_inputs: usize,
    },
    /// A second stochastic layer: p(z) = ∫ p(z|z₂) p(z₂) dz₂ with p(z₂) = N(0, I), bounded by
    /// q(z₂|z) (Burda et al. 2015, section 5).
    Hierarchical {
        /// Widths of the deterministic layers between z and z₂, starting from z.
        hidden: Vec<usize>,
        /// Width of z₂.
        latent_dim: usize,
    },
}

/// The normalizing flow of the posterior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FlowConfig {
    /// No flow.
    #[default]
    None,
    /// z ← z + u tanh(wᵀz + b) (Rezende & Mohamed 2015, eq. 10).
    Planar {
        /// Number of steps.
        layers: usize,
    },
    /// z ← σ(s) ⊙ z + (1 − σ(s)) ⊙ m with s, m from an autoregressive network of z and x (Kingma et
    /// al. 2016, eq. 13).
    InverseAutoregressive {
        /// Number of steps.
        layers: usize,
        /// Number of hidden units of the network of each step.
        #[serde(default = "usual_flow_width")]
        hidden: usize,
    },
}

fn usual_flow_width() -> usize {
    FlowConfig::USUAL_WIDTH
}

impl Default for VariationalConfig {
    fn default() -> Self {
        VariationalConfig {
            bound: Bound::default(),
            kl_weight: 1.0,
            kl_warmup_epochs: 0.0,
            kl_cycles: 1,
            prior: PriorConfig::default(),
            flow: FlowConfig::default(),
        }
    }
}

impl Bound {
    /// Number of draws of z per row.
    pub fn samples(self) -> usize {
        match self {
            Bound::Importance { samples, .. } => samples,
            _ => 1,
        }
    }

    /// The name in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Elbo => "elbo",
            Bound::FreeBits { .. } => "free_bits",
            Bound::Capacity { .. } => "capacity",
            Bound::Importance { .. } => "importance",
            Bound::TotalCorrelation { .. } => "total_correlation",
            Bound::Mmd { .. } => "mmd",
        }
    }
}

impl FlowConfig {
    /// The default number of hidden units of an autoregressive step.
    pub const USUAL_WIDTH: usize = 128;
}

impl VariationalConfig {
    /// Whether KL(q(z|x) ‖ p(z)) has the closed form of two diagonal Gaussians.
    pub fn has_closed_form(&self) -> bool {
        self.prior == PriorConfig::StandardNormal && self.flow == FlowConfig::None
    }

    /// A lower bound on the number of parameters of the prior and the flow. `seen`: encoder inputs;
    /// `top`: width of the last hidden layer of the encoder.
    pub(crate) fn numbers(&self, seen: usize, top: usize, latent_dim: usize) -> usize {
        let prior = match &self.prior {
            PriorConfig::StandardNormal => 0,
            PriorConfig::Mixture { components } => components.saturating_mul(latent_dim),
            PriorConfig::VampPrior { pseudo_inputs } => pseudo_inputs.saturating_mul(seen),
            PriorConfig::Hierarchical { hidden, latent_dim: second } => {
                let widths: Vec<usize> = [latent_dim].iter().chain(hidden).chain([second]).copied().collect();
                widths.windows(2).map(|w| w[0].saturating_mul(w[1])).fold(0, usize::saturating_add)
            }
        };
        let flow = match self.flow {
            FlowConfig::None => 0,
            FlowConfig::Planar { layers } => layers.saturating_mul(latent_dim),
            FlowConfig::InverseAutoregressive { layers, hidden } => {
                layers.saturating_mul(hidden).saturating_mul(top.saturating_add(latent_dim))
            }
        };
        prior.saturating_add(flow)
    }

    /// Epochs until β and C have their final values: the end of the last ramp.
    pub(crate) fn warmup_epochs(&self) -> f64 {
        let ramps = 2 * self.kl_cycles.max(1) - 1;
        let capacity = match self.bound {
            Bound::Capacity { epochs, .. } => epochs,
            _ => 0.0,
        };
        capacity.max(self.kl_warmup_epochs * ramps as f64)
    }

    /// Refuses a warm-up that ends after the run: its objective would never be the configured one.
    pub(crate) fn ends_within(&self, epochs: usize) -> Result<()> {
        let end = self.warmup_epochs();
        let (key, given) = match self.bound {
            Bound::Capacity { epochs, .. } if epochs == end => ("bound.epochs", epochs),
            _ => ("kl_warmup_epochs", self.kl_warmup_epochs),
        };
        if end <= epochs as f64 {
            return Ok(());
        }
        let cycles = match self.kl_cycles {
            1 => String::new(),
            cycles => format!(" in {cycles} cycles, which end after {end}"),
        };
        let expected =
            format!("a schedule that ends within the run's {epochs} epochs; raise --epochs or shorten it");
        Err(Error::config(key, expected, format!("{given} epochs{cycles}")))
    }

    /// Warnings before training, one sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let learned = matches!(self.prior, PriorConfig::VampPrior { .. });
        let hasty =
            learned && self.kl_warmup_epochs == 0.0 && !matches!(self.bound, Bound::Importance { .. });
        let warning = "a VampPrior adapts to the posterior, and both may collapse early: give the decoder time with \
                       --kl-warmup 20";
        if hasty { vec![warning.into()] } else { vec![] }
    }

    pub(crate) fn validate(&self) -> Result<()> {
        non_negative("kl_weight", self.kl_weight)?;
        non_negative("kl_warmup_epochs", self.kl_warmup_epochs)?;
        count("kl_cycles", self.kl_cycles, 10_000)?;
        self.validate_bound()?;
        match &self.prior {
            PriorConfig::StandardNormal => {}
            PriorConfig::Mixture { components } => count("prior.components", *components, 100_000)?,
            PriorConfig::VampPrior { pseudo_inputs } => {
                count("prior.pseudo_inputs", *pseudo_inputs, 100_000)?
            }
            PriorConfig::Hierarchical { hidden, latent_dim } => {
                count("prior.latent_dim", *latent_dim, 1 << 20)?;
                hidden.iter().try_for_each(|&width| count("prior.hidden", width, 1 << 20))?;
            }
        }
        match self.flow {
            FlowConfig::None => Ok(()),
            FlowConfig::Planar { layers } => count("flow.layers", layers, 1000),
            FlowConfig::InverseAutoregressive { layers, hidden } => {
                count("flow.layers", layers, 1000)?;
                count("flow.hidden", hidden, 1 << 20)
            }
        }
    }

    fn validate_bound(&self) -> Result<()> {
        match self.bound {
            Bound::Elbo => return Ok(()),
            Bound::FreeBits { nats } => non_negative("bound.nats", nats)?,
            Bound::Capacity { nats, epochs } => {
                non_negative("bound.nats", nats)?;
                return non_negative("bound.epochs", epochs);
            }
            Bound::TotalCorrelation { weight } | Bound::Mmd { weight } => {
                non_negative("bound.weight", weight)?
            }
            Bound::Importance { samples, doubly_reparameterized } => {
                count("bound.samples", samples, 10_000)?;
                if self.kl_weight != 1.0 || self.kl_warmup_epochs > 0.0 {
                    let setting = if self.kl_weight != 1.0 { "kl_weight" } else { "kl_warmup_epochs" };
                    let reason = "the importance-weighted bound has no KL term";
                    return Err(Error::conflict(setting, "bound = importance", reason));
                }
                let inexpressible = match self.prior {
                    _ if self.flow != FlowConfig::None => Some("a flow"),
                    PriorConfig::Hierarchical { .. } => Some("a hierarchical prior"),
                    _ => None,
                };
                if let Some(other) = inexpressible.filter(|_| doubly_reparameterized) {
                    let reason = "the gradient needs log q(z|x) at a given z";
                    return Err(Error::conflict("bound.doubly_reparameterized", other, reason));
                }
                return Ok(());
            }
        }
        match self.has_closed_form() {
            true => Ok(()),
            false => Err(Error::conflict(
                format!("bound = {}", self.bound.name()),
                if self.flow != FlowConfig::None { "a flow" } else { "a learned prior" },
                "this bound needs the KL divergence of each latent dimension; choose elbo, capacity or importance",
            )),
        }
    }
}

fn count(key: &str, value: usize, most: usize) -> Result<()> {
    match (1..=most).contains(&value) {
        true => Ok(()),
        false => Err(Error::config(key, format!("1 to {most}"), value)),
    }
}

impl FromStr for Bound {
    type Err = Error;

    /// Parses `elbo`, `free_bits:NATS`, `capacity:NATS:EPOCHS`, `importance:K`, `dreg:K`,
    /// `total_correlation:WEIGHT` or `mmd:WEIGHT`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "elbo, free_bits:NATS, capacity:NATS:EPOCHS, importance:K, dreg:K, total_correlation:WEIGHT or mmd:WEIGHT";
            Error::invalid_value("bound", expected, format!("'{text}'"))
        };
        let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
        let importance = |samples: &str, doubly_reparameterized| {
            let samples = samples.parse().map_err(|_| wrong())?;
            Ok(Bound::Importance { samples, doubly_reparameterized })
        };
        match *text.split(':').collect::<Vec<_>>() {
            ["elbo"] => Ok(Bound::Elbo),
            ["free_bits", nats] => Ok(Bound::FreeBits { nats: number(nats)? }),
            ["capacity", nats, epochs] => {
                Ok(Bound::Capacity { nats: number(nats)?, epochs: number(epochs)? })
            }
            ["importance", samples] => importance(samples, false),
            ["dreg", samples] => importance(samples, true),
            ["total_correlation", weight] => Ok(Bound::TotalCorrelation { weight: number(weight)? }),
            ["mmd", weight] => Ok(Bound::Mmd { weight: number(weight)? }),
            _ => Err(wrong()),
        }
    }
}

impl FromStr for PriorConfig {
    type Err = Error;

    /// Parses `standard_normal`, `mixture:K`, `vamp:K` or `hierarchical:WIDTHS`, such as
    /// `hierarchical:100,100,50`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected =
                "standard_normal, mixture:K, vamp:K, or hierarchical:WIDTHS such as hierarchical:100,100,50";
            Error::invalid_value("prior", expected, format!("'{text}'"))
        };
        let count = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        match *text.split(':').collect::<Vec<_>>() {
            ["standard_normal"] => Ok(PriorConfig::StandardNormal),
            ["mixture", k] => Ok(PriorConfig::Mixture { components: count(k)? }),
            ["vamp" | "vamp_prior", k] => Ok(PriorConfig::VampPrior { pseudo_inputs: count(k)? }),
            ["hierarchical", widths] => {
                let mut hidden = widths.split(',').map(count).collect::<Result<Vec<_>>>()?;
                let latent_dim = hidden.pop().ok_or_else(wrong)?;
                Ok(PriorConfig::Hierarchical { hidden, latent_dim })
            }
            _ => Err(wrong()),
        }
    }
}

impl FromStr for FlowConfig {
    type Err = Error;

    /// Parses `none`, `planar:LAYERS` or `inverse_autoregressive:LAYERS[:WIDTH]`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected =
                "none, planar:LAYERS, inverse_autoregressive:LAYERS or inverse_autoregressive:LAYERS:WIDTH";
            Error::invalid_value("flow", expected, format!("'{text}'"))
        };
        let count = |text: &str| text.parse::<usize>().map_err(|_| wrong());
        let autoregressive = |layers: &str, hidden: usize| {
            Ok(FlowConfig::InverseAutoregressive { layers: count(layers)?, hidden })
        };
        match *text.split(':').collect::<Vec<_>>() {
            ["none"] => Ok(FlowConfig::None),
            ["planar", layers] => Ok(FlowConfig::Planar { layers: count(layers)? }),
            ["inverse_autoregressive", layers] => autoregressive(layers, FlowConfig::USUAL_WIDTH),
            ["inverse_autoregressive", layers, width] => autoregressive(layers, count(width)?),
            _ => Err(wrong()),
        }
    }
}
