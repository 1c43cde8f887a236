//! Model families. Adding one = one file here, one variant in [`FamilyConfig`] and [`Model`], one golden file.

mod classifier;
mod column_likelihoods;
mod config;
mod contractive;
mod denoising;
mod deterministic;
mod health;
mod layerwise;
mod multiscale;
mod plain;
mod sparse;
mod variational;
mod vector_quantized;

pub use classifier::Classifier;
pub use column_likelihoods::{ANY_COLUMN, LikelihoodName};
pub use config::{Architecture, FamilyConfig, ModelConfig};
pub use contractive::{Contractive, ContractiveConfig};
pub use denoising::Denoising;
pub use deterministic::Deterministic;
pub use health::{ACTIVE_VARIANCE, HealthStats};
pub use layerwise::Layerwise;
pub use multiscale::{Multiscale, MultiscaleConfig};
pub use plain::Plain;
pub use sparse::{Sparse, SparseConfig};
pub use variational::{
    AnnealingState, Autoregressive, AutoregressiveFlow, Bound, Flow, FlowConfig, Hierarchical, Mixture,
    Planar, PlanarFlow, PosteriorHeads, Prior, PriorConfig, ReparameterizationNoise, VampPrior, Variational,
    VariationalConfig,
};
pub use vector_quantized::{CodePrior, Codebook, VectorQuantized, VectorQuantizedConfig};

use crate::tensor::Module;
use crate::tensor::{Int, Tensor, TensorData};

use crate::data::{Encoded, draw_pixels, draw_pixels_once};
use crate::distribution::{Likelihood, Posterior};
use crate::kernel::in_parallel;
use crate::nn::Linear;
use crate::objective::{EncoderTrace, Term};
use crate::random::{Purpose, RowNoise, Stream, stream};
use crate::tensor::{Device, repeat_rows};

/// A batch of encoded rows.
#[derive(Clone)]
pub struct Batch {
    /// batch × encoded width; 0 where a cell is missing.
    pub x: Tensor<2>,
    /// What the rows are given, for conditional models: batch × its width.
    pub condition: Option<Tensor<2>>,
    /// 1 where a cell was observed, else 0; `None` if every cell was.
    pub observed: Option<Tensor<2>>,
    /// The class of each row, where there are classes.
    pub classes: Option<Tensor<1, Int>>,
}

impl Batch {
    /// The encoded `rows` as tensors; [fresh](Encoded::dynamic_pixels) intensities as those of held-out rows, drawn once.
    pub fn gather(encoded: &Encoded, rows: &[usize], device: &Device) -> Self {
        let mut values = gather(&encoded.values, encoded.width, rows);
        if encoded.dynamic_pixels > 0 {
            values
                .chunks_exact_mut(encoded.width)
                .for_each(|row| draw_pixels_once(&mut row[..encoded.dynamic_pixels]));
        }
        Batch::from_host(encoded, rows, values, device)
    }

    /// The encoded `rows` to learn from: [fresh](Encoded::dynamic_pixels) intensities are drawn as 0 or 1.
    pub fn draw(encoded: &Encoded, rows: &[usize], noise: &mut Stream, device: &Device) -> Self {
        let mut values = gather(&encoded.values, encoded.width, rows);
        if encoded.dynamic_pixels > 0 {
            values
                .chunks_exact_mut(encoded.width)
                .for_each(|row| draw_pixels(&mut row[..encoded.dynamic_pixels], noise));
        }
        Batch::from_host(encoded, rows, values, device)
    }

    fn from_host(encoded: &Encoded, rows: &[usize], values: Vec<f32>, device: &Device) -> Self {
        let tensor = |values: Vec<f32>| device.tensor(values, [rows.len(), encoded.width]);
        let classes = encoded.classes.as_ref().map(|classes| {
            let chosen: Vec<i64> = rows.iter().map(|&row| i64::from(classes[row])).collect();
            Tensor::from_data(TensorData::new(chosen, [rows.len()]), &device.inner)
        });
        let observed = encoded.observed.as_deref().map(|flags| tensor(gather(flags, encoded.width, rows)));
        let condition = encoded
            .condition
            .as_ref()
            .map(|c| device.tensor(gather(&c.values, c.width, rows), [rows.len(), c.width]));
        Batch { x: tensor(values), condition, observed, classes }
    }

    /// Rows alone: all observed, no classes, nothing given.
    pub fn new(x: Tensor<2>) -> Self {
        Batch { x, condition: None, observed: None, classes: None }
    }

    /// What an encoder sees: x, and beside it the condition.
    pub fn input(&self) -> Tensor<2> {
        self.with_condition(self.x.clone())
    }

    /// What an encoder would see if x were another: `x + change`.
    pub fn changed_input(&self, change: Tensor<2>) -> Tensor<2> {
        self.with_condition(self.x.clone() + change)
    }

    /// Codes, or inputs, with the condition beside them. `rows` may hold each row of the batch several times, one after the other.
    pub fn with_condition(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.condition {
            Some(condition) => {
                let times = rows.dims()[0] / condition.dims()[0];
                Tensor::cat(vec![rows, repeat_rows(condition.clone(), times)], 1)
            }
            None => rows,
        }
    }
}

/// Some of the rows of a matrix.
fn gather(values: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        out.extend_from_slice(&values[row * width..(row + 1) * width]);
    }
    out
}

/// Rows put through a network at a time.
pub(crate) const CHUNK: usize = 1024;

/// `network` on all `rows`, chunk by chunk on all cores, on the host.
pub(crate) fn in_chunks(
    rows: &Encoded,
    device: &Device,
    network: impl Fn(Batch) -> Vec<f32> + Sync,
) -> Vec<f32> {
    let all: Vec<usize> = (0..rows.rows).collect();
    let of_chunk = |chunk: &[usize]| network(Batch::gather(rows, chunk, device));
    in_parallel(&all, CHUNK, of_chunk).concat()
}

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

/// What the trainer knows of a model.
pub trait Trainable: Module + Sync {
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

    /// What follows the weights without a gradient, after each step of the optimiser on `batch`; only of models whose rows are
    /// not [apart](Self::is_row_separable). `context` is the loss's: its noise goes on where the loss left it.
    fn after_step(self, _batch: &Batch, _context: &mut Context) -> Self {
        self
    }

    /// What is counted once the weights no longer change, from the training rows. Without autodiff.
    fn after_training(self, _rows: &Encoded, _seed: u64, _place: &Device) -> Self {
        self
    }
}

/// Draws z ~ q(z|x), K of them one after the other for each row of a batch, and what the model makes of them.
pub struct PosteriorDraws {
    /// What the decoder gives: (batch · K) × [`Likelihood::parameters`].
    pub parameters: Tensor<2>,
    /// log p(x, z) − log q(z|x), where p(x|z) is over observed cells: batch × K, in nats.
    pub log_weights: Tensor<2>,
}

/// What the evaluation and the tasks know of a model.
///
/// Shapes: `x` batch × encoded width, codes batch × latent_dim, likelihood parameters
/// batch × [`Likelihood::parameters`]. A conditional model takes x and codes with the condition beside them:
/// [`Batch::input`], [`Batch::with_condition`].
pub trait Autoencoder: Trainable {
    /// The code of each row: f(x), the posterior's mean, or the vectors nearest to f(x).
    fn encode(&self, x: Tensor<2>) -> Tensor<2>;

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
    fn decode(&self, z: Tensor<2>) -> Tensor<2>;

    /// Reads likelihood parameters.
    fn likelihood(&self) -> &Likelihood;

    /// The layers from x to [`encode`](Self::encode)'s result, before it is quantised.
    fn encoder_layers(&self) -> Vec<&Linear>;

    /// [`encode`](Self::encode) before it is quantised, keeping what its Jacobian needs.
    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        EncoderTrace::new(self.encoder_layers(), x)
    }

    /// `samples` draws z ~ q(z|x) for each row, weighed and decoded. `None` without a posterior.
    fn draw_posterior(
        &self,
        _batch: &Batch,
        _samples: usize,
        _noise: &mut RowNoise,
        _place: &Device,
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
    fn sample_prior(&self, _rows: usize, _noise: &mut Stream, _place: &Device) -> Option<Tensor<2>> {
        None
    }

    /// Width of the code.
    fn latent_dim(&self) -> usize {
        self.encoder_layers().last().map_or(0, |layer| layer.outputs())
    }

    /// ‖J_f(x)‖²_F for each row, exactly; see [`EncoderTrace`].
    fn contraction(&self, x: Tensor<2>) -> Tensor<1> {
        self.trace(x).contraction(None)
    }
}

/// Any model, chosen at run time.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one model per program")]
pub enum Model {
    /// Reconstruction alone.
    Plain(Plain),
    /// Clean from corrupted.
    Denoising(Denoising),
    /// With a sparse code.
    Sparse(Sparse),
    /// With the contraction.
    Contractive(Contractive),
    /// With a posterior and a prior.
    Variational(Variational),
    /// With a code of entries of codebooks.
    VectorQuantized(VectorQuantized),
    /// Clean from corrupted, at every size of the corruption.
    Multiscale(Multiscale),
}

/// Calls the same method on whichever family it is.
macro_rules! each {
    ($self:expr, $model:ident => $call:expr) => {
        match $self {
            Model::Plain($model) => $call,
            Model::Denoising($model) => $call,
            Model::Sparse($model) => $call,
            Model::Contractive($model) => $call,
            Model::Variational($model) => $call,
            Model::VectorQuantized($model) => $call,
            Model::Multiscale($model) => $call,
        }
    };
}

impl Model {
    /// Builds the architecture with initial weights drawn from `seed`.
    pub fn new(architecture: &Architecture, seed: u64, device: &Device) -> Self {
        let noise = &mut stream(seed, Purpose::Initialize, 0, 0);
        match &architecture.family {
            FamilyConfig::Plain { .. } => Model::Plain(Plain::new(architecture, noise, device)),
            FamilyConfig::Denoising { corruption, .. } => {
                Model::Denoising(Denoising::new(architecture, *corruption, noise, device))
            }
            FamilyConfig::Sparse(config) => {
                Model::Sparse(Sparse::new(architecture, config.sparsity, noise, device))
            }
            FamilyConfig::Contractive(config) => {
                Model::Contractive(Contractive::new(architecture, *config, noise, device))
            }
            FamilyConfig::Variational(config) => {
                Model::Variational(Variational::new(architecture, config, noise, device))
            }
            FamilyConfig::VectorQuantized(config) => {
                Model::VectorQuantized(VectorQuantized::new(architecture, *config, noise, device))
            }
            FamilyConfig::Multiscale(config) => {
                Model::Multiscale(Multiscale::new(architecture, config, noise, device))
            }
        }
    }
}

impl Trainable for Model {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        each!(self, model => model.loss(batch, context))
    }

    fn is_row_separable(&self) -> bool {
        each!(self, model => model.is_row_separable())
    }

    fn max_batch_rows(&self) -> usize {
        each!(self, model => model.max_batch_rows())
    }

    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        each!(self, model => model.health(batch))
    }

    fn after_step(self, batch: &Batch, context: &mut Context) -> Self {
        match self {
            Model::VectorQuantized(model) => Model::VectorQuantized(model.after_step(batch, context)),
            other => other,
        }
    }

    fn after_training(self, rows: &Encoded, seed: u64, device: &Device) -> Self {
        match self {
            Model::VectorQuantized(model) => Model::VectorQuantized(model.after_training(rows, seed, device)),
            other => other,
        }
    }
}

impl Autoencoder for Model {
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        each!(self, model => model.encode(x))
    }

    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        each!(self, model => model.reconstruct_from(batch, code))
    }

    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        each!(self, model => model.reconstructions(batch))
    }

    fn has_posterior(&self) -> bool {
        each!(self, model => model.has_posterior())
    }

    fn posterior(&self, x: Tensor<2>) -> Option<Posterior> {
        each!(self, model => model.posterior(x))
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        each!(self, model => model.decode(z))
    }

    fn likelihood(&self) -> &Likelihood {
        each!(self, model => model.likelihood())
    }

    fn encoder_layers(&self) -> Vec<&Linear> {
        each!(self, model => model.encoder_layers())
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        each!(self, model => model.trace(x))
    }

    fn draw_posterior(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<PosteriorDraws> {
        each!(self, model => model.draw_posterior(batch, samples, noise, device))
    }

    fn codebook(&self) -> Option<&Codebook> {
        each!(self, model => model.codebook())
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, device: &Device) -> Option<Tensor<2>> {
        each!(self, model => model.sample_prior(rows, noise, device))
    }
}
