//! The contractive autoencoder (Rifai et al. 2011, eq. 4): L = −log p(x | g(f(x))) + λ ‖J_f(x)‖²_F.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic};
use crate::distribution::Likelihood;
use crate::nn::{Dense, Place};
use crate::noise::Stream;
use crate::objective::{Term, contraction};

/// With the contraction.
#[derive(Module, Debug)]
pub struct Contractive {
    net: Deterministic,
    #[module(skip)]
    contraction_weight: f64,
}

impl Contractive {
    pub(super) fn new(
        architecture: &Architecture,
        contraction_weight: f64,
        noise: &mut Stream,
        place: &Place,
    ) -> Self {
        Contractive { net: Deterministic::new(architecture, noise, place), contraction_weight }
    }
}

impl Autoencoder for Contractive {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let (code, contraction) = contraction(&self.net.encoder_layers(), batch.x.clone());
        let parameters = self.net.decode(code);
        let reconstruction =
            self.net.likelihood.negative_log_likelihood(parameters, batch.x.clone(), batch.observed.as_ref());
        vec![
            Term::new("reconstruction", reconstruction),
            Term::new("contraction", contraction).weighted(self.contraction_weight),
        ]
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
