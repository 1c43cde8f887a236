//! The contractive autoencoder (Rifai et al. 2011, eq. 4) and its higher-order form (Rifai et al.,
//! ECML 2011, eq. 6):
//!
//! ```text
//! L = −log p(x | g(f(x))) + λ ‖J_f(x)‖²_F + γ ‖J_f(x) − J_f(x + ε)‖²_F ,   ε ~ N(0, σ² I)
//! ```

use crate::module;
use crate::tensor::Tensor;

use super::settings::ContractiveConfig;
use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Trainable};
use crate::data::Encoded;
use crate::objective::{EncoderTrace, Estimator, Term, rademacher};
use crate::random::{Stream, standard_normal};
use crate::tensor::Device;

/// The contractive autoencoder.
#[derive(Clone, Debug)]
pub struct Contractive {
    net: Deterministic,
    config: ContractiveConfig,
}
module!(Contractive { ..net });

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

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }
}

impl Autoencoder for Contractive {
    fn network(&self) -> &dyn Network {
        &self.net
    }
}
