//! Gathers the drawing of an architecture.

use std::collections::BTreeMap;

use diabolo_report::{ArchitecturePicture, DrawnLayer, name_of};

use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::{Metrics, objective_terms};
use crate::model::{Architecture, Bound, FamilyConfig, VariationalConfig};
use crate::nn::Activation;
use crate::tensor::Device;

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

/// The objective with the numbers of the held-out rows, such as "reconstruction 16.63 + 0.1 ·
/// contraction 15.63 = 18.19".
pub(super) fn objective(saved: &SavedModel, metrics: &Metrics, rows: &Encoded, device: &Device) -> String {
    let seed = saved.header.config.training.seed;
    match &saved.architecture.family {
        _ if metrics.examples == 0 => String::new(),
        FamilyConfig::Variational(VariationalConfig { bound: Bound::Importance { samples, .. }, .. }) => {
            let bound = |bound| format!("−log p(x) is at most {bound:.2}, with {samples} draws of z");
            metrics.importance_bound.map(bound).unwrap_or_default()
        }
        // The draws of the metrics.
        FamilyConfig::Variational(_) => sum_of(&metrics.terms),
        FamilyConfig::Denoising { .. } => {
            format!("{}, from clean rows; training corrupts them", sum_of(&reconstruction(metrics)))
        }
        FamilyConfig::Plain { .. } => sum_of(&reconstruction(metrics)),
        _ => sum_of(&objective_terms(&saved.model, rows, seed, device)),
    }
}

fn reconstruction(metrics: &Metrics) -> BTreeMap<String, (f64, f64)> {
    [("reconstruction".to_string(), (metrics.reconstruction, 1.0))].into()
}

/// The weighted terms and their sum; the reconstruction first, terms with weight 0 left out.
fn sum_of(terms: &BTreeMap<String, (f64, f64)>) -> String {
    let mut counted: Vec<(&String, &(f64, f64))> = terms.iter().filter(|(_, term)| term.1 != 0.0).collect();
    counted.sort_by_key(|(name, _)| *name != "reconstruction");
    let words = |(name, (value, weight)): &(&String, &(f64, f64))| {
        let factor = if *weight == 1.0 { String::new() } else { format!("{weight} · ") };
        format!("{factor}{} {value:.2}", name_of(name).name)
    };
    let sum: f64 = counted.iter().map(|(_, (value, weight))| value * weight).sum();
    let parts: Vec<String> = counted.iter().map(words).collect();
    match parts.len() {
        0 | 1 => parts.concat(),
        _ => format!("{} = {sum:.2}", parts.join(" + ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::FitJob;
    use crate::pipeline::Fitted;
    use crate::pipeline::testing::fitted;

    fn of_digits(settings: &[&str]) -> Fitted {
        let all = [&["model.hidden=[8]", "model.latent_dim=4", "training.epochs=1"], settings].concat();
        fitted(&all, FitJob::input("digits"))
    }

    /// The objective and the penalty of a model.
    fn words(settings: &[&str]) -> (String, String) {
        let fitted = of_digits(settings);
        let (saved, device) = (fitted.predictor.saved(), fitted.predictor.device());
        let rows = saved.header.preprocessor.encode("digits", &fitted.test, 0).unwrap();
        let objective = objective(saved, &fitted.metrics, &rows, device);
        (objective, architecture_picture(&saved.architecture).penalty)
    }

    /// Whether the parts of a sum, with their factors, have the sum.
    fn adds_up(text: &str) -> bool {
        let (parts, sum) = text.split_once(" = ").unwrap();
        let part = |part: &str| {
            let (factor, term) = part.split_once(" · ").unwrap_or(("1", part));
            let value = term.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
            factor.parse::<f64>().unwrap() * value
        };
        let (found, parts) = (parts.split(" + ").map(part).sum::<f64>(), parts.matches(" + ").count() + 1);
        // Each is rounded to 0.005, and the largest factor here is 10.
        (found - sum.parse::<f64>().unwrap()).abs() < 0.06 * parts as f64
    }

    #[test]
    fn the_objective_is_the_sum_of_its_terms() {
        let bound = |bound: &str| words(&[&format!("model.family.bound={bound}")]);
        for ((sum, penalty), term, part) in [
            (bound("{kind='elbo'}"), " + KL divergence ", "KL(q(z|x)"),
            (words(&["model.family.kl_weight=4.0"]), " + 4 · KL divergence ", "4 · KL"),
            (bound("{kind='free_bits',nats=0.5}"), " + KL divergence with free bits ", "max(0.5"),
            (bound("{kind='capacity',nats=5.0,epochs=1.0}"), " + distance from the KL capacity ", "− 5|"),
            (bound("{kind='total_correlation',weight=6.0}"), " + 6 · total correlation ", "6 · total"),
            (bound("{kind='mmd',weight=10.0}"), " + 10 · maximum mean discrepancy ", "10 · MMD"),
            (words(&["model.family={kind='contractive'}"]), " + 0.1 · contraction ", "λ = 0.1"),
            (words(&["model.family={kind='sparse'}"]), " sparsity penalty ", "few active units"),
            (words(&["model.family={kind='vector_quantized',groups=2}"]), " commitment ", "nearest codebook"),
        ] {
            assert!(sum.starts_with("reconstruction ") && sum.contains(term), "{sum}");
            assert!(adds_up(&sum) && penalty.contains(part), "{sum}, {penalty}");
        }
        let (sum, penalty) = bound("{kind='importance',samples=5}");
        assert!(sum.ends_with(", with 5 draws of z") && penalty.contains("5 weights"), "{sum}, {penalty}");
        let (sum, _) = words(&["model.family={kind='denoising'}"]);
        assert!(sum.ends_with("from clean rows; training corrupts them"), "{sum}");
    }

    #[test]
    fn the_terms_of_an_elbo_are_the_metrics() {
        let fitted = of_digits(&[]);
        let terms = &fitted.metrics.terms;
        assert!((terms["reconstruction"].0 - fitted.metrics.reconstruction).abs() < 1e-9);
        assert!((terms["kl_divergence"].0 - fitted.metrics.kl_divergence.unwrap()).abs() < 1e-9);
    }
}
