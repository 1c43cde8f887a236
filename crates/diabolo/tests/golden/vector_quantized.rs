//! The vector-quantized family: terms, straight-through gradients, and a step of the codebooks.

use crate::*;
use diabolo::model::VectorQuantizedConfig;
use serde_json::json;

const CASES: &str = "
    tanh_depth1_1x5 tanh_depth2_2x4 silu_depth2_3x3 sigmoid_depth3_6x2 silu_depth3_2x8
";

fn architecture(case: &Value) -> Architecture {
    let inputs = width(&case["x"]);
    let mut widths = hidden(&case["encoder"]);
    let latent_dim = widths.pop().unwrap();
    let count = |key: &str| case[key].as_u64().unwrap() as usize;
    Architecture {
        family: FamilyConfig::VectorQuantized(VectorQuantizedConfig {
            codebook_size: count("codebook_size"),
            groups: count("groups"),
            commitment_weight: case["commitment_weight"].as_f64().unwrap(),
            decay: case["decay"].as_f64().unwrap(),
        }),
        inputs,
        condition: 0,
        stem: None,
        hidden: widths,
        latent_dim,
        activation: activation(case),
        latent_activation: Activation::Identity,
        likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..inputs)],
    }
}

/// A prior of zeros, which the loss does not use.
fn with_prior(mut named: BTreeMap<String, Value>, case: &Value) -> BTreeMap<String, Value> {
    let [groups, size] = ["groups", "codebook_size"].map(|key| case[key].as_u64().unwrap() as usize);
    named.insert("prior.weights".into(), json!(vec![0.0; 64]));
    named.insert("prior.shares".into(), json!(vec![vec![vec![0.0; size]; groups]; 64]));
    named
}

#[test]
fn vector_quantized_autoencoders_and_their_codebooks() {
    for (device, tolerance) in devices() {
        for case in golden("vector_quantized", CASES) {
            let name = case["name"].as_str().unwrap();
            let named = with_prior(named(&case, &["encoder", "decoder", "codebook"]), &case);
            let model = load(&architecture(&case), &named, &device);
            let batch = Batch::new(tensor(&case["x"], &device));
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let context = &mut Context { noise, epochs: 0.0, training: true, rows: 1, device: &device };
            let terms = model.loss(&batch, context);
            for key in ["reconstruction", "commitment"] {
                assert_close(name, &value_of(&terms, key), &numbers(&case[key]), tolerance);
            }
            let total = objective(&terms);
            assert_close(name, &to_host_f64(total.clone().detach()), &numbers(&case["objective"]), tolerance);
            let expected = with_prior(object(&case["gradients"]), &case);
            assert_gradients(name, &model, &total.backward(), &expected, tolerance);

            let code = model.encode(batch.x.clone());
            assert_close(name, &to_host_f64(code.clone().detach()), &numbers(&case["q"]), tolerance);
            assert_close(
                name,
                &to_host_f64(model.decode(code).detach()),
                &numbers(&case["logits"]),
                tolerance,
            );
            let before = model.trace(batch.x).code.detach();
            assert_close(name, &to_host_f64(before.clone()), &numbers(&case["z"]), tolerance);
            let moved = model.codebook().unwrap().clone().ema_update(before, case["decay"].as_f64().unwrap());
            assert_close(
                name,
                &to_host_f64(moved.vectors.val()),
                &numbers(&case["ema_update"]["vectors"]),
                tolerance,
            );
            assert_close(
                name,
                &to_host_f64(moved.counts.val()),
                &numbers(&case["ema_update"]["counts"]),
                tolerance,
            );
        }
    }
}
