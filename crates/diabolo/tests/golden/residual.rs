//! Residual blocks: results, contractions, and all their gradients.

use diabolo::nn::{AnyLayer, Residual, Sequential};

use crate::convolution;
use crate::layers::{assert_contraction_behind_another, assert_products_agree, assert_results};
use crate::*;

const CASES: &str = "
    tanh_encoder tanh_decoder tanh_dilated silu_encoder silu_decoder silu_dilated
";

fn layer(value: &Value, activation: Activation, device: &Device) -> AnyLayer {
    if value["kind"] == "dense" {
        return convolution::layer(value, activation, device);
    }
    let part = |value: &Value, activation| convolution::convolution(value, activation, device);
    let linear = |value: &Value| part(value, Activation::Identity);
    let shortcut = value.get("shortcut").map(linear);
    Residual::from_parts(part(&value["first"], activation), linear(&value["second"]), shortcut).into()
}

fn layers(case: &Value, device: &Device) -> Sequential {
    let all = case["layers"].as_array().unwrap().iter();
    all.map(|value| layer(value, activation(case), device)).collect::<Sequential>().train()
}

#[test]
fn results_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("residual", CASES) {
            assert_results(&case, &layers(&case, &device), &device, tolerance);
        }
    }
}

#[test]
fn contractions_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("residual", CASES) {
            assert_contraction_behind_another(&case, &layers(&case, &device), &device, tolerance);
        }
    }
}

#[test]
fn products_agree() {
    let device = Device::cpu_f64();
    for case in golden("residual", CASES) {
        assert_products_agree(&case, &layers(&case, &device), &device);
    }
}

/// The negative control: without the shortcut, results differ.
#[test]
fn the_shortcut_matters() {
    let device = Device::cpu_f64();
    for case in golden("residual", CASES) {
        let layers: Sequential = layers(&case, &device);
        let bodies: Sequential = layers
            .iter()
            .flat_map(|layer| match layer {
                AnyLayer::Residual(block) => vec![block.first.clone().into(), block.second.clone().into()],
                other => vec![other.clone()],
            })
            .collect();
        let found = to_host_f64(bodies.forward(tensor(&case["x"], &device)).detach());
        let distance = found.iter().zip(&numbers(&case["h"])).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(distance > 1e-2, "{}: {distance}", case["name"]);
    }
}
