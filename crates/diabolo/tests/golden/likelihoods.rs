//! Every likelihood: nats of each example, gradients of the decoder outputs and of the other
//! parameters.

use crate::*;
use diabolo::distribution::Likelihood;

const CASES: &str = "
    continuous_bernoulli continuous_bernoulli_masked student_t student_t_masked laplace
    laplace_masked ordinal ordinal_masked poisson poisson_masked negative_binomial
    negative_binomial_masked beta_binomial beta_binomial_masked discretized_logistic
    discretized_logistic_masked gaussian gaussian_masked student_t_at_bounds
    laplace_at_bounds negative_binomial_at_bounds ordinal_two_levels mixed_masked
    mixed_twice
";

/// Sets the learned vectors of a case, list by list in the order of the blocks.
fn load(likelihood: &mut Likelihood, learned: &Value, device: &Device) {
    for (name, list) in lists(likelihood) {
        let named = learned.as_array().unwrap().iter().filter_map(|own| own.get(name));
        let given: Vec<Tensor<1>> = named.map(|v| tensor(v, device)).collect();
        let shapes = |lengths: Vec<usize>| (name, lengths);
        let expected = shapes(list.iter().map(|p| p.dims()[0]).collect());
        assert_eq!(shapes(given.iter().map(|t| t.dims()[0]).collect()), expected);
        *list = given.into_iter().map(Param::from_tensor).collect();
    }
}

fn lists(likelihood: &mut Likelihood) -> [(&'static str, &mut Vec<Param<1>>); 5] {
    [
        ("log_variance", &mut likelihood.log_variance),
        ("log_scale", &mut likelihood.log_scale),
        ("log_freedom", &mut likelihood.log_freedom),
        ("log_dispersion", &mut likelihood.log_dispersion),
        ("thresholds", &mut likelihood.thresholds),
    ]
}

#[test]
fn every_likelihood_and_its_gradients() {
    for (device, tolerance) in devices() {
        for case in golden("likelihoods", CASES) {
            let name = case["name"].as_str().unwrap();
            let blocks = case["blocks"].as_array().unwrap();
            let mut likelihood =
                Likelihood::new(blocks.iter().map(crate::variational::block).collect(), &device);
            load(&mut likelihood, &case["learned"], &device);
            let mut likelihood = likelihood.train();

            let observed = case["observed"].is_array().then(|| tensor::<2>(&case["observed"], &device));
            let x: Tensor<2> = tensor(&case["x"], &device);
            // Encoded rows have 0 in missing cells; the golden file has a value there.
            let x = observed.clone().map_or(x.clone(), |o| x * o);
            let outputs = tensor::<2>(&case["outputs"], &device).require_grad();
            let nll = likelihood.negative_log_likelihood(outputs.clone(), x, observed.as_ref());
            let expected = numbers(&case["negative_log_likelihood"]);
            assert_close(name, &to_host_f64(nll.clone().detach()), &expected, tolerance);

            let gradients = nll.mean().backward();
            let found = to_host_f64(outputs.grad(&gradients).unwrap());
            assert_close(
                &format!("{name} ∂/∂outputs"),
                &found,
                &numbers(&case["output_gradients"]),
                tolerance,
            );
            for (vector, list) in lists(&mut likelihood) {
                let learned = case["learned_gradients"].as_array().unwrap();
                let expected = learned.iter().filter_map(|own| own.get(vector));
                for (found, expected) in list.iter().zip(expected) {
                    let found = to_host_f64(found.val().grad(&gradients).unwrap());
                    assert_close(&format!("{name} ∂/∂{vector}"), &found, &numbers(expected), tolerance);
                }
            }
        }
    }
}

/// The negative control: another level, one count more or other thresholds do not pass.
#[test]
fn neighbouring_values_are_distinguished() {
    let device = Device::cpu_f64();
    for family in ["ordinal", "poisson", "negative_binomial", "beta_binomial", "discretized_logistic"] {
        let cases = golden("likelihoods", CASES);
        let case = cases.iter().find(|c| c["name"] == family).unwrap();
        let blocks = case["blocks"].as_array().unwrap();
        let mut likelihood = Likelihood::new(blocks.iter().map(crate::variational::block).collect(), &device);
        load(&mut likelihood, &case["learned"], &device);
        let x = tensor::<2>(&case["x"], &device);
        let moved = match family {
            "ordinal" => x.flip(1),
            "poisson" | "negative_binomial" => (x.exp() + 1.0).log(),
            _ => x * 0.99,
        };
        let found =
            to_host_f64(likelihood.negative_log_likelihood(tensor(&case["outputs"], &device), moved, None));
        let expected = numbers(&case["negative_log_likelihood"]);
        let largest = found.iter().zip(&expected).fold(0f64, |m, (f, e)| m.max((f - e).abs()));
        assert!(largest > 1e-2, "{family}: {found:?}");
    }
}
