//! Convolutions and transposed convolutions: results, contractions, and all their gradients.

use diabolo::nn::{AnyLayer, Axis, Convolution, Sequential, Window};

use crate::*;

const CASES: &str = "
    sigmoid_depth1_same_stride2 sigmoid_depth1_valid sigmoid_depth1_uneven
    tanh_depth1_same_stride2 tanh_depth1_valid tanh_depth1_uneven
    softplus_depth1_same_stride2 softplus_depth1_valid softplus_depth1_uneven
    silu_depth1_same_stride2 silu_depth1_valid silu_depth1_uneven
    gelu_depth1_same_stride2 gelu_depth1_valid gelu_depth1_uneven
    sigmoid_depth2_same_stride2 sigmoid_depth2_valid sigmoid_depth2_uneven
    tanh_depth2_same_stride2 tanh_depth2_valid tanh_depth2_uneven
    softplus_depth2_same_stride2 softplus_depth2_valid softplus_depth2_uneven
    silu_depth2_same_stride2 silu_depth2_valid silu_depth2_uneven
    gelu_depth2_same_stride2 gelu_depth2_valid gelu_depth2_uneven
    sigmoid_depth3_same_stride2 sigmoid_depth3_valid sigmoid_depth3_uneven
    tanh_depth3_same_stride2 tanh_depth3_valid tanh_depth3_uneven
    softplus_depth3_same_stride2 softplus_depth3_valid softplus_depth3_uneven
    silu_depth3_same_stride2 silu_depth3_valid silu_depth3_uneven
    gelu_depth3_same_stride2 gelu_depth3_valid gelu_depth3_uneven
    transposed_tanh_depth1_same_stride2 transposed_tanh_depth1_valid transposed_tanh_depth1_uneven
    transposed_silu_depth1_same_stride2 transposed_silu_depth1_valid transposed_silu_depth1_uneven
    transposed_tanh_depth2_same_stride2 transposed_tanh_depth2_valid transposed_tanh_depth2_uneven
    transposed_silu_depth2_same_stride2 transposed_silu_depth2_valid transposed_silu_depth2_uneven
";

fn axis(value: &Value) -> Axis {
    let of = |key: &str| usize::try_from(value[key].as_u64().unwrap()).unwrap();
    Axis {
        length: of("length"),
        kernel: of("kernel"),
        stride: of("stride"),
        dilation: of("dilation"),
        before: of("before"),
        after: of("after"),
    }
}

fn layer(value: &Value, activation: Activation, device: &Device) -> AnyLayer {
    let (weight, bias) = (tensor(&value["weight"], device), tensor(&value["bias"], device));
    if value["kind"] == "dense" {
        return Linear::from_parts(weight, bias, activation).into();
    }
    let window = &value["window"];
    let channels = usize::try_from(window["channels"].as_u64().unwrap()).unwrap();
    let window = Window { rows: axis(&window["rows"]), columns: axis(&window["columns"]), channels };
    Convolution::from_parts(weight, bias, activation, window, value["kind"] == "transposed").into()
}

fn layers(case: &Value, device: &Device) -> Sequential {
    let all = case["layers"].as_array().unwrap().iter();
    all.map(|value| layer(value, activation(case), device)).collect::<Sequential>().train()
}

/// The gradients of the weights and biases; 0 where the result does not depend on them.
fn assert_weights(name: &str, layers: &Sequential, gradients: &Gradients, expected: &Value, tolerance: f64) {
    for (k, layer) in layers.iter().enumerate() {
        let (weight, bias) = match layer {
            AnyLayer::Linear(layer) => (layer.weight.val(), layer.bias.val()),
            AnyLayer::Convolution(layer) => (layer.weight.val(), layer.bias.val()),
            _ => unreachable!("a layer of these cases"),
        };
        let size = bias.num_elements();
        let bias = bias.grad(gradients).map_or(vec![0.0; size], to_host_f64);
        let weight = to_host_f64(weight.grad(gradients).unwrap());
        for (part, found) in [("weight", weight), ("bias", bias)] {
            let expected = numbers(&expected[format!("layers.{k}.{part}")]);
            assert_close(&format!("{name} ∂/∂{part} {k}"), &found, &expected, tolerance);
        }
    }
}

#[test]
fn results_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("convolution", CASES) {
            let name = case["name"].as_str().unwrap();
            let layers = layers(&case, &device);
            let x = tensor::<2>(&case["x"], &device).require_grad();
            let h = layers.forward(x.clone());
            assert_close(name, &to_host_f64(h.clone().detach()), &numbers(&case["h"]), tolerance);
            let gradients = (h * tensor(&case["factors"], &device)).sum().backward();
            let expected = &case["gradients_of_result"];
            let of_x = to_host_f64(x.grad(&gradients).unwrap());
            assert_close(&format!("{name} ∂/∂x"), &of_x, &numbers(&expected["x"]), tolerance);
            assert_weights(name, &layers, &gradients, expected, tolerance);
        }
    }
}

#[test]
fn contractions_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("convolution", CASES) {
            let name = case["name"].as_str().unwrap();
            let layers = layers(&case, &device);
            let trace = EncoderTrace::new(layers.layers(), tensor(&case["x"], &device));
            let value = trace.contraction(None);
            let expected = numbers(&case["jacobian_frobenius_squared"]);
            assert_close(name, &to_host_f64(value.clone().detach()), &expected, tolerance);
            let whole = trace.jacobian().detach().square().sum_dim(2).sum_dim(1).reshape([expected.len()]);
            assert_close(name, &to_host_f64(whole), &expected, tolerance);
            let gradients = value.mean().backward();
            assert_weights(name, &layers, &gradients, &case["gradients_of_contraction"], tolerance);
        }
    }
}

/// The negative control: a closed form that takes zeros outside of the image for pixels, as if
/// every position had all its taps.
#[test]
fn without_the_border_the_contraction_is_wrong() {
    let device = Device::cpu_f64();
    let cases = golden("convolution", CASES);
    let case = cases.iter().find(|c| c["name"] == "sigmoid_depth1_uneven").unwrap();
    let layers = layers(case, &device);
    let AnyLayer::Convolution(layer) = &layers[0] else { unreachable!() };
    let channels = layer.weight.dims()[0];
    let slope = layer.trace(tensor(&case["x"], &device)).derivative.detach();
    let [rows, width] = slope.dims();
    let norms = layer.weight.val().detach().square().sum_dim(1).reshape([1, channels]);
    let squares = slope.square().reshape([rows * width / channels, channels]) * norms;
    let found = to_host_f64(squares.reshape([rows, width]).sum_dim(1));
    for (found, expected) in found.iter().zip(numbers(&case["jacobian_frobenius_squared"])) {
        assert!((found - expected).abs() > 1e-2 * expected, "{found} and {expected}");
    }
}
