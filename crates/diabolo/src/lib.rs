//! Contractive and variational autoencoders for real data.

pub mod artifact;
pub mod config;
pub mod data;
pub mod distribution;
pub mod error;
pub mod evaluate;
pub mod model;
pub mod nn;
pub mod noise;
pub mod objective;
pub mod report;
pub mod task;
pub mod train;

pub use config::Config;
pub use error::{Error, ErrorClass, Result};
