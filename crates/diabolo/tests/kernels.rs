//! Kernels compared with the tensor operations they replace: the same blocks in single precision
//! (kernels) and in double precision (tensor operations), values and gradients, with a tolerance of
//! 10⁻⁶ relative to the largest number.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use diabolo::distribution::{Family, Likelihood, LikelihoodBlock, Posterior, Variance};
use diabolo::nn::{Activation, AnyLayer, Layer, Linear};
use diabolo::objective::EncoderTrace;
use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::tensor::Module;
use diabolo::tensor::{Device, to_host};
use diabolo::tensor::{Gradients, Tensor};

/// Single precision through products of 37 terms.
const TOLERANCE: f32 = 1e-6;

/// Through e^v of v up to 10, whose rounding in single precision alone is 10 · 2⁻²⁴ = 6e-7.
const EXPONENTIAL: f32 = 3e-6;

/// Not a multiple of any vector's length.
const ROWS: usize = 7;
const INPUTS: usize = 37;
const OUTPUTS: usize = 21;

fn normal(seed: u64, shape: [usize; 2]) -> Vec<f32> {
    standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), shape[0] * shape[1])
}

fn matrix(device: &Device, seed: u64, shape: [usize; 2]) -> Tensor<2> {
    device.tensor(normal(seed, shape), shape)
}

/// A leaf of a graph.
fn leaf(device: &Device, seed: u64, shape: [usize; 2]) -> Tensor<2> {
    matrix(device, seed, shape).require_grad()
}

/// Values, and the gradients of Σ value · weight for arbitrary weights.
fn differentiated<const D: usize>(device: &Device, value: Tensor<D>) -> (Vec<f32>, Gradients) {
    let size = value.num_elements();
    let weights = device.tensor::<1>(normal(99, [1, size]), [size]);
    let loss = (value.clone().reshape([size]) * weights).sum();
    (to_host(value.detach()), loss.backward())
}

fn gradient<const D: usize>(leaf: &Tensor<D>, gradients: &Gradients) -> Vec<f32> {
    to_host(leaf.grad(gradients).expect("a leaf of this graph"))
}

fn assert_alike(what: &str, tolerance: f32, work: impl Fn(&Device) -> Vec<Vec<f32>>) {
    let (single, double) = (work(&Device::cpu()), work(&Device::cpu_f64()));
    for (k, (found, expected)) in single.iter().zip(&double).enumerate() {
        let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        assert!(largest > 0.0 && found.len() == expected.len(), "{what}: tensor {k} is empty or zero");
        let error = found.iter().zip(expected).fold(0.0f32, |m, (f, e)| m.max((f - e).abs()));
        assert!(error <= tolerance * largest, "{what}, tensor {k}: off by {error:e} of {largest}");
    }
}

#[test]
fn layers_of_every_activation() {
    for activation in Activation::ALL {
        assert_alike(&format!("{activation:?}"), TOLERANCE, |device| {
            let x = leaf(device, 1, [ROWS, INPUTS]);
            let bias = device.tensor(normal(3, [1, OUTPUTS]), [OUTPUTS]);
            let layer = Linear::from_parts(matrix(device, 2, [OUTPUTS, INPUTS]), bias, activation).train();
            let (value, gradients) = differentiated(device, layer.forward(x.clone()));
            let (weight, bias) = (layer.weight.val(), layer.bias.val());
            vec![value, gradient(&x, &gradients), gradient(&weight, &gradients), gradient(&bias, &gradients)]
        });
    }
}

/// Three rows of outputs for each row of x, with and without missing cells.
#[test]
fn likelihoods_with_kernels() {
    let gaussian = |variance| LikelihoodBlock::gaussian(variance, 0..INPUTS);
    let fixed = gaussian(Variance::Fixed { value: 0.3 });
    let blocks = [
        LikelihoodBlock::new(Family::Bernoulli, 0..INPUTS),
        fixed,
        gaussian(Variance::Shared),
        gaussian(Variance::PerFeature),
        gaussian(Variance::Decoder),
    ];
    for block in blocks {
        for masked in [false, true] {
            assert_alike(&format!("{block:?}, masked: {masked}"), TOLERANCE, |device| {
                let likelihood = Likelihood::new(vec![block], device).train();
                let outputs = leaf(device, 1, [3 * ROWS, likelihood.parameters()]);
                let bits = |seed| normal(seed, [ROWS, INPUTS]).iter().map(|v| f32::from(*v > 0.3)).collect();
                let x = device.tensor(bits(2), [ROWS, INPUTS]);
                let observed = masked.then(|| device.tensor(bits(4), [ROWS, INPUTS]));
                let nll = likelihood.negative_log_likelihood(outputs.clone(), x, observed.as_ref());
                let (value, gradients) = differentiated(device, nll);
                let learned = likelihood.log_variance.iter().map(|v| gradient(&v.val(), &gradients));
                [value, gradient(&outputs, &gradients)].into_iter().chain(learned).collect()
            });
        }
    }
}

#[test]
fn the_contraction_of_a_layer() {
    assert_alike("contraction", TOLERANCE, |device| {
        let bias = device.tensor(normal(3, [1, OUTPUTS]), [OUTPUTS]);
        let weight = matrix(device, 2, [OUTPUTS, INPUTS]) * 0.2;
        let layer = Linear::from_parts(weight, bias, Activation::Sigmoid).train();
        let x = leaf(device, 1, [ROWS, INPUTS]);
        let encoder = AnyLayer::from(layer.clone());
        let (value, gradients) = differentiated(
            device,
            EncoderTrace::new([&encoder].into_iter().collect(), x.clone()).contraction(None),
        );
        vec![value, gradient(&x, &gradients), gradient(&layer.weight.val(), &gradients)]
    });
}

/// A first layer with many inputs, whose Gram matrix is used, under one that narrows further.
#[test]
fn the_contraction_of_two_layers() {
    for probes in [None, Some(2)] {
        assert_alike(&format!("contraction, {probes:?} probes"), TOLERANCE, |device| {
            let layer = |seed, outputs, inputs| {
                let bias = device.tensor(normal(seed + 1, [1, outputs]), [outputs]);
                Linear::from_parts(matrix(device, seed, [outputs, inputs]) * 0.2, bias, Activation::Tanh)
                    .train()
            };
            let layers = [layer(2, 9, 70), layer(4, 5, 9)];
            let x = leaf(device, 1, [ROWS, 70]);
            let encoder = layers.clone().map(AnyLayer::from);
            let trace = EncoderTrace::new(encoder.iter().collect(), x.clone());
            let probes = probes.map(|k| matrix(device, 6, [ROWS * k, 5]).reshape([ROWS, k, 5]));
            let (value, gradients) = differentiated(device, trace.contraction(probes.as_ref()));
            let weights = layers.iter().map(|layer| gradient(&layer.weight.val(), &gradients));
            [value, gradient(&x, &gradients)].into_iter().chain(weights).collect()
        });
    }
}

/// One weight in the encoder, the decoder and the contraction: the sum of three gradients.
#[test]
fn a_tied_weight() {
    assert_alike("tied weight", TOLERANCE, |device| {
        let bias = device.tensor(normal(3, [1, OUTPUTS]), [OUTPUTS]);
        let weight = matrix(device, 2, [OUTPUTS, INPUTS]) * 0.2;
        let layer = Linear::from_parts(weight, bias, Activation::Sigmoid).train();
        let encoder = AnyLayer::from(layer.clone());
        let trace = EncoderTrace::new([&encoder].into_iter().collect(), matrix(device, 1, [ROWS, INPUTS]));
        let back = trace.code.clone().matmul(layer.weight.val()).square().sum_dim(1).squeeze_dim::<1>(1);
        let (value, gradients) = differentiated(device, back + trace.contraction(None));
        vec![value, gradient(&layer.weight.val(), &gradients)]
    });
}

#[test]
fn draws_and_divergences_of_a_posterior() {
    let shape = [ROWS, OUTPUTS];
    for kind in ["draw", "divergence"] {
        assert_alike(kind, EXPONENTIAL, |device| {
            let (mean, raw) = (leaf(device, 1, shape), leaf(device, 2, shape));
            // Reaches both ends of the smooth bound of log σ².
            let posterior = Posterior::bounded(mean.clone(), raw.clone() * 6.0);
            let value = match kind {
                "draw" => posterior.sample(matrix(device, 3, shape)),
                _ => posterior.kl_divergence(),
            };
            let (value, gradients) = differentiated(device, value);
            vec![value, gradient(&mean, &gradients), gradient(&raw, &gradients)]
        });
    }
}
