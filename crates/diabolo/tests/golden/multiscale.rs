//! The multi-scale family: the loss at given noise, every gradient, and the reconstruction at each
//! level.

use crate::*;
use diabolo::model::MultiscaleConfig;

const CASES: &str = "
    silu_depth1_7_numbers silu_depth2_7_numbers silu_depth3_7_numbers tanh_depth1_7_numbers
    tanh_depth2_7_numbers tanh_depth3_7_numbers silu_depth2_4_numbers
    silu_depth2_4_numbers_masked
";

fn architecture(case: &Value) -> Architecture {
    let (inputs, numbers) = (width(&case["x"]), case["numbers"].as_u64().unwrap() as usize);
    let mut widths = hidden(&case["encoder"]);
    let latent_dim = widths.pop().unwrap();
    let side = |key: &str| case[key].as_f64().unwrap();
    let config = MultiscaleConfig {
        sigma_min: side("sigma_min"),
        sigma_max: side("sigma_max"),
        leave_out: false,
        score_sigmas: self::numbers(&case["score_sigmas"]),
    };
    let blocks = [
        LikelihoodBlock::new(Family::Gaussian, 0..numbers),
        LikelihoodBlock::new(Family::Bernoulli, numbers..inputs),
    ];
    Architecture {
        family: FamilyConfig::Multiscale(config),
        inputs,
        condition: 0,
        stem: None,
        hidden: widths,
        latent_dim,
        activation: activation(case),
        latent_activation: activation(case),
        likelihood: blocks.into_iter().filter(|block| block.width > 0).collect(),
    }
}

#[test]
fn noise_of_every_size_is_removed_as_in_jax() {
    for (device, tolerance) in devices() {
        for case in golden("multiscale", CASES) {
            let name = case["name"].as_str().unwrap();
            let named = named(&case, &["level", "encoder", "decoder"]);
            let model = load(&architecture(&case), &named, &device);
            let observed = case.get("observed").map(|observed| tensor::<2>(observed, &device));
            let batch = Batch { observed, ..Batch::new(tensor(&case["x"], &device)) };
            let Model::Multiscale(multiscale) = &model else { unreachable!() };
            let (sigma, epsilon) = (tensor(&case["sigma"], &device), tensor(&case["epsilon"], &device));
            let terms = multiscale.terms(&batch, sigma, epsilon);
            let expected = numbers(&case["reconstruction"]);
            assert_close(name, &value_of(&terms, "reconstruction"), &expected, tolerance);
            let total = objective(&terms);
            assert_close(name, &to_host_f64(total.clone().detach()), &numbers(&case["objective"]), tolerance);
            assert_gradients(name, &model, &total.backward(), &object(&case["gradients"]), tolerance);
            let made = model.reconstructions(&batch);
            for (made, expected) in made.into_iter().zip(case["reconstructions"].as_array().unwrap()) {
                let means = to_host_f64(model.likelihood().mean(made).detach());
                let logistic = |at: usize, x: f64| match at % width(expected)
                    < case["numbers"].as_u64().unwrap() as usize
                {
                    true => x,
                    false => 1.0 / (1.0 + (-x).exp()),
                };
                let expected: Vec<f64> =
                    numbers(expected).into_iter().enumerate().map(|(at, x)| logistic(at, x)).collect();
                assert_close(name, &means, &expected, tolerance);
            }
        }
    }
}
