//! Gated recurrent units and long short-term memory: results, contractions, all their gradients.

use diabolo::nn::{AnyLayer, Gru, Lstm, Sequential, Steps};

use crate::layers::{assert_contraction_behind_another, assert_products_agree, assert_results};
use crate::*;

const CASES: &str = "
    last last_dense each_last_dense repeated dense_repeated_each
    lstm_last lstm_last_dense lstm_each_last_dense lstm_dense_repeated_each
";
const STEPS: usize = 4;

fn layer(value: &Value, device: &Device) -> AnyLayer {
    let (weight, bias) = (tensor(&value["weight"], device), tensor(&value["bias"], device));
    let name = value["kind"].as_str().unwrap();
    let kind = match name.trim_start_matches("lstm_") {
        "dense" => return Linear::from_parts(weight, bias, Activation::Tanh).into(),
        "each" => Steps::Each,
        "last" => Steps::Last,
        "repeated" => Steps::Repeated,
        other => panic!("{other}"),
    };
    let recurrent = tensor(&value["recurrent_weight"], device);
    if name.starts_with("lstm") {
        return Lstm::from_parts(weight, bias, recurrent, STEPS, kind).into();
    }
    Gru::from_parts(weight, bias, recurrent, tensor(&value["recurrent_bias"], device), STEPS, kind).into()
}

fn layers(case: &Value, device: &Device) -> Sequential {
    let all = case["layers"].as_array().unwrap().iter();
    all.map(|value| layer(value, device)).collect::<Sequential>().train()
}

#[test]
fn results_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("recurrent", CASES) {
            assert_results(&case, &layers(&case, &device), &device, tolerance);
        }
    }
}

#[test]
fn contractions_and_their_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("recurrent", CASES) {
            assert_contraction_behind_another(&case, &layers(&case, &device), &device, tolerance);
        }
    }
}

#[test]
fn products_agree() {
    let device = Device::cpu_f64();
    for case in golden("recurrent", CASES) {
        assert_products_agree(&case, &layers(&case, &device), &device);
    }
}

/// The negative control: with the reset before the product, results differ.
#[test]
fn the_place_of_the_reset_matters() {
    let cases = golden("recurrent", CASES);
    let case = cases.iter().find(|case| case["name"] == "last").unwrap();
    let part = |key: &str| numbers(&case["layers"][0][key]);
    let (w, b) = (part("weight"), part("bias"));
    let (u, c) = (part("recurrent_weight"), part("recurrent_bias"));
    let (x, expected) = (numbers(&case["x"]), numbers(&case["h"]));
    let width = c.len();
    let features = w.len() / (3 * width);
    let sigmoid = |a: f64| 1.0 / (1.0 + (-a).exp());
    let run = |before: bool| {
        let mut h = vec![0.0; width];
        for t in 0..STEPS {
            let x = &x[t * features..(t + 1) * features];
            let given = |k: usize| b[k] + x.iter().zip(&w[k * features..]).map(|(x, w)| x * w).sum::<f64>();
            let own = |k: usize, h: &[f64]| h.iter().zip(&u[k * width..]).map(|(h, u)| h * u).sum::<f64>();
            let reset: Vec<f64> = (0..width).map(|j| sigmoid(given(j) + own(j, &h))).collect();
            let faded: Vec<f64> = h.iter().zip(&reset).map(|(h, r)| h * r).collect();
            let next = |j: usize| {
                let update = sigmoid(given(width + j) + own(width + j, &h));
                let k = 2 * width + j;
                let inner = if before { own(k, &faded) + c[j] } else { reset[j] * (own(k, &h) + c[j]) };
                (1.0 - update) * (given(k) + inner).tanh() + update * h[j]
            };
            h = (0..width).map(next).collect();
        }
        h
    };
    let distance =
        |found: Vec<f64>| found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(distance(run(false)) < 1e-12);
    assert!(distance(run(true)) > 1e-3);
}
