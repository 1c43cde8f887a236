//! The sparse family: every term, every gradient, and the contraction of the code as it is used.

use crate::*;
use diabolo::model::SparseConfig;
use diabolo::objective::Sparsity;

pub const CASES: &str = "
    l1_tanh_depth1_untied l1_tanh_depth2_untied l1_tanh_depth1_tied l1_tanh_depth2_tied
    l1_relu_depth1_untied l1_relu_depth2_untied l1_relu_depth1_tied l1_relu_depth2_tied
    kl_sigmoid_depth1_untied kl_sigmoid_depth2_untied kl_sigmoid_depth1_tied
    kl_sigmoid_depth2_tied top_k_identity_depth1_untied top_k_identity_depth2_untied
    top_k_identity_depth1_tied top_k_identity_depth2_tied top_k_sigmoid_depth1_untied
    top_k_sigmoid_depth2_untied top_k_sigmoid_depth1_tied top_k_sigmoid_depth2_tied
";

fn architecture(case: &Value) -> Architecture {
    let inputs = width(&case["x"]);
    let mut widths = hidden(&case["encoder"]);
    let latent_dim = widths.pop().unwrap();
    let sparsity: Sparsity = serde_json::from_value(case["sparsity"].clone()).unwrap();
    Architecture {
        family: FamilyConfig::Sparse(SparseConfig { tied: case["tied"].as_bool().unwrap(), sparsity }),
        inputs,
        condition: 0,
        stem: None,
        hidden: widths,
        latent_dim,
        activation: activation(case),
        latent_activation: serde_json::from_value(case["latent_activation"].clone()).unwrap(),
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..inputs)],
    }
}

#[test]
fn sparse_autoencoders_of_each_kind_tied_and_untied() {
    for (device, tolerance) in devices() {
        for case in golden("sparse", CASES) {
            let name = case["name"].as_str().unwrap();
            let named = named(&case, &["encoder", "decoder"]);
            let model = load(&architecture(&case), &named, &device);
            let batch = Batch::new(tensor(&case["x"], &device));
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let terms = model
                .loss(&batch, &mut Context { noise, epochs: 0.0, training: true, rows: 1, device: &device });
            assert_eq!(terms.len(), 1 + case.get("sparsity_term").is_some() as usize, "{name}");
            for (term, key) in terms.iter().zip(["reconstruction", "sparsity_term"]) {
                assert_close(name, &to_host_f64(term.value.clone()), &numbers(&case[key]), tolerance);
            }
            let total = objective(&terms);
            assert_close(name, &to_host_f64(total.clone().detach()), &numbers(&case["objective"]), tolerance);
            assert_gradients(name, &model, &total.backward(), &object(&case["gradients"]), tolerance);
            let code = model.encode(batch.x.clone());
            assert_close(name, &to_host_f64(code.clone().detach()), &numbers(&case["h"]), tolerance);
            assert_close(
                name,
                &to_host_f64(model.decode(code).detach()),
                &numbers(&case["logits"]),
                tolerance,
            );
            let trace = model.trace(batch.x.clone());
            assert_close(name, &to_host_f64(trace.code.clone().detach()), &numbers(&case["h"]), tolerance);
            let contraction = to_host_f64(model.contraction(batch.x).detach());
            assert_close(name, &contraction, &numbers(&case["contraction"]), tolerance);
        }
    }
}
