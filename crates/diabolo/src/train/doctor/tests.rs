use super::*;
use crate::model::HealthStats;

fn record(epoch: usize, terms: &[(&str, f64)], health: HealthStats) -> EpochRecord {
    let terms = terms.iter().map(|(name, value)| (name.to_string(), *value));
    EpochRecord { epoch, validation: terms.collect(), health: Some(health), ..Default::default() }
}

const TERMS: [(&str, f64); 3] = [("objective", 100.0), ("reconstruction", 75.0), ("kl_divergence", 25.0)];

const HEALTHY: HealthStats = HealthStats {
    active_units: 18,
    latent_dim: 20,
    posterior_log_variance: Some(0.1),
    likelihood_log_variance: Some([-3.0, 0.4]),
    explained_variance: Some(0.4),
    codes_used: None,
};

fn kinds(record: &EpochRecord) -> Vec<FindingKind> {
    examine(record, &[], 10).into_iter().map(|f| f.kind).collect()
}

/// For every kind: a healthy run near its limit is silent, and a sick one speaks.
#[test]
fn every_rule_is_silent_for_the_healthy_and_speaks_for_the_sick() {
    let collapsed = [("objective", 206.0), ("reconstruction", 205.9), ("kl_divergence", 0.01)];
    let barely = [("objective", 206.0), ("reconstruction", 205.9), ("kl_divergence", 0.11)];
    let cases: [(FindingKind, EpochRecord, EpochRecord); 6] = [
        (FindingKind::PosteriorCollapse, record(3, &barely, HEALTHY), record(3, &collapsed, HEALTHY)),
        (
            FindingKind::UnusedUnits,
            record(3, &TERMS, HealthStats { active_units: 3, ..HEALTHY }),
            record(3, &TERMS, HealthStats { active_units: 2, ..HEALTHY }),
        ),
        (
            FindingKind::ExplodingVariance,
            record(3, &TERMS, HealthStats { posterior_log_variance: Some(4.0), ..HEALTHY }),
            record(3, &TERMS, HealthStats { posterior_log_variance: Some(7.0), ..HEALTHY }),
        ),
        (
            FindingKind::ExplainsNothing,
            // Pixels have a small variance, and numbers a learned one above 1.
            record(3, &TERMS, HealthStats { explained_variance: Some(0.03), ..HEALTHY }),
            record(3, &TERMS, HealthStats { explained_variance: Some(0.0), ..HEALTHY }),
        ),
        (
            FindingKind::VanishingVariance,
            // A copy beside columns that are explained.
            record(3, &TERMS, HealthStats { likelihood_log_variance: Some([-12.0, 0.3]), ..HEALTHY }),
            record(
                3,
                &TERMS,
                HealthStats {
                    likelihood_log_variance: Some([-12.0, 0.3]),
                    explained_variance: Some(0.1),
                    ..HEALTHY
                },
            ),
        ),
        (
            FindingKind::DeadCodes,
            record(3, &TERMS, HealthStats { codes_used: Some(0.3), ..HEALTHY }),
            record(3, &TERMS, HealthStats { codes_used: Some(0.1), ..HEALTHY }),
        ),
    ];
    let overfitting = RULES.len() - 1;
    let tested: Vec<FindingKind> = cases.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(tested, RULES[..overfitting].iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
    for (kind, healthy, sick) in cases {
        assert_eq!(kinds(&healthy), [], "{kind:?}");
        assert_eq!(kinds(&sick), [kind]);
    }
}

#[test]
fn a_collapse_is_said_with_its_numbers_and_without_what_follows() {
    let collapsed = [("objective", 206.0), ("reconstruction", 205.9), ("kl_divergence", 0.01)];
    let health = HealthStats { active_units: 0, explained_variance: Some(0.0), ..HEALTHY };
    let found = examine(&record(3, &collapsed, health), &[], 10);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.contains("0.010 nats, 0 of 20 latent dimensions active"),
        "{}",
        found[0].message
    );
    // A low KL divergence is intended while the capacity grows.
    let growing =
        [("objective", 50.0), ("reconstruction", 49.0), ("kl_divergence", 0.01), ("capacity_gap", 1.0)];
    assert_eq!(kinds(&record(3, &growing, HEALTHY)), []);
}

/// The reconstruction term of a density may have any sign and size: here 5.4 of 5.9 nats are KL.
#[test]
fn a_large_share_of_the_kl_divergence_is_no_problem() {
    for reconstruction in [0.5, 0.0, -40.0] {
        let terms =
            [("objective", reconstruction + 5.4), ("reconstruction", reconstruction), ("kl_divergence", 5.4)];
        assert_eq!(kinds(&record(8, &terms, HEALTHY)), []);
    }
}

#[test]
fn a_condition_must_last_for_a_tenth_of_the_epochs() {
    let sick = |epoch| record(epoch, &TERMS, HealthStats { active_units: 1, ..HEALTHY });
    let healthy = |epoch| record(epoch, &TERMS, HEALTHY);
    let examined = |records: &[EpochRecord]| {
        let (last, earlier) = records.split_last().expect("one record at least");
        examine(last, earlier, 30).len()
    };
    assert_eq!(examined(&[sick(1), sick(2)]), 0);
    assert_eq!(examined(&[sick(1), sick(2), sick(3)]), 1);
    assert_eq!(examined(&[sick(1), healthy(2), sick(3)]), 0);
    assert_eq!(examined(&[healthy(1), sick(2), sick(3), sick(4)]), 1);
    assert_eq!(examined(&[sick(1), sick(2), sick(3), healthy(4)]), 0);
    // Pretraining of a layer has another objective.
    let layer = |epoch| EpochRecord { layer: Some(1), ..sick(epoch) };
    assert_eq!(examined(&[layer(1), layer(2), sick(1)]), 0);
    assert_eq!(examined(&[sick(1), sick(2), layer(3)]), 0);
}

/// An epoch with these objectives of training and validation rows.
fn objectives(name: &str, epoch: usize, train: f64, validation: f64) -> EpochRecord {
    let terms = |value| [(name.to_string(), value)].into();
    EpochRecord { epoch, train: terms(train), validation: terms(validation), ..Default::default() }
}

#[test]
fn overfitting_is_measured_by_what_was_gained() {
    let run = |scale: f64, shift: f64, last: (f64, f64)| {
        let at = |epoch, train: f64, held_out: f64| {
            objectives("objective", epoch, scale * train + shift, scale * held_out + shift)
        };
        let earlier = [at(1, 190.0, 200.0), at(2, 105.0, 110.0), at(3, 95.0, 100.0)];
        examine(&at(4, last.0, last.1), &earlier, 10).into_iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    // A density of other units has another zero.
    for (scale, shift) in [(1.0, 0.0), (1.0, -100.0), (1.0, -1e4), (10.0, 0.0)] {
        assert_eq!(run(scale, shift, (70.0, 130.0)), [FindingKind::Overfitting]);
        assert_eq!(run(scale, shift, (70.0, 115.0)), [], "15 of the 100 that were gained");
        assert_eq!(run(scale, shift, (128.0, 130.0)), [], "training rows are as bad");
    }
    // Less than a nat.
    assert_eq!(run(0.005, 0.0, (70.0, 180.0)), []);
}

#[test]
fn importance_weighted_bound_is_compared_instead_of_the_elbo() {
    let at = |epoch, elbo: f64, bound: f64| {
        let mut record = objectives("negative_elbo", epoch, 80.0, elbo);
        record.train.insert("importance_bound".into(), 75.0);
        record.validation.insert("importance_bound".into(), bound);
        record
    };
    let earlier = [at(1, 130.0, 120.0), at(2, 90.0, 80.0)];
    assert_eq!(examine(&at(3, 300.0, 81.0), &earlier, 10), []);
    assert_eq!(examine(&at(3, 300.0, 96.0), &earlier, 10)[0].kind, FindingKind::Overfitting);
}

#[test]
fn a_model_is_compared_with_constants() {
    assert_eq!(compare_with_constants("negative ELBO", -12.0, -11.0, 0.1), None);
    assert_eq!(compare_with_constants("negative ELBO", -10.9, -11.0, 0.1), None, "no more than chance");
    for worse in [-10.0, f64::NAN, f64::INFINITY] {
        let found = compare_with_constants("negative ELBO", worse, -11.0, 0.1).expect("it is worse");
        assert_eq!(found.kind, FindingKind::WorseThanConstants);
        assert!(found.message.contains("-11.00 for the mean"), "{}", found.message);
        assert!(found.message.contains("a smaller --contraction-weight"), "{}", found.message);
    }
}

#[test]
fn findings_of_other_versions_are_read() {
    let found: FindingKind = serde_json::from_str("\"kl_domination\"").expect("any name");
    assert_eq!(found, FindingKind::Other);
}
