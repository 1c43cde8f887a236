//! The denoising autoencoder: L = −log p(x | g(f(x̃))), x̃ a corrupted x (Vincent et al. 2010, eq.
//! 7).

use crate::module;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Trainable};
use crate::data::Encoded;
use crate::objective::{Corruption, Term};
use crate::random::Stream;
use crate::tensor::Device;

/// The denoising autoencoder.
#[derive(Clone, Debug)]
pub struct Denoising {
    net: Deterministic,
    corruption: Corruption,
}
module!(Denoising { ..net });

impl Denoising {
    pub(super) fn new(
        architecture: &Architecture,
        corruption: Corruption,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        Denoising { net: Deterministic::new(architecture, noise, device), corruption }
    }

    pub(super) fn layer(&self, k: usize, device: &Device) -> Self {
        Denoising { net: self.net.layer(k, device), corruption: self.corruption }
    }

    pub(super) fn with_layer(self, k: usize, trained: Self) -> Self {
        Denoising { net: self.net.with_layer(k, trained.net), corruption: self.corruption }
    }
}

impl Trainable for Denoising {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let seen = match context.training {
            true => self.corruption.apply(batch.x.clone(), context.noise, context.device),
            false => batch.x.clone(),
        };
        vec![self.net.reconstruction(batch, self.encode(seen))]
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }
}

impl Autoencoder for Denoising {
    fn network(&self) -> &dyn Network {
        &self.net
    }
}
