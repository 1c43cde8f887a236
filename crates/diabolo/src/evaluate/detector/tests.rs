#![allow(clippy::unwrap_used)]
use super::*;
use crate::random::standard_normal;

fn detector(scores: &[f64]) -> Detector {
    Detector {
        deviation: vec![1.0],
        mean_loss: vec![0.0],
        scores: vec![],
        row_scores: vec![],
        reference: None,
    }
    .calibrated(scores, &[], None)
}

#[test]
fn p_values_and_quantiles_by_hand() {
    let detector = detector(&[4.0, 1.0, 3.0, 2.0]);
    assert_eq!([0.0, 1.0, 3.5, 4.0, 9.0].map(|s| detector.p_value(s)), [1.0, 1.0, 0.4, 0.4, 0.2]);
    assert_eq!([0.0, 0.5, 0.51, 1.0].map(|q| detector.quantile(q)), [1.0, 2.0, 3.0, 4.0]);
    assert!(detector.fits(1, 1) && !detector.fits(2, 1));
    // Differences by rounding are ignored.
    assert_eq!([3.00002, 3.0001, f64::INFINITY].map(|s| detector.p_value(s)), [0.6, 0.4, 0.2]);
    assert_eq!([2.00001, 2.0001].map(|s| detector.exceeds(s, 0.5)), [false, true]);
}

#[test]
fn p_values_are_at_most_alpha_above_the_threshold_only() {
    let scores = |shift: f64| {
        let noise = &mut stream(7, Purpose::Evaluate, 0, 0);
        standard_normal(noise, 199).into_iter().map(move |z| 3.0 * f64::from(z) + shift)
    };
    for shift in [-40.0, -1.0, 0.0, 1.0, 40.0] {
        let detector = detector(&scores(shift).collect::<Vec<_>>());
        for alpha in [0.005, 0.05, 0.1, 0.3, 0.29, 0.995] {
            let threshold = detector.threshold(alpha).unwrap();
            let least = 1e-12 * threshold.abs().max(1.0);
            assert!(detector.p_value(threshold + least) <= alpha, "{alpha} of {shift}");
            assert!(detector.p_value(threshold - least) > alpha, "{alpha} of {shift}");
        }
    }
    // Three rows have no p-value below 1/4: what lies above all of them stands out.
    let few = detector(&[1.0, 2.0, 5.0]).threshold(0.05).unwrap();
    assert!((few - 5.00005).abs() < 1e-8, "{few}");
    assert_eq!(detector(&[]).threshold(0.05), None);
}

#[test]
fn false_alarm_rate_is_at_its_level() {
    // 50 times: 99 held-out scores, 400 new ones of the same distribution. Given the held-out
    // rows the rate varies like a Beta (5, 95), deviation 0.0217, and the new rows add 0.0109;
    // the mean of 50 stays within four standard errors of 5/100.
    let rates = (0..50).map(|k| {
        let draws = standard_normal(&mut stream(k, Purpose::Evaluate, 0, 0), 499);
        let draws: Vec<f64> = draws.into_iter().map(f64::from).collect();
        let detector = detector(&draws[..99]);
        draws[99..].iter().filter(|&&s| detector.p_value(s) <= 0.05).count() as f64 / 400.0
    });
    let rate = rates.sum::<f64>() / 50.0;
    assert!((rate - 0.05).abs() < 4.0 * 0.0243 / 50f64.sqrt(), "{rate}");
}

#[test]
fn scales_by_hand() {
    // Variances 4, 0 and 6 of two columns that count and one that does not: their mean is 2.
    let sums = [[8.0, 2.0], [0.0, 2.0], [6.0, 1.0]];
    let found = scales(&sums, &[true, true, false]);
    let expected = [3.0f32, 1.0, 4.0].map(f32::sqrt);
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    assert_eq!(scales(&[[0.0, 0.0]], &[true]), [LEAST_DEVIATION]);
}

#[test]
fn rarely_observed_columns_are_sampled() {
    let rows = 4 * MOST_ROWS;
    // The second column is observed in one row of 4,000.
    let observed = (0..2 * rows).map(|i| f32::from(i % 2 == 0 || i % 8000 == 1));
    let values = (0..2 * rows).map(|i| i as f32).collect();
    let all = Encoded::from_values(values, 2).with_mask(observed.collect());
    let found = typical(&all, &[0..1, 1..2]);
    let seen = (0..found.rows).filter(|&row| found.has(row, &(1..2))).count();
    assert_eq!(seen, (2 * rows).div_ceil(8000));
    assert!(found.rows > MOST_ROWS && found.rows < MOST_ROWS + 10, "{}", found.rows);
}

#[test]
fn many_rows_are_sampled() {
    let kept = Detector::sample(3 * MOST_SCORES, 64 * 3072, 0);
    assert_eq!(kept.len(), MOST_SCORES);
    assert!(kept.iter().any(|&row| row < 100) && kept.iter().any(|&row| row > 12_000));
    assert_eq!(Detector::sample(2, 1, 0).len(), 2);
    // Colour pictures of 128 × 128, and categories of a million levels.
    assert_eq!(Detector::sample(3 * MOST_SCORES, 64 * 128 * 128 * 3, 0).len(), 341);
    assert_eq!(Detector::sample(3 * MOST_SCORES, 64_000_000, 0).len(), LEAST_SCORES);
}
