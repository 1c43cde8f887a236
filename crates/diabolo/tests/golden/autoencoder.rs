//! The contractive autoencoder: every term, every gradient, and the higher-order term.

use crate::*;

const CASES: &str = "
    sigmoid_depth1_untied sigmoid_depth1_tied tanh_depth1_untied tanh_depth1_tied
    sigmoid_depth2_untied sigmoid_depth2_tied tanh_depth2_untied tanh_depth2_tied
    sigmoid_depth1_untied_higher_order tanh_depth2_tied_higher_order
";

#[test]
fn contractive_autoencoders_tied_and_untied() {
    for (device, tolerance) in devices() {
        for case in golden("autoencoder", CASES) {
            let name = case["name"].as_str().unwrap();
            let (inputs, tied) = (width(&case["x"]), case["tied"].as_bool().unwrap());
            let mut widths = hidden(&case["encoder"]);
            let latent_dim = widths.pop().unwrap();
            let architecture = Architecture {
                family: FamilyConfig::Contractive(ContractiveConfig {
                    tied,
                    contraction_weight: case["contraction_weight"].as_f64().unwrap(),
                    ..Default::default()
                }),
                inputs,
                condition: 0,
                stem: None,
                hidden: widths,
                latent_dim,
                activation: activation(&case),
                latent_activation: activation(&case),
                likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..inputs)],
            };
            let named = named(&case, &["encoder", "decoder"]);
            let model = load(&architecture, &named, &device);
            let batch = Batch::new(tensor(&case["x"], &device));
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let context = &mut Context { noise, epochs: 0.0, training: true, rows: 1, device: &device };
            let mut terms = model.loss(&batch, context);
            if case.get("eps").is_some() {
                terms.push(curvature(&case, &model, &batch, &device));
                assert_close(name, &value_of(&terms, "curvature"), &numbers(&case["curvature"]), tolerance);
            }
            assert_close(
                name,
                &value_of(&terms, "reconstruction"),
                &numbers(&case["reconstruction"]),
                tolerance,
            );
            assert_close(name, &value_of(&terms, "contraction"), &numbers(&case["contraction"]), tolerance);
            let total = objective(&terms);
            assert_close(name, &to_host_f64(total.clone().detach()), &numbers(&case["objective"]), tolerance);
            assert_gradients(name, &model, &total.backward(), &object(&case["gradients"]), tolerance);
            let logits = model.decode(model.encode(batch.x)).detach();
            assert_close(name, &to_host_f64(logits), &numbers(&case["logits"]), tolerance);
        }
    }
}

/// The higher-order term (CAE+H) with the golden file's ε.
fn curvature(case: &Value, model: &Model, batch: &Batch, device: &Device) -> Term {
    let trace = |x| EncoderTrace::new(model.encoder(), x);
    let near = trace(batch.x.clone() + tensor(&case["eps"], device));
    let value = trace(batch.x.clone()).curvature(&near, None);
    Term::new("curvature", value).weighted(case["curvature_weight"].as_f64().unwrap())
}
