//! What a model is, as configuration: one schema for the command line, Python and Rust.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `family.kind` | `plain`, `denoising`, `sparse`, `contractive`, `variational`, `vector_quantized`, `multiscale` | `variational` |
//! | `hidden` | widths of the hidden layers, input side first; the decoder mirrors them | by data |
//! | `latent_dim` | width of the latent code | by data |
//! | `activation` | of the hidden layers | by family |
//! | `latent_activation` | of the code (deterministic families) | by family |
//! | `likelihood` | the distribution of a column, of a kind of column, or of all (`*`); see [`Family`] | by column, family and data |
//! | `variance` | of Gaussian columns: `fixed`, `shared`, `per_feature`, `decoder` | by family |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::column_likelihoods::{self, Defaults};
use super::multiscale;
use super::{ContractiveConfig, MultiscaleConfig, SparseConfig, VariationalConfig, VectorQuantizedConfig};
use crate::data::{Block, BlockKind};
use crate::distribution::{Family, LikelihoodBlock, Variance};
use crate::nn::Activation;
use crate::objective::Corruption;
use crate::{Error, Result};

/// A model's configuration. `None` means "choose by the data"; [`ModelConfig::resolve`] fills it in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Which family, and what only that family has.
    pub family: FamilyConfig,
    /// Widths of the hidden layers, input side first. Empty: the code is one layer away from the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// Width of the latent code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_dim: Option<usize>,
    /// Activation of the hidden layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Activation of the code; deterministic families only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_activation: Option<Activation>,
    /// The distribution of a column by its name, of a kind of column by the kind's, or of all by `*`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub likelihood: BTreeMap<String, Family>,
    /// The variance of Gaussian columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<Variance>,
}

/// The model family and the settings only it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FamilyConfig {
    /// Reconstruction alone.
    Plain {
        /// The decoder's weights are the encoder's, transposed.
        #[serde(default)]
        tied: bool,
    },
    /// Reconstruction of the clean input from a corrupted one (Vincent et al. 2010).
    Denoising {
        /// As in `plain`.
        #[serde(default)]
        tied: bool,
        /// How the input is corrupted.
        #[serde(default = "default_corruption")]
        corruption: Corruption,
    },
    /// Reconstruction + weight · sparsity of the code, or of its k largest units alone.
    Sparse(SparseConfig),
    /// Reconstruction + λ ‖J_f(x)‖²_F (Rifai et al. 2011).
    Contractive(ContractiveConfig),
    /// Negative ELBO with a Gaussian posterior and a standard normal prior (Kingma & Welling 2013).
    Variational(VariationalConfig),
    /// Reconstruction from entries of codebooks + β · commitment (van den Oord et al. 2017).
    VectorQuantized(VectorQuantizedConfig),
    /// Reconstruction of the clean input from inputs corrupted by noise of every size (Vincent 2011; Karras et al. 2022).
    Multiscale(MultiscaleConfig),
}

pub(super) fn non_negative(key: &str, value: f64) -> Result<()> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(Error::config(key, "a number, 0 or more", value)),
    }
}

fn default_corruption() -> Corruption {
    Corruption::Masking { probability: 0.25 }
}

impl Default for FamilyConfig {
    fn default() -> Self {
        FamilyConfig::Variational(VariationalConfig::default())
    }
}

impl FamilyConfig {
    /// The family of this name with its default settings.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "plain" => FamilyConfig::Plain { tied: false },
            "denoising" => FamilyConfig::Denoising { tied: false, corruption: default_corruption() },
            "sparse" => FamilyConfig::Sparse(SparseConfig::default()),
            "contractive" => FamilyConfig::Contractive(ContractiveConfig::default()),
            "variational" => FamilyConfig::default(),
            "vector_quantized" => FamilyConfig::VectorQuantized(VectorQuantizedConfig::default()),
            "multiscale" => FamilyConfig::Multiscale(MultiscaleConfig::default()),
            other => {
                let expected =
                    "plain, denoising, sparse, contractive, variational, vector_quantized or multiscale";
                return Err(Error::config("model", expected, other));
            }
        })
    }

    /// The name in configuration files.
    pub fn name(&self) -> &'static str {
        match self {
            FamilyConfig::Plain { .. } => "plain",
            FamilyConfig::Denoising { .. } => "denoising",
            FamilyConfig::Sparse(_) => "sparse",
            FamilyConfig::Contractive(_) => "contractive",
            FamilyConfig::Variational(_) => "variational",
            FamilyConfig::VectorQuantized(_) => "vector_quantized",
            FamilyConfig::Multiscale(_) => "multiscale",
        }
    }

    /// The learning rate to use unless told otherwise: on MNIST, 784-400-20, ten epochs of Adam with a
    /// cosine schedule end 2.9 nats lower at 0.003 than at 0.001. On digits, sparse models of each kind gain 0.2 to 1.3 so.
    pub fn usual_learning_rate(&self) -> f64 {
        match self {
            FamilyConfig::Variational(_) | FamilyConfig::Sparse(_) | FamilyConfig::Multiscale(_) => 3e-3,
            _ => 1e-3,
        }
    }

    /// Whether it has a posterior q(z|x).
    pub fn is_variational(&self) -> bool {
        matches!(self, FamilyConfig::Variational(_))
    }

    /// Whether codes can be drawn from a prior; the others are sampled by a walk.
    pub fn has_prior(&self) -> bool {
        matches!(self, FamilyConfig::Variational(_) | FamilyConfig::VectorQuantized(_))
    }

    /// Whether each layer is an autoencoder of its own kind: such models can be tied and pretrained layer by layer.
    pub fn is_layered(&self) -> bool {
        !self.has_prior() && self.decodes_codes()
    }

    /// Whether a code alone gives a row; else the decoder adds to the row it is given.
    pub fn decodes_codes(&self) -> bool {
        !matches!(self, FamilyConfig::Multiscale(_))
    }

    /// Whether the decoder shares the encoder's weights.
    pub fn tied(&self) -> bool {
        match *self {
            FamilyConfig::Plain { tied }
            | FamilyConfig::Denoising { tied, .. }
            | FamilyConfig::Sparse(SparseConfig { tied, .. })
            | FamilyConfig::Contractive(ContractiveConfig { tied, .. }) => tied,
            FamilyConfig::Variational(_) | FamilyConfig::VectorQuantized(_) | FamilyConfig::Multiscale(_) => {
                false
            }
        }
    }
}

/// A configuration in which nothing is left open.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The family and its settings.
    pub family: FamilyConfig,
    /// Encoded width of the data.
    pub inputs: usize,
    /// Width of what the rows are given; conditional models only.
    pub condition: usize,
    /// Hidden widths, input side first.
    pub hidden: Vec<usize>,
    /// Width of the code.
    pub latent_dim: usize,
    /// Of hidden layers.
    pub activation: Activation,
    /// Of the code; deterministic families only.
    pub latent_activation: Activation,
    /// What the decoder's outputs mean.
    pub likelihood: Vec<LikelihoodBlock>,
}

impl Architecture {
    /// Whether it is made of layers that can be pretrained one by one.
    pub fn is_stack(&self) -> bool {
        !self.hidden.is_empty() && self.family.is_layered()
    }

    /// The same for rows that are given `condition` numbers each.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the family cannot be given any.
    pub fn conditioned_on(self, condition: usize) -> Result<Self> {
        if condition > 0 && !self.family.is_variational() {
            return Err(Error::conflict(
                "condition",
                format!("model = {}", self.family.name()),
                "only a variational model can be given columns",
            ));
        }
        Ok(Architecture { condition, ..self })
    }

    /// What a user should know before training, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        match &self.family {
            FamilyConfig::Contractive(config) => config.warnings([self.activation, self.latent_activation]),
            FamilyConfig::Variational(config) => config.warnings(),
            _ => vec![],
        }
    }

    /// A lower bound on the number of weights: the encoder's matrices, codebooks, priors and flows.
    pub fn least_parameters(&self) -> usize {
        let seen = self.inputs.saturating_add(self.condition);
        let widths: Vec<usize> =
            [seen].into_iter().chain(self.hidden.clone()).chain([self.latent_dim]).collect();
        let more = match &self.family {
            FamilyConfig::VectorQuantized(config) => config.numbers(self.latent_dim),
            FamilyConfig::Variational(config) => {
                config.numbers(seen, widths[self.hidden.len()], self.latent_dim)
            }
            _ => 0,
        };
        widths.windows(2).map(|w| w[0].saturating_mul(w[1])).fold(more, usize::saturating_add)
    }
}

impl ModelConfig {
    /// Fills in what was left open from the data's blocks, checks everything, and says what to build.
    ///
    /// `black_and_white`: nearly all pixels are 0 or 1, so that a Bernoulli is their distribution. Used on
    /// grey pictures it is a bounded score, not a likelihood: it keeps an ELBO from caring for detail.
    pub fn resolve(&mut self, blocks: &[Block], black_and_white: bool) -> Result<Architecture> {
        let inputs: usize = blocks.iter().map(|b| b.width).sum();
        let variational = matches!(self.family, FamilyConfig::Variational(_));
        let overcomplete = matches!(
            self.family,
            FamilyConfig::Contractive(_) | FamilyConfig::Denoising { .. } | FamilyConfig::Sparse(_)
        );
        let image = blocks.iter().any(|b| b.kind == BlockKind::Pixels);

        let multiscale = matches!(self.family, FamilyConfig::Multiscale(_));
        let usual_hidden = || match multiscale {
            true => vec![multiscale::USUAL_WIDTH],
            false => default_hidden(inputs, overcomplete),
        };
        let hidden = self.hidden.get_or_insert_with(usual_hidden).clone();
        let latent_dim = *self.latent_dim.get_or_insert_with(|| match &self.family {
            FamilyConfig::VectorQuantized(config) => config.usual_latent_dim(),
            FamilyConfig::Multiscale(_) => multiscale::USUAL_WIDTH,
            _ => default_latent_dim(inputs, image, overcomplete),
        });
        let activation =
            *self.activation.get_or_insert(if overcomplete { Activation::Sigmoid } else { Activation::Silu });
        let latent_activation = if variational {
            Activation::Identity
        } else {
            *self.latent_activation.get_or_insert(match self.family {
                FamilyConfig::Sparse(config) => config.sparsity.usual_activation(),
                _ if overcomplete || multiscale => activation,
                _ => Activation::Identity,
            })
        };
        if let FamilyConfig::Contractive(config) = &mut self.family {
            let mut widths = vec![inputs];
            widths.extend(&hidden);
            widths.push(latent_dim);
            config.estimator = config.estimator.resolve(&widths)?;
        }
        // Rows are drawn from models with a prior: their spread has to be the data's.
        let variance = *self.variance.get_or_insert(match (self.family.has_prior(), image) {
            (true, true) => Variance::Shared,
            (true, false) => Variance::PerFeature,
            (false, _) => Variance::Fixed { value: 1.0 },
        });
        let defaults = Defaults { variational, black_and_white, variance };
        let likelihood = column_likelihoods::resolve(&mut self.likelihood, blocks, &defaults)?;
        let architecture = Architecture {
            family: self.family.clone(),
            inputs,
            condition: 0,
            hidden,
            latent_dim,
            activation,
            latent_activation,
            likelihood,
        };
        self.validate(&architecture, variance)?;
        Ok(architecture)
    }

    fn validate(&self, architecture: &Architecture, variance: Variance) -> Result<()> {
        const LARGEST: usize = 1 << 20;
        // 8 GiB, before gradients and moments.
        const MOST_WEIGHTS: usize = 1 << 31;
        if !(1..=LARGEST).contains(&architecture.latent_dim) {
            return Err(Error::config("latent_dim", format!("1 to {LARGEST}"), architecture.latent_dim));
        }
        if let Some(width) = architecture.hidden.iter().find(|w| !(1..=LARGEST).contains(*w)) {
            return Err(Error::config("hidden", format!("widths from 1 to {LARGEST}"), width));
        }
        let weights = architecture.least_parameters();
        if weights > MOST_WEIGHTS {
            let expected = format!("layers with at most {MOST_WEIGHTS} weights in all");
            return Err(Error::config("hidden", expected, weights));
        }
        if let Variance::Fixed { value } = variance
            && !(value.is_finite() && value > 0.0)
        {
            return Err(Error::config("variance.value", "a number above 0", value));
        }
        match &self.family {
            FamilyConfig::Contractive(config) => config.validate()?,
            FamilyConfig::Sparse(config) => {
                config.sparsity.validate(architecture.latent_dim, architecture.latent_activation)?
            }
            FamilyConfig::Variational(config) => {
                config.validate()?;
                if let Some(activation) = self.latent_activation.filter(|a| *a != Activation::Identity) {
                    return Err(Error::conflict(
                        format!("latent_activation = {}", activation.name()),
                        "model = variational",
                        "a variational posterior's mean is linear",
                    ));
                }
            }
            FamilyConfig::VectorQuantized(config) => config.validate(architecture.latent_dim)?,
            FamilyConfig::Denoising { corruption, .. } => corruption.validate()?,
            FamilyConfig::Multiscale(config) => config.validate()?,
            FamilyConfig::Plain { .. } => {}
        }
        self.validate_tied(architecture)
    }

    /// A tied decoder's last weights are the encoder's first, transposed: one output for every input, block by block.
    fn validate_tied(&self, architecture: &Architecture) -> Result<()> {
        let Some(block) = architecture.likelihood.iter().find(|block| block.parameters() != block.width)
        else {
            return Ok(());
        };
        if !self.family.tied() {
            return Ok(());
        }
        let what = match block.family {
            Family::Gaussian => "variance = \"decoder\"".to_string(),
            other => format!("the {} likelihood", other.title()),
        };
        let parameters: usize = architecture.likelihood.iter().map(LikelihoodBlock::parameters).sum();
        let inputs = architecture.inputs;
        let reason = format!("a tied decoder has as many outputs as inputs, {inputs}, not {parameters}");
        Err(Error::conflict("tied", what, reason))
    }

    /// Whether something was said of the distribution of pixels.
    pub fn chooses_pixels(&self, blocks: &[Block]) -> bool {
        let pixels = blocks.iter().filter(|block| block.kind == BlockKind::Pixels);
        pixels
            .flat_map(|block| &block.names)
            .any(|column| column_likelihoods::asked(&self.likelihood, column, BlockKind::Pixels).is_some())
    }
}

/// Overcomplete families learn one wide layer, as in their papers; the others a bottleneck.
fn default_hidden(inputs: usize, overcomplete: bool) -> Vec<usize> {
    if overcomplete { vec![] } else { vec![(4 * inputs).next_power_of_two().clamp(64, 512)] }
}

fn default_latent_dim(inputs: usize, image: bool, overcomplete: bool) -> usize {
    match (overcomplete, image) {
        (true, _) => (2 * inputs).clamp(32, 1000),
        (false, true) => (inputs / 6).clamp(2, 20),
        (false, false) => (inputs / 2).clamp(2, 16),
    }
}
