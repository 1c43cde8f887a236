#![allow(clippy::unwrap_used)]
use super::*;
use crate::random::{Purpose, standard_normal, stream};

const DECILES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

fn counted(bins: &Histogram, values: &[f32]) -> Histogram {
    let mut found = bins.emptied();
    values.iter().for_each(|&value| found.add(value));
    found
}

/// The reference of `old`, and `new` in its bins.
fn pair(old: &[f32], new: &[f32]) -> (Histogram, Histogram) {
    let bins = Histogram::of_numbers(old, &DECILES);
    (counted(&bins, old), counted(&bins, new))
}

fn normal(seed: u64, n: usize) -> Vec<f32> {
    standard_normal(&mut stream(seed, Purpose::Evaluate, 0, 0), n)
}

#[test]
fn deciles_have_equal_counts_and_missing_cells_their_own_bin() {
    let values: Vec<f32> = (1..=100).rev().map(|i| i as f32).chain([f32::NAN; 5]).collect();
    let (found, _) = pair(&values, &[]);
    assert_eq!(found.edges, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
    assert_eq!(found.counts, [5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
    assert_eq!((found.rows(), found.median()), (105, Some((4, 1.0))));
    assert!((found.missing() - 5.0 / 105.0).abs() < 1e-15 && found.is_sound());
}

#[test]
fn a_frequent_value_has_a_bin_of_its_own() {
    // 0 is every decile, and also the largest value: values below or above it have their own bins.
    let (old, new) = pair(&[0.0; 50], &[-1.0, 0.0, 0.0, 1e-30]);
    assert_eq!(old.edges, [0f32.next_down(), 0.0]);
    assert_eq!((old.counts, new.counts), (vec![0, 0, 50, 0], vec![0, 1, 2, 1]));
    let nothing = Histogram::of_numbers(&[f32::NAN], &DECILES);
    assert_eq!(counted(&nothing, &[f32::NAN, 3.0]).counts, [1, 1]);
    assert_eq!(counted(&Histogram::of_categories(3), &[0.0, 2.0, 2.0, f32::NAN]).counts, [1, 1, 0, 2]);
    assert_eq!(counted(&Histogram::of_categories(1), &[1.0]).counts, [0, 1]);
}

#[test]
fn a_difference_by_hand() {
    // 30 and 10 of 40 beside 10 and 30 of 40: expected 20 everywhere, χ² = 4 · 10² / 20 = 20.
    let found = difference(&[30, 10], &[10, 30]).unwrap();
    assert!((found.p_value / 7.744216431044088e-6 - 1.0).abs() < 1e-10, "{found:?}");
    // Shares 30.5/41 and 10.5/41.
    assert!((found.psi - 2.0 * 20.0 / 41.0 * (30.5f64 / 10.5).ln()).abs() < 1e-12, "{found:?}");
    let same = difference(&[30, 10], &[30, 10]).unwrap();
    assert_eq!((same.psi, same.p_value), (0.0, 1.0));
    // Nothing to compare: one bin, too few rows for two, none at all.
    assert_eq!(
        [difference(&[9], &[9]), difference(&[4, 4], &[4, 4]), difference(&[9, 9], &[0, 0])],
        [None; 3]
    );
}

#[test]
fn sparse_bins_are_merged() {
    let bins = put_together(&[[9.0, 2.0], [1.0, 1.0], [4.0, 6.0], [2.0, 0.0]], 10.0);
    assert_eq!(bins, [[9.0, 2.0], [7.0, 7.0]]);
    // Categories of 1, 2 and 3 rows are merged, wherever they are: one bin beside two.
    let found = difference_of_categories(&[1, 40, 3, 40, 2], &[2, 40, 2, 40, 2]).unwrap();
    assert_eq!(found, difference(&[6, 40, 40], &[6, 40, 40]).unwrap());
}

#[test]
fn holm_by_hand() {
    assert_eq!(holm(&[0.01, 0.5, 0.02, 0.25]), [0.04, 0.5, 0.06, 0.5]);
    assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
}

#[test]
fn false_alarm_rate_of_a_table_is_at_its_level() {
    // 200 pairs of tables of 8 columns, every second one rounded so that its deciles tie, with 400
    // and 250 rows. With Holm's method, 10 of 200 tables raise an alarm on average, standard
    // deviation 3.1: 20 is more than three standard deviations above.
    let alarms = (0..200u64).filter(|&table| {
        let p_values = (0..8u64).map(|column| {
            let mut draws = normal(8 * table + column, 650);
            if column % 2 == 0 {
                draws.iter_mut().for_each(|x| *x = x.round());
            }
            let (old, new) = pair(&draws[..400], &draws[400..]);
            difference(&old.counts, &new.counts).unwrap().p_value
        });
        holm(&p_values.collect::<Vec<_>>()).iter().any(|&p| p <= 0.05)
    });
    let alarms = alarms.count();
    assert!(alarms <= 20, "{alarms} of 200");
}

/// In how many of 200 samples a shift by half a deviation is found among 20 tests.
fn found(rows: usize) -> usize {
    let tries = (0..200).filter(|&seed| {
        let old = normal(seed, rows);
        let new: Vec<f32> = normal(1000 + seed, rows).iter().map(|x| x + 0.5).collect();
        let (old, new) = pair(&old, &new);
        difference(&old.counts, &new.counts).unwrap().p_value <= 0.05 / 20.0
    });
    tries.count()
}

#[test]
fn shift_by_half_a_deviation_is_detected_with_enough_rows() {
    // The limit of the warning about few rows: 200 rows on each side are equivalent to 100 and any
    // number.
    let [few, enough, many] = [50, 200, 500].map(found);
    assert!(few < 40 && enough > 100 && many == 200, "{few}, {enough}, {many} of 200");
}

#[test]
fn directions_have_names() {
    let old = normal(1, 4000);
    let direction_of = |change: &dyn Fn(f32) -> f32| {
        let (old, new) = pair(&old, &normal(2, 4000).into_iter().map(change).collect::<Vec<_>>());
        direction(&old.shares(), &new.shares())
    };
    assert_eq!(direction_of(&|x| x + 0.5), Direction::Higher);
    assert_eq!(direction_of(&|x| x - 5.0), Direction::Lower);
    assert_eq!(direction_of(&|x| 2.0 * x), Direction::Wider);
    assert_eq!(direction_of(&|x| 0.3 * x), Direction::Narrower);
    assert_eq!(direction_of(&|x| x.abs()), Direction::Higher);
    // The middle moves out on both sides, the ends stay.
    let (old, new) = ([0.1; 10], [0.1, 0.1, 0.2, 0.1, 0.0, 0.0, 0.1, 0.2, 0.1, 0.1]);
    assert_eq!(direction(&old, &new), Direction::Changed);
    // Between three bins: more zeros.
    assert_eq!(direction(&[0.0, 0.5, 0.5], &[0.0, 0.9, 0.1]), Direction::Lower);
    assert_eq!(direction(&[0.5, 0.5], &[0.5, 0.5]), Direction::Changed);
}
