//! Layers over images: products with the Jacobian, both precisions, threads, and rows.
#![allow(clippy::unwrap_used)]

use diabolo::nn::{Activation, Axis, Convolution, Image, Layer, LayerTrace, Window};
use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::tensor::{Device, Module, Tensor, in_place, to_host, to_host_f64};

fn normal(seed: u64, dims: [usize; 2], device: &Device) -> Tensor<2> {
    device.tensor(standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), dims[0] * dims[1]), dims)
}

/// Both kinds of layer over windows that narrow and widen the channels, at strides 1 and 2, with
/// even and uneven padding, dilated, with one row, and with several planes.
fn layers(activation: Activation, device: &Device) -> Vec<Convolution> {
    let noise = &mut stream(3, Purpose::Initialize, 0, 0);
    let image = |channels| Image { height: 9, width: 7, channels };
    let uneven = Window {
        rows: Axis { length: 9, kernel: 3, stride: 1, dilation: 2, before: 4, after: 0 },
        columns: Axis { length: 7, kernel: 2, stride: 3, dilation: 1, before: 1, after: 2 },
        channels: 2,
    };
    let columns = Axis { length: 40, kernel: 3, stride: 1, dilation: 4, before: 8, after: 0 };
    let series = Window { rows: Axis::single(), columns, channels: 3 };
    let mut all = vec![];
    for (window, channels) in [
        (image(2).window(3, 2), 5),
        (image(6).window(3, 1), 4),
        (image(4).window(4, 1), 6),
        (uneven, 3),
        (series, 2),
    ] {
        all.push(Convolution::new(window, channels, activation, noise, device));
        all.push(Convolution::transposed(window, channels, activation, noise, device));
    }
    all.push(Convolution::new(image(6).window(3, 1), 4, activation, noise, device).with_planes(2));
    all.push(Convolution::transposed(image(6).window(3, 2), 3, activation, noise, device).with_planes(3));
    all
}

fn assert_alike(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3f64, |most, e| most.max(e.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance * scale, "{what}: {found} instead of {expected}");
    }
}

#[test]
fn products_with_the_jacobian_are_those_of_the_whole_jacobian() {
    let device = Device::cpu_f64();
    for activation in [Activation::Tanh, Activation::Silu] {
        for layer in layers(activation, &device) {
            let what = format!("{layer:?}");
            let (rows, inputs, outputs) = (2, layer.inputs(), layer.outputs());
            let x = normal(1, [rows, inputs], &device);
            let LayerTrace { output, derivative } = layer.trace(x.clone());
            assert_alike(&what, &to_host_f64(layer.forward(x.clone())), &to_host_f64(output), 1e-14);
            let jacobian = layer.jacobian(derivative.clone());
            // Along a direction: finite differences.
            let u = normal(2, [rows, inputs], &device);
            let moved = |step: f64| layer.forward(x.clone() + u.clone() * step);
            let numeric = to_host_f64((moved(1e-6) - moved(-1e-6)) * 5e5);
            let along = layer.jvp(u.clone(), derivative.clone());
            assert_alike(&what, &to_host_f64(along.clone()), &numeric, 1e-8);
            let whole = jacobian.clone().matmul(u.clone().unsqueeze_dim::<3>(2)).squeeze_dim::<2>(2);
            assert_alike(&what, &to_host_f64(along), &to_host_f64(whole), 1e-12);
            // Back.
            let v = normal(3, [rows * 3, outputs], &device).reshape([rows, 3, outputs]);
            let back = layer.vjp(v.clone(), derivative.clone());
            assert_alike(&what, &to_host_f64(back), &to_host_f64(v.matmul(jacobian.clone())), 1e-12);
            let norms = jacobian.square().sum_dim(2).sum_dim(1).squeeze_dim::<2>(2).squeeze_dim::<1>(1);
            assert_alike(&what, &to_host_f64(layer.squared_jacobian(derivative)), &to_host_f64(norms), 1e-12);
        }
    }
}

#[test]
fn a_tied_decoder_uses_the_transpose() {
    let device = Device::cpu_f64();
    for layer in layers(Activation::Identity, &device).iter().take(10) {
        let h = normal(1, [2, layer.outputs()], &device);
        let bias: Tensor<1> = device.tensor(vec![0.0; layer.input_channels()], [layer.input_channels()]);
        let back = to_host_f64(layer.tied(h.clone(), bias, Activation::Identity));
        let ones = h.ones_like();
        let expected = layer.vjp(h.unsqueeze_dim::<3>(1), ones);
        assert_alike("tied", &back, &to_host_f64(expected), 1e-13);
    }
}

/// Loss Σ h² and its gradients, with respect to the input too.
fn values(layer: &Convolution, x: Tensor<2>) -> Vec<Vec<f64>> {
    let (layer, x) = (layer.clone().train(), x.require_grad());
    let h = layer.forward(x.clone());
    let gradients = h.clone().square().sum().backward();
    let of = |tensor: Option<Tensor<2>>| to_host_f64(tensor.unwrap());
    vec![
        to_host_f64(h.detach()),
        of(x.grad(&gradients)),
        of(layer.weight.grad(&gradients)),
        to_host_f64(layer.bias.grad(&gradients).unwrap()),
    ]
}

/// Kernels by tiles against whole patches and the plain product.
#[test]
fn single_precision_is_double_precision_rounded() {
    for (single, double) in
        layers(Activation::Silu, &Device::cpu()).iter().zip(layers(Activation::Silu, &Device::cpu_f64()))
    {
        // Enough rows for several tiles, and several parts of the batch.
        let dims = [150, single.inputs()];
        let found = values(single, normal(1, dims, &Device::cpu()));
        let expected = values(&double, normal(1, dims, &Device::cpu_f64()));
        for (found, expected) in found.iter().zip(&expected) {
            assert_alike(&format!("{single:?}"), found, expected, 1e-4);
        }
    }
}

#[test]
fn threads_and_other_rows_change_no_bit() {
    let device = Device::cpu();
    let noise = &mut stream(3, Purpose::Initialize, 0, 0);
    let window = Image { height: 20, width: 20, channels: 16 }.window(3, 2);
    for layer in [
        Convolution::new(window, 24, Activation::Silu, noise, &device),
        Convolution::transposed(window, 24, Activation::Silu, noise, &device),
    ] {
        // 8 million multiplications: on all threads.
        let x = normal(1, [40, layer.inputs()], &device);
        assert!(40 * layer.multiplications() > 192 * 192 * 192);
        let bits = |values: Vec<Vec<f64>>| values.concat().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(values(&layer, x.clone())), bits(in_place(|| values(&layer, x.clone()))));
        let one = to_host(layer.forward(x.clone().narrow(0, 7, 1)));
        let all = to_host(layer.forward(x));
        assert_eq!(one, all[7 * layer.outputs()..8 * layer.outputs()]);
    }
}
