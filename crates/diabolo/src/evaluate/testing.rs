//! A model of given weights, for tests with results computed by hand.

use crate::module;
use crate::tensor::Tensor;

use crate::data::Encoded;
use crate::distribution::{Family, Likelihood, LikelihoodBlock};
use crate::model::{self, Autoencoder, Batch, Context, Trainable};
use crate::nn::{Activation, Layers, Linear, Sequential};
use crate::objective::Term;
use crate::tensor::Device;

/// An encoder of the given layers; the decoder copies the code, truncated or zero-padded to the
/// width of the inputs.
#[derive(Clone, Debug)]
pub struct Network {
    encoder: Sequential,
    likelihood: Likelihood,
}
module!(Network { encoder, likelihood });

impl Network {
    /// Layers (outputs, inputs, row-major weights, activation), first to last; biases are 0.
    pub fn new(layers: &[(usize, usize, &[f32], Activation)]) -> Self {
        let device = Device::cpu();
        let layer = |&(outputs, inputs, weights, activation): &(usize, usize, &[f32], Activation)| {
            let weight = device.tensor(weights.to_vec(), [outputs, inputs]);
            Linear::from_parts(weight, device.tensor(vec![0.0; outputs], [outputs]), activation).into()
        };
        let block = LikelihoodBlock::new(Family::Gaussian, 0..layers[0].1);
        Network {
            encoder: layers.iter().map(layer).collect(),
            likelihood: Likelihood::new(vec![block], &device),
        }
    }

    /// The same with a decoder that describes the first columns only.
    pub fn describing(self, columns: usize) -> Self {
        let inputs = self.encoder.inputs();
        let described = LikelihoodBlock::new(Family::Gaussian, 0..columns);
        let blocks = vec![described, LikelihoodBlock::new(Family::InputOnly, columns..inputs)];
        Network { likelihood: Likelihood::new(blocks, &Device::cpu()), ..self }
    }
}

impl Trainable for Network {
    fn loss(&self, _batch: &Batch, _context: &mut Context) -> Vec<Term> {
        vec![]
    }
}

impl Autoencoder for Network {
    fn network(&self) -> &dyn model::Network {
        self
    }
}

impl model::Network for Network {
    fn encoder(&self) -> Layers<'_> {
        self.encoder.layers()
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        let rows = z.dims()[0];
        let inputs = self.encoder.inputs();
        let filled = Tensor::cat(vec![z, Device::cpu().tensor(vec![0.0; rows * inputs], [rows, inputs])], 1);
        filled.narrow(1, 0, inputs)
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }
}

/// Rows of `width` values without missing cells.
pub fn rows(width: usize, values: &[f32]) -> Encoded {
    Encoded::from_values(values.to_vec(), width)
}
