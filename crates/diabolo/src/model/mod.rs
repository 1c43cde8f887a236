//! Model families. Adding one = one file here, one variant in [`FamilyConfig`] and [`Model`], one golden file.

mod classifier;
mod config;
mod contractive;
mod denoising;
mod deterministic;
mod layerwise;
mod likelihood;
mod plain;
mod sparse;
mod variational;

pub use classifier::Classifier;
pub use config::{Architecture, ContractiveConfig, FamilyConfig, ModelConfig, SparseConfig};
pub use contractive::Contractive;
pub use denoising::Denoising;
pub use deterministic::Deterministic;
pub use layerwise::Layerwise;
pub use likelihood::{ANY_COLUMN, LikelihoodName};
pub use plain::Plain;
pub use sparse::Sparse;
pub use variational::{Variational, VariationalConfig};

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};

use crate::data::Encoded;
use crate::distribution::{Likelihood, Posterior};
use crate::nn::{Dense, Place};
use crate::noise::{Purpose, Stream, stream};
use crate::objective::{EncoderTrace, Term};

/// A batch of encoded rows.
#[derive(Clone)]
pub struct Batch {
    /// batch × encoded width; 0 where a cell is missing.
    pub x: Tensor<2>,
    /// 1 where a cell was observed, else 0; `None` if every cell was.
    pub observed: Option<Tensor<2>>,
    /// The class of each row, where there are classes.
    pub classes: Option<Tensor<1, Int>>,
}

impl Batch {
    /// The encoded `rows` as tensors.
    pub fn gather(encoded: &Encoded, rows: &[usize], place: &Place) -> Self {
        let gather = |values: &[f32]| {
            let mut out = Vec::with_capacity(rows.len() * encoded.width);
            for &row in rows {
                out.extend_from_slice(&values[row * encoded.width..(row + 1) * encoded.width]);
            }
            place.tensor(out, [rows.len(), encoded.width])
        };
        let classes = encoded.classes.as_ref().map(|classes| {
            let chosen: Vec<i64> = rows.iter().map(|&row| i64::from(classes[row])).collect();
            Tensor::from_data(TensorData::new(chosen, [rows.len()]), &place.device)
        });
        Batch { x: gather(&encoded.values), observed: encoded.observed.as_deref().map(gather), classes }
    }
}

/// Rows put through a network at a time.
pub(crate) const CHUNK: usize = 1024;

/// `network` on all `rows`, chunk by chunk, on the host.
pub(crate) fn in_chunks(rows: &Encoded, place: &Place, network: impl Fn(Batch) -> Vec<f32>) -> Vec<f32> {
    let all: Vec<usize> = (0..rows.rows).collect();
    all.chunks(CHUNK).flat_map(|chunk| network(Batch::gather(rows, chunk, place))).collect()
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
    pub place: &'a Place,
}

/// What the trainer knows of a model.
pub trait Trainable: Module {
    /// The terms of the objective, each in nats per example; see [`crate::objective::objective`].
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term>;
}

/// What the evaluation and the tasks know of a model.
///
/// Shapes: `x` batch × encoded width, codes batch × latent_dim, likelihood parameters
/// batch × [`Likelihood::parameters`].
pub trait Autoencoder: Trainable {
    /// The code of each row: f(x), or the posterior's mean.
    fn encode(&self, x: Tensor<2>) -> Tensor<2>;

    /// q(z|x), for families that have one.
    fn posterior(&self, _x: Tensor<2>) -> Option<Posterior> {
        None
    }

    /// Likelihood parameters for given codes.
    fn decode(&self, z: Tensor<2>) -> Tensor<2>;

    /// Reads likelihood parameters.
    fn likelihood(&self) -> &Likelihood;

    /// The layers from x to [`encode`](Self::encode)'s result.
    fn encoder_layers(&self) -> Vec<&Dense>;

    /// [`encode`](Self::encode), keeping what its Jacobian needs.
    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        EncoderTrace::new(self.encoder_layers(), x)
    }

    /// Draws codes from the prior p(z), if the family defines one.
    fn sample_prior(&self, _rows: usize, _noise: &mut Stream, _place: &Place) -> Option<Tensor<2>> {
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
        }
    };
}

impl Model {
    /// Builds the architecture with initial weights drawn from `seed`.
    pub fn new(architecture: &Architecture, seed: u64, place: &Place) -> Self {
        let noise = &mut stream(seed, Purpose::Initialize, 0, 0);
        match &architecture.family {
            FamilyConfig::Plain { .. } => Model::Plain(Plain::new(architecture, noise, place)),
            FamilyConfig::Denoising { corruption, .. } => {
                Model::Denoising(Denoising::new(architecture, *corruption, noise, place))
            }
            FamilyConfig::Sparse(config) => {
                Model::Sparse(Sparse::new(architecture, config.sparsity, noise, place))
            }
            FamilyConfig::Contractive(config) => {
                Model::Contractive(Contractive::new(architecture, *config, noise, place))
            }
            FamilyConfig::Variational(config) => {
                Model::Variational(Variational::new(architecture, config, noise, place))
            }
        }
    }
}

impl Trainable for Model {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        each!(self, model => model.loss(batch, context))
    }
}

impl Autoencoder for Model {
    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        each!(self, model => model.encode(x))
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

    fn encoder_layers(&self) -> Vec<&Dense> {
        each!(self, model => model.encoder_layers())
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        each!(self, model => model.trace(x))
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, place: &Place) -> Option<Tensor<2>> {
        each!(self, model => model.sample_prior(rows, noise, place))
    }
}
