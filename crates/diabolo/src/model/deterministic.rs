//! The network shared by the deterministic families: h = f(x), likelihood parameters = g(h).
//!
//! Untied, the decoder mirrors the encoder with weights of its own. Tied, decoder layer k uses the
//! transpose of encoder layer L−k and only its biases are its own (Vincent et al. 2010, section 3.1).

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::{Architecture, Batch};
use crate::distribution::Likelihood;
use crate::nn::{Activation, Dense, Place, chain};
use crate::noise::Stream;
use crate::objective::Term;

/// Encoder, decoder and likelihood.
#[derive(Module, Debug)]
pub struct Deterministic {
    /// x → h.
    pub encoder: Vec<Dense>,
    /// h → likelihood parameters; empty if tied.
    pub decoder: Vec<Dense>,
    /// The tied decoder's biases, code side first; empty if untied.
    pub decoder_bias: Vec<Param<Tensor<1>>>,
    /// Reads the decoder's outputs.
    pub likelihood: Likelihood,
}

impl Deterministic {
    pub(super) fn new(architecture: &Architecture, noise: &mut Stream, place: &Place) -> Self {
        let likelihood = Likelihood::new(architecture.likelihood.clone(), place);
        let mut widths = vec![architecture.inputs];
        widths.extend(&architecture.hidden);
        widths.push(architecture.latent_dim);
        let encoder = layers(&widths, architecture.activation, architecture.latent_activation, noise, place);
        widths.reverse();
        widths[encoder.len()] = likelihood.parameters();
        let (decoder, decoder_bias) = if architecture.family.tied() {
            let bias = |&n: &usize| Param::from_tensor(place.tensor(vec![0.0; n], [n]));
            (vec![], widths[1..].iter().map(bias).collect())
        } else {
            (layers(&widths, architecture.activation, Activation::Identity, noise, place), vec![])
        };
        Deterministic { encoder, decoder, decoder_bias, likelihood }
    }

    /// f(x).
    pub fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        chain(&self.encoder, x)
    }

    /// g(h): likelihood parameters.
    pub fn decode(&self, h: Tensor<2>) -> Tensor<2> {
        if self.decoder_bias.is_empty() {
            return chain(&self.decoder, h);
        }
        let last = self.encoder.len() - 1;
        self.encoder.iter().rev().zip(&self.decoder_bias).enumerate().fold(h, |h, (k, (layer, bias))| {
            let a = h.matmul(layer.weight.val()) + bias.val().unsqueeze_dim::<2>(0);
            // Hidden decoder layers use the hidden activation; the outputs are linear.
            if k == last { a } else { self.encoder[0].activation().forward(a) }
        })
    }

    /// −log p(x | g(code)) of the clean rows.
    pub fn reconstruction(&self, batch: &Batch, code: Tensor<2>) -> Term {
        let parameters = self.decode(code);
        let observed = batch.observed.as_ref();
        let value = self.likelihood.negative_log_likelihood(parameters, batch.x.clone(), observed);
        Term::new("reconstruction", value)
    }

    /// The encoder's layers.
    pub fn encoder_layers(&self) -> Vec<&Dense> {
        self.encoder.iter().collect()
    }
}

/// A stack of layers through `widths`; the last has an activation of its own.
pub(super) fn layers(
    widths: &[usize],
    hidden: Activation,
    last: Activation,
    noise: &mut Stream,
    place: &Place,
) -> Vec<Dense> {
    let count = widths.len() - 1;
    (0..count)
        .map(|l| {
            let activation = if l + 1 == count { last } else { hidden };
            Dense::new(widths[l], widths[l + 1], activation, noise, place)
        })
        .collect()
}

/// The part of [`Autoencoder`](super::Autoencoder) that every family with a `net: Deterministic` has alike.
macro_rules! through_net {
    () => {
        fn encode(&self, x: burn::tensor::Tensor<2>) -> burn::tensor::Tensor<2> {
            self.net.encode(x)
        }

        super::deterministic::through_net!(but encode);
    };
    (but encode) => {
        fn decode(&self, z: burn::tensor::Tensor<2>) -> burn::tensor::Tensor<2> {
            self.net.decode(z)
        }

        fn likelihood(&self) -> &crate::distribution::Likelihood {
            &self.net.likelihood
        }

        fn encoder_layers(&self) -> Vec<&crate::nn::Dense> {
            self.net.encoder_layers()
        }
    };
}
pub(super) use through_net;
