//! Every bound, learned prior and flow of the variational family: terms and gradients.

use diabolo::nn::AnyLayer;

use crate::*;

const CASES: &str = "
    elbo free_bits capacity_below capacity_above total_correlation mmd importance_1
    importance_3 importance_doubly importance_doubly_vamp mixture mixture_importance vamp
    vamp_importance hierarchical hierarchical_importance planar planar_importance
    autoregressive autoregressive_importance autoregressive_vamp
";

fn architecture(case: &Value, config: VariationalConfig) -> Architecture {
    let inputs = width(&case["x"]);
    Architecture {
        family: FamilyConfig::Variational(config),
        inputs,
        condition: 0,
        stem: None,
        hidden: hidden(&case["parameters"]["encoder"]),
        latent_dim: width(&case["noise"]["latent"]),
        activation: activation(case),
        latent_activation: Activation::Identity,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..inputs)],
    }
}

fn noise(case: &Value, device: &Device) -> ReparameterizationNoise {
    let maybe = |key: &str| case["noise"][key].is_array().then(|| tensor::<2>(&case["noise"][key], device));
    ReparameterizationNoise {
        latent: tensor(&case["noise"]["latent"], device),
        auxiliary: maybe("auxiliary"),
        prior: maybe("prior"),
    }
}

#[test]
fn every_bound_prior_and_flow() {
    for (device, tolerance) in devices() {
        for case in golden("bounds", CASES) {
            let name = case["name"].as_str().unwrap();
            let config: VariationalConfig = serde_json::from_value(case["config"].clone()).unwrap();
            let mut named = BTreeMap::new();
            flatten(&case["parameters"], "", &mut named);
            let model = load(&architecture(&case, config.clone()), &named, &device);
            let Model::Variational(variational) = &model else { unreachable!() };
            let batch = Batch::new(tensor::<2>(&case["x"], &device));
            let stage = AnnealingState {
                kl_weight: config.kl_weight,
                capacity: case["capacity"].as_f64().unwrap(),
                rows: case["rows"].as_u64().unwrap() as usize,
                training: true,
            };
            let terms = variational.terms(&batch, noise(&case, &device), &stage);
            for expected in case["terms"].as_array().unwrap() {
                let term = expected["name"].as_str().unwrap();
                let what = format!("{name} {term}");
                assert_close(&what, &value_of(&terms, term), &numbers(&expected["value"]), tolerance);
                let weight = terms.iter().find(|t| t.name == term).unwrap().weight;
                assert!(
                    (weight - expected["weight"].as_f64().unwrap()).abs() < 1e-12,
                    "{what}: weight {weight}"
                );
            }
            assert_eq!(terms.len(), case["terms"].as_array().unwrap().len(), "{name}");
            let total = objective(&terms);
            assert_close(name, &to_host_f64(total.clone().detach()), &numbers(&case["objective"]), tolerance);
            assert_gradients(name, &model, &total.backward(), &object(&case["gradients"]), tolerance);
        }
    }
}

/// The negative control: the plain gradient of the importance-weighted bound differs from the
/// doubly reparameterized one.
#[test]
fn the_plain_gradient_is_not_the_doubly_reparameterised_one() {
    let device = Device::cpu_f64();
    let cases = golden("bounds", CASES);
    let case = cases.iter().find(|c| c["name"] == "importance_doubly").unwrap();
    let mut config: VariationalConfig = serde_json::from_value(case["config"].clone()).unwrap();
    config.bound = diabolo::model::Bound::Importance { samples: 4, doubly_reparameterized: false };
    let mut named = BTreeMap::new();
    flatten(&case["parameters"], "", &mut named);
    let model = load(&architecture(case, config), &named, &device);
    let Model::Variational(variational) = &model else { unreachable!() };
    let batch = Batch::new(tensor::<2>(&case["x"], &device));
    let stage = AnnealingState { kl_weight: 1.0, capacity: 0.0, rows: 50, training: true };
    let gradients = objective(&variational.terms(&batch, noise(case, &device), &stage)).backward();
    let gradient_of = |t: Tensor<2>| to_host_f64(t.grad(&gradients).unwrap());
    let difference = |found: Vec<f64>, key: &str| {
        let expected = numbers(&case["gradients"][key]);
        let scale = expected.iter().fold(0f64, |m, e| m.max(e.abs()));
        found.iter().zip(&expected).fold(0f64, |m, (f, e)| m.max((f - e).abs())) / scale
    };
    // The decoder's gradient is the same.
    let weight = |layer: &AnyLayer| gradient_of(layer.as_linear().unwrap().weight.val());
    assert!(difference(weight(&variational.output), "output.weight") < 1e-9);
    assert!(difference(weight(&variational.posterior.mean), "posterior.mean.weight") > 1e-2);
}
