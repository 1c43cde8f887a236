//! Gathers the drawing of an architecture.

use diabolo_report::{ArchitecturePicture, DrawnLayer};

use crate::evaluate::Metrics;
use crate::model::{Architecture, FamilyConfig};
use crate::nn::Activation;

/// The layers of an architecture, and what its objective does to the code.
pub fn architecture_picture(architecture: &Architecture) -> ArchitecturePicture {
    let shapes = architecture.encoder_shapes();
    let count = shapes.len();
    let samples = architecture.family.is_variational();
    let units = |label: &str| label.split('×').filter_map(|side| side.parse::<usize>().ok()).product();
    let named = |activation: Activation| match activation {
        Activation::Identity => String::new(),
        other => other.name().to_string(),
    };
    let layer = |label: &String, activation: String| DrawnLayer {
        units: units(label),
        label: label.clone(),
        activation,
    };
    let encoder = shapes.iter().enumerate().map(|(k, label)| match k {
        0 => layer(label, String::new()),
        k if k + 1 == count => layer(label, named(architecture.latent_activation)),
        _ => layer(label, named(architecture.activation)),
    });
    let decoder = shapes.iter().rev().enumerate().map(|(k, label)| match k {
        k if k == 0 || k + 1 == count => layer(label, String::new()),
        _ => layer(label, named(architecture.activation)),
    });
    let penalty = match &architecture.family {
        FamilyConfig::Plain { .. } => String::new(),
        FamilyConfig::Denoising { .. } => "noise on x".into(),
        FamilyConfig::Sparse(_) => "few active units".into(),
        FamilyConfig::Contractive(config) => {
            format!("λ‖∂h/∂x‖²_F, λ = {}", config.contraction_weight)
        }
        FamilyConfig::Variational(config) => {
            let weight =
                if config.kl_weight == 1.0 { String::new() } else { format!("{} · ", config.kl_weight) };
            format!("{weight}KL(q(z|x) ‖ p(z))")
        }
        FamilyConfig::VectorQuantized(_) => "the nearest codebook vectors".into(),
        FamilyConfig::Multiscale(_) => "noise on x, at several levels".into(),
    };
    ArchitecturePicture {
        encoder: encoder.collect(),
        decoder: decoder.collect(),
        samples,
        tied: architecture.family.tied(),
        objective: String::new(),
        penalty,
    }
}

/// The objective with these numbers, such as "reconstruction 16.63 + 0.1 · contraction 15.63 =
/// 18.19"; empty for families with terms that metrics do not hold.
pub(super) fn objective(architecture: &Architecture, metrics: &Metrics) -> String {
    let sum = |name: &str, weight: f64, value: f64| {
        let factor = if weight == 1.0 { String::new() } else { format!("{weight} · ") };
        let total = metrics.reconstruction + weight * value;
        format!("reconstruction {:.2} + {factor}{name} {value:.2} = {total:.2}", metrics.reconstruction)
    };
    match (&architecture.family, metrics.kl_divergence) {
        _ if metrics.examples == 0 => String::new(),
        (FamilyConfig::Contractive(config), _) if config.curvature_weight == 0.0 => {
            sum("contraction", config.contraction_weight, metrics.contraction)
        }
        (FamilyConfig::Variational(config), Some(kl)) => sum("KL divergence", config.kl_weight, kl),
        (FamilyConfig::Plain { .. }, _) => format!("reconstruction {:.2}", metrics.reconstruction),
        _ => String::new(),
    }
}
