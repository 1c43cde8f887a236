//! Settings of the contractive family.

use serde::{Deserialize, Serialize};

use super::non_negative;
use crate::nn::Activation;
use crate::objective::Estimator;
use crate::{Error, Result};

/// Settings of the contractive family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContractiveConfig {
    /// The decoder's weights are the encoder's, transposed.
    pub tied: bool,
    /// λ, the weight of ‖J_f(x)‖²_F.
    pub contraction_weight: f64,
    /// The estimator of ‖J_f(x)‖²_F during training.
    pub estimator: Estimator,
    /// γ, the weight of ‖J_f(x) − J_f(x+ε)‖²_F (Rifai et al., ECML 2011); 0 disables it.
    pub curvature_weight: f64,
    /// Standard deviation of ε, in encoded units.
    pub curvature_deviation: f64,
}

impl Default for ContractiveConfig {
    fn default() -> Self {
        ContractiveConfig {
            tied: true,
            contraction_weight: 0.1,
            estimator: Estimator::Auto,
            curvature_weight: 0.0,
            curvature_deviation: 0.1,
        }
    }
}

impl ContractiveConfig {
    pub(crate) fn validate(&self) -> Result<()> {
        for (key, value) in [
            ("contraction_weight", self.contraction_weight),
            ("curvature_weight", self.curvature_weight),
            ("curvature_deviation", self.curvature_deviation),
        ] {
            non_negative(key, value)?;
        }
        if self.curvature_weight > 0.0 && self.contraction_weight == 0.0 {
            let reason = "the curvature term needs a contraction, since it lets the Jacobian grow";
            return Err(Error::conflict("curvature_weight", "contraction_weight = 0", reason));
        }
        Ok(())
    }

    /// Warnings before training an encoder with these activations, one sentence each.
    pub(crate) fn warnings(&self, activations: [Activation; 2]) -> Vec<String> {
        let mut warnings = vec![];
        let flat = activations.into_iter().find(|a| *a == Activation::Relu);
        if let Some(activation) = flat {
            warnings.push(format!(
                "the contraction's curvature term is zero through {}: its gradient shrinks weights but cannot move units \
                 to where they are flat; sigmoid, tanh, softplus or silu can",
                activation.name()
            ));
        }
        if let Some(probes) = self.estimator.probes() {
            warnings.push(format!(
                "the contraction is estimated from {probes} random probe{} a row while training; \
                 --estimator exact costs more time",
                if probes == 1 { "" } else { "s" }
            ));
        }
        warnings
    }
}
