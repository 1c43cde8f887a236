//! The sparse autoencoder: L = −log p(x | g(h)) + weight · sparsity(h), h = f(x), in the three kinds of [`Sparsity`].
//!
//! With `top_k` the code itself is sparse, h = f(x) ⊙ m(x): m is 1 at the k largest units and constant between
//! changes of that choice, so that the encoder's Jacobian is diag(m) ∂f/∂x.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic};
use crate::nn::Place;
use crate::noise::Stream;
use crate::objective::{EncoderTrace, Sparsity, Term};

/// With a sparse code.
#[derive(Module, Debug)]
pub struct Sparse {
    net: Deterministic,
    #[module(skip)]
    sparsity: Sparsity,
}

impl Sparse {
    pub(super) fn new(
        architecture: &Architecture,
        sparsity: Sparsity,
        noise: &mut Stream,
        place: &Place,
    ) -> Self {
        Sparse { net: Deterministic::new(architecture, noise, place), sparsity }
    }
}

impl Autoencoder for Sparse {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let code = self.encode(batch.x.clone());
        let sparsity = self.sparsity.term(&code);
        [self.net.reconstruction(batch, code)].into_iter().chain(sparsity).collect()
    }

    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        let code = self.net.encode(x);
        match self.sparsity.mask(&code) {
            Some(mask) => code * mask,
            None => code,
        }
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        let trace = EncoderTrace::new(self.encoder_layers(), x);
        match self.sparsity.mask(&trace.code) {
            Some(mask) => trace.masked(mask),
            None => trace,
        }
    }

    super::deterministic::through_net!(but encode);
}
