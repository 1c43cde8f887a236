//! Values and gradients against JAX in f64 (`testdata/golden`), at 1e-9; and the same in f32, at 1e-4.
//!
//! Contractions there come from `jax.jacfwd`, gradients from `jax.grad` through it: nothing shares a formula with us.
#![allow(clippy::unwrap_used)]

mod bounds;
mod likelihoods;
mod multiscale;
mod sparse;
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
use diabolo::tensor::Device;
use diabolo::tensor::{DType, Gradients, Tensor, TensorData};
use diabolo::tensor::{Module, ModuleMapper, ModuleVisitor, Param};
use serde_json::Value;

fn golden(file: &str) -> Vec<Value> {
    let path = format!("{}/../../testdata/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    json["cases"].as_array().unwrap().clone()
}

/// The two precisions, and how closely each must agree.
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
    Tensor::from_data(TensorData::new(numbers(value), shape), (&device.inner, device.dtype))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert_dtype(DType::F64).iter::<f64>().collect()
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

/// Names parameters as the golden files do: without the family and the shared network.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    /// Variants of enums are no part of a name.
    fn enter(&mut self, name: &str, container: &str) {
        self.0.push(if container.starts_with("Enum:") { "net" } else { name }.into());
    }

    fn name(&self) -> String {
        let parts: Vec<&str> =
            self.0.iter().map(String::as_str).filter(|p| !["net", "layers"].contains(p)).collect();
        match parts.as_slice() {
            ["decoder_bias", k] => format!("decoder.{k}.bias"),
            parts => parts.join("."),
        }
    }
}

struct Load<'a>(Path, &'a BTreeMap<String, Value>, &'a Device);

impl ModuleMapper for Load<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.0.0.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.0.name();
        let value = self.1.get(&name).unwrap_or_else(|| panic!("no golden tensor {name}"));
        let loaded = tensor::<D>(value, self.2);
        assert_eq!(loaded.dims(), param.val().dims(), "{name}");
        Param::from_tensor(loaded)
    }
}

struct Collect<'a>(Path, &'a Gradients, BTreeMap<String, Vec<f64>>);

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.0.0.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.1).unwrap_or_else(|| param.val().inner().zeros_like());
        self.2.insert(self.0.name(), values(gradient));
    }
}

fn assert_gradients(
    what: &str,
    model: &Model,
    gradients: &Gradients,
    expected: &BTreeMap<String, Value>,
    tolerance: f64,
) {
    let mut collect = Collect(Path::default(), gradients, BTreeMap::new());
    model.visit(&mut collect);
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(collect.2.keys().collect()), names(expected.keys().collect()), "{what}");
    for (name, found) in &collect.2 {
        assert_close(&format!("{what} ∂/∂{name}"), found, &numbers(&expected[name]), tolerance);
    }
}

/// Learned variances are numbered by us among themselves, in the golden files among all blocks.
fn rename_variances(map: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut blocks: Vec<usize> = map
        .keys()
        .filter_map(|name| name.strip_prefix("likelihood.")?.strip_suffix(".log_variance")?.parse().ok())
        .collect();
    blocks.sort_unstable();
    map.iter()
        .map(|(name, value)| {
            match blocks.iter().position(|b| *name == format!("likelihood.{b}.log_variance")) {
                Some(k) => (format!("likelihood.log_variance.{k}"), value.clone()),
                None => (name.clone(), value.clone()),
            }
        })
        .collect()
}

fn object(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn stack(named: &mut BTreeMap<String, Value>, prefix: &str, layers: &Value) {
    for (k, layer) in layers.as_array().unwrap().iter().enumerate() {
        for (part, value) in object(layer) {
            named.insert(format!("{prefix}.{k}.{part}"), value);
        }
    }
}

fn width(rows: &Value) -> usize {
    rows[0].as_array().unwrap().len()
}

fn hidden(layers: &Value) -> Vec<usize> {
    layers.as_array().unwrap().iter().map(|l| l["bias"].as_array().unwrap().len()).collect()
}

fn load(architecture: &Architecture, named: &BTreeMap<String, Value>, device: &Device) -> Model {
    Model::new(architecture, 0, device).map(&mut Load(Path::default(), named, device)).train()
}

fn value_of(terms: &[Term], name: &str) -> Vec<f64> {
    values(terms.iter().find(|t| t.name == name).unwrap().value.clone())
}

#[test]
fn contraction_and_its_gradient_at_depths_one_to_four() {
    for (device, tolerance) in devices() {
        for case in golden("contraction.json") {
            let name = case["name"].as_str().unwrap();
            let layers: Vec<Linear> = case["layers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|l| {
                    Linear::from_parts(
                        tensor(&l["weight"], &device),
                        tensor(&l["bias"], &device),
                        activation(&case),
                    )
                    .train()
                })
                .collect();
            let trace = EncoderTrace::new(layers.iter().collect(), tensor(&case["x"], &device));
            let value = trace.contraction(None);
            assert_close(name, &values(trace.code.clone().inner()), &numbers(&case["h"]), tolerance);
            let expected = numbers(&case["jacobian_frobenius_squared"]);
            assert_close(name, &values(value.clone().inner()), &expected, tolerance);
            let gradients = value.mean().backward();
            for (k, layer) in layers.iter().enumerate() {
                let weight = values(layer.weight.val().grad(&gradients).unwrap());
                let expected = numbers(&case["gradients"][format!("encoder.{k}.weight")]);
                assert_close(&format!("{name} ∂/∂weight {k}"), &weight, &expected, tolerance);
                // A linear encoder's Jacobian does not depend on its biases, so Burn has no gradient for them.
                let bias = layer.bias.val().grad(&gradients).map_or(vec![0.0; layer.outputs()], values);
                let expected = numbers(&case["gradients"][format!("encoder.{k}.bias")]);
                assert_close(&format!("{name} ∂/∂bias {k}"), &bias, &expected, tolerance);
            }
        }
    }
}

/// The negative control: a contraction whose φ′ is cut off from the graph lacks φ″ and must not pass.
#[test]
fn without_curvature_the_gradient_is_wrong() {
    let device = Device::cpu_f64();
    let cases = golden("contraction.json");
    let case = cases.iter().find(|c| c["name"].as_str().unwrap().starts_with("sigmoid_depth1")).unwrap();
    let layer = Linear::from_parts(
        tensor(&case["layers"][0]["weight"], &device),
        tensor(&case["layers"][0]["bias"], &device),
        Activation::Sigmoid,
    )
    .train();
    let slope = layer.trace(tensor(&case["x"], &device)).derivative.detach();
    let cut = (slope.square() * layer.weight.val().square().sum_dim(1).transpose()).sum_dim(1).mean();
    let found = values(layer.weight.val().grad(&cut.backward()).unwrap());
    let expected = numbers(&case["gradients"]["encoder.0.weight"]);
    let scale = expected.iter().fold(0f64, |m, e| m.max(e.abs()));
    let error = found.iter().zip(&expected).fold(0f64, |m, (f, e)| m.max((f - e).abs())) / scale;
    assert!(error > 1e-2, "{error}");
}

#[test]
fn contractive_autoencoders_tied_and_untied() {
    for (device, tolerance) in devices() {
        for case in golden("autoencoder.json") {
            let name = case["name"].as_str().unwrap();
            let (inputs, tied) = (width(&case["x"]), case["tied"].as_bool().unwrap());
            let mut widths = hidden(&case["encoder"]);
            let latent_dim = widths.pop().unwrap();
            let architecture = Architecture {
                family: FamilyConfig::Contractive(ContractiveConfig {
                    tied,
                    contraction_weight: case["contraction_weight"].as_f64().unwrap(),
                    ..Default::default()
                }),
                inputs,
                condition: 0,
                hidden: widths,
                latent_dim,
                activation: activation(&case),
                latent_activation: activation(&case),
                likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..inputs)],
            };
            let mut named = BTreeMap::new();
            stack(&mut named, "encoder", &case["encoder"]);
            stack(&mut named, "decoder", &case["decoder"]);
            let model = load(&architecture, &named, &device);
            let batch = Batch::new(tensor(&case["x"], &device));
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let context = &mut Context { noise, epochs: 0.0, training: true, rows: 1, device: &device };
            let mut terms = model.loss(&batch, context);
            if case.get("eps").is_some() {
                terms.push(curvature(&case, &model, &batch, &device));
                assert_close(name, &value_of(&terms, "curvature"), &numbers(&case["curvature"]), tolerance);
            }
            assert_close(
                name,
                &value_of(&terms, "reconstruction"),
                &numbers(&case["reconstruction"]),
                tolerance,
            );
            assert_close(name, &value_of(&terms, "contraction"), &numbers(&case["contraction"]), tolerance);
            let total = objective(&terms);
            assert_close(name, &values(total.clone().inner()), &numbers(&case["objective"]), tolerance);
            assert_gradients(name, &model, &total.backward(), &object(&case["gradients"]), tolerance);
            let logits = model.decode(model.encode(batch.x)).inner();
            assert_close(name, &values(logits), &numbers(&case["logits"]), tolerance);
        }
    }
}

/// The higher-order term (CAE+H) with the golden file's ε.
fn curvature(case: &Value, model: &Model, batch: &Batch, device: &Device) -> Term {
    let trace = |x| EncoderTrace::new(model.encoder(), x);
    let near = trace(batch.x.clone() + tensor(&case["eps"], device));
    let value = trace(batch.x.clone()).curvature(&near, None);
    Term::new("curvature", value).weighted(case["curvature_weight"].as_f64().unwrap())
}

/// A block of columns as the golden files write it.
fn block(json: &Value) -> LikelihoodBlock {
    let side = |key: &str| json[key].as_u64().unwrap() as usize;
    let columns = side("start")..side("start") + side("width");
    let name = json.get("family").unwrap_or(&json["kind"]).as_str().unwrap();
    let variance = json["variance"].get("kind").unwrap_or(&json["variance"]);
    let variance = match (name, variance.as_str()) {
        (_, Some("fixed")) => Variance::Fixed { value: json["value"].as_f64().unwrap() },
        (_, Some("shared")) => Variance::Shared,
        (_, Some("per_feature")) => Variance::PerFeature,
        (_, Some("decoder")) => Variance::Decoder,
        ("discretized_logistic", _) => {
            let components = side("components");
            return LikelihoodBlock::new(Family::DiscretizedLogistic { components }, columns);
        }
        _ => return LikelihoodBlock::new(name.parse().unwrap(), columns),
    };
    LikelihoodBlock::gaussian(variance, columns)
}

#[test]
fn every_term_of_the_elbo_for_every_likelihood() {
    for (device, tolerance) in devices() {
        for case in golden("variational.json") {
            let name = case["name"].as_str().unwrap();
            let kl_weight = case["kl_weight"].as_f64().unwrap();
            let blocks = case["likelihood"].as_array().unwrap();
            let architecture = Architecture {
                family: FamilyConfig::Variational(VariationalConfig { kl_weight, ..Default::default() }),
                inputs: width(&case["x"]),
                condition: 0,
                hidden: hidden(&case["encoder"]),
                latent_dim: width(&case["epsilon"]),
                activation: activation(&case),
                latent_activation: Activation::Identity,
                likelihood: blocks.iter().map(block).collect(),
            };
            let mut named = BTreeMap::new();
            stack(&mut named, "encoder", &case["encoder"]);
            stack(&mut named, "decoder", &case["decoder"]);
            for (head, layer) in object(&case["posterior"]) {
                object(&layer)
                    .into_iter()
                    .for_each(|(part, v)| drop(named.insert(format!("posterior.{head}.{part}"), v)));
            }
            object(&case["output"])
                .into_iter()
                .for_each(|(part, v)| drop(named.insert(format!("output.{part}"), v)));
            for (k, block) in blocks.iter().enumerate() {
                if let Some(raw) = block.get("raw_log_variance") {
                    named.insert(format!("likelihood.{k}.log_variance"), raw.clone());
                }
            }
            let model = load(&architecture, &rename_variances(&named), &device);
            let Model::Variational(variational) = &model else { unreachable!() };

            let observed = case["observed"].is_array().then(|| tensor::<2>(&case["observed"], &device));
            let x: Tensor<2> = tensor(&case["x"], &device);
            // Encoded rows hold 0 where a cell is missing; the golden file leaves a value there.
            let x = observed.clone().map_or(x.clone(), |o| x * o);
            let posterior = model.posterior(x.clone()).unwrap();
            assert_close(name, &values(posterior.mean.inner()), &numbers(&case["posterior_mean"]), tolerance);
            let log_variance = values(posterior.log_variance.inner());
            assert_close(name, &log_variance, &numbers(&case["posterior_log_variance"]), tolerance);

            let batch = Batch { observed, ..Batch::new(x) };
            let latent = tensor(&case["epsilon"], &device);
            let epsilon = ReparameterizationNoise { latent, auxiliary: None, prior: None };
            let stage = AnnealingState { kl_weight, capacity: 0.0, rows: 4, training: true };
            let terms = variational.terms(&batch, epsilon, &stage);
            assert_close(
                name,
                &value_of(&terms, "reconstruction"),
                &numbers(&case["reconstruction"]),
                tolerance,
            );
            assert_close(
                name,
                &value_of(&terms, "kl_divergence"),
                &numbers(&case["kl_divergence"]),
                tolerance,
            );
            let total = objective(&terms);
            assert_close(name, &values(total.clone().inner()), &numbers(&case["objective"]), tolerance);
            assert_gradients(
                name,
                &model,
                &total.backward(),
                &rename_variances(&object(&case["gradients"])),
                tolerance,
            );
        }
    }
}
