//! The plain autoencoder: L = −log p(x | g(f(x))).

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic};
use crate::distribution::Likelihood;
use crate::nn::{Dense, Place};
use crate::noise::Stream;
use crate::objective::Term;

/// Reconstruction alone.
#[derive(Module, Debug)]
pub struct Plain {
    net: Deterministic,
}

impl Plain {
    pub(super) fn new(architecture: &Architecture, noise: &mut Stream, place: &Place) -> Self {
        Plain { net: Deterministic::new(architecture, noise, place) }
    }
}

impl Autoencoder for Plain {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let parameters = self.net.decode(self.net.encode(batch.x.clone()));
        let reconstruction =
            self.net.likelihood.negative_log_likelihood(parameters, batch.x.clone(), batch.observed.as_ref());
        vec![Term::new("reconstruction", reconstruction)]
    }

    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.net.encode(x)
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.net.decode(z)
    }

    fn likelihood(&self) -> &Likelihood {
        &self.net.likelihood
    }

    fn encoder_layers(&self) -> Vec<&Dense> {
        self.net.encoder_layers()
    }
}
