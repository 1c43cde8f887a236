//! Contractive and variational autoencoders for real data.

pub mod data;
pub mod error;
pub mod noise;
pub mod report;

pub use error::{Error, ErrorClass, Result};
