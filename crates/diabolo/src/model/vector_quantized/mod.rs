//! The vector-quantized autoencoder (van den Oord et al. 2017, eq. 1 to 3; codebooks by moving
//! averages: appendix A.1).
//!
//! ```text
//! f(x) = (z_1, …, z_G)                         G groups of latent_dim / G dimensions each
//! q_g  = e_gk ,   k = argmin_j ‖z_g − e_gj‖²    the nearest vector of group g's own codebook
//! L    = −log p(x | g(q)) + β Σ_g ‖z_g − sg(q_g)‖²
//! ```
//!
//! sg(·) has no gradient. The gradient of the reconstruction uses the straight-through estimator:
//! ∂L/∂z is set to ∂L/∂q. The [codebook](Codebook) has no gradient; it is updated after every step.
//!
//! A code has G numbers of log₂(codebook_size) bits. [`Autoencoder::encode`] returns q, so that
//! decoding it gives the reconstruction; layers, [`Autoencoder::trace`] and all Jacobians are those
//! of f, the code
//! *before* quantization, since q is piecewise constant and its Jacobian is 0 almost everywhere.
//!
//! New rows come from a [prior](CodePrior) over the chosen vectors, fitted when training has ended.

mod code_prior;
mod codebook;

pub use code_prior::CodePrior;
pub use codebook::Codebook;

use crate::module;
use std::collections::BTreeSet;

use crate::tensor::Module;
use crate::tensor::Tensor;

use super::settings::VectorQuantizedConfig;
use super::{
    Architecture, Autoencoder, Batch, Context, Deterministic, HealthStats, Network, Trainable, in_chunks,
};
use crate::data::Encoded;
use crate::objective::Term;
use crate::random::Stream;
use crate::tensor::Device;

/// The vector-quantized autoencoder.
#[derive(Clone, Debug)]
pub struct VectorQuantized {
    net: Deterministic,
    /// The codebooks.
    pub codebook: Codebook,
    /// The prior of the choices.
    pub prior: CodePrior,
    config: VectorQuantizedConfig,
}
module!(VectorQuantized { ..net, codebook, prior });

impl VectorQuantized {
    pub(super) fn new(
        architecture: &Architecture,
        config: VectorQuantizedConfig,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let VectorQuantizedConfig { codebook_size, groups, .. } = config;
        VectorQuantized {
            net: Deterministic::new(architecture, noise, device),
            codebook: Codebook::new(groups, codebook_size, architecture.latent_dim / groups, device),
            prior: CodePrior::uniform(groups, codebook_size, device),
            config,
        }
    }
}

impl Trainable for VectorQuantized {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let z = self.net.encoder.forward(batch.x.clone());
        let q = self.codebook.quantize(z.clone());
        let commitment = (z.clone() - q.clone()).square().sum_dim(1).squeeze_dim::<1>(1);
        // z − sg(z) is 0 and has the gradient of z.
        let straight_through = z.clone() - z.detach() + q;
        vec![
            self.net.reconstruction(batch, straight_through),
            Term::new("commitment", commitment).weighted(self.config.commitment_weight),
        ]
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }

    /// The codebook update depends on the whole batch.
    fn is_row_separable(&self) -> bool {
        false
    }

    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        let groups = self.codebook.groups();
        let chosen = self.codebook.indices(self.net.encoder.forward(batch.x.clone()));
        let used: BTreeSet<(usize, usize)> =
            chosen.values().iter().enumerate().map(|(i, &index)| (i % groups, index)).collect();
        // Few rows cannot use many vectors.
        let usable = groups * self.codebook.size().min(batch.x.dims()[0]);
        let codes_used = Some(used.len() as f64 / usable as f64);
        Some(HealthStats { codes_used, ..HealthStats::default() })
    }

    fn after_step(&mut self, batch: &Batch, context: &mut Context) {
        let z = self.net.encoder.valid().forward(batch.x.clone());
        let moved = self.codebook.clone().ema_update(z.clone(), self.config.decay);
        self.codebook = moved.restart_dead(z, context.noise);
    }

    fn after_training(&mut self, rows: &Encoded, seed: u64, device: &Device) {
        let chosen = in_chunks(rows, device, |batch| {
            let chosen = self.codebook.indices(self.net.encoder.forward(batch.x));
            chosen.values().iter().map(|&choice| choice as u32).collect()
        });
        self.prior = CodePrior::fit(&chosen, self.config.groups, self.config.codebook_size, seed, device);
    }
}

impl Autoencoder for VectorQuantized {
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.codebook.quantize(self.net.encoder.forward(x))
    }

    fn codebook(&self) -> Option<&Codebook> {
        Some(&self.codebook)
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, _device: &Device) -> Option<Tensor<2>> {
        Some(self.codebook.vectors_at(&self.prior.sample(rows, noise)))
    }

    fn network(&self) -> &dyn Network {
        &self.net
    }
}
