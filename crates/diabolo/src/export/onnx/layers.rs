//! The layers of encoder and decoder, node by node.
//!
//! Images have their channels side by side at each place, and in ONNX one after the other; a
//! convolution is between two transpositions, of which runtimes leave out those that cancel.

use super::graph::{Attribute, Graph, Value};
use crate::nn::{Activation, AnyLayer, Axis, Convolution, Image, Layer, Linear, Residual};
use crate::tensor::to_host;

/// The layers, first to last.
pub(super) fn chain<'a>(graph: &mut Graph, x: Value, layers: impl Iterator<Item = &'a AnyLayer>) -> Value {
    layers.fold(x, |x, each| layer(graph, &x, each))
}

fn layer(graph: &mut Graph, x: &Value, layer: &AnyLayer) -> Value {
    match layer {
        AnyLayer::Linear(layer) => {
            let a = affine(graph, x, layer, to_host(layer.bias.val()), true);
            activated(graph, a, layer.activation())
        }
        AnyLayer::Convolution(layer) => convolution(graph, x, layer),
        AnyLayer::Residual(layer) => residual(graph, x, layer),
        AnyLayer::Permutation(layer) => chosen(graph, x, layer.order()),
        AnyLayer::Gru(_) | AnyLayer::Lstm(_) => unreachable!("windows are refused"),
    }
}

/// φ(Aᵀ h + b) with the weights of a layer, `bias` for each number or channel.
pub(super) fn tied(graph: &mut Graph, h: &Value, layer: &AnyLayer, bias: Vec<f32>, phi: Activation) -> Value {
    let a = match layer {
        AnyLayer::Linear(layer) => affine(graph, h, layer, bias, false),
        AnyLayer::Convolution(layer) => convolved(graph, h, layer, bias, !layer.is_transposed()),
        _ => unreachable!("layers without a transpose are not tied"),
    };
    activated(graph, a, phi)
}

/// W x + b, or Wᵀ x + b where W is outputs × inputs in `across` layers.
pub(super) fn affine(graph: &mut Graph, x: &Value, layer: &Linear, bias: Vec<f32>, across: bool) -> Value {
    let matrix = graph.floats(&layer.weight.dims(), to_host(layer.weight.val()));
    let bias = graph.floats(&[bias.len()], bias);
    let transposed = Attribute::Integer("transB", i64::from(across));
    graph.node_with("Gemm", "", &[x, &matrix, &bias], &[transposed])
}

fn convolution(graph: &mut Graph, x: &Value, layer: &Convolution) -> Value {
    let a = convolved(graph, x, layer, to_host(layer.bias.val()), layer.is_transposed());
    let a = match layer.order() {
        Some(order) => chosen(graph, &a, order),
        None => a,
    };
    activated(graph, a, layer.activation())
}

/// s(x) + B φ(a).
fn residual(graph: &mut Graph, x: &Value, layer: &Residual) -> Value {
    let inner = convolution(graph, x, &layer.first);
    let inner = convolution(graph, &inner, &layer.second);
    let beside = match &layer.shortcut {
        Some(shortcut) => convolution(graph, x, shortcut),
        None => x.clone(),
    };
    graph.node("Add", &[&beside, &inner])
}

/// The convolution or its transpose with a bias for each channel: positions × channels.
fn convolved(
    graph: &mut Graph,
    x: &Value,
    layer: &Convolution,
    bias: Vec<f32>,
    is_transposed: bool,
) -> Value {
    let window = layer.window();
    let (channels, [rows, columns]) = (layer.weight.dims()[0], [window.rows, window.columns]);
    let places = Image { height: rows.length, width: columns.length, channels: window.channels };
    let positions = Image { height: rows.positions(), width: columns.positions(), channels };
    let (from, to) = if is_transposed { (positions, places) } else { (places, positions) };
    let shape = [channels, window.channels, rows.kernel, columns.kernel];
    let kernel =
        graph.floats(&shape, taps_last(&to_host(layer.weight.val()), window.channels, window.taps()));
    let bias = graph.floats(&[bias.len()], bias);
    let both = |of: fn(&Axis) -> usize| vec![of(&rows) as i64, of(&columns) as i64];
    let padding = [rows.before, columns.before, rows.after, columns.after].map(|zeros| zeros as i64);
    let mut with = vec![
        Attribute::Integers("strides", both(|axis| axis.stride)),
        Attribute::Integers("dilations", both(|axis| axis.dilation)),
        Attribute::Integers("pads", padding.to_vec()),
    ];
    let operator = if is_transposed { "ConvTranspose" } else { "Conv" };
    if is_transposed {
        with.push(Attribute::Integers("output_padding", both(Axis::unseen)));
    }
    let x = graph.reshape(x, &[from.height, from.width, from.channels]);
    let x = transposed(graph, &x, [0, 3, 1, 2]);
    let a = graph.node_with(operator, "", &[&x, &kernel, &bias], &with);
    let a = transposed(graph, &a, [0, 2, 3, 1]);
    graph.reshape(&a, &[to.numbers()])
}

/// … × taps × channels → … × channels × taps.
fn taps_last(weight: &[f32], channels: usize, taps: usize) -> Vec<f32> {
    let of_patch = |patch: &[f32]| {
        let each = (0..channels).flat_map(|channel| (0..taps).map(move |tap| tap * channels + channel));
        each.map(|at| patch[at]).collect::<Vec<f32>>()
    };
    weight.chunks_exact(channels * taps).flat_map(of_patch).collect()
}

fn transposed(graph: &mut Graph, x: &Value, axes: [i64; 4]) -> Value {
    graph.node_with("Transpose", "", &[x], &[Attribute::Integers("perm", axes.to_vec())])
}

/// The numbers of each row at these places.
fn chosen(graph: &mut Graph, x: &Value, order: &[usize]) -> Value {
    let places = graph.integers(&[order.len()], order.iter().map(|&place| place as i64));
    graph.node_with("Gather", "", &[x, &places], &[Attribute::Integer("axis", 1)])
}

pub(super) fn activated(graph: &mut Graph, a: Value, activation: Activation) -> Value {
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
