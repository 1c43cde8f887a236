//! Layers alone: results, contractions, and all their gradients.

use diabolo::nn::{AnyLayer, Layers, Permutation, Sequential};

use crate::parameters::assert_gradients;
use crate::*;

/// The gradients of the weights of layers, by their names within the layers.
fn of_layers(expected: &Value) -> BTreeMap<String, Value> {
    let of =
        |(name, value): (&String, &Value)| Some((name.strip_prefix("layers.")?.to_string(), value.clone()));
    expected.as_object().unwrap().iter().filter_map(of).collect()
}

/// f(x), with weights that are trained and not, and the gradients of a weighted sum of it.
pub fn assert_results(case: &Value, layers: &Sequential, device: &Device, tolerance: f64) {
    let name = case["name"].as_str().unwrap();
    let x = tensor::<2>(&case["x"], device).require_grad();
    let h = layers.forward(x.clone());
    assert_close(name, &to_host_f64(h.clone().detach()), &numbers(&case["h"]), tolerance);
    let untracked = layers.valid().forward(x.clone().detach());
    assert!(!untracked.is_tracked());
    assert_close(name, &to_host_f64(untracked), &numbers(&case["h"]), tolerance);
    let gradients = (h * tensor(&case["factors"], device)).sum().backward();
    let expected = &case["gradients_of_result"];
    let of_x = to_host_f64(x.grad(&gradients).unwrap());
    assert_close(&format!("{name} ∂/∂x"), &of_x, &numbers(&expected["x"]), tolerance);
    assert_gradients(name, layers, &gradients, &of_layers(expected), tolerance);
}

/// ‖J‖²_F of `encoder`, which holds `layers`, by two ways, and its gradients.
pub fn assert_contraction(
    case: &Value,
    encoder: Layers,
    layers: &Sequential,
    device: &Device,
    tolerance: f64,
) {
    let name = case["name"].as_str().unwrap();
    let trace = EncoderTrace::new(encoder, tensor(&case["x"], device));
    let value = trace.contraction(None);
    let expected = numbers(&case["jacobian_frobenius_squared"]);
    assert_close(name, &to_host_f64(value.clone().detach()), &expected, tolerance);
    let whole = trace.jacobian().detach().square().sum_dim(2).sum_dim(1).reshape([expected.len()]);
    assert_close(name, &to_host_f64(whole), &expected, tolerance);
    let gradients = value.mean().backward();
    assert_gradients(name, layers, &gradients, &of_layers(&case["gradients_of_contraction"]), tolerance);
}

/// The same of layers that are never the first of an encoder: behind a permutation, as there.
pub fn assert_contraction_behind_another(case: &Value, layers: &Sequential, device: &Device, tolerance: f64) {
    let identity = AnyLayer::from(Permutation::new((0..layers.inputs()).collect()));
    let encoder = [&identity].into_iter().chain(layers.iter()).collect();
    assert_contraction(case, encoder, layers, device, tolerance);
}

/// Jᵀv by the vector-Jacobian product and J u by the other one: vᵀ(J u) = (vᵀJ) u.
pub fn assert_products_agree(case: &Value, layers: &Sequential, device: &Device) {
    let (x, v): (Tensor<2>, Tensor<2>) = (tensor(&case["x"], device), tensor(&case["factors"], device));
    let traces = layers.trace(x.clone());
    let slopes: Vec<Tensor<2>> = traces.into_iter().map(|trace| trace.derivative).collect();
    let along = layers.jvp(x.clone(), &slopes);
    let back = layers.vjp(v.clone().unsqueeze_dim::<3>(1), &slopes).squeeze_dim::<2>(1);
    let difference = ((back * x).sum() - (along * v).sum()).detach().abs().into_scalar();
    assert!(difference < 1e-12, "{}: {difference}", case["name"]);
}
