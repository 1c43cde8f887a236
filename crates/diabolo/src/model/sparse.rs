//! The sparse autoencoder: L = −log p(x | g(h)) + weight · sparsity(h), h = f(x), in the three
//! kinds of [`Sparsity`].
//!
//! With `top_k` the code itself is sparse, h = f(x) ⊙ m(x): m is 1 at the k largest units and
//! constant between changes of that choice, so that the encoder's Jacobian is diag(m) ∂f/∂x.

use crate::module;
use crate::tensor::Tensor;

use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Plain, Trainable};
use crate::data::Encoded;
use crate::distribution::Likelihood;
use crate::objective::{EncoderTrace, Sparsity, Term};
use crate::random::Stream;
use crate::tensor::Device;

/// The sparse autoencoder.
#[derive(Clone, Debug)]
pub struct Sparse {
    pub(super) net: Deterministic,
    sparsity: Sparsity,
}
module!(Sparse { ..net });

impl Sparse {
    pub(super) fn new(
        architecture: &Architecture,
        sparsity: Sparsity,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut net = Deterministic::new(architecture, noise, device);
        if let (Some(bias), Some(code)) = (sparsity.initial_bias(), net.encoder.last_mut()) {
            *code = code.clone().with_biases(bias as f32, device);
        }
        Sparse { net, sparsity }
    }

    /// Only the top layer is sparse; the layers below are plain.
    pub(super) fn top_layer(&self, device: &Device) -> Self {
        Sparse { net: self.net.layer(self.net.encoder.len() - 1, device), sparsity: self.sparsity }
    }

    pub(super) fn plain_layer(&self, k: usize, device: &Device) -> Plain {
        Plain { net: self.net.layer(k, device) }
    }

    pub(super) fn with_layer(self, k: usize, trained: Deterministic) -> Self {
        Sparse { net: self.net.with_layer(k, trained), sparsity: self.sparsity }
    }
}

impl Trainable for Sparse {
    fn loss(&self, batch: &Batch, _context: &mut Context) -> Vec<Term> {
        let code = self.encode(batch.x.clone());
        let sparsity = self.sparsity.term(&code);
        [self.net.reconstruction(batch, code)].into_iter().chain(sparsity).collect()
    }

    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        self.net.likelihood_of_levels()
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }

    /// The divergence of the mean activation depends on the whole batch.
    fn is_row_separable(&self) -> bool {
        !matches!(self.sparsity, Sparsity::Kl { .. })
    }
}

impl Autoencoder for Sparse {
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        let code = self.net.encoder.forward(x);
        match self.sparsity.mask(&code) {
            Some(mask) => code * mask,
            None => code,
        }
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        let trace = EncoderTrace::new(self.encoder(), x);
        match self.sparsity.mask(&trace.code) {
            Some(mask) => trace.masked(mask),
            None => trace,
        }
    }

    fn network(&self) -> &dyn Network {
        &self.net
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{Family, LikelihoodBlock};
    use crate::model::{FamilyConfig, SparseConfig};
    use crate::nn::Activation;
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::to_host;

    fn top_k(k: usize, hidden: Vec<usize>, device: &Device) -> Sparse {
        let sparsity = Sparsity::TopK { k };
        let architecture = Architecture {
            family: FamilyConfig::Sparse(SparseConfig { tied: false, sparsity }),
            inputs: 5,
            condition: 0,
            stem: None,
            hidden,
            latent_dim: 7,
            activation: Activation::Tanh,
            latent_activation: Activation::Identity,
            likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..5)],
        };
        Sparse::new(&architecture, sparsity, &mut stream(4, Purpose::Initialize, 0, 0), device)
    }

    /// Codes are continuous random numbers, so that a step of 1e-6 does not change the k largest.
    #[test]
    fn contraction_is_that_of_the_masked_code() {
        let device = Device::cpu_f64();
        let rows = 4;
        for hidden in [vec![], vec![6]] {
            let model = top_k(3, hidden, &device);
            let noise = standard_normal(&mut stream(8, Purpose::Choose, 0, 0), rows * 5);
            let x: Tensor<2> = device.tensor(noise, [rows, 5]);
            let kept = to_host(model.encode(x.clone())).iter().filter(|h| **h != 0.0).count();
            assert_eq!(kept, 3 * rows);
            let mut numeric = vec![0.0; rows];
            for i in 0..5 {
                let mut step = vec![0.0; 5];
                step[i] = 1.0;
                let step: Tensor<2> = device.tensor(step, [1, 5]) * 1e-6;
                let column = (model.encode(x.clone() + step.clone()) - model.encode(x.clone() - step)) * 5e5;
                let squares = to_host(column.square().sum_dim(1));
                numeric.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
            }
            for (exact, numeric) in to_host(model.contraction(x.clone())).iter().zip(numeric) {
                assert!((exact - numeric).abs() < 1e-5 * numeric.max(1e-3), "{exact} instead of {numeric}");
            }
            let whole = to_host(model.net.encoder.forward(x)).iter().filter(|h| **h != 0.0).count();
            assert_eq!(whole, 7 * rows, "the zeros are from the mask, not from the encoder");
        }
    }
}
