//! Each kernel compared with the equivalent tensor operations, forward and backward, in turns:
//! `cargo bench
//! --workspace --bench kernels` prints microseconds (minimum of 200 rounds) and their ratio.
//! Shapes: batch 128 of 784 inputs, 400 or 1000 units.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use diabolo::kernel::ElementLoss;
use diabolo::nn::Activation;
use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::tensor::activation::sigmoid;
use diabolo::tensor::{Device, Module, ModuleOptimizer, Optimizer, Param, Tensor, fused, softplus};

/// As in the released program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 200;
const BATCH: usize = 128;
const INPUTS: usize = 784;
/// σ² of the Gaussian likelihood.
const VARIANCE: f64 = 0.3;

type Work = Box<dyn Fn()>;

/// A name, the kernel, and the equivalent tensor operations.
type Case = (&'static str, Work, Work);

fn normal(seed: u64, shape: [usize; 2]) -> Tensor<2> {
    let values = standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), shape[0] * shape[1]);
    Device::cpu().tensor(values.into_iter().map(|v| 0.1 * v).collect(), shape)
}

/// A leaf of a graph.
fn leaf(seed: u64, shape: [usize; 2]) -> Tensor<2> {
    normal(seed, shape).require_grad()
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

fn constant(tensor: &Tensor<2>) -> Tensor<2> {
    tensor.clone()
}

/// A layer, and the contraction of one.
fn layers() -> [Case; 2] {
    let x = normal(1, [BATCH, INPUTS]);
    let [weight, wide] = [400, 1000].map(|units| leaf(3, [units, INPUTS]));
    let bias = normal(4, [1, 400]).reshape([400]).require_grad();
    let code = sigmoid(normal(5, [BATCH, 1000])).require_grad();
    let fused = {
        let (x, weight, bias) = (x.clone(), weight.clone(), bias.clone());
        move || {
            let (weight, bias) = (weight.clone(), bias.clone());
            differentiate(fused::affine(constant(&x), weight, bias, Activation::Silu, false));
        }
    };
    let plain = move || {
        let a = constant(&x).matmul(weight.clone().transpose()) + bias.clone().unsqueeze_dim::<2>(0);
        differentiate(a.clone() * sigmoid(a));
    };
    let contraction = {
        let (code, wide) = (code.clone(), wide.clone());
        move || differentiate(fused::contraction(code.clone(), wide.clone(), Activation::Sigmoid))
    };
    let by_hand = move || {
        let h = code.clone();
        let slopes = (h.clone() * (h.neg() + 1.0)).square();
        differentiate((slopes * wide.clone().square().sum_dim(1).transpose()).sum_dim(1));
    };
    [
        ("layer, SiLU, 784 → 400", Box::new(fused), Box::new(plain)),
        ("contraction, sigmoid, 784 → 1000", Box::new(contraction), Box::new(by_hand)),
    ]
}

fn likelihoods() -> [Case; 2] {
    let (x, logits) = (normal(1, [BATCH, INPUTS]), leaf(2, [BATCH, INPUTS]));
    let fused = |loss: ElementLoss| {
        let (x, logits) = (x.clone(), logits.clone());
        let work = move || {
            differentiate(fused::negative_log_likelihood(loss, logits.clone(), constant(&x), None));
        };
        Box::new(work) as Work
    };
    let bernoulli = {
        let (x, logits) = (x.clone(), logits.clone());
        move || {
            let losses = softplus(logits.clone()) - constant(&x) * logits.clone();
            differentiate(losses.sum_dim(1));
        }
    };
    let kernels = [fused(ElementLoss::Bernoulli), fused(ElementLoss::Gaussian { variance: VARIANCE })];
    let gaussian = move || {
        let errors = (constant(&x) - logits.clone()).square() * (0.5 / VARIANCE);
        differentiate((errors + 0.5 * (std::f64::consts::TAU * VARIANCE).ln()).sum_dim(1));
    };
    let [first, second] = kernels;
    [
        ("Bernoulli −log p, 784", first, Box::new(bernoulli)),
        ("Gaussian −log p, σ known, 784", second, Box::new(gaussian)),
    ]
}

/// A draw from a Gaussian posterior, and its divergence from the prior.
fn posterior() -> [Case; 2] {
    let [mean, log_variance] = [6, 7].map(|seed| leaf(seed, [BATCH, 400]));
    let epsilon = normal(8, [BATCH, 400]);
    let draw = {
        let (mean, log_variance, epsilon) = (mean.clone(), log_variance.clone(), epsilon.clone());
        move || differentiate(fused::gaussian_draw(mean.clone(), log_variance.clone(), epsilon.clone()))
    };
    let plain_draw = {
        let (mean, log_variance) = (mean.clone(), log_variance.clone());
        move || differentiate(mean.clone() + (log_variance.clone() * 0.5).exp() * epsilon.clone())
    };
    let kl = {
        let (mean, log_variance) = (mean.clone(), log_variance.clone());
        move || differentiate(fused::gaussian_kl(mean.clone(), log_variance.clone()))
    };
    let plain_kl = move || {
        let v = log_variance.clone();
        differentiate((mean.clone().square() + v.clone().exp() - v - 1.0) * 0.5);
    };
    [
        ("draw z = μ + σ ε, 400", Box::new(draw), Box::new(plain_draw)),
        ("KL to N(0, I), 400", Box::new(kl), Box::new(plain_kl)),
    ]
}

fn adam() -> Case {
    let [parameter, gradient, first, second] = [9, 10, 11, 12].map(|seed| normal(seed, [400, INPUTS]));
    let second = second.abs();
    let trained = Param::from_tensor(parameter.clone()).train();
    let fused = {
        let state = Mutex::new((trained, ModuleOptimizer::new(Optimizer::Adam, None)));
        let gradient = gradient.clone();
        move || {
            let (trained, optimizer) = &mut *state.lock().expect("one thread");
            let gradients = (trained.val() * gradient.clone()).sum().backward();
            optimizer.step(trained, 1e-3, gradients);
        }
    };
    let plain = move || {
        let m = first.clone() * 0.9 + gradient.clone() * 0.1;
        let v = second.clone() * 0.999 + gradient.clone().square() * 0.001;
        let root = (v.clone() * 1000.0).sqrt() + 1e-8;
        drop((parameter.clone() - m.clone() * 10.0 / root * 1e-3, m, v));
    };
    ("Adam with a product's gradient, 400 × 784", Box::new(fused), Box::new(plain))
}

fn main() {
    let ([layer, contraction], [bernoulli, gaussian], [draw, kl]) = (layers(), likelihoods(), posterior());
    println!("| kernel | fused, µs | tensor operations, µs | ratio |\n|---|---:|---:|---:|");
    for (name, fused, plain) in [layer, bernoulli, gaussian, draw, kl, contraction, adam()] {
        let mut best = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            least(&fused, &mut best[0]);
            least(&plain, &mut best[1]);
        }
        let [fused, plain] = best.map(|time| 1e6 * time.as_secs_f64());
        println!("| {name} | {fused:.0} | {plain:.0} | {:.1} |", plain / fused);
    }
}
