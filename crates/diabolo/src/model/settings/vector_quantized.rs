//! Settings of the vector-quantized family.

use serde::{Deserialize, Serialize};

use super::non_negative;
use crate::{Error, Result};

/// Maximum number of components of the mixture that is the prior of the choices.
pub(crate) const PRIOR_COMPONENTS: usize = 64;
/// The default number of dimensions per group.
const USUAL_WIDTH: usize = 8;

/// Settings of the vector-quantized family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VectorQuantizedConfig {
    /// K, the number of vectors per codebook.
    pub codebook_size: usize,
    /// G, the number of groups of equal width.
    pub groups: usize,
    /// β, the weight of the commitment loss.
    pub commitment_weight: f64,
    /// γ, the decay of the moving averages.
    pub decay: f64,
}

impl Default for VectorQuantizedConfig {
    fn default() -> Self {
        VectorQuantizedConfig { codebook_size: 64, groups: 8, commitment_weight: 0.25, decay: 0.99 }
    }
}

impl VectorQuantizedConfig {
    pub(crate) fn usual_latent_dim(&self) -> usize {
        // 0 groups have a separate error.
        self.groups.max(1).saturating_mul(USUAL_WIDTH)
    }

    /// Number of parameters of the codebooks and the prior.
    pub(crate) fn numbers(&self, latent_dim: usize) -> usize {
        let prior = self.groups.saturating_mul(PRIOR_COMPONENTS);
        self.codebook_size.saturating_mul(latent_dim.saturating_add(prior))
    }

    pub(crate) fn validate(&self, latent_dim: usize) -> Result<()> {
        const MOST_A_GROUP: usize = 1 << 16;
        // With this limit the prior has 256 MiB.
        const MOST: usize = 1 << 20;
        if !(1..=latent_dim).contains(&self.groups) {
            return Err(Error::config("groups", format!("1 to latent_dim, {latent_dim}"), self.groups));
        }
        if !latent_dim.is_multiple_of(self.groups) {
            let expected = format!(
                "a multiple of groups, {}: all groups have the same number of latent dimensions",
                self.groups
            );
            return Err(Error::config("latent_dim", expected, latent_dim));
        }
        let largest = MOST_A_GROUP.min(MOST / self.groups);
        if !(2..=largest).contains(&self.codebook_size) {
            let expected = format!("2 to {largest} with groups = {}", self.groups);
            return Err(Error::config("codebook_size", expected, self.codebook_size));
        }
        if !(0.0..1.0).contains(&self.decay) {
            return Err(Error::config("decay", "a number in [0, 1)", self.decay));
        }
        non_negative("commitment_weight", self.commitment_weight)
    }
}
