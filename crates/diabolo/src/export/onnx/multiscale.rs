//! The multi-scale family: what the row becomes at each noise level of its score.

use super::graph::{Graph, Value};
use super::layers::{activated, affine, chain};
use crate::model::{Level, Multiscale, Network};
use crate::nn::Layer;
use crate::tensor::{Device, to_host};

/// The likelihood parameters at each of the noise levels of scores, where those of a category that
/// is left out are of the row without it.
pub(super) fn reconstructions(graph: &mut Graph, model: &Multiscale, x: &Value, width: usize) -> Vec<Value> {
    let config = model.config();
    let left_out = model.left_out();
    let without: Vec<Value> = left_out
        .iter()
        .map(|category| {
            let kept = (0..width).map(|column| f32::from(!category.units.contains(&column)));
            let kept = graph.floats(&[1, width], kept);
            let rest = graph.node("Mul", &[x, &kept]);
            let parameters = denoised(graph, model, &rest, config.sigma_min);
            graph.columns(&parameters, category.parameters.start, category.parameters.len())
        })
        .collect();
    let at = |&sigma: &f64| {
        let whole = denoised(graph, model, x, sigma);
        let (mut parts, mut done) = (vec![], 0);
        for (category, own) in left_out.iter().zip(&without) {
            let start = category.parameters.start;
            parts.extend((start > done).then(|| graph.columns(&whole, done, start - done)));
            parts.push(own.clone());
            done = category.parameters.end;
        }
        let all = model.likelihood().parameters();
        parts.extend((all > done).then(|| graph.columns(&whole, done, all - done)));
        graph.concat(&parts)
    };
    config.score_sigmas.iter().map(at).collect()
}

/// D(x, σ): the likelihood parameters.
fn denoised(graph: &mut Graph, model: &Multiscale, x: &Value, sigma: f64) -> Value {
    let level = Level::at(Device::cpu().tensor(vec![sigma as f32], [1, 1]), model.config().sigma_min);
    let [shrink, log, skip, spread] =
        [level.shrink, level.log, level.skip, level.spread].map(|number| to_host(number)[0]);
    let denoiser = model.denoiser();
    let first = denoiser.encoder[0].as_linear().expect("a fully connected encoder, as validated");
    let scaled = graph.with("Mul", x, f64::from(shrink));
    let bias = to_host(first.bias.val()).into_iter().zip(to_host(denoiser.level.val()));
    let a = affine(graph, &scaled, first, bias.map(|(bias, level)| bias + log * level).collect(), true);
    let h = activated(graph, a, first.activation());
    let code = chain(graph, h, denoiser.encoder.iter().skip(1));
    let outputs = chain(graph, code, denoiser.decoder.iter());
    let mut offset = 0;
    let parts: Vec<Value> = model
        .likelihood()
        .blocks()
        .iter()
        .map(|block| {
            let own = graph.columns(&outputs, offset, block.parameters());
            offset += block.parameters();
            if !block.has_fixed_variance() {
                return own;
            }
            let seen = graph.columns(x, block.start, block.width);
            let seen = graph.with("Mul", &seen, f64::from(skip));
            let own = graph.with("Mul", &own, f64::from(spread));
            graph.node("Add", &[&seen, &own])
        })
        .collect();
    graph.concat(&parts)
}
