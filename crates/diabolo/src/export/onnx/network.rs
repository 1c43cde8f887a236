//! The layers of encoder and decoder.

use std::collections::BTreeMap;

use super::graph::{Attribute, Graph, Value};
use crate::artifact::weights::{self, HostTensor};
use crate::model::{Architecture, FamilyConfig, Model, SparseConfig};
use crate::nn::Activation;
use crate::objective::Sparsity;

/// The fully connected layers of a model, by the names of its tensors.
pub(super) struct Network<'a> {
    architecture: &'a Architecture,
    tensors: BTreeMap<String, HostTensor>,
}

impl<'a> Network<'a> {
    pub fn of(architecture: &'a Architecture, model: &Model) -> Self {
        Network { architecture, tensors: weights::export(model) }
    }

    /// x → code.
    pub fn encode(&self, graph: &mut Graph, x: &Value) -> Value {
        let (hidden, code) = (self.architecture.activation, self.architecture.latent_activation);
        let layers = self.architecture.hidden.len();
        let top = (0..layers).fold(x.clone(), |x, k| self.layer(graph, &x, &format!("encoder.{k}"), hidden));
        if self.architecture.family.is_variational() {
            return self.layer(graph, &top, "posterior.mean", Activation::Identity);
        }
        let code = self.layer(graph, &top, &format!("encoder.{layers}"), code);
        match &self.architecture.family {
            FamilyConfig::Sparse(SparseConfig { sparsity: Sparsity::TopK { k }, .. }) => {
                largest(graph, &code, *k)
            }
            _ => code,
        }
    }

    /// Code → parameters of the likelihood.
    pub fn decode(&self, graph: &mut Graph, code: &Value) -> Value {
        let layers = self.architecture.hidden.len();
        let hidden = self.architecture.activation;
        if self.architecture.family.tied() {
            return (0..=layers).fold(code.clone(), |h, k| {
                let activation = if k == layers { Activation::Identity } else { hidden };
                let (weight, bias) = (format!("encoder.{}.weight", layers - k), format!("decoder_bias.{k}"));
                self.affine(graph, &h, (&weight, &bias), false, activation)
            });
        }
        let top =
            (0..layers).fold(code.clone(), |h, k| self.layer(graph, &h, &format!("decoder.{k}"), hidden));
        let output = match self.architecture.family.is_variational() {
            true => "output".to_string(),
            false => format!("decoder.{layers}"),
        };
        self.layer(graph, &top, &output, Activation::Identity)
    }

    /// A learned vector.
    pub fn vector(&self, name: &str) -> Vec<f32> {
        self.tensors[name].values.clone()
    }

    fn layer(&self, graph: &mut Graph, x: &Value, name: &str, activation: Activation) -> Value {
        let names = (format!("{name}.weight"), format!("{name}.bias"));
        self.affine(graph, x, (&names.0, &names.1), true, activation)
    }

    /// φ(W x + b), or φ(Wᵀ x + b), where W is outputs × inputs in `across` layers.
    fn affine(
        &self,
        graph: &mut Graph,
        x: &Value,
        (weight, bias): (&str, &str),
        across: bool,
        activation: Activation,
    ) -> Value {
        let (weight, bias) = (&self.tensors[weight], &self.tensors[bias]);
        let matrix = graph.floats(&weight.shape, weight.values.iter().copied());
        let bias = graph.floats(&bias.shape, bias.values.iter().copied());
        let transposed = Attribute::Integer("transB", i64::from(across));
        let sum = graph.node_with("Gemm", "", &[x, &matrix, &bias], &[transposed]);
        activated(graph, sum, activation)
    }
}

fn activated(graph: &mut Graph, a: Value, activation: Activation) -> Value {
    match activation {
        Activation::Sigmoid => graph.node("Sigmoid", &[&a]),
        Activation::Tanh => graph.node("Tanh", &[&a]),
        Activation::Softplus => graph.node("Softplus", &[&a]),
        Activation::Relu => graph.node("Relu", &[&a]),
        Activation::Identity => a,
        Activation::Silu => {
            let share = graph.node("Sigmoid", &[&a]);
            graph.node("Mul", &[&a, &share])
        }
        Activation::Gelu => {
            let (unit, one, half) =
                (graph.float(std::f32::consts::FRAC_1_SQRT_2), graph.float(1.0), graph.float(0.5));
            let scaled = graph.node("Mul", &[&a, &unit]);
            let error = graph.node("Erf", &[&scaled]);
            let twice = graph.node("Add", &[&error, &one]);
            let share = graph.node("Mul", &[&twice, &half]);
            graph.node("Mul", &[&a, &share])
        }
    }
}

/// The `kept` largest units of each row, the others 0.
fn largest(graph: &mut Graph, code: &Value, kept: usize) -> Value {
    let [values, places] = graph.largest(code, kept);
    let (zero, axis) = (graph.float(0.0), Attribute::Integer("axis", 1));
    let none = graph.node("Mul", &[code, &zero]);
    graph.node_with("ScatterElements", "", &[&none, &places, &values], &[axis])
}
