//! Contractions of encoders and their gradients.

use diabolo::nn::AnyLayer;

use crate::*;

const CASES: &str = "
    sigmoid_depth1_narrow sigmoid_depth1_wide tanh_depth1_narrow tanh_depth1_wide
    softplus_depth1_narrow softplus_depth1_wide silu_depth1_narrow silu_depth1_wide
    gelu_depth1_narrow gelu_depth1_wide sigmoid_depth2_narrow sigmoid_depth2_wide
    tanh_depth2_narrow tanh_depth2_wide softplus_depth2_narrow softplus_depth2_wide
    silu_depth2_narrow silu_depth2_wide gelu_depth2_narrow gelu_depth2_wide
    identity_depth2_narrow identity_depth2_wide sigmoid_depth3_narrow sigmoid_depth3_wide
    tanh_depth3_narrow tanh_depth3_wide softplus_depth3_narrow softplus_depth3_wide
    silu_depth3_narrow silu_depth3_wide gelu_depth3_narrow gelu_depth3_wide
    sigmoid_depth4_narrow sigmoid_depth4_wide tanh_depth4_narrow tanh_depth4_wide
    softplus_depth4_narrow softplus_depth4_wide silu_depth4_narrow silu_depth4_wide
    gelu_depth4_narrow gelu_depth4_wide
";

#[test]
fn contraction_and_its_gradient_at_depths_one_to_four() {
    for (device, tolerance) in devices() {
        for case in golden("contraction", CASES) {
            let name = case["name"].as_str().unwrap();
            let layers: Vec<AnyLayer> = case["layers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|l| {
                    Linear::from_parts(
                        tensor(&l["weight"], &device),
                        tensor(&l["bias"], &device),
                        activation(&case),
                    )
                    .train()
                    .into()
                })
                .collect();
            let trace = EncoderTrace::new(layers.iter().collect(), tensor(&case["x"], &device));
            let value = trace.contraction(None);
            assert_close(name, &to_host_f64(trace.code.clone().detach()), &numbers(&case["h"]), tolerance);
            let expected = numbers(&case["jacobian_frobenius_squared"]);
            assert_close(name, &to_host_f64(value.clone().detach()), &expected, tolerance);
            let gradients = value.mean().backward();
            for (k, layer) in layers.iter().filter_map(AnyLayer::as_linear).enumerate() {
                let weight = to_host_f64(layer.weight.val().grad(&gradients).unwrap());
                let expected = numbers(&case["gradients"][format!("encoder.{k}.weight")]);
                assert_close(&format!("{name} ∂/∂weight {k}"), &weight, &expected, tolerance);
                // A linear encoder's Jacobian does not depend on its biases: they have no gradient.
                let bias = layer.bias.val().grad(&gradients).map_or(vec![0.0; layer.outputs()], to_host_f64);
                let expected = numbers(&case["gradients"][format!("encoder.{k}.bias")]);
                assert_close(&format!("{name} ∂/∂bias {k}"), &bias, &expected, tolerance);
            }
        }
    }
}

/// The negative control: a contraction whose φ′ is cut off from the graph lacks φ″ and must not
/// pass.
#[test]
fn without_curvature_the_gradient_is_wrong() {
    let device = Device::cpu_f64();
    let cases = golden("contraction", CASES);
    let case = cases.iter().find(|c| c["name"].as_str().unwrap().starts_with("sigmoid_depth1")).unwrap();
    let layer = Linear::from_parts(
        tensor(&case["layers"][0]["weight"], &device),
        tensor(&case["layers"][0]["bias"], &device),
        Activation::Sigmoid,
    )
    .train();
    let slope = layer.trace(tensor(&case["x"], &device)).derivative.detach();
    let cut = (slope.square() * layer.weight.val().square().sum_dim(1).transpose()).sum_dim(1).mean();
    let found = to_host_f64(layer.weight.val().grad(&cut.backward()).unwrap());
    let expected = numbers(&case["gradients"]["encoder.0.weight"]);
    let scale = expected.iter().fold(0f64, |m, e| m.max(e.abs()));
    let error = found.iter().zip(&expected).fold(0f64, |m, (f, e)| m.max((f - e).abs())) / scale;
    assert!(error > 1e-2, "{error}");
}
