//! The settings of each family, as configuration: below the families and the architecture.

mod contractive;
mod convolutions;
mod forecast;
pub(super) mod multiscale;
mod network;
mod sequence;
pub(super) mod sizes;
mod sparse;
mod synthesize;
mod variational;
mod vector_quantized;

pub use contractive::ContractiveConfig;
pub use convolutions::{ConvolutionKind, Convolutions};
pub use forecast::ForecastConfig;
pub use multiscale::MultiscaleConfig;
pub use network::{NetworkConfig, Recurrent, RecurrentCell, Stem};
pub use sequence::Sequence;
pub use sparse::SparseConfig;
pub use synthesize::SynthesizeConfig;
pub use variational::{Bound, FlowConfig, PriorConfig, VariationalConfig};
pub(super) use vector_quantized::PRIOR_COMPONENTS;
pub use vector_quantized::VectorQuantizedConfig;

use crate::{Error, Result};

pub(super) fn non_negative(key: &str, value: f64) -> Result<()> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(Error::config(key, "a number, 0 or more", value)),
    }
}
