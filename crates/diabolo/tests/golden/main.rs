//! Values and gradients against JAX in f64 (`testdata/golden`), at 1e-9; the same in f32, at 1e-4.
//!
//! Contractions in the files are from `jax.jacfwd`, gradients from `jax.grad` through it,
//! independent of our formulas.
#![allow(clippy::unwrap_used)]

mod autoencoder;
mod bounds;
mod contraction;
mod convolution;
mod files;
mod layers;
mod likelihoods;
mod multiscale;
mod parameters;
mod recurrent;
mod residual;
mod sparse;
mod variational;
mod vector_quantized;

use std::collections::{BTreeMap, BTreeSet};

use diabolo::distribution::{Family, LikelihoodBlock, Variance};
use diabolo::model::{
    AnnealingState, Architecture, Autoencoder, Batch, Context, ContractiveConfig, FamilyConfig, Model,
    ReparameterizationNoise, Trainable, VariationalConfig,
};
use diabolo::nn::{Activation, Layer, Linear};
use diabolo::objective::{EncoderTrace, Term, objective};
use diabolo::random::{Purpose, stream};
use diabolo::tensor::{
    Device, Gradients, Module, ModuleVisitor, ModuleVisitorMut, Param, Parameter, Tensor, to_host_f64,
};
use serde_json::Value;

use files::golden;
use parameters::{assert_gradients, flatten, load, named};

/// The two precisions, with their tolerances.
fn devices() -> [(Device, f64); 2] {
    [(Device::cpu_f64(), 1e-9), (Device::cpu(), 1e-4)]
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn tensor<const D: usize>(value: &Value, device: &Device) -> Tensor<D> {
    let mut shape = [1; D];
    let mut inner = value;
    for side in shape.iter_mut() {
        if let Some(items) = inner.as_array() {
            *side = items.len();
            inner = &items[0];
        }
    }
    device.tensor(numbers(value), shape)
}

/// |found − expected| ≤ tolerance · max(1, largest expected magnitude).
fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1f64, |m, e| m.max(e.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= tolerance * scale, "{what}: {f} instead of {e}");
    }
}

fn activation(case: &Value) -> Activation {
    serde_json::from_value(case["activation"].clone()).unwrap()
}

fn object(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn width(rows: &Value) -> usize {
    rows[0].as_array().unwrap().len()
}

fn hidden(layers: &Value) -> Vec<usize> {
    layers.as_array().unwrap().iter().map(|l| l["bias"].as_array().unwrap().len()).collect()
}

fn value_of(terms: &[Term], name: &str) -> Vec<f64> {
    to_host_f64(terms.iter().find(|t| t.name == name).unwrap().value.clone())
}
