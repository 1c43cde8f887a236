//! The denoising autoencoder: L = −log p(x | g(f(x̃))), x̃ a corrupted x (Vincent et al. 2010, eq. 7).

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic};
use crate::distribution::Likelihood;
use crate::nn::{Dense, Place};
use crate::noise::Stream;
use crate::objective::{Corruption, Term};

/// Clean from corrupted.
#[derive(Module, Debug)]
pub struct Denoising {
    net: Deterministic,
    #[module(skip)]
    corruption: Corruption,
}

impl Denoising {
    pub(super) fn new(
        architecture: &Architecture,
        corruption: Corruption,
        noise: &mut Stream,
        place: &Place,
    ) -> Self {
        Denoising { net: Deterministic::new(architecture, noise, place), corruption }
    }
}

impl Autoencoder for Denoising {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let seen = match context.training {
            true => self.corruption.apply(batch.x.clone(), context.noise, context.place),
            false => batch.x.clone(),
        };
        let parameters = self.net.decode(self.net.encode(seen));
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
