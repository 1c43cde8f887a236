//! Model families; CONTRIBUTING.md lists what a new one touches. Families outside this crate
//! implement [`Trainable`] and [`Autoencoder`].

mod any;
mod batch;
mod classifier;
mod column_likelihoods;
mod config;
mod contractive;
mod denoising;
mod deterministic;
pub mod forecast;
mod health;
mod layers;
mod layerwise;
mod multiscale;
mod plain;
mod settings;
mod sparse;
pub mod synthetic;
mod traits;
mod variational;
mod vector_quantized;

pub use any::Model;
pub use batch::Batch;
pub(crate) use batch::{CHUNK, in_chunks, rows_of_width};
pub use classifier::Classifier;
pub use column_likelihoods::ANY_COLUMN;
pub use config::{Architecture, FamilyConfig, ModelConfig};
pub use contractive::Contractive;
pub use denoising::Denoising;
pub use deterministic::Deterministic;
pub use health::{ACTIVE_VARIANCE, HealthStats};
pub use layerwise::Layerwise;
pub(crate) use multiscale::Level;
pub use multiscale::Multiscale;
pub use plain::Plain;
pub use settings::{
    Bound, ContractiveConfig, ConvolutionKind, Convolutions, FlowConfig, ForecastConfig, MultiscaleConfig,
    NetworkConfig, PriorConfig, Recurrent, RecurrentCell, Sequence, SparseConfig, Stem, SynthesizeConfig,
    VariationalConfig, VectorQuantizedConfig,
};
pub use sparse::Sparse;
pub use traits::{Autoencoder, Context, Network, PosteriorDraws, Trainable};
pub use variational::{
    AnnealingState, Autoregressive, AutoregressiveFlow, Flow, Hierarchical, Mixture, Planar, PlanarFlow,
    PosteriorHeads, Prior, ReparameterizationNoise, VampPrior, Variational,
};
pub use vector_quantized::{CodePrior, Codebook, VectorQuantized};
