//! Encoder and decoder.

use std::collections::BTreeMap;

use super::graph::{Attribute, Graph, Value};
use super::layers::{chain, tied};
use super::multiscale;
use crate::artifact::weights::{self, HostTensor};
use crate::model::{Architecture, Autoencoder, FamilyConfig, Model, SparseConfig};
use crate::nn::Activation;
use crate::objective::Sparsity;

/// The network of a model, and its learned vectors by the names of its tensors.
pub(super) struct Network<'a> {
    architecture: &'a Architecture,
    model: &'a Model,
    tensors: BTreeMap<String, HostTensor>,
}

impl<'a> Network<'a> {
    pub fn of(architecture: &'a Architecture, model: &'a Model) -> Self {
        Network { architecture, model, tensors: weights::export(model) }
    }

    /// x → code.
    pub fn encode(&self, graph: &mut Graph, x: &Value) -> Value {
        let code = chain(graph, x.clone(), self.model.encoder().iter().copied());
        match &self.architecture.family {
            FamilyConfig::Sparse(SparseConfig { sparsity: Sparsity::TopK { k }, .. }) => {
                largest(graph, &code, *k)
            }
            _ => code,
        }
    }

    /// The parameters of the likelihood of each reconstruction, over which scores average; the
    /// expected one is in their middle.
    pub fn reconstructions(&self, graph: &mut Graph, x: &Value, code: &Value) -> Vec<Value> {
        match self.model {
            Model::Multiscale(model) => {
                multiscale::reconstructions(graph, model, x, self.architecture.inputs)
            }
            _ => vec![self.decode(graph, code)],
        }
    }

    /// Code → parameters of the likelihood.
    fn decode(&self, graph: &mut Graph, code: &Value) -> Value {
        if let Some(decoder) = self.model.network().decoder() {
            return chain(graph, code.clone(), decoder.iter().copied());
        }
        let encoder = self.model.encoder();
        let last = encoder.len() - 1;
        encoder.iter().rev().enumerate().fold(code.clone(), |h, (k, layer)| {
            let phi = if k == last { Activation::Identity } else { self.architecture.activation };
            tied(graph, &h, layer, self.vector(&format!("decoder_bias.{k}")), phi)
        })
    }

    /// A learned vector.
    pub fn vector(&self, name: &str) -> Vec<f32> {
        self.tensors[name].values.clone()
    }
}

/// The `kept` largest units of each row, the others 0.
fn largest(graph: &mut Graph, code: &Value, kept: usize) -> Value {
    let [values, places] = graph.largest(code, kept);
    let (zero, axis) = (graph.float(0.0), Attribute::Integer("axis", 1));
    let none = graph.node("Mul", &[code, &zero]);
    graph.node_with("ScatterElements", "", &[&none, &places, &values], &[axis])
}
