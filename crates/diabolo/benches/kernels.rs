//! Each kernel beside the tensor operations it stands for, forward and backward, in turns: `cargo bench --workspace --bench kernels`
//! prints microseconds (the least of 200 rounds) and their ratio. Shapes: batch 128 of 784 inputs, 400 or 1000 units.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::time::{Duration, Instant};

use diabolo::kernel::{self, AdamStep, ElementLoss};
use diabolo::nn::Activation;
use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::tensor::Device;
use diabolo::tensor::Tensor;
use diabolo::tensor::activation::{sigmoid, softplus};

/// As in the released program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 200;
const BATCH: usize = 128;
const INPUTS: usize = 784;
/// σ² of the Gaussian likelihood.
const VARIANCE: f64 = 0.3;

type Work<'a> = Box<dyn Fn() + 'a>;

fn normal(seed: u64, shape: [usize; 2]) -> Tensor<2> {
    let values = standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), shape[0] * shape[1]);
    Device::cpu().tensor(values.into_iter().map(|v| 0.1 * v).collect(), shape)
}

/// A leaf of a graph.
fn leaf(seed: u64, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_inner(normal(seed, shape)).require_grad()
}

/// The sum of a result, differentiated.
fn differentiate<const D: usize>(result: Tensor<D>) {
    drop(result.sum().backward());
}

fn least(work: &Work, best: &mut Duration) {
    let start = Instant::now();
    work();
    *best = start.elapsed().min(*best);
}

fn main() {
    let x = normal(1, [BATCH, INPUTS]);
    let logits = leaf(2, [BATCH, INPUTS]);
    let constant = |tensor: &Tensor<2>| Tensor::from_inner(tensor.clone());
    let [weight, wide] = [400, 1000].map(|units| leaf(3, [units, INPUTS]));
    let bias = Tensor::<1>::from_inner(normal(4, [1, 400]).reshape([400])).require_grad();
    let code = Tensor::from_inner(sigmoid(normal(5, [BATCH, 1000]))).require_grad();
    let [mean, log_variance] = [6, 7].map(|seed| leaf(seed, [BATCH, 400]));
    let epsilon = Tensor::from_inner(normal(8, [BATCH, 400]));
    let [parameter, gradient, first, second] = [9, 10, 11, 12].map(|seed| normal(seed, [400, INPUTS]));
    let second = second.abs();
    let step =
        AdamStep { learning_rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.0, time: 1 };

    let cases: Vec<(&str, Work, Work)> = vec![
        (
            "layer, SiLU, 784 → 400",
            Box::new(|| {
                differentiate(kernel::affine(
                    constant(&x),
                    weight.clone(),
                    bias.clone(),
                    Activation::Silu,
                    false,
                ))
            }),
            Box::new(|| {
                let a = constant(&x).matmul(weight.clone().transpose()) + bias.clone().unsqueeze_dim::<2>(0);
                differentiate(a.clone() * sigmoid(a));
            }),
        ),
        (
            "Bernoulli −log p, 784",
            Box::new(|| {
                differentiate(kernel::negative_log_likelihood(
                    ElementLoss::Bernoulli,
                    logits.clone(),
                    constant(&x),
                    None,
                ))
            }),
            Box::new(|| {
                differentiate((softplus(logits.clone(), 1.0) - constant(&x) * logits.clone()).sum_dim(1));
            }),
        ),
        (
            "Gaussian −log p, σ known, 784",
            Box::new(|| {
                let cell = ElementLoss::Gaussian { variance: VARIANCE };
                differentiate(kernel::negative_log_likelihood(cell, logits.clone(), constant(&x), None));
            }),
            Box::new(|| {
                let errors = (constant(&x) - logits.clone()).square() * (0.5 / VARIANCE);
                differentiate((errors + 0.5 * (std::f64::consts::TAU * VARIANCE).ln()).sum_dim(1));
            }),
        ),
        (
            "draw z = μ + σ ε, 400",
            Box::new(|| {
                differentiate(kernel::gaussian_draw(mean.clone(), log_variance.clone(), epsilon.clone()))
            }),
            Box::new(|| differentiate(mean.clone() + (log_variance.clone() * 0.5).exp() * epsilon.clone())),
        ),
        (
            "KL to N(0, I), 400",
            Box::new(|| differentiate(kernel::gaussian_kl(mean.clone(), log_variance.clone()))),
            Box::new(|| {
                let v = log_variance.clone();
                differentiate((mean.clone().square() + v.clone().exp() - v - 1.0) * 0.5);
            }),
        ),
        (
            "contraction, sigmoid, 784 → 1000",
            Box::new(|| differentiate(kernel::contraction(code.clone(), wide.clone(), Activation::Sigmoid))),
            Box::new(|| {
                let h = code.clone();
                let slopes = (h.clone() * (h.neg() + 1.0)).square();
                differentiate((slopes * wide.clone().square().sum_dim(1).transpose()).sum_dim(1));
            }),
        ),
        (
            "Adam, 400 × 784",
            Box::new(|| {
                let moments = (first.clone(), second.clone());
                drop(kernel::adam(parameter.clone(), gradient.clone(), moments, step));
            }),
            Box::new(|| {
                let m = first.clone() * 0.9 + gradient.clone() * 0.1;
                let v = second.clone() * 0.999 + gradient.clone().square() * 0.001;
                let root = (v.clone() * 1000.0).sqrt() + 1e-8;
                drop((parameter.clone() - m.clone() * 10.0 / root * 1e-3, m, v));
            }),
        ),
    ];
    println!("| kernel | fused, µs | tensor operations, µs | ratio |\n|---|---:|---:|---:|");
    for (name, fused, plain) in &cases {
        let mut best = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            least(fused, &mut best[0]);
            least(plain, &mut best[1]);
        }
        let [fused, plain] = best.map(|time| 1e6 * time.as_secs_f64());
        println!("| {name} | {fused:.0} | {plain:.0} | {:.1} |", plain / fused);
    }
}
