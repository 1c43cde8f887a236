//! Models for other programs.

mod onnx;

pub use onnx::{Onnx, onnx};
