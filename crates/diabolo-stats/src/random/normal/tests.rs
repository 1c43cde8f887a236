use super::*;
use crate::elementary::digest::digest;
use crate::random::{Purpose, kolmogorov, stream};

fn noise() -> Stream {
    stream(11, Purpose::Train, 0, 0)
}

fn moment(draws: &[f64], power: i32) -> f64 {
    draws.iter().map(|x| double::powi(*x, power)).sum::<f64>() / draws.len() as f64
}

#[test]
fn a_million_draws_are_normal() {
    let n = 1_000_000;
    let mut noise = noise();
    let single: Vec<f64> = standard_normal(&mut noise, n).into_iter().map(f64::from).collect();
    let double: Vec<f64> = (0..n).map(|_| normal(&mut noise)).collect();
    for draws in [single, double] {
        // Moments, and their variances.
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let gap = (moment(&draws, power) - expected).abs();
            assert!(gap < 4.0 * f64::sqrt(variance / n as f64), "{power}: {gap}");
        }
        for bound in [2.0, 3.0, 4.0] {
            let expected = 2.0 * n as f64 * double::normal_cdf(-bound);
            let beyond = draws.iter().filter(|x| x.abs() > bound).count() as f64;
            assert!((beyond - expected).abs() < 4.0 * expected.sqrt(), "{bound}: {beyond}, not {expected}");
        }
        assert!(kolmogorov(draws, double::normal_cdf) < 1.95);
    }
}

/// z of a word in double precision.
fn exact(word: u32) -> f64 {
    double::inverse_normal_cdf((f64::from(word as i32) + 0.5) / 4_294_967_296.0 + 0.5)
}

fn draw(word: u32) -> f32 {
    if size(word) > END { tail(word) } else { centre(word) }
}

#[test]
fn draws_are_the_quantiles_of_their_words() {
    // The upper half, where 1 − p would be inexact, by symmetry.
    for word in (0..1 << 31).step_by(100_003).chain([0, 1, (1 << 31) - 1]) {
        let (found, negative) = (draw(word), draw(!word));
        let error = (f64::from(negative) / exact(!word) - 1.0).abs();
        assert!(error < 5e-7, "{word}: {negative} {error:e}");
        assert_eq!(found, -negative);
    }
    assert_eq!(draw(1 << 31), -draw((1 << 31) - 1));
    assert!((draw((1 << 31) - 1) - 6.33).abs() < 0.01 && draw(0) > 0.0 && draw(u32::MAX) < 0.0);
    // Where both formulas meet.
    let edge = (f64::from(END) / f64::from(CELL)) as u32;
    for word in edge - 100..edge + 100 {
        assert!((centre(word) / tail(word) - 1.0).abs() < 5e-7, "{word}");
    }
}

#[test]
fn draws_do_not_depend_on_how_many_are_drawn_at_a_time() {
    let all = standard_normal(&mut noise(), 1500);
    let mut noise = noise();
    let parts: Vec<f32> =
        [1, 0, 63, 64, 255, 256, 257, 604].iter().flat_map(|n| standard_normal(&mut noise, *n)).collect();
    assert_eq!(all, parts);
}

#[test]
fn draws_have_the_same_bits_everywhere() {
    let mut noise = noise();
    let single = standard_normal(&mut noise, 10_000).into_iter().map(|x| u64::from(x.to_bits()));
    let single = digest(single);
    let double = digest((0..10_000).map(|_| normal(&mut noise).to_bits()));
    assert_eq!([single, double], [0xc355_ff0f_0297_c376, 0x4f42_d111_5389_93cb], "{single:#x} {double:#x}");
}
