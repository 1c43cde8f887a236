//! Diagnosis of training problems from the history: a message with the metric and a remedy.
//!
//! | finding | condition |
//! |---|---|
//! | posterior collapse | KL below 0.1 nats, or no active latent dimension: the decoder ignores the code |
//! | unused units | at most a tenth of the latent dimensions are active |
//! | KL domination | the weighted KL makes up more than 80 % of the objective |
//! | exploding variance | a posterior's log σ² is above 5: it carries less information than the prior |
//! | explains nothing | every learned variance of the likelihood is at least that of the standardized data |
//! | vanishing variance | a learned variance of the likelihood is at its lower bound: a column is constant, or copied |
//! | dead codes | less than a fifth of a codebook is used |
//! | overfitting | the validation objective is worse than its best, and than the training objective, by more than a tenth |
//!
//! Active latent dimensions: Burda et al. (2015), section 5.1. Posterior collapse and its remedies:
//! Bowman et al. (2016); Kingma et al. (2016).

use super::{EpochRecord, Finding, FindingKind};

/// The first epoch to examine; earlier metrics are not meaningful.
const FIRST_EPOCH: usize = 2;

/// Examines the epoch of `record`; `earlier` are the previous epochs.
pub fn examine(record: &EpochRecord, earlier: &[EpochRecord]) -> Vec<Finding> {
    if record.epoch < FIRST_EPOCH || record.layer.is_some() {
        return vec![];
    }
    let collapse = posterior_collapse(record);
    let collapsed = collapse.is_some();
    let findings = [
        collapse.map(|m| (FindingKind::PosteriorCollapse, m)),
        unused_units(record).filter(|_| !collapsed).map(|m| (FindingKind::UnusedUnits, m)),
        kl_domination(record).map(|m| (FindingKind::KlDomination, m)),
        exploding_variance(record).map(|m| (FindingKind::ExplodingVariance, m)),
        explains_nothing(record).map(|m| (FindingKind::ExplainsNothing, m)),
        vanishing_variance(record).map(|m| (FindingKind::VanishingVariance, m)),
        dead_codes(record).map(|m| (FindingKind::DeadCodes, m)),
        overfitting(record, earlier).map(|m| (FindingKind::Overfitting, m)),
    ];
    findings.into_iter().flatten().map(|(kind, message)| Finding { kind, message }).collect()
}

fn posterior_collapse(record: &EpochRecord) -> Option<String> {
    const LEAST_KL: f64 = 0.1;
    let kl = record.monitored_terms().get("kl_divergence").copied()?;
    // A low KL divergence is intended while the capacity grows.
    if record.monitored_terms().contains_key("capacity_gap") {
        return None;
    }
    let (active, units) = record.health.map_or((usize::MAX, 0), |s| (s.active_units, s.latent_dim));
    (kl < LEAST_KL || active == 0).then(|| {
        let active = match units > 0 {
            true => format!(", {active} of {units} latent dimensions active"),
            false => String::new(),
        };
        format!(
            "posterior collapse: KL divergence {kl:.3} nats{active}. The decoder ignores the code, and codes carry \
             no information. Try --kl-warmup 10, --bound free_bits:0.1, or a smaller --kl-weight"
        )
    })
}

fn unused_units(record: &EpochRecord) -> Option<String> {
    let health = record.health?;
    record.monitored_terms().get("kl_divergence")?;
    (health.active_units * 10 <= health.latent_dim).then(|| {
        format!(
            "unused latent dimensions: only {} of {} are active, the others carry no information. A smaller --latent-dim \
             gives the same model; --kl-warmup 10 or --bound free_bits:0.1 may activate more",
            health.active_units, health.latent_dim
        )
    })
}

fn kl_domination(record: &EpochRecord) -> Option<String> {
    const SHARE: f64 = 0.8;
    let terms = record.monitored_terms();
    let (objective, reconstruction) = (terms.get("objective")?, terms.get("reconstruction")?);
    terms.get("kl_divergence")?;
    // Other bounds have more terms than the KL divergence.
    let of_the_elbo = |name: &String| {
        ["objective", "reconstruction", "kl_divergence", "negative_elbo"].contains(&name.as_str())
    };
    if !terms.keys().all(of_the_elbo) {
        return None;
    }
    let weighted = objective - reconstruction;
    // With densities, the reconstruction term may be negative, and fractions are meaningless.
    (*reconstruction > 0.0 && weighted > SHARE * objective).then(|| {
        format!(
            "KL domination: the weighted KL divergence is {:.0} % of the objective ({weighted:.1} of {objective:.1} nats), \
             and reconstructions are poor. Try a smaller --kl-weight, or a smaller --latent-dim",
            100.0 * weighted / objective
        )
    })
}

fn exploding_variance(record: &EpochRecord) -> Option<String> {
    const LARGEST: f64 = 5.0;
    let largest = record.health?.posterior_log_variance?;
    (largest > LARGEST).then(|| {
        format!(
            "exploding variance: a posterior has log σ² = {largest:.1}, far wider than the prior. Some rows are extreme \
             outliers, or the learning rate is too large. Try a smaller --learning-rate, --gradient-clip 5, or --numeric quantile"
        )
    })
}

fn explains_nothing(record: &EpochRecord) -> Option<String> {
    const NEARLY_ONE: f64 = -0.05;
    let [smallest, _] = record.health?.likelihood_log_variance?;
    (smallest > NEARLY_ONE && record.epoch > FIRST_EPOCH).then(|| {
        format!(
            "no variance explained: every learned variance of the likelihood is at least {:.2} times that of the data. \
             Try a smaller --kl-weight, more --epochs, or a larger --learning-rate",
            smallest.exp()
        )
    })
}

fn vanishing_variance(record: &EpochRecord) -> Option<String> {
    const LEAST: f64 = -10.0;
    let [smallest, _] = record.health?.likelihood_log_variance?;
    (smallest < LEAST).then(|| {
        "vanishing variance: a learned variance of the likelihood is at its lower bound. A column is constant or a copy of \
         another, and its likelihood dominates. Exclude it with --drop, or fix the variance with --variance 1"
            .into()
    })
}

fn dead_codes(record: &EpochRecord) -> Option<String> {
    const LEAST: f64 = 0.2;
    let used = record.health?.codes_used?;
    (used < LEAST).then(|| {
        format!(
            "dead codes: only {:.0} % of the codebook is used. Try a smaller --codebook-size, or a larger --learning-rate",
            100.0 * used
        )
    })
}

fn overfitting(record: &EpochRecord, earlier: &[EpochRecord]) -> Option<String> {
    const SHARE: f64 = 0.1;
    // During a warm-up the two objectives have different weights, so negative ELBOs are compared.
    // For an importance-weighted bound, the bound is compared, since its posterior is wide by
    // design.
    let names = ["importance_bound", "negative_elbo", "objective"];
    let name = names.into_iter().find(|name| record.train.contains_key(*name))?;
    let (train, held_out) = (record.train.get(name)?, record.validation.get(name)?);
    let whole = earlier.iter().filter(|e| e.layer.is_none());
    let best = whole.filter_map(|e| e.validation.get(name)).copied().fold(f64::INFINITY, f64::min);
    let gap = held_out - train;
    let scale = best.abs().max(1.0);
    (gap > SHARE * scale && held_out - best > SHARE * scale).then(|| {
        format!(
            "overfitting: the validation objective is {held_out:.2} nats, {gap:.2} above the training objective and \
             {best:.2} at its best. The best weights are kept. Try fewer --hidden units, a smaller --latent-dim, or more rows"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HealthStats;

    fn record(terms: &[(&str, f64)], health: HealthStats) -> EpochRecord {
        let terms = terms.iter().map(|(name, value)| (name.to_string(), *value));
        EpochRecord { epoch: 3, validation: terms.collect(), health: Some(health), ..Default::default() }
    }

    fn healthy() -> (Vec<(&'static str, f64)>, HealthStats) {
        let terms = vec![("objective", 100.0), ("reconstruction", 75.0), ("kl_divergence", 25.0)];
        (
            terms,
            HealthStats {
                active_units: 18,
                latent_dim: 20,
                posterior_log_variance: Some(0.1),
                ..Default::default()
            },
        )
    }

    fn kinds(record: &EpochRecord) -> Vec<FindingKind> {
        examine(record, &[]).into_iter().map(|f| f.kind).collect()
    }

    #[test]
    fn healthy_run_has_no_findings() {
        let (terms, health) = healthy();
        assert_eq!(kinds(&record(&terms, health)), []);
    }

    #[test]
    fn each_problem_is_found_with_its_metric() {
        let (terms, health) = healthy();
        let collapsed = [("objective", 206.0), ("reconstruction", 205.9), ("kl_divergence", 0.01)];
        let found = examine(&record(&collapsed, HealthStats { active_units: 0, ..health }), &[]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.contains("0.010 nats, 0 of 20 latent dimensions active"),
            "{}",
            found[0].message
        );
        let cases = [
            (HealthStats { active_units: 2, ..health }, FindingKind::UnusedUnits),
            (HealthStats { posterior_log_variance: Some(7.0), ..health }, FindingKind::ExplodingVariance),
            (
                HealthStats { likelihood_log_variance: Some([0.0, 0.3]), ..health },
                FindingKind::ExplainsNothing,
            ),
            (
                HealthStats { likelihood_log_variance: Some([-12.0, 0.3]), ..health },
                FindingKind::VanishingVariance,
            ),
            (HealthStats { codes_used: Some(0.1), ..health }, FindingKind::DeadCodes),
        ];
        for (health, kind) in cases {
            assert_eq!(kinds(&record(&terms, health)), [kind]);
        }
        let dominated = [("objective", 100.0), ("reconstruction", 10.0), ("kl_divergence", 9.0)];
        assert_eq!(kinds(&record(&dominated, health)), [FindingKind::KlDomination]);
    }

    #[test]
    fn overfitting_needs_a_better_earlier_epoch() {
        let (_, health) = healthy();
        let mut now =
            record(&[("objective", 130.0), ("reconstruction", 100.0), ("kl_divergence", 30.0)], health);
        now.train = [("objective".to_string(), 90.0)].into();
        assert_eq!(kinds(&now), []);
        let best = record(&[("objective", 110.0)], health);
        assert_eq!(
            examine(&now, std::slice::from_ref(&best)).first().map(|f| f.kind),
            Some(FindingKind::Overfitting)
        );
        // Pretraining of a layer has another objective.
        let layer = EpochRecord { layer: Some(1), ..best };
        assert_eq!(kinds(&now), examine(&now, &[layer]).into_iter().map(|f| f.kind).collect::<Vec<_>>());
    }

    #[test]
    fn importance_weighted_bound_is_compared_instead_of_the_elbo() {
        let (_, health) = healthy();
        let terms = |elbo, bound| {
            [("objective", bound), ("negative_elbo", elbo), ("importance_bound", bound)]
                .map(|(n, v)| (n.to_string(), v))
        };
        let at = |elbo, bound| EpochRecord {
            train: terms(80.0, 75.0).into(),
            validation: terms(elbo, bound).into(),
            ..record(&[], health)
        };
        assert_eq!(
            kinds(&at(300.0, 76.0)),
            examine(&at(300.0, 76.0), &[at(90.0, 80.0)]).into_iter().map(|f| f.kind).collect::<Vec<_>>()
        );
        let found = examine(&at(300.0, 96.0), &[at(90.0, 80.0)]);
        assert!(found.iter().any(|f| f.kind == FindingKind::Overfitting));
    }

    #[test]
    fn other_bounds_have_no_kl_domination() {
        let (_, health) = healthy();
        let terms = [("objective", 100.0), ("reconstruction", 10.0), ("kl_divergence", 9.0), ("mmd", 0.2)];
        assert_eq!(kinds(&record(&terms, health)), []);
        let growing =
            [("objective", 50.0), ("reconstruction", 49.0), ("kl_divergence", 0.01), ("capacity_gap", 1.0)];
        assert_eq!(kinds(&record(&growing, health)), []);
    }
}
