//! The traits of models, used by the trainer, the evaluation and the tasks. A custom family
//! implements these; see `examples/own_family.rs`.

use super::{Batch, Codebook, HealthStats, rows_of_width};
use crate::data::Encoded;
use crate::distribution::{Likelihood, Posterior};
use crate::nn::Layers;
use crate::objective::{EncoderTrace, Term};
use crate::random::{RowNoise, Stream};
use crate::tensor::{Device, Tensor};

/// The context of a loss, in addition to the batch and the weights.
pub struct Context<'a> {
    /// The random stream of this step, the only source of randomness of the loss.
    pub noise: &'a mut Stream,
    /// Epochs done so far, including fractions, for warm-ups.
    pub epochs: f64,
    /// Whether this is training (with corruption and warm-up) or evaluation (without).
    pub training: bool,
    /// Number of rows of the data set.
    pub rows: usize,
    /// The device of noise tensors.
    pub device: &'a Device,
}

/// The interface of a model for training, in addition to [`Module`](crate::tensor::Module).
pub trait Trainable: Send + Sync {
    /// The terms of the objective, each in nats per example; see [`crate::objective::objective`].
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term>;

    /// Whether the terms of each row depend on that row only, so that parts of a batch can be
    /// differentiated on different cores.
    fn is_row_separable(&self) -> bool {
        true
    }

    /// Maximum number of rows of `width` numbers per evaluation of the loss, to limit memory.
    fn max_batch_rows(&self, width: usize) -> usize {
        rows_of_width(width)
    }

    /// Health statistics on these rows; `self` without autodiff.
    fn health(&self, _batch: &Batch) -> Option<HealthStats> {
        None
    }

    /// Sets state from the training rows before training, such as scales. Without autodiff.
    fn before_training(&mut self, _rows: &Encoded, _device: &Device) {}

    /// Epochs until the objective is the final one: the end of warm-ups and cycles of its weights.
    /// Patience counts from there.
    fn warmup_epochs(&self) -> f64 {
        0.0
    }

    /// Updates state without gradients after each optimizer step on `batch`; called only for models
    /// that are not [row-separable](Self::is_row_separable). `context` is that of the loss, with
    /// its noise stream continued.
    fn after_step(&mut self, _batch: &Batch, _context: &mut Context) {}

    /// The likelihood, of a model whose loss depends on the rows only through its first layer and
    /// the likelihood: then a training step may see some of the levels of large categories.
    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        None
    }

    /// Fits state from the training rows after training, when the weights are final. Without
    /// autodiff.
    fn after_training(&mut self, _rows: &Encoded, _seed: u64, _device: &Device) {}
}

/// Draws z ~ q(z|x), K consecutive ones for each row of a batch, with decoder outputs and weights.
pub struct PosteriorDraws {
    /// The decoder outputs: (batch · K) × [`Likelihood::parameters`].
    pub parameters: Tensor<2>,
    /// log p(x, z) − log q(z|x), where p(x|z) is over observed cells: batch × K, in nats.
    pub log_weights: Tensor<2>,
}

/// The encoder, decoder and likelihood of a model.
pub trait Network: Send + Sync {
    /// The layers from x to the code.
    fn encoder(&self) -> Layers<'_>;

    /// The layers from the code to the likelihood parameters, of networks whose decoder is a chain
    /// of layers of its own; not of tied ones.
    fn decoder(&self) -> Option<Layers<'_>> {
        None
    }

    /// The likelihood parameters for given codes: batch × [`Likelihood::parameters`].
    fn decode(&self, z: Tensor<2>) -> Tensor<2>;

    /// The likelihood.
    fn likelihood(&self) -> &Likelihood;
}

/// The interface of a model for evaluation and tasks.
///
/// Shapes: `x` batch × encoded width, codes batch × latent_dim, likelihood parameters
/// batch × [`Likelihood::parameters`]. A conditional model takes x and codes followed by the
/// condition: [`Batch::input`], [`Batch::with_condition`].
pub trait Autoencoder: Trainable {
    /// The encoder, decoder and likelihood, from which all other methods have defaults.
    fn network(&self) -> &dyn Network;

    /// The code of each row: f(x), the posterior mean, or the codebook vectors nearest to f(x).
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        self.encoder().forward(x)
    }

    /// The likelihood parameters for the codes of the batch.
    fn reconstruct(&self, batch: &Batch) -> Tensor<2> {
        self.reconstruct_from(batch, self.encode(batch.input()))
    }

    /// The same from given codes.
    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        self.decode(batch.with_condition(code))
    }

    /// The reconstructions for anomaly scores: one for each noise level, for families with several.
    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        vec![self.reconstruct(batch)]
    }

    /// The reconstruction that shows what is expected of a row: for families with several, that of
    /// the middle noise level, since at the smallest a row is what it was.
    fn expected_reconstruction(&self, batch: &Batch) -> Tensor<2> {
        self.reconstruct(batch)
    }

    /// Whether the model has a posterior q(z|x).
    fn has_posterior(&self) -> bool {
        false
    }

    /// q(z|x), for families that have one.
    fn posterior(&self, _x: Tensor<2>) -> Option<Posterior> {
        None
    }

    /// The likelihood parameters for given codes.
    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.network().decode(z)
    }

    /// The likelihood.
    fn likelihood(&self) -> &Likelihood {
        self.network().likelihood()
    }

    /// The layers from x to the result of [`encode`](Self::encode), before quantization.
    fn encoder(&self) -> Layers<'_> {
        self.network().encoder()
    }

    /// [`encode`](Self::encode) before quantization, with the trace for its Jacobian.
    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        EncoderTrace::new(self.encoder(), x)
    }

    /// `samples` draws z ~ q(z|x) for each row, with weights and decoder outputs. `None` without a
    /// posterior.
    fn draw_posterior(
        &self,
        _batch: &Batch,
        _samples: usize,
        _noise: &mut RowNoise,
        _device: &Device,
    ) -> Option<PosteriorDraws> {
        None
    }

    /// log p(x, z) − log q(z|x) at `samples` draws z ~ q(z|x) for each row: batch × samples, in
    /// nats. `None` without a posterior.
    fn log_weights(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<Tensor<2>> {
        Some(self.draw_posterior(batch, samples, noise, device)?.log_weights)
    }

    /// Number of draws of z for each row from which the loss estimates the KL divergence; `None` if
    /// it has a closed form.
    fn kl_draws(&self) -> Option<usize> {
        None
    }

    /// The codebook, for families with quantized codes.
    fn codebook(&self) -> Option<&Codebook> {
        None
    }

    /// Draws codes from the prior p(z), if the family defines one.
    fn sample_prior(&self, _rows: usize, _noise: &mut Stream, _device: &Device) -> Option<Tensor<2>> {
        None
    }

    /// Number of latent dimensions.
    fn latent_dim(&self) -> usize {
        self.encoder().outputs()
    }

    /// ‖J_f(x)‖²_F for each row, exactly; see [`EncoderTrace`].
    fn contraction(&self, x: Tensor<2>) -> Tensor<1> {
        self.trace(x).contraction(None)
    }
}
