//! The arguments of the model, and the families each applies to.

use clap::Args;
use diabolo::config::values::{likelihood, widths};
use diabolo::data::any_of;
use diabolo::distribution::Family;
use diabolo::model::{
    ContractiveConfig, FamilyConfig, NetworkConfig, VariationalConfig, VectorQuantizedConfig,
};
use diabolo::{Config, Error};

use super::renamed;

#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    #[arg(long, short, value_name = "FAMILY", help = families_help())]
    pub model: Option<String>,
    /// Number of latent dimensions
    #[arg(long, value_name = "N")]
    pub latent_dim: Option<usize>,
    /// Widths of the hidden layers, such as 400 or 512,256, or none
    #[arg(long, value_name = "WIDTHS", allow_hyphen_values = true)]
    pub hidden: Option<String>,
    /// Layers of the encoder, which the decoder mirrors: dense:512,256 (the same as --hidden
    /// 512,256); convolution:32,64 for images and sequences (windows of a series, or a table of
    /// numbers alone, one column a step), with the channels of convolutions of stride 2 before the
    /// hidden layers, and their kernel: convolution:32,64:3; fully_convolutional:32,64 with a code
    /// that is a map, too, 8 channels at each position; residual:32,64 with blocks of two
    /// convolutions beside a shortcut; dilated:64x6 for sequences, six such blocks of 64 channels
    /// that look 1, 2, 4, … steps away; gru:64 or lstm:64 for sequences, and images row by row,
    /// with the units of recurrent layers: a sequence-to-sequence autoencoder; auto:
    /// fully_convolutional:32,64 for colour pictures from 24 × 24 in variational and plain models,
    /// unless sizes, a condition, --tied or --pretrain-epochs are given; else dense [default: auto]
    #[arg(long, value_name = "KIND:SIZES")]
    pub network: Option<String>,
    /// Activation of the hidden layers: sigmoid, tanh, softplus, silu, gelu, relu or identity
    #[arg(long, value_name = "NAME")]
    pub activation: Option<String>,
    /// Activation of the code (not for variational models)
    #[arg(long, value_name = "NAME")]
    pub latent_activation: Option<String>,
    #[arg(long, value_name = "[COLUMN=]NAME", help = likelihoods_help())]
    pub likelihood: Vec<String>,
    /// Variance of Gaussian columns: shared, per_feature, decoder, or a fixed number
    #[arg(long, value_name = "KIND")]
    pub variance: Option<String>,
    /// Training objective: elbo, free_bits:NATS, capacity:NATS:EPOCHS, importance:K, dreg:K,
    /// total_correlation:WEIGHT or mmd:WEIGHT [default: elbo] (variational)
    #[arg(long, value_name = "KIND")]
    pub bound: Option<String>,
    /// Prior p(z): standard_normal, mixture:K, vamp:K, or a second stochastic layer such as
    /// hierarchical:100,100,50 [default: standard_normal] (variational)
    #[arg(long, value_name = "KIND")]
    pub prior: Option<String>,
    /// Normalizing flow of the posterior: none, planar:LAYERS or inverse_autoregressive:LAYERS
    /// [default: none] (variational)
    #[arg(long, value_name = "KIND")]
    pub flow: Option<String>,
    /// Weight β of the KL divergence (variational)
    #[arg(long, value_name = "BETA")]
    pub kl_weight: Option<f64>,
    /// KL warm-up: epochs over which the KL weight rises from 0 (variational)
    #[arg(long, value_name = "EPOCHS")]
    pub kl_warmup: Option<f64>,
    /// Number of KL warm-up cycles; after each rise, the weight stays constant for as long
    /// (variational) [default: 1]
    #[arg(long, value_name = "N")]
    pub kl_cycles: Option<usize>,
    /// Weight λ of the contraction (contractive)
    #[arg(long, value_name = "LAMBDA")]
    pub contraction_weight: Option<f64>,
    /// Weight γ of the curvature E‖J(x) − J(x+ε)‖²_F (contractive)
    #[arg(long, value_name = "GAMMA")]
    pub curvature_weight: Option<f64>,
    /// Estimator of the contraction during training: auto, exact, or hutchinson:PROBES
    /// (contractive)
    #[arg(long, value_name = "KIND")]
    pub estimator: Option<String>,
    /// Corruption of the input: masking:0.3, gaussian:0.2, clipped_gaussian:0.2 (pixels stay within
    /// 0 to 1) or salt_and_pepper:0.1 (denoising)
    #[arg(long, value_name = "KIND:AMOUNT")]
    pub corruption: Option<String>,
    /// Sparsity penalty of the code: l1:WEIGHT, kl:WEIGHT, kl:WEIGHT:TARGET or top_k:K (sparse)
    #[arg(long, value_name = "KIND:AMOUNT")]
    pub sparsity: Option<String>,
    /// Number of vectors in each codebook (vector_quantized)
    #[arg(long, value_name = "N")]
    pub codebook_size: Option<usize>,
    /// Number of groups of equal width in the code, each with its own codebook (vector_quantized)
    #[arg(long, value_name = "N")]
    pub groups: Option<usize>,
    /// Weight of the commitment loss: squared distance between the code and its codebook vectors
    /// (vector_quantized)
    #[arg(long, value_name = "BETA")]
    pub commitment_weight: Option<f64>,
    /// Tie the decoder's weights to the encoder's, or (--tied false) not (not for models with a
    /// prior)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub tied: Option<bool>,
}

/// The help of --model.
fn families_help() -> String {
    let names = any_of(FamilyConfig::all().map(|family| family.name()));
    format!("Model family: {names} [default: {}]", FamilyConfig::default().name())
}

/// The help of --likelihood.
fn likelihoods_help() -> String {
    format!(
        "Distribution of a column or of a column type (pixels, numeric, count, datetime, binary, categorical, \
         ordinal); NAME alone applies to every column it can describe; may be repeated. Names: {}; discretized_logistic:N has N components \
         [default: by column and data]",
        Family::listed(&Family::ALL)
    )
}

/// A flag that applies only to some families.
pub(super) struct FamilyFlag {
    pub name: &'static str,
    pub families: &'static [&'static str],
    is_given: fn(&ModelArgs) -> bool,
    clear: fn(&mut ModelArgs),
}

macro_rules! family_flag {
    ($name:literal, $field:ident, $families:expr) => {
        FamilyFlag {
            name: $name,
            families: &$families,
            is_given: |args| args.$field.is_some(),
            clear: |args| args.$field = None,
        }
    };
}

const FAMILY_FLAGS: [FamilyFlag; 16] = [
    family_flag!("--bound", bound, ["variational"]),
    family_flag!("--prior", prior, ["variational"]),
    family_flag!("--flow", flow, ["variational"]),
    family_flag!("--kl-cycles", kl_cycles, ["variational"]),
    family_flag!("--kl-weight", kl_weight, ["variational"]),
    family_flag!("--kl-warmup", kl_warmup, ["variational"]),
    family_flag!("--contraction-weight", contraction_weight, ["contractive"]),
    family_flag!("--curvature-weight", curvature_weight, ["contractive"]),
    family_flag!("--estimator", estimator, ["contractive"]),
    family_flag!("--corruption", corruption, ["denoising"]),
    family_flag!("--sparsity", sparsity, ["sparse"]),
    family_flag!("--codebook-size", codebook_size, ["vector_quantized"]),
    family_flag!("--groups", groups, ["vector_quantized"]),
    family_flag!("--commitment-weight", commitment_weight, ["vector_quantized"]),
    family_flag!("--tied", tied, ["plain", "denoising", "sparse", "contractive"]),
    family_flag!(
        "--latent-activation",
        latent_activation,
        ["plain", "denoising", "sparse", "contractive", "vector_quantized"]
    ),
];

impl ModelArgs {
    pub(super) fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let model = &mut config.model;
        model.latent_dim = self.latent_dim.or(model.latent_dim);
        if let Some(text) = &self.network {
            match text.strip_prefix("dense:") {
                Some(_) if self.hidden.is_some() => {
                    let reason = "both give the widths of the hidden layers";
                    return Err(Error::conflict("--network dense", "--hidden", reason));
                }
                Some(text) => {
                    (model.network, model.hidden) = (Some(NetworkConfig::Dense), Some(widths(text)?))
                }
                None if text == "auto" => model.network = None,
                None => model.network = Some(text.parse()?),
            }
        }
        if let Some(text) = &self.hidden {
            model.hidden = Some(widths(text)?);
        }
        if let Some(name) = &self.activation {
            model.activation = Some(name.parse()?);
        }
        if let Some(name) = &self.latent_activation {
            model.latent_activation =
                Some(name.parse().map_err(|error| renamed(error, "--latent-activation"))?);
        }
        for assignment in &self.likelihood {
            let (column, name) = likelihood(assignment)?;
            model.likelihood.insert(column, name);
        }
        if let Some(text) = &self.variance {
            model.variance = Some(text.parse()?);
        }
        self.apply_family(&mut model.family)
    }

    /// The given flags that apply only to some families, with those families.
    pub(super) fn family_flags(&self) -> impl Iterator<Item = &'static FamilyFlag> {
        FAMILY_FLAGS.iter().filter(|flag| (flag.is_given)(self))
    }

    /// A copy without the flags of other families, for `compare`.
    pub(super) fn for_family(&self, family: &str) -> ModelArgs {
        let mut own = self.clone();
        for flag in self.family_flags().filter(|flag| !flag.families.contains(&family)) {
            (flag.clear)(&mut own);
        }
        own
    }

    fn apply_family(&self, family: &mut FamilyConfig) -> diabolo::Result<()> {
        let name = family.name();
        let only = |flag: &str, of: &str| only_for(flag, of, name);
        if let Some(text) = &self.bound {
            variational(family, "--bound")?.bound = text.parse()?;
        }
        if let Some(text) = &self.prior {
            variational(family, "--prior")?.prior = text.parse()?;
        }
        if let Some(text) = &self.flow {
            variational(family, "--flow")?.flow = text.parse()?;
        }
        if let Some(value) = self.kl_cycles {
            variational(family, "--kl-cycles")?.kl_cycles = value;
        }
        if let Some(value) = self.kl_weight {
            variational(family, "--kl-weight")?.kl_weight = value;
        }
        if let Some(value) = self.kl_warmup {
            variational(family, "--kl-warmup")?.kl_warmup_epochs = value;
        }
        if let Some(value) = self.contraction_weight {
            contractive(family, "--contraction-weight")?.contraction_weight = value;
        }
        if let Some(value) = self.curvature_weight {
            contractive(family, "--curvature-weight")?.curvature_weight = value;
        }
        if let Some(text) = &self.estimator {
            contractive(family, "--estimator")?.estimator = text.parse()?;
        }
        if let Some(text) = &self.corruption {
            let FamilyConfig::Denoising { corruption, .. } = family else {
                return Err(only("--corruption", "denoising"));
            };
            *corruption = text.parse()?;
        }
        if let Some(text) = &self.sparsity {
            let FamilyConfig::Sparse(config) = family else {
                return Err(only("--sparsity", "sparse"));
            };
            config.sparsity = text.parse()?;
        }
        if let Some(value) = self.codebook_size {
            vector_quantized(family, "--codebook-size")?.codebook_size = value;
        }
        if let Some(value) = self.groups {
            vector_quantized(family, "--groups")?.groups = value;
        }
        if let Some(value) = self.commitment_weight {
            vector_quantized(family, "--commitment-weight")?.commitment_weight = value;
        }
        if let Some(value) = self.tied {
            let tied = family.tied_mut();
            *tied.ok_or_else(|| only("--tied", "plain, denoising, sparse or contractive"))? = value;
        }
        Ok(())
    }
}

/// A flag that only the families `of` have, beside another.
fn only_for(flag: &str, of: &str, name: &str) -> Error {
    Error::conflict(flag, format!("--model {name}"), format!("{flag} is for --model {of}"))
}

/// The settings of a contractive model; an error for `flag` with any other family.
fn contractive<'a>(family: &'a mut FamilyConfig, flag: &str) -> diabolo::Result<&'a mut ContractiveConfig> {
    let name = family.name();
    match family {
        FamilyConfig::Contractive(config) => Ok(config),
        _ => Err(only_for(flag, "contractive", name)),
    }
}

/// The settings of a variational model; an error for `flag` with any other family.
fn variational<'a>(family: &'a mut FamilyConfig, flag: &str) -> diabolo::Result<&'a mut VariationalConfig> {
    let name = family.name();
    match family {
        FamilyConfig::Variational(config) => Ok(config),
        _ => Err(only_for(flag, "variational", name)),
    }
}

/// The settings of a vector-quantized model; an error for `flag` with any other family.
fn vector_quantized<'a>(
    family: &'a mut FamilyConfig,
    flag: &str,
) -> diabolo::Result<&'a mut VectorQuantizedConfig> {
    let name = family.name();
    match family {
        FamilyConfig::VectorQuantized(config) => Ok(config),
        _ => Err(only_for(flag, "vector_quantized", name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_of_a_family_clears_itself_and_no_other() {
        let one = || Some("1".to_string());
        let all = ModelArgs {
            bound: one(),
            prior: one(),
            flow: one(),
            kl_cycles: Some(1),
            kl_weight: Some(1.0),
            kl_warmup: Some(1.0),
            contraction_weight: Some(1.0),
            curvature_weight: Some(1.0),
            estimator: one(),
            corruption: one(),
            sparsity: one(),
            codebook_size: Some(1),
            groups: Some(1),
            commitment_weight: Some(1.0),
            tied: Some(true),
            latent_activation: one(),
            ..ModelArgs::default()
        };
        assert_eq!(all.family_flags().count(), FAMILY_FLAGS.len());
        for flag in &FAMILY_FLAGS {
            let mut others = all.clone();
            (flag.clear)(&mut others);
            let left: Vec<&str> = others.family_flags().map(|flag| flag.name).collect();
            let expected: Vec<&str> =
                FAMILY_FLAGS.iter().map(|f| f.name).filter(|f| *f != flag.name).collect();
            assert_eq!(left, expected);
        }
        let plain: Vec<&str> = all.for_family("plain").family_flags().map(|flag| flag.name).collect();
        assert_eq!(plain, ["--tied", "--latent-activation"]);
    }
}
