//! Claims follow from the values over seeds.

use diabolo_report::comparison::{Claim, SUBJECT, Verdict, judged};

use crate::comparison::comparison;

/// The demo with these accuracies.
fn judged_with(contractive: [f64; 3], plain: [f64; 3], denoising: [f64; 3]) -> Claim {
    let mut comparison = comparison();
    for (name, values) in [("contractive", contractive), ("plain", plain), ("denoising", denoising)] {
        let model = comparison.models.iter_mut().find(|m| m.name == name).unwrap();
        for key in ["accuracy", "noisy_accuracy"] {
            model.values.insert(key.into(), values.to_vec());
        }
    }
    let found = judged(&comparison, &mut vec![]);
    found.into_iter().find(|c| c.title.contains("plain and denoising")).unwrap()
}

#[test]
fn the_figures_decide() {
    let (low, middle, high) = ([0.80, 0.81, 0.82], [0.90, 0.91, 0.92], [0.95, 0.96, 0.97]);
    let holds = judged_with(high, middle, low);
    assert_eq!(holds.verdict, Verdict::Holds);
    assert!(holds.sentence.starts_with("holds: the "), "{}", holds.sentence);
    let not = judged_with(middle, low, high);
    assert_eq!(not.verdict, Verdict::DoesNotHold);
    let text = &not.sentence;
    assert!(
        text.starts_with("does not hold here: ") && text.contains("lower than the denoising model’s"),
        "{text}"
    );
    assert!(text.contains("(91.00 against 96.00 %)"), "{text}");
    // Differences −0.02, 0, 0.02.
    let open = judged_with([0.90, 0.91, 0.92], [0.92, 0.91, 0.90], low);
    assert_eq!(open.verdict, Verdict::NotDecided);
    assert!(open.sentence.starts_with("not decided: the 95 % interval of "), "{}", open.sentence);
    assert!(open.sentence.contains("includes 0"), "{}", open.sentence);
}

/// The demo's claim of generalisation, with these gaps of the plain model.
fn generalisation(gaps: [f64; 3]) -> Claim {
    let mut comparison = comparison();
    let plain = comparison.models.iter_mut().find(|m| m.name == "plain").unwrap();
    plain.values.insert("generalisation_gap".into(), gaps.to_vec());
    plain.values.insert("test_reconstruction".into(), vec![1.0, 1.1, 0.9]);
    let found = judged(&comparison, &mut vec![]);
    found.into_iter().find(|c| c.title.contains("generalises")).unwrap()
}

#[test]
fn generalisation_is_judged_only_where_the_plain_model_overfits() {
    let absent = generalisation([-0.2, 0.3, 0.1]);
    assert_eq!(absent.verdict, Verdict::CannotShow);
    assert!(
        absent
            .sentence
            .starts_with("cannot show here: the plain model does not overfit: the 95 % interval of"),
        "{}",
        absent.sentence
    );
    assert_eq!(generalisation([2.0, 2.1, 1.9]).verdict, Verdict::DoesNotHold);
}

#[test]
fn robustness_is_judged_beside_the_denoising_model_and_with_its_corruption() {
    let mut comparison = comparison();
    let mut measure = comparison.measures.iter().find(|m| m.key == "noisy_squared_error").unwrap().clone();
    measure.key = "corrupted_squared_error".into();
    comparison.measures.push(measure);
    for (name, level) in [("plain", 3.0), ("denoising", 1.0), ("contractive", 2.0)] {
        let model = comparison.models.iter_mut().find(|m| m.name == name).unwrap();
        model.values.insert("corrupted_squared_error".into(), vec![level, level + 0.01, level - 0.01]);
    }
    let found = judged(&comparison, &mut vec![]);
    let claim = found.iter().find(|c| c.title.contains("robustly")).unwrap();
    let of = |measure: &str, rival: &str| {
        claim.checks.iter().find(|c| c.measure == measure && c.rival == rival).unwrap().verdict
    };
    assert_eq!(of("corrupted_squared_error", "plain"), Verdict::Holds);
    assert_eq!(of("corrupted_squared_error", "denoising"), Verdict::DoesNotHold);
    assert_eq!(of("noisy_squared_error", "denoising"), Verdict::Holds);
    assert_eq!(claim.verdict, Verdict::DoesNotHold);
}

#[test]
fn one_seed_decides_nothing() {
    let mut comparison = comparison();
    comparison.models.iter_mut().flat_map(|m| m.values.values_mut()).for_each(|v| v.truncate(1));
    for claim in judged(&comparison, &mut vec![]) {
        assert_eq!(claim.verdict, Verdict::NotDecided);
        assert!(claim.sentence.contains("one seed does not decide"), "{}", claim.sentence);
    }
}

#[test]
fn what_was_not_measured_is_not_claimed() {
    let mut comparison = comparison();
    comparison.models.retain(|m| m.name != "plain");
    let titles: Vec<String> = judged(&comparison, &mut vec![]).into_iter().map(|c| c.title).collect();
    assert!(!titles.iter().any(|t| t.contains("than a plain")), "{titles:?}");
    comparison.models.retain(|m| m.name != SUBJECT);
    assert!(judged(&comparison, &mut vec![]).is_empty());
}
