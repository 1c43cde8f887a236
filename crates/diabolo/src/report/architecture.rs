//! Gathers the drawing of an architecture.

use diabolo_report::{ArchitecturePicture, DrawnLayer};

use crate::evaluate::Metrics;
use crate::model::{Architecture, Bound, FamilyConfig, VariationalConfig};
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
        FamilyConfig::Variational(config) => bound_words(config),
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

/// What the bound adds to the reconstruction.
fn bound_words(config: &VariationalConfig) -> String {
    let weight = if config.kl_weight == 1.0 { String::new() } else { format!("{} · ", config.kl_weight) };
    let kl = "KL(q(z|x) ‖ p(z))";
    match config.bound {
        Bound::Elbo => format!("{weight}{kl}"),
        Bound::FreeBits { nats } => format!("{weight}Σⱼ max({nats}, mean KLⱼ)"),
        Bound::Capacity { nats, .. } => format!("{weight}|mean KL − {nats}|"),
        Bound::Importance { samples, .. } => {
            format!("−log of the mean of {samples} weights p(x, z) / q(z|x)")
        }
        Bound::TotalCorrelation { weight: total } => {
            format!("{weight}(mutual information + {total} · total correlation + Σⱼ KLⱼ)")
        }
        Bound::Mmd { weight: discrepancy } => format!("{weight}{kl} + {discrepancy} · MMD(q(z), p(z))"),
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
        (
            FamilyConfig::Variational(VariationalConfig { bound: Bound::Importance { samples, .. }, .. }),
            _,
        ) => {
            let bound = |bound| format!("−log p(x) is at most {bound:.2}, with {samples} draws of z");
            metrics.importance_bound.map(bound).unwrap_or_default()
        }
        (FamilyConfig::Variational(config), _) if config.bound != Bound::Elbo => String::new(),
        (FamilyConfig::Contractive(config), _) if config.curvature_weight == 0.0 => {
            sum("contraction", config.contraction_weight, metrics.contraction)
        }
        (FamilyConfig::Variational(config), Some(kl)) => sum("KL divergence", config.kl_weight, kl),
        (FamilyConfig::Plain { .. }, _) => format!("reconstruction {:.2}", metrics.reconstruction),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Config, FitJob};

    fn words(settings: &[&str]) -> (String, String) {
        let mut config = Config::default();
        settings.iter().for_each(|setting| config.set(setting).unwrap());
        let prepared = FitJob::input("digits").config(config).prepare().unwrap();
        let metrics = Metrics {
            examples: 1,
            reconstruction: 16.0,
            kl_divergence: Some(2.0),
            importance_bound: Some(17.5),
            contraction: 3.0,
            ..Metrics::default()
        };
        let architecture = prepared.architecture();
        (objective(architecture, &metrics), architecture_picture(architecture).penalty)
    }

    #[test]
    fn the_objective_is_that_of_the_bound() {
        let of = |bound: &str| words(&[&format!("model.family.bound={bound}")]);
        assert_eq!(of("{kind='elbo'}").0, "reconstruction 16.00 + KL divergence 2.00 = 18.00");
        assert_eq!(
            words(&["model.family.kl_weight=4.0"]).0,
            "reconstruction 16.00 + 4 · KL divergence 2.00 = 24.00"
        );
        let (sum, penalty) = of("{kind='importance',samples=20}");
        assert_eq!(sum, "−log p(x) is at most 17.50, with 20 draws of z");
        assert!(penalty.contains("20 weights"), "{penalty}");
        // Their terms are not among the metrics: no sum is better than a wrong one.
        for (bound, part) in [
            ("{kind='free_bits',nats=0.5}", "max(0.5"),
            ("{kind='capacity',nats=5.0,epochs=10.0}", "− 5|"),
            ("{kind='total_correlation',weight=6.0}", "6 · total correlation"),
            ("{kind='mmd',weight=10.0}", "10 · MMD"),
        ] {
            let (sum, penalty) = of(bound);
            assert!(sum.is_empty() && penalty.contains(part), "{bound}: {sum}, {penalty}");
        }
    }
}
