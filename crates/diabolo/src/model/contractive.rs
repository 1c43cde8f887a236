//! The contractive autoencoder (Rifai et al. 2011, eq. 4) and its higher-order form (Rifai et al.,
//! ECML 2011, eq. 6):
//!
//! ```text
//! L = −log p(x | g(f(x))) + λ ‖J_f(x)‖²_F + γ ‖J_f(x) − J_f(x + ε)‖²_F ,   ε ~ N(0, σ² I)
//! ```

use crate::tensor::Module;
use crate::tensor::Tensor;

use serde::{Deserialize, Serialize};

use super::config::non_negative;
use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Trainable};
use crate::nn::Activation;
use crate::objective::{EncoderTrace, Estimator, Term, rademacher};
use crate::random::{Stream, standard_normal};
use crate::tensor::Device;
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
    pub(super) fn validate(&self) -> Result<()> {
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
    pub(super) fn warnings(&self, activations: [Activation; 2]) -> Vec<String> {
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

/// The contractive autoencoder.
#[derive(Module, Debug)]
pub struct Contractive {
    net: Deterministic,
    #[module(skip)]
    config: ContractiveConfig,
}

impl Contractive {
    pub(super) fn new(
        architecture: &Architecture,
        config: ContractiveConfig,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        Contractive { net: Deterministic::new(architecture, noise, device), config }
    }

    pub(super) fn layer(&self, k: usize, device: &Device) -> Self {
        // A single layer has a closed form.
        let config = ContractiveConfig { estimator: Estimator::Exact, ..self.config };
        Contractive { net: self.net.layer(k, device), config }
    }

    pub(super) fn with_layer(self, k: usize, trained: Self) -> Self {
        Contractive { net: self.net.with_layer(k, trained.net), config: self.config }
    }

    /// Probes for this step. Validation rows use the same estimator, with the same probes after
    /// every epoch.
    fn probes(&self, batch: &Batch, context: &mut Context) -> Option<Tensor<3>> {
        let count = self.config.estimator.probes()?;
        Some(rademacher(batch.x.dims()[0], count, self.latent_dim(), context.noise, context.device))
    }

    fn curvature(
        &self,
        batch: &Batch,
        trace: &EncoderTrace,
        probes: Option<&Tensor<3>>,
        context: &mut Context,
    ) -> Term {
        let [rows, width] = batch.x.dims();
        let epsilon = context.device.tensor(standard_normal(context.noise, rows * width), [rows, width]);
        let near = batch.x.clone() + epsilon * self.config.curvature_deviation;
        let near = EncoderTrace::new(self.encoder(), near);
        Term::new("curvature", trace.curvature(&near, probes)).weighted(self.config.curvature_weight)
    }
}

impl Trainable for Contractive {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let trace = EncoderTrace::new(self.encoder(), batch.x.clone());
        let reconstruction = self.net.reconstruction(batch, trace.code.clone());
        let probes = self.probes(batch, context);
        let mut terms = vec![
            reconstruction,
            Term::new("contraction", trace.contraction(probes.as_ref()))
                .weighted(self.config.contraction_weight),
        ];
        if self.config.curvature_weight > 0.0 {
            terms.push(self.curvature(batch, &trace, probes.as_ref(), context));
        }
        terms
    }
}

impl Autoencoder for Contractive {
    fn network(&self) -> &dyn Network {
        &self.net
    }
}
