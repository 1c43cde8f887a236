//! The plain autoencoder: L = −log p(x | g(f(x))).

use crate::module;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Trainable};
use crate::data::Encoded;
use crate::distribution::Likelihood;
use crate::objective::Term;
use crate::random::Stream;
use crate::tensor::Device;

/// The plain autoencoder.
#[derive(Clone, Debug)]
pub struct Plain {
    pub(super) net: Deterministic,
}
module!(Plain { ..net });

impl Plain {
    pub(super) fn new(architecture: &Architecture, noise: &mut Stream, device: &Device) -> Self {
        Plain { net: Deterministic::new(architecture, noise, device) }
    }

    pub(super) fn layer(&self, k: usize, device: &Device) -> Self {
        Plain { net: self.net.layer(k, device) }
    }

    pub(super) fn with_layer(self, k: usize, trained: Self) -> Self {
        Plain { net: self.net.with_layer(k, trained.net) }
    }
}

impl Trainable for Plain {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        vec![self.net.reconstruction(batch, self.encode(batch.x.clone()))]
    }

    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        self.net.likelihood_of_levels()
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }
}

impl Autoencoder for Plain {
    fn network(&self) -> &dyn Network {
        &self.net
    }
}
