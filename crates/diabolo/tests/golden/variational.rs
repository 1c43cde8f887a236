//! The variational family: every term of the negative ELBO for every likelihood.

use crate::*;

const CASES: &str = "
    bernoulli_sigmoid bernoulli_tanh bernoulli_softplus bernoulli_silu bernoulli_gelu
    bernoulli_relu bernoulli_linear bernoulli_deep bernoulli_masked gaussian_fixed
    gaussian_fixed_deep gaussian_shared gaussian_shared_deep gaussian_per_feature
    gaussian_per_feature_linear gaussian_decoder gaussian_decoder_deep table table_masked
    table_masked_linear table_masked_deep medley_masked_deep gaussian_per_feature_at_bounds
";

/// Learned variances are numbered by us among themselves, in the golden files among all blocks.
fn rename_variances(map: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut blocks: Vec<usize> = map
        .keys()
        .filter_map(|name| name.strip_prefix("likelihood.")?.strip_suffix(".log_variance")?.parse().ok())
        .collect();
    blocks.sort_unstable();
    map.iter()
        .map(|(name, value)| {
            match blocks.iter().position(|b| *name == format!("likelihood.{b}.log_variance")) {
                Some(k) => (format!("likelihood.log_variance.{k}"), value.clone()),
                None => (name.clone(), value.clone()),
            }
        })
        .collect()
}

/// A block of columns as the golden files write it.
pub fn block(json: &Value) -> LikelihoodBlock {
    let side = |key: &str| json[key].as_u64().unwrap() as usize;
    let columns = side("start")..side("start") + side("width");
    let name = json.get("family").unwrap_or(&json["kind"]).as_str().unwrap();
    let variance = json["variance"].get("kind").unwrap_or(&json["variance"]);
    let variance = match (name, variance.as_str()) {
        (_, Some("fixed")) => Variance::Fixed { value: json["value"].as_f64().unwrap() },
        (_, Some("shared")) => Variance::Shared,
        (_, Some("per_feature")) => Variance::PerFeature,
        (_, Some("decoder")) => Variance::Decoder,
        ("discretized_logistic", _) => {
            let components = side("components");
            return LikelihoodBlock::new(Family::DiscretizedLogistic { components }, columns);
        }
        _ => return LikelihoodBlock::new(name.parse().unwrap(), columns),
    };
    LikelihoodBlock::gaussian(variance, columns)
}

fn architecture(case: &Value, kl_weight: f64) -> Architecture {
    Architecture {
        family: FamilyConfig::Variational(VariationalConfig { kl_weight, ..Default::default() }),
        inputs: width(&case["x"]),
        condition: 0,
        stem: None,
        hidden: hidden(&case["encoder"]),
        latent_dim: width(&case["epsilon"]),
        activation: activation(case),
        latent_activation: Activation::Identity,
        likelihood: case["likelihood"].as_array().unwrap().iter().map(block).collect(),
    }
}

fn parameters(case: &Value) -> BTreeMap<String, Value> {
    let mut named = named(case, &["encoder", "decoder", "posterior", "output"]);
    for (k, block) in case["likelihood"].as_array().unwrap().iter().enumerate() {
        if let Some(raw) = block.get("raw_log_variance") {
            named.insert(format!("likelihood.{k}.log_variance"), raw.clone());
        }
    }
    rename_variances(&named)
}

#[test]
fn every_term_of_the_elbo_for_every_likelihood() {
    for (device, tolerance) in devices() {
        for case in golden("variational", CASES) {
            let name = case["name"].as_str().unwrap();
            let check = |found: Vec<f64>, key: &str| {
                assert_close(&format!("{name} {key}"), &found, &numbers(&case[key]), tolerance);
            };
            let kl_weight = case["kl_weight"].as_f64().unwrap();
            let model = load(&architecture(&case, kl_weight), &parameters(&case), &device);
            let Model::Variational(variational) = &model else { unreachable!() };

            let observed = case["observed"].is_array().then(|| tensor::<2>(&case["observed"], &device));
            let x: Tensor<2> = tensor(&case["x"], &device);
            // Encoded rows have 0 in missing cells; the golden file has a value there.
            let x = observed.clone().map_or(x.clone(), |o| x * o);
            let posterior = model.posterior(x.clone()).unwrap();
            check(to_host_f64(posterior.mean.detach()), "posterior_mean");
            check(to_host_f64(posterior.log_variance.detach()), "posterior_log_variance");

            let batch = Batch { observed, ..Batch::new(x) };
            let latent = tensor(&case["epsilon"], &device);
            let epsilon = ReparameterizationNoise { latent, auxiliary: None, prior: None };
            let stage = AnnealingState { kl_weight, capacity: 0.0, rows: 4, training: true };
            let terms = variational.terms(&batch, epsilon, &stage);
            check(value_of(&terms, "reconstruction"), "reconstruction");
            check(value_of(&terms, "kl_divergence"), "kl_divergence");
            let total = objective(&terms);
            check(to_host_f64(total.clone().detach()), "objective");
            let expected = rename_variances(&object(&case["gradients"]));
            assert_gradients(name, &model, &total.backward(), &expected, tolerance);
        }
    }
}
