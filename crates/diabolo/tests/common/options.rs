//! Every family with every kind of every option.

use crate::names::{families, kinds};

/// The options that have kinds.
const OPTIONS: [(&str, &str); 6] = [
    ("denoising", "corruption"),
    ("sparse", "sparsity"),
    ("contractive", "estimator"),
    ("variational", "bound"),
    ("variational", "prior"),
    ("variational", "flow"),
];

/// The contents of `model.family={…}`, for every family and every kind of its options.
pub fn family_settings() -> Vec<String> {
    let mut all: Vec<String> = families().iter().map(|family| alone(family)).collect();
    for family in ["plain", "denoising", "sparse", "contractive"] {
        all.extend([true, false].map(|tied| format!("kind=\"{family}\", tied={tied}")));
    }
    for (family, option) in OPTIONS {
        all.extend(values(family, option).iter().map(|value| format!("kind=\"{family}\", {option}={value}")));
    }
    all.push("kind=\"contractive\", curvature_weight=0.1".into());
    let bound = "{kind=\"importance\", samples=3, doubly_reparameterized=true}";
    all.push(format!("kind=\"variational\", bound={bound}"));
    all
}

/// The values of an option, one per kind.
pub fn values(family: &str, option: &str) -> Vec<String> {
    let given = format!("model.family={{{}}}", alone(family));
    let kinds = kinds(&[given.as_str()], &format!("model.family.{option}"));
    kinds.iter().map(|kind| format!("{{kind=\"{kind}\"{}}}", needed(kind))).collect()
}

/// A small family with default options.
fn alone(family: &str) -> String {
    match family {
        "vector_quantized" => "kind=\"vector_quantized\", groups=2, codebook_size=5".into(),
        family => format!("kind=\"{family}\""),
    }
}

/// The required values of a kind of an option; other kinds are used without values.
fn needed(kind: &str) -> &'static str {
    match kind {
        "masking" | "salt_and_pepper" => ", probability=0.3",
        "gaussian" | "clipped_gaussian" => ", deviation=0.3",
        "l1" | "kl" => ", weight=0.5",
        "top_k" => ", k=2",
        "free_bits" => ", nats=0.5",
        "capacity" => ", nats=3.0, epochs=1.0",
        "importance" => ", samples=3",
        "total_correlation" => ", weight=6.0",
        "mmd" => ", weight=100.0",
        "mixture" => ", components=3",
        "vamp_prior" => ", pseudo_inputs=3",
        "hierarchical" => ", hidden=[3], latent_dim=2",
        "planar" | "inverse_autoregressive" => ", layers=2",
        _ => "",
    }
}
