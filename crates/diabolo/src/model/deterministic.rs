//! The network of the deterministic families: h = f(x), likelihood parameters = g(h).
//!
//! Untied, the decoder mirrors the encoder with separate weights. Tied, decoder layer k uses the
//! transpose of encoder layer L−k with separate biases (Vincent et al. 2010, section 3.1).

use crate::module;
use crate::tensor::Param;
use crate::tensor::Tensor;

use super::{Architecture, Batch, Network};
use crate::distribution::{Family, Likelihood, LikelihoodBlock};
use crate::nn::{Activation, AnyLayer, Layers, Sequential};
use crate::objective::Term;
use crate::random::Stream;
use crate::tensor::Device;

/// Encoder, decoder and likelihood.
#[derive(Clone, Debug)]
pub struct Deterministic {
    /// x → h.
    pub encoder: Sequential,
    /// h → likelihood parameters; empty if tied.
    pub decoder: Sequential,
    /// The tied decoder's biases, code side first; empty if untied.
    pub decoder_bias: Vec<Param<1>>,
    /// The likelihood of the decoder outputs.
    pub likelihood: Likelihood,
    /// The activation of a tied decoder's last layer: identity, except for a layer in pretraining.
    output_activation: Activation,
}
module!(Deterministic { encoder, decoder, decoder_bias, likelihood });

impl Deterministic {
    pub(super) fn new(architecture: &Architecture, noise: &mut Stream, device: &Device) -> Self {
        let likelihood = Likelihood::new(architecture.likelihood.clone(), device);
        let encoder = architecture.encoder(noise, device);
        let (decoder, decoder_bias) = if architecture.family.tied() {
            let bias = |layer: &AnyLayer| {
                let count = layer.tied_biases();
                Param::from_tensor(device.tensor(vec![0.0; count], [count]))
            };
            (Sequential::default(), encoder.iter().rev().map(bias).collect())
        } else {
            let mut layers = architecture.hidden_decoder(noise, device);
            layers.push(architecture.output(likelihood.parameters(), noise, device));
            (layers, vec![])
        };
        Deterministic { encoder, decoder, decoder_bias, likelihood, output_activation: Activation::Identity }
    }

    /// The autoencoder of encoder layer `k`, which reconstructs the input of that layer.
    ///
    /// The first layer reconstructs the data. Other layers reconstruct the code of the layer below:
    /// probabilities for sigmoid units (with cross-entropy, as in Vincent et al. 2010), else
    /// numbers (with squared error).
    pub(super) fn layer(&self, k: usize, device: &Device) -> Self {
        let mirror = self.encoder.len() - 1 - k;
        let one = |layer: AnyLayer| Sequential::from_iter([layer]);
        let encoder = one(self.encoder[k].clone());
        let hidden = self.encoder[0].activation();
        let (family, output_activation) = match (k, hidden) {
            (0, _) | (_, Activation::Sigmoid) => (Family::Bernoulli, Activation::Identity),
            _ => (Family::Gaussian, hidden),
        };
        let block = LikelihoodBlock::new(family, 0..encoder.inputs());
        let likelihood = if k == 0 { self.likelihood.clone() } else { Likelihood::new(vec![block], device) };
        let (decoder, decoder_bias) = match self.decoder_bias.is_empty() {
            true => (one(self.decoder[mirror].clone().with_activation(output_activation)), vec![]),
            false => (Sequential::default(), vec![self.decoder_bias[mirror].clone()]),
        };
        Deterministic { encoder, decoder, decoder_bias, likelihood, output_activation }
    }

    /// The same network with encoder layer `k` and its decoder layer from `trained`, a
    /// [`layer`](Self::layer).
    pub(super) fn with_layer(mut self, k: usize, trained: Self) -> Self {
        let mirror = self.encoder.len() - 1 - k;
        let taken =
            |layers: Sequential| layers.into_iter().next().expect("a layer alone has one encoder layer");
        self.encoder[k] = taken(trained.encoder);
        match trained.decoder_bias.into_iter().next() {
            Some(bias) => self.decoder_bias[mirror] = bias,
            None => {
                let activation = self.decoder[mirror].activation();
                self.decoder[mirror] = taken(trained.decoder).with_activation(activation);
            }
        }
        if k == 0 {
            self.likelihood = trained.likelihood;
        }
        self
    }

    /// See [`Trainable`](super::Trainable::likelihood_of_levels): with fully connected layers at
    /// both ends, not tied.
    pub(super) fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        let ends = [self.encoder.first(), self.decoder.last()];
        let is_dense = ends.into_iter().all(|end| end.is_some_and(|layer| layer.as_linear().is_some()));
        is_dense.then_some(&mut self.likelihood)
    }

    /// −log p(x | g(code)) of the clean rows.
    pub fn reconstruction(&self, batch: &Batch, code: Tensor<2>) -> Term {
        let parameters = self.decode(code);
        let observed = batch.observed.as_ref();
        let value = self.likelihood.negative_log_likelihood(parameters, batch.x.clone(), observed);
        Term::new("reconstruction", value)
    }
}

impl Network for Deterministic {
    fn encoder(&self) -> Layers<'_> {
        self.encoder.layers()
    }

    fn decoder(&self) -> Option<Layers<'_>> {
        self.decoder_bias.is_empty().then(|| self.decoder.layers())
    }

    /// g(h).
    fn decode(&self, h: Tensor<2>) -> Tensor<2> {
        if let Some(decoder) = self.decoder() {
            return decoder.forward(h);
        }
        let last = self.encoder.len() - 1;
        self.encoder.iter().rev().zip(&self.decoder_bias).enumerate().fold(h, |h, (k, (layer, bias))| {
            // Hidden decoder layers use the hidden activation.
            let activation = if k == last { self.output_activation } else { self.encoder[0].activation() };
            layer.tied(h, bias.val(), activation)
        })
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }
}
