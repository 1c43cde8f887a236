//! Contractive and variational autoencoders for real data.

pub mod data;
pub mod distribution;
pub mod error;
pub mod model;
pub mod nn;
pub mod noise;
pub mod objective;
pub mod train;

pub use error::{Error, ErrorClass, Result};
