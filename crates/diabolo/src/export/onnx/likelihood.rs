//! The means and the losses of the likelihood, block by block.

use super::graph::{Attribute, Graph, Kind, Value};
use super::network::Network;
use crate::distribution::{
    BESIDE, FARTHEST, FLAT, Family, LEAST_GAP, LOG_LEVEL_SCALE_BOUNDS, LOG_RATE_BOUNDS, LOG_SCALE_BOUNDS,
    LOG_VARIANCE_BOUNDS, LikelihoodBlock, Variance,
};
use crate::stats::elementary::double::{exp, ln, ln_1p};

/// A block with its decoder outputs.
struct Part {
    block: LikelihoodBlock,
    outputs: Value,
    /// Its learned vector before the bounds.
    learned: Vec<f32>,
}

/// The first family without a mean here.
pub(super) fn without_mean(blocks: &[LikelihoodBlock]) -> Option<Family> {
    let families = blocks.iter().map(|block| block.family);
    families.into_iter().find(|family| matches!(family, Family::ContinuousBernoulli | Family::Custom(_)))
}

/// The first family without a loss here.
pub(super) fn without_loss(blocks: &[LikelihoodBlock]) -> Option<Family> {
    let mut families = blocks.iter().map(|block| block.family);
    families.find(|family| {
        use Family::{Bernoulli, Categorical, Gaussian, InputOnly, Laplace, Ordinal};
        !matches!(family, Bernoulli | Categorical | Gaussian | InputOnly | Laplace | Ordinal)
    })
}

/// The blocks with their decoder outputs.
fn parts(graph: &mut Graph, blocks: &[LikelihoodBlock], network: &Network, parameters: &Value) -> Vec<Part> {
    let mut offset = 0;
    let mut counts = [0; 3];
    let mut next = |kind: usize, name: &str| {
        counts[kind] += 1;
        network.vector(&format!("likelihood.{name}.{}", counts[kind] - 1))
    };
    let mut part = |block: &LikelihoodBlock| {
        let outputs = graph.columns(parameters, offset, block.parameters());
        offset += block.parameters();
        let learned = match (block.family, block.variance) {
            (Family::Gaussian, Variance::Shared | Variance::PerFeature) => next(0, "log_variance"),
            (Family::Laplace | Family::StudentT, _) => next(1, "log_scale"),
            (Family::Ordinal, _) if block.width > 1 => next(2, "thresholds"),
            _ => vec![],
        };
        Part { block: *block, outputs, learned }
    };
    blocks.iter().map(&mut part).collect()
}

/// E[x | parameters], in encoded units: rows × width.
///
/// # Panics
/// For families [without a mean](without_mean).
pub(super) fn means(
    graph: &mut Graph,
    blocks: &[LikelihoodBlock],
    network: &Network,
    parameters: &Value,
) -> Value {
    let parts = parts(graph, blocks, network, parameters);
    let means: Vec<Value> = parts.iter().map(|part| mean(graph, part)).collect();
    graph.concat(&means)
}

fn mean(graph: &mut Graph, part: &Part) -> Value {
    let outputs = &part.outputs;
    match part.block.family {
        Family::Bernoulli => graph.node("Sigmoid", &[outputs]),
        Family::BetaBinomial => {
            let logit = graph.columns(outputs, 0, part.block.width);
            graph.node("Sigmoid", &[&logit])
        }
        Family::Gaussian | Family::StudentT | Family::Laplace => location(graph, part),
        Family::Categorical => graph.node_with("Softmax", "", &[outputs], &[Attribute::Integer("axis", 1)]),
        Family::Ordinal => {
            let logarithm = log_levels(graph, part);
            graph.node("Exp", &[&logarithm])
        }
        // log(1 + e^η).
        Family::Poisson | Family::NegativeBinomial => {
            let log_rate = bounded(graph, outputs, LOG_RATE_BOUNDS);
            graph.node("Softplus", &[&log_rate])
        }
        Family::DiscretizedLogistic { components } => mixture_mean(graph, part, components),
        Family::InputOnly => graph.with("Mul", outputs, 0.0),
        family => unreachable!("{family} has no mean here"),
    }
}

/// Σ π_i s_i [softplus(μ_i/s_i) − softplus((μ_i−1)/s_i)] of a mixture of logistics.
fn mixture_mean(graph: &mut Graph, part: &Part, components: usize) -> Value {
    let third = components * part.block.width;
    let [logits, location, raw] = [0, 1, 2].map(|k| {
        let columns = graph.columns(&part.outputs, k * third, third);
        graph.reshape(&columns, &[components, part.block.width])
    });
    let weight = graph.node_with("Softmax", "", &[&logits], &[Attribute::Integer("axis", 1)]);
    let log_scale = bounded(graph, &raw, LOG_LEVEL_SCALE_BOUNDS);
    let scale = graph.node("Exp", &[&log_scale]);
    let [low, high, zero, one] = [-BESIDE, 1.0 + BESIDE, 0.0, 1.0].map(|end| graph.floats(&[], [end as f32]));
    let location = graph.node("Clip", &[&location, &low, &high]);
    let beyond = graph.with("Sub", &location, 1.0);
    let [from_zero, from_one] = [location, beyond].map(|distance| {
        let distance = graph.node("Div", &[&distance, &scale]);
        graph.node("Softplus", &[&distance])
    });
    let above = graph.node("Sub", &[&from_zero, &from_one]);
    let above = graph.node("Mul", &[&above, &scale]);
    let mean = graph.node("Clip", &[&above, &zero, &one]);
    let weighted = graph.node("Mul", &[&weight, &mean]);
    let sum = graph.row_sums(&weighted);
    graph.reshape(&sum, &[part.block.width])
}

fn location(graph: &mut Graph, part: &Part) -> Value {
    match part.block.parameters() == part.block.width {
        true => part.outputs.clone(),
        false => graph.columns(&part.outputs, 0, part.block.width),
    }
}

/// −log p of each encoded column, in double precision: rows × width. Of Gaussian columns of fixed
/// variance, with these deviations.
///
/// # Panics
/// For families [without a loss](without_loss).
pub(super) fn losses(
    graph: &mut Graph,
    blocks: &[LikelihoodBlock],
    network: &Network,
    (parameters, x): (&Value, &Value),
    deviation: &[f32],
) -> Value {
    let parts = parts(graph, blocks, network, parameters);
    let losses: Vec<Value> = parts
        .iter()
        .map(|part| {
            let LikelihoodBlock { start, width, .. } = part.block;
            let cells = graph.columns(x, start, width);
            match part.block.has_fixed_variance() {
                true => standardized(graph, part, &cells, &deviation[start..start + width]),
                false => {
                    let loss = loss(graph, part, &cells);
                    graph.cast(&loss, Kind::Double)
                }
            }
        })
        .collect();
    graph.concat(&losses)
}

/// ½ (z² + log 2π) + log σ.
fn standardized(graph: &mut Graph, part: &Part, cells: &Value, deviation: &[f32]) -> Value {
    let width = deviation.len();
    let sigma = || deviation.iter().map(|&sigma| f64::from(sigma));
    let scale = graph.doubles(&[1, width], sigma());
    let constant =
        graph.doubles(&[1, width], sigma().map(|sigma| 0.5 * ln(std::f64::consts::TAU) + ln(sigma)));
    let half = graph.double(0.5);
    let residual = graph.node("Sub", &[cells, &part.outputs]);
    let residual = graph.cast(&residual, Kind::Double);
    let z = graph.node("Div", &[&residual, &scale]);
    let square = graph.node("Mul", &[&z, &z]);
    let halved = graph.node("Mul", &[&square, &half]);
    graph.node("Add", &[&halved, &constant])
}

fn loss(graph: &mut Graph, part: &Part, cells: &Value) -> Value {
    let outputs = &part.outputs;
    match part.block.family {
        // max(l, 0) − x l + log(1 + e^−|l|), whose terms do not cancel.
        Family::Bernoulli => {
            let (above, size) = (graph.node("Relu", &[outputs]), graph.node("Abs", &[outputs]));
            let (linear, negative) = (graph.node("Mul", &[cells, outputs]), graph.node("Neg", &[&size]));
            let linear = graph.node("Sub", &[&above, &linear]);
            let curve = graph.node("Softplus", &[&negative]);
            graph.node("Add", &[&linear, &curve])
        }
        Family::Categorical => {
            let axis = Attribute::Integer("axis", 1);
            let logarithm = graph.node_with("LogSoftmax", "", &[outputs], &[axis]);
            surprise(graph, &logarithm, cells)
        }
        Family::Ordinal => {
            let logarithm = log_levels(graph, part);
            surprise(graph, &logarithm, cells)
        }
        Family::Gaussian => {
            let log_variance = log_variance(graph, part);
            let residual = residual(graph, part, cells);
            let square = graph.node("Mul", &[&residual, &residual]);
            let negative = graph.node("Neg", &[&log_variance]);
            let precision = graph.node("Exp", &[&negative]);
            let scaled = graph.node("Mul", &[&square, &precision]);
            let sum = graph.node("Add", &[&scaled, &log_variance]);
            let sum = graph.with("Add", &sum, ln(std::f64::consts::TAU));
            graph.with("Mul", &sum, 0.5)
        }
        Family::Laplace => {
            let scales = part.learned.iter().map(|&raw| bound(f64::from(raw), LOG_SCALE_BOUNDS));
            let scales: Vec<f64> = scales.collect();
            let shape = [1, scales.len()];
            let rate = graph.floats(&shape, scales.iter().map(|scale| exp(-scale) as f32));
            let constant =
                graph.floats(&shape, scales.iter().map(|scale| (scale + std::f64::consts::LN_2) as f32));
            let residual = residual(graph, part, cells);
            let distance = graph.node("Abs", &[&residual]);
            let scaled = graph.node("Mul", &[&distance, &rate]);
            graph.node("Add", &[&scaled, &constant])
        }
        Family::InputOnly => graph.with("Mul", outputs, 0.0),
        family => unreachable!("{family} has no loss here"),
    }
}

/// −log p of the one level that is 1.
fn surprise(graph: &mut Graph, logarithm: &Value, cells: &Value) -> Value {
    let chosen = graph.node("Mul", &[logarithm, cells]);
    graph.node("Neg", &[&chosen])
}

fn residual(graph: &mut Graph, part: &Part, cells: &Value) -> Value {
    let location = location(graph, part);
    let residual = graph.node("Sub", &[cells, &location]);
    let (low, high) = (graph.floats(&[], [-FARTHEST as f32]), graph.floats(&[], [FARTHEST as f32]));
    graph.node("Clip", &[&residual, &low, &high])
}

/// log σ², from the decoder or learned.
fn log_variance(graph: &mut Graph, part: &Part) -> Value {
    if part.block.variance == Variance::Decoder {
        let raw = graph.columns(&part.outputs, part.block.width, part.block.width);
        return bounded(graph, &raw, LOG_VARIANCE_BOUNDS);
    }
    let bounds = part.learned.iter().map(|&raw| bound(f64::from(raw), LOG_VARIANCE_BOUNDS) as f32);
    graph.floats(&[1, part.learned.len()], bounds)
}

/// log p of each level of an ordinal column, from its score: with the thresholds θ,
/// log σ(θ₁ − s), log σ(θ_k − s) + log σ(s − θ_k−1) + log(1 − e^−gap), …, log σ(s − θ_K−1).
fn log_levels(graph: &mut Graph, part: &Part) -> Value {
    let Some((&first, raw)) = part.learned.split_first() else {
        return graph.with("Mul", &part.outputs, 0.0);
    };
    let gaps: Vec<f64> = raw.iter().map(|&raw| softplus(f64::from(raw)) + LEAST_GAP).collect();
    let inner = gaps.len();
    let mut thresholds = vec![f64::from(first)];
    gaps.iter().for_each(|gap| thresholds.push(thresholds[thresholds.len() - 1] + gap));
    let thresholds = graph.floats(&[1, inner + 1], thresholds.into_iter().map(|theta| theta as f32));
    let over = graph.node("Sub", &[&thresholds, &part.outputs]);
    let under = graph.node("Neg", &[&over]);
    let [under, over] = [under, over].map(|side| {
        let curve = graph.node("Softplus", &[&side]);
        graph.node("Neg", &[&curve])
    });
    let [lowest, highest] = [graph.columns(&under, 0, 1), graph.columns(&over, inner, 1)];
    if inner == 0 {
        return graph.concat(&[lowest, highest]);
    }
    let [upper, lower] = [graph.columns(&under, 1, inner), graph.columns(&over, 0, inner)];
    let shares = graph.floats(&[1, inner], gaps.iter().map(|gap| ln_1p(-exp(-gap)) as f32));
    let both = graph.node("Add", &[&upper, &lower]);
    let between = graph.node("Add", &[&both, &shares]);
    graph.concat(&[lowest, between, highest])
}

/// Smoothly bounded, as the likelihoods bound what they learn.
fn bounded(graph: &mut Graph, raw: &Value, (low, high): (f64, f64)) -> Value {
    let raw = graph.with("Min", raw, high + FLAT);
    let [from_low, from_high] = [low, high].map(|end| {
        let beyond = graph.with("Sub", &raw, end);
        graph.node("Softplus", &[&beyond])
    });
    let inside = graph.node("Sub", &[&from_low, &from_high]);
    graph.with("Add", &inside, low)
}

fn bound(raw: f64, (low, high): (f64, f64)) -> f64 {
    let raw = raw.min(high + FLAT);
    softplus(raw - low) - softplus(raw - high) + low
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}
