//! The metrics of `evaluate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::objective::Estimator;

/// Averages over the evaluated rows. Terms of the loss are nats per example, summed over features.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Number of evaluated rows.
    pub examples: usize,
    /// −log p(x | code), nats per example; for variational models with one draw of z.
    pub reconstruction: f64,
    /// What remains of it at perfect reconstruction, nats per example: the entropy of grey pixels
    /// under a Bernoulli likelihood. Only of images with such pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction_floor: Option<f64>,
    /// KL(q(z|x) ‖ p(z)), nats per example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_divergence: Option<f64>,
    /// Number of draws of z for each row from which it and the reconstruction are estimated; `None`
    /// if it has a closed form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_draws: Option<usize>,
    /// reconstruction + kl_divergence, nats per example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_elbo: Option<f64>,
    /// −log 1/K Σ_k p(x, z_k) / q(z_k|x), nats per example, with the K draws of a model that was
    /// fitted with this bound (Burda et al. 2016, eq. 8). Its negative ELBO may be much larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance_bound: Option<f64>,
    /// −log p(x) of the same rows in nats per example under the same likelihood with the mean, the
    /// variance and the frequencies of each column of the training rows, the same for every row:
    /// what a model has to beat. Only of a fit, and for built-in likelihoods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant_model: Option<f64>,
    /// The standard error, over the rows, of the difference between it and the negative ELBO, or
    /// the reconstruction of other families.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant_model_error: Option<f64>,
    /// ‖∂f/∂x‖²_F of the encoder (of the posterior's mean), per example; for a conditional model,
    /// including the derivatives with respect to the condition.
    pub contraction: f64,
    /// How `contraction` was computed: exactly, or from 32 probes per row for encoders that
    /// [`Estimator::Auto`] considers too expensive. `None` in old files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contraction_estimator: Option<Estimator>,
    /// ‖∂f/∂x‖_F, per example: the mean of the norm, not the root of the mean of its square. With
    /// probes, it is slightly biased downwards, as the root of an unbiased estimate.
    pub jacobian_norm: f64,
    /// Mean squared error of the reconstruction's mean, per observed encoded value.
    pub mse: f64,
    /// Number of active latent dimensions, whose mean varies over the data.
    pub active_units: usize,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// The perplexity exp(H) of the vectors that each group of the code chooses, with H their
    /// entropy over the rows; the mean over groups. For quantized codes only, like the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_perplexity: Option<f64>,
    /// Fraction of all codebook vectors that at least one row chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes_used: Option<f64>,
    /// Bits per code: groups · log₂(codebook_size).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_bits: Option<f64>,
    /// Fraction of code values within 5 % of a limit of the activation's range; for sigmoid and
    /// tanh codes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturated_fraction: Option<f64>,
    /// Mean of the code values, over dimensions and rows; for sigmoid and tanh codes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_activation: Option<f64>,
    /// (negative_elbo, or reconstruction) / (pixels · log 2); for pixels with a density, plus log₂
    /// of the pixel scale, which converts a density on [0, 1] to one of the stored values. For
    /// images only, and not for grey pixels with a Bernoulli likelihood, which is no probability of
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_per_dimension: Option<f64>,
    /// The terms of the objective by name, for families with a posterior: nats per example, and the
    /// term's weight.
    #[serde(skip)]
    pub terms: BTreeMap<String, (f64, f64)>,
}
