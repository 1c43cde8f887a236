//! The configuration of a model, for the command line and the library.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `family.kind` | `plain`, `denoising`, `sparse`, `contractive`, `variational`, `vector_quantized`, `multiscale` | `variational` |
//! | `hidden` | widths of the hidden layers, input side first; the decoder mirrors them | by data |
//! | `network` | before the hidden layers: `dense` (nothing), `convolution`, `fully_convolutional` or `residual` with its `channels`, `dilated` with its `channels` and `layers`, `gru` or `lstm` with its `units` | `fully_convolutional` for colour pictures in variational and plain models, else `dense` |
//! | `latent_dim` | number of latent dimensions | by data |
//! | `activation` | of the hidden layers | by family |
//! | `latent_activation` | of the code (deterministic families) | by family |
//! | `likelihood` | the distribution of a column, of a column type, or of all columns (`*`); see [`Family`] | by column, family and data |
//! | `variance` | of Gaussian columns: `fixed`, `shared`, `per_feature`, `decoder` | by family |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::column_likelihoods::{self, Defaults};
use super::settings::{
    Bound, ContractiveConfig, ConvolutionKind, MultiscaleConfig, NetworkConfig, PriorConfig, SparseConfig,
    Stem, VariationalConfig, VectorQuantizedConfig,
};
use super::settings::{multiscale, sizes};
use crate::data::{Block, BlockKind, any_of};
use crate::distribution::{Family, LikelihoodBlock, Variance};
use crate::nn::Activation;
use crate::objective::Corruption;
use crate::{Error, Result};

/// The configuration of a model. `None` means "chosen from the data" by [`ModelConfig::resolve`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// The family, with its settings.
    pub family: FamilyConfig,
    /// Widths of the hidden layers, input side first; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// The layers before the hidden ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkConfig>,
    /// Number of latent dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_dim: Option<usize>,
    /// Activation of the hidden layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// Activation of the code; for deterministic families only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_activation: Option<Activation>,
    /// The distribution by column name, column type, or `*` for all columns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub likelihood: BTreeMap<String, Family>,
    /// The variance of Gaussian columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<Variance>,
}

/// The model family, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FamilyConfig {
    /// The plain autoencoder: reconstruction only.
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
        /// The corruption of the input.
        #[serde(default = "default_corruption")]
        corruption: Corruption,
    },
    /// Reconstruction + weight · sparsity of the code, or reconstruction from the k largest code
    /// values.
    Sparse(SparseConfig),
    /// Reconstruction + λ ‖J_f(x)‖²_F (Rifai et al. 2011).
    Contractive(ContractiveConfig),
    /// Negative ELBO with a Gaussian posterior and a standard normal prior (Kingma & Welling 2013).
    Variational(VariationalConfig),
    /// Reconstruction from entries of codebooks + β · commitment (van den Oord et al. 2017).
    VectorQuantized(VectorQuantizedConfig),
    /// Reconstruction of the clean input from inputs with noise at several levels (Vincent 2011;
    /// Karras et al. 2022).
    Multiscale(MultiscaleConfig),
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
    /// Every family with its default settings.
    pub fn all() -> [Self; 7] {
        [
            FamilyConfig::Plain { tied: false },
            FamilyConfig::Denoising { tied: false, corruption: default_corruption() },
            FamilyConfig::Sparse(SparseConfig::default()),
            FamilyConfig::Contractive(ContractiveConfig::default()),
            FamilyConfig::default(),
            FamilyConfig::VectorQuantized(VectorQuantizedConfig::default()),
            FamilyConfig::Multiscale(MultiscaleConfig::default()),
        ]
    }

    /// The family with this name and its default settings.
    ///
    /// # Errors
    /// [`Error::Config`] lists the names.
    pub fn named(name: &str) -> Result<Self> {
        let unknown =
            || Error::config("model", any_of(FamilyConfig::all().map(|family| family.name())), name);
        FamilyConfig::all().into_iter().find(|family| family.name() == name).ok_or_else(unknown)
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

    /// The default learning rate. On MNIST, 784-400-20, ten epochs of Adam with a cosine schedule
    /// end 2.9 nats lower at 0.003 than at 0.001; on digits, sparse models end 0.2 to 1.3 nats
    /// lower.
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

    /// Whether training minimizes a bound of −log p(x), or more than it (β > 1): then its value
    /// counts.
    pub(crate) fn minimizes_a_bound(&self) -> bool {
        match self {
            FamilyConfig::Variational(config) => {
                config.kl_weight >= 1.0 && !matches!(config.bound, Bound::Mmd { .. })
            }
            _ => false,
        }
    }

    /// Whether codes can be drawn from a prior; other families generate by the contractive walk.
    pub fn has_prior(&self) -> bool {
        matches!(self, FamilyConfig::Variational(_) | FamilyConfig::VectorQuantized(_))
    }

    /// Whether each layer is an autoencoder of the same family: such models can be tied and
    /// pretrained layerwise.
    pub fn is_layered(&self) -> bool {
        !self.has_prior() && self.decodes_codes()
    }

    /// Whether codes can be decoded without the input row.
    pub fn decodes_codes(&self) -> bool {
        !matches!(self, FamilyConfig::Multiscale(_))
    }

    /// Whether the decoder shares the encoder's weights.
    pub fn tied(&self) -> bool {
        self.clone().tied_mut().is_some_and(|tied| *tied)
    }

    /// [`tied`](Self::tied), for families that can be.
    pub fn tied_mut(&mut self) -> Option<&mut bool> {
        match self {
            FamilyConfig::Plain { tied }
            | FamilyConfig::Denoising { tied, .. }
            | FamilyConfig::Sparse(SparseConfig { tied, .. })
            | FamilyConfig::Contractive(ContractiveConfig { tied, .. }) => Some(tied),
            FamilyConfig::Variational(_) | FamilyConfig::VectorQuantized(_) | FamilyConfig::Multiscale(_) => {
                None
            }
        }
    }
}

/// A resolved configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The family and its settings.
    pub family: FamilyConfig,
    /// Encoded width of the data.
    pub inputs: usize,
    /// Width of the condition, for conditional models.
    pub condition: usize,
    /// The layers between the rows and the hidden layers, if any.
    pub stem: Option<Stem>,
    /// Hidden widths, input side first.
    pub hidden: Vec<usize>,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Activation of the code; for deterministic families only.
    pub latent_activation: Activation,
    /// The likelihood blocks of the decoder outputs.
    pub likelihood: Vec<LikelihoodBlock>,
}

impl Architecture {
    /// Whether layerwise pretraining is possible: every layer of the decoder belongs to one of the
    /// encoder.
    pub fn is_stack(&self) -> bool {
        let layers = self.encoder_shapes().len() - 1;
        let mirrored = self.stem.is_none() || self.family.tied();
        layers > 1 && mirrored && self.family.is_layered()
    }

    /// The same architecture with a condition of this width.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the family does not support conditions.
    pub fn conditioned_on(self, condition: usize) -> Result<Self> {
        if condition > 0 && !self.family.is_variational() {
            return Err(Error::conflict(
                "condition",
                format!("model = {}", self.family.name()),
                "only variational models support conditions",
            ));
        }
        if condition > 0 && matches!(&self.stem, Some(Stem::Convolution(c)) if c.code_is_map) {
            let reason = "the condition is an input of a fully connected layer: take convolution:32,64";
            return Err(Error::conflict("condition", "network = fully_convolutional", reason));
        }
        Ok(Architecture { condition, ..self })
    }

    /// Warnings before training, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        match &self.family {
            FamilyConfig::Contractive(config) => config.warnings([self.activation, self.latent_activation]),
            FamilyConfig::Variational(config) => config.warnings(),
            _ => vec![],
        }
    }
}

impl ModelConfig {
    /// Unties the families that are tied by default, for networks that have no transpose.
    pub fn untie_without_transpose(&mut self, over_windows: bool) {
        if let (false, Some(tied)) = (self.has_transpose(over_windows), self.family.tied_mut()) {
            *tied = false;
        }
    }

    /// Whether the decoder of a tied autoencoder can have the transposed layers.
    pub(crate) fn has_transpose(&self, over_windows: bool) -> bool {
        self.network.as_ref().is_none_or(|network| network.has_transpose(over_windows))
    }

    /// Sets open values from the blocks of the data, validates everything, and returns the
    /// architecture.
    ///
    /// `black_and_white`: nearly all pixels are 0 or 1, so that a Bernoulli likelihood is
    /// appropriate. For greyscale images it is not a likelihood but a bounded score, with which an
    /// ELBO ignores detail.
    pub fn resolve(&mut self, blocks: &[Block], black_and_white: bool) -> Result<Architecture> {
        let inputs: usize = blocks.iter().map(|b| b.width).sum();
        let variational = matches!(self.family, FamilyConfig::Variational(_));
        let overcomplete = matches!(
            self.family,
            FamilyConfig::Contractive(_) | FamilyConfig::Denoising { .. } | FamilyConfig::Sparse(_)
        );
        let image = blocks.iter().any(|b| b.kind == BlockKind::Pixels);
        let multiscale = matches!(self.family, FamilyConfig::Multiscale(_));
        // Sizes that are given are those of a dense network.
        let is_open = self.hidden.is_none() && self.latent_dim.is_none();
        let may = is_open && (variational || matches!(self.family, FamilyConfig::Plain { tied: false }));
        let stem = self.network.get_or_insert_with(|| NetworkConfig::usual(blocks, may)).stem(blocks)?;
        let usual_hidden = || match (&stem, multiscale) {
            (Some(_), _) => vec![],
            (None, true) => vec![multiscale::USUAL_WIDTH],
            (None, false) => sizes::default_hidden(inputs, overcomplete),
        };
        let hidden = self.hidden.get_or_insert_with(usual_hidden).clone();
        let latent_dim = *self.latent_dim.get_or_insert_with(|| match (&self.family, &stem) {
            (FamilyConfig::VectorQuantized(config), _) => config.usual_latent_dim(),
            (FamilyConfig::Multiscale(_), _) => multiscale::USUAL_WIDTH,
            (_, Some(Stem::Convolution(c))) if c.code_is_map => c.usual_code(),
            // The feature map is the code.
            (_, Some(Stem::Convolution(c))) if overcomplete && c.kind == ConvolutionKind::Plain => {
                c.feature_map().numbers()
            }
            (_, Some(_)) => sizes::default_latent_dim(inputs, image, false),
            (_, None) => sizes::default_latent_dim(inputs, image, overcomplete),
        });
        let smooth_steps = overcomplete && stem.is_none();
        let usual_activation = if smooth_steps { Activation::Sigmoid } else { Activation::Silu };
        let activation = *self.activation.get_or_insert(usual_activation);
        let latent_activation = if variational {
            Activation::Identity
        } else {
            *self.latent_activation.get_or_insert(match self.family {
                FamilyConfig::Sparse(config) => config.sparsity.usual_activation(),
                _ if overcomplete || multiscale => activation,
                _ => Activation::Identity,
            })
        };
        // Rows are drawn from models with a prior, so their variance has to be that of the data.
        let variance = *self.variance.get_or_insert(match (self.family.has_prior(), image) {
            (true, true) => Variance::Shared,
            (true, false) => Variance::PerFeature,
            (false, _) => Variance::Fixed { value: 1.0 },
        });
        let defaults = Defaults { variational, tied: self.family.tied(), black_and_white, variance };
        let likelihood = column_likelihoods::resolve(&mut self.likelihood, blocks, &defaults)?;
        let mut architecture = Architecture {
            family: self.family.clone(),
            inputs,
            condition: 0,
            stem,
            hidden,
            latent_dim,
            activation,
            latent_activation,
            likelihood,
        };
        if let FamilyConfig::Contractive(config) = &mut self.family {
            config.estimator = config.estimator.resolve(&architecture.encoder_sizes())?;
            architecture.family = self.family.clone();
        }
        self.validate(&architecture, variance)?;
        Ok(architecture)
    }

    /// The most levels of a category that are learned apart: many more than by default in models
    /// whose training steps may see some of them.
    pub fn most_levels(&self) -> Option<usize> {
        const MANY: usize = 100_000;
        let sees_some = match &self.family {
            FamilyConfig::Variational(config) => !matches!(config.prior, PriorConfig::VampPrior { .. }),
            FamilyConfig::Plain { .. } | FamilyConfig::Sparse(_) => !self.family.tied(),
            _ => false,
        };
        let has_hidden = self.hidden.as_ref().is_none_or(|hidden| !hidden.is_empty());
        let is_dense = self.network.as_ref().is_none_or(NetworkConfig::is_dense);
        (sees_some && has_hidden && is_dense).then_some(MANY)
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
                        "the posterior mean of a variational model is linear",
                    ));
                }
            }
            FamilyConfig::VectorQuantized(config) => config.validate(architecture.latent_dim)?,
            FamilyConfig::Denoising { corruption, .. } => corruption.validate()?,
            FamilyConfig::Multiscale(config) => {
                config.validate()?;
                if architecture.stem.is_some() {
                    let reason = "the noise level is an input of a fully connected first layer";
                    return Err(Error::conflict("network", "model = multiscale", reason));
                }
            }
            FamilyConfig::Plain { .. } => {}
        }
        if let Some(Stem::Convolution(layers)) = &architecture.stem {
            layers.validate(architecture.latent_dim, &architecture.hidden, architecture.likelihood.len())?;
        }
        let sequence = architecture.stem.as_ref().and_then(Stem::sequence);
        if let Some(sequence) = sequence {
            sequence.parameter_order(&architecture.likelihood)?;
        }
        if self.family.tied() && !self.has_transpose(sequence.is_some()) {
            let reason = "these layers have no tied decoder: leave it out, or tied = false";
            return Err(Error::conflict("tied", "network", reason));
        }
        self.validate_tied(architecture)
    }

    /// Checks a tied decoder: its last weights are the transposed first weights of the encoder, so
    /// that it has one output per input.
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

    /// Whether the distribution of pixels is configured.
    pub fn chooses_pixels(&self, blocks: &[Block]) -> bool {
        let pixels = blocks.iter().filter(|block| block.kind == BlockKind::Pixels);
        pixels
            .flat_map(|block| &block.names)
            .any(|column| column_likelihoods::asked(&self.likelihood, column, BlockKind::Pixels).is_some())
    }
}
