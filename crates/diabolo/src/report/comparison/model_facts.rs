//! What distinguishes a model of a comparison: objective, layers, settings.

use diabolo_report::comparison::Summary;
use diabolo_report::number;

use crate::distribution::Family;
use crate::model::{Architecture, ContractiveConfig, FamilyConfig};
use crate::objective::{Corruption, Sparsity};
use crate::task::compare::Candidate;

pub(super) fn model_facts(candidate: &Candidate, epochs: &[f64], seconds: &[f64]) -> Vec<(String, String)> {
    let Candidate { architecture, config, .. } = candidate;
    let encoder = architecture.encoder_shapes();
    let widths: Vec<String> = encoder.iter().chain(encoder.iter().rev().skip(1)).cloned().collect();
    let mut activations = vec![architecture.latent_activation.name()];
    if encoder.len() > 2 && architecture.activation != architecture.latent_activation {
        activations.insert(0, architecture.activation.name());
    }
    let mean = |values: &[f64]| Summary::of(values).mean;
    let fact = |name: &str, value: String| (name.to_string(), value);
    vec![
        fact("Regularization", regularization(&architecture.family)),
        fact("Layers", widths.join(" → ")),
        fact("Likelihood", likelihoods(architecture)),
        fact("Activation", activations.join(", code ")),
        fact(
            "Weights",
            format!(
                "{}{}",
                number(candidate.weights() as f64),
                if architecture.family.tied() { ", tied" } else { "" }
            ),
        ),
        fact("Learning rate", number(config.training.learning_rate.unwrap_or(f64::NAN))),
        fact("Epochs run", number(mean(epochs).round())),
        fact("Time", format!("{:.1} s", mean(seconds))),
    ]
}

/// The distributions of the decoder's outputs.
fn likelihoods(architecture: &Architecture) -> String {
    let described = architecture.likelihood.iter().filter(|block| block.family != Family::InputOnly);
    let mut titles: Vec<&str> = described.map(|block| block.family.title()).collect();
    titles.dedup();
    titles.join(", ")
}

/// Such as "25 % of the input set to 0".
pub(super) fn corruption_words(corruption: &Corruption) -> String {
    match corruption {
        Corruption::Masking { probability } => {
            format!("{} % of the input set to 0", number(100.0 * probability))
        }
        Corruption::Gaussian { deviation } => format!("Gaussian noise, σ = {}", number(*deviation)),
        Corruption::ClippedGaussian { deviation } => {
            format!("Gaussian noise, σ = {}, clipped", number(*deviation))
        }
        Corruption::SaltAndPepper { probability } => {
            format!("{} % salt and pepper", number(100.0 * probability))
        }
    }
}

fn regularization(family: &FamilyConfig) -> String {
    match family {
        FamilyConfig::Plain { .. } => "none".into(),
        FamilyConfig::Denoising { corruption, .. } => {
            format!("trained with {}", corruption_words(corruption))
        }
        FamilyConfig::Contractive(ContractiveConfig { contraction_weight, curvature_weight, .. }) => {
            let curvature = match *curvature_weight {
                0.0 => String::new(),
                weight => format!(", and {} × curvature", number(weight)),
            };
            format!("penalty {} × ‖J‖²{curvature}", number(*contraction_weight))
        }
        FamilyConfig::Variational(config) => {
            format!("random code, penalty {} × KL divergence", number(config.kl_weight))
        }
        FamilyConfig::VectorQuantized(config) => {
            let (groups, size) = (config.groups, config.codebook_size);
            format!("{groups} choices from {size}, penalty {} × commitment", number(config.commitment_weight))
        }
        FamilyConfig::Multiscale(config) => {
            format!(
                "removes noise of {} to {} deviations",
                number(config.sigma_min),
                number(config.sigma_max)
            )
        }
        FamilyConfig::Sparse(config) => match config.sparsity {
            Sparsity::L1 { weight } => format!("penalty {} × |code|", number(weight)),
            Sparsity::Kl { weight, target } => {
                let share = number(100.0 * target);
                format!("penalty {} × KL from {share} % activity", number(weight))
            }
            Sparsity::TopK { k } => format!("keeps the {k} largest units"),
        },
    }
}
