//! Convolutions and transposed convolutions: results, contractions, and all their gradients.

use diabolo::nn::{AnyLayer, Axis, Convolution, Sequential, Window};

use crate::layers::{assert_contraction, assert_results};
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

pub fn layer(value: &Value, activation: Activation, device: &Device) -> AnyLayer {
    if value["kind"] == "dense" {
        let (weight, bias) = (tensor(&value["weight"], device), tensor(&value["bias"], device));
        return Linear::from_parts(weight, bias, activation).into();
    }
    convolution(value, activation, device).into()
}

pub fn convolution(value: &Value, activation: Activation, device: &Device) -> Convolution {
    let (weight, bias) = (tensor(&value["weight"], device), tensor(&value["bias"], device));
    let window = &value["window"];
    let channels = usize::try_from(window["channels"].as_u64().unwrap()).unwrap();
    let window = Window { rows: axis(&window["rows"]), columns: axis(&window["columns"]), channels };
    Convolution::from_parts(weight, bias, activation, window, value["kind"] == "transposed")
}

fn layers(case: &Value, device: &Device) -> Sequential {
    let all = case["layers"].as_array().unwrap().iter();
    all.map(|value| layer(value, activation(case), device)).collect::<Sequential>().train()
}

#[test]
fn results_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("convolution", CASES) {
            assert_results(&case, &layers(&case, &device), &device, tolerance);
        }
    }
}

#[test]
fn contractions_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("convolution", CASES) {
            let layers = layers(&case, &device);
            assert_contraction(&case, layers.layers(), &layers, &device, tolerance);
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
