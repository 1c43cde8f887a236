//! What the trainer, the evaluation and the tasks call on a model, whichever it is. A family of your own implements these;
//! `examples/own_family.rs` shows one.

use super::{Batch, CHUNK, Codebook, HealthStats};
use crate::data::Encoded;
use crate::distribution::{Likelihood, Posterior};
use crate::nn::Layers;
use crate::objective::{EncoderTrace, Term};
use crate::random::{RowNoise, Stream};
use crate::tensor::{Device, Tensor};

/// What a loss may depend on beside the batch and the weights.
pub struct Context<'a> {
    /// The stream of this step; all of the loss's randomness comes from it.
    pub noise: &'a mut Stream,
    /// Epochs done so far, fractions included; drives warm-ups.
    pub epochs: f64,
    /// Training (corruption, warm-up) or evaluation (neither).
    pub training: bool,
    /// Rows of the data that batches are drawn from.
    pub rows: usize,
    /// Where noise tensors are put.
    pub device: &'a Device,
}

/// What is called on a model in training, beside what [`Module`](crate::tensor::Module) says of its weights.
pub trait Trainable: Send + Sync {
    /// The terms of the objective, each in nats per example; see [`crate::objective::objective`].
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term>;

    /// Whether each row's terms depend on that row alone, so that parts of a batch may be differentiated on different cores.
    fn is_row_separable(&self) -> bool {
        true
    }

    /// How many rows may be put through the loss at a time without need of much memory.
    fn max_batch_rows(&self) -> usize {
        CHUNK
    }

    /// What tells of its health on these rows; `self` without autodiff.
    fn health(&self, _batch: &Batch) -> Option<HealthStats> {
        None
    }

    /// Changes what follows the weights without a gradient, after each step of the optimiser on `batch`; called only of models
    /// that are not [row-separable](Self::is_row_separable). `context` is the loss's: its noise goes on where the loss left it.
    fn after_step(&mut self, _batch: &Batch, _context: &mut Context) {}

    /// Counts what is counted once the weights no longer change, from the training rows. Without autodiff.
    fn after_training(&mut self, _rows: &Encoded, _seed: u64, _device: &Device) {}
}

/// Draws z ~ q(z|x), K of them one after the other for each row of a batch, and what the model makes of them.
pub struct PosteriorDraws {
    /// What the decoder gives: (batch · K) × [`Likelihood::parameters`].
    pub parameters: Tensor<2>,
    /// log p(x, z) − log q(z|x), where p(x|z) is over observed cells: batch × K, in nats.
    pub log_weights: Tensor<2>,
}

/// The parts between a row, its code and the likelihood parameters.
pub trait Network: Send + Sync {
    /// The layers from x to the code.
    fn encoder(&self) -> Layers<'_>;

    /// Likelihood parameters for given codes: batch × [`Likelihood::parameters`].
    fn decode(&self, z: Tensor<2>) -> Tensor<2>;

    /// Reads likelihood parameters.
    fn likelihood(&self) -> &Likelihood;
}

/// What the evaluation and the tasks call on a model.
///
/// Shapes: `x` batch × encoded width, codes batch × latent_dim, likelihood parameters
/// batch × [`Likelihood::parameters`]. A conditional model takes x and codes with the condition beside them:
/// [`Batch::input`], [`Batch::with_condition`].
pub trait Autoencoder: Trainable {
    /// Encoder, decoder and likelihood. All else has a default, made of these.
    fn network(&self) -> &dyn Network;

    /// The code of each row: f(x), the posterior's mean, or the vectors nearest to f(x).
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.encoder().forward(x)
    }

    /// Likelihood parameters for the codes of the batch.
    fn reconstruct(&self, batch: &Batch) -> Tensor<2> {
        self.reconstruct_from(batch, self.encode(batch.input()))
    }

    /// The same from codes that are known already.
    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        self.decode(batch.with_condition(code))
    }

    /// The reconstructions by which rows are scored: one at each size of noise, for a family that knows several.
    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        vec![self.reconstruct(batch)]
    }

    /// Whether there is a q(z|x).
    fn has_posterior(&self) -> bool {
        false
    }

    /// q(z|x), for families that have one.
    fn posterior(&self, _x: Tensor<2>) -> Option<Posterior> {
        None
    }

    /// Likelihood parameters for given codes.
    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.network().decode(z)
    }

    /// Reads likelihood parameters.
    fn likelihood(&self) -> &Likelihood {
        self.network().likelihood()
    }

    /// The layers from x to [`encode`](Self::encode)'s result, before it is quantised.
    fn encoder(&self) -> Layers<'_> {
        self.network().encoder()
    }

    /// [`encode`](Self::encode) before it is quantised, keeping what its Jacobian needs.
    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        EncoderTrace::new(self.encoder(), x)
    }

    /// `samples` draws z ~ q(z|x) for each row, weighed and decoded. `None` without a posterior.
    fn draw_posterior(
        &self,
        _batch: &Batch,
        _samples: usize,
        _noise: &mut RowNoise,
        _device: &Device,
    ) -> Option<PosteriorDraws> {
        None
    }

    /// log p(x, z) − log q(z|x) at `samples` draws z ~ q(z|x) for each row: batch × samples, in nats. `None` without a posterior.
    fn log_weights(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<Tensor<2>> {
        Some(self.draw_posterior(batch, samples, noise, device)?.log_weights)
    }

    /// What codes are made of, for families with a finite number of them.
    fn codebook(&self) -> Option<&Codebook> {
        None
    }

    /// Draws codes from the prior p(z), if the family defines one.
    fn sample_prior(&self, _rows: usize, _noise: &mut Stream, _device: &Device) -> Option<Tensor<2>> {
        None
    }

    /// Width of the code.
    fn latent_dim(&self) -> usize {
        self.encoder().outputs()
    }

    /// ‖J_f(x)‖²_F for each row, exactly; see [`EncoderTrace`].
    fn contraction(&self, x: Tensor<2>) -> Tensor<1> {
        self.trace(x).contraction(None)
    }
}
