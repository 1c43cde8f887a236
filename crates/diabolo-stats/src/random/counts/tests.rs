use super::*;
use crate::chi_square::chi_square_tail;
use crate::elementary::digest::digest;
use crate::random::{Purpose, stream};

const DRAWS: usize = 50_000;

fn noise() -> Stream {
    stream(13, Purpose::Train, 0, 0)
}

/// The p value of `draws`, for the masses of 0, 1, …; counts that are expected less than 10 times
/// are pooled with the next.
fn fit(draws: &[f64], masses: impl Fn(f64) -> f64) -> f64 {
    let most = draws.iter().copied().fold(0.0, f64::max) as usize;
    let mut counts = vec![0.0; most + 1];
    draws.iter().for_each(|k| counts[*k as usize] += 1.0);
    let n = draws.len() as f64;
    let (mut statistic, mut cells, mut found, mut expected, mut before) = (0.0, 0, 0.0, 0.0, 0.0);
    for (k, count) in counts.into_iter().enumerate() {
        found += count;
        expected += n * masses(k as f64);
        if expected >= 10.0 && n - before - expected >= 10.0 {
            statistic += (found - expected) * (found - expected) / expected;
            cells += 1;
            before += expected;
            (found, expected) = (0.0, 0.0);
        }
    }
    let rest = n - before;
    statistic += (found - rest) * (found - rest) / rest;
    chi_square_tail(statistic, cells)
}

#[test]
fn masses_are_those_of_their_recursions_and_add_up_to_one() {
    for rate in [0.3, 4.0, 15.9, 300.0, 1e4] {
        let upto = (rate + 12.0 * f64::sqrt(rate) + 30.0) as usize;
        let sum: f64 = (0..upto).map(|k| exp(log_poisson(k as f64, rate))).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{rate}: {sum}");
    }
    for (n, p) in [(1.0, 0.2), (30.0, 0.5), (255.0, 0.04), (10_000.0, 0.3)] {
        let sum: f64 = (0..=n as usize).map(|k| exp(log_binomial(k as f64, n, p))).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{n}, {p}: {sum}");
    }
    for k in [1.0, 9.0, 15.0, 16.0, 17.0, 100.0] {
        assert!((log_poisson(k, 20.0) - log_poisson(k - 1.0, 20.0) - ln(20.0 / k)).abs() < 1e-13, "{k}");
    }
    // Far out, where terms of 10¹³ would cancel: one standard deviation above the mean.
    let (rate, k) = (1e12, 1e12 + 1e6);
    assert!((log_poisson(k, rate) - log_poisson(rate, rate) + 0.5).abs() < 1e-6);
}

#[test]
fn poisson_counts_have_their_masses() {
    let mut noise = noise();
    for rate in [0.02, 1.0, 9.9, 10.0, 33.3, 1234.5] {
        let draws: Vec<f64> = (0..DRAWS).map(|_| poisson(&mut noise, rate)).collect();
        let p = fit(&draws, |k| exp(log_poisson(k, rate)));
        assert!(p > 1e-3, "{rate}: {p:e}");
    }
}

#[test]
fn binomial_counts_have_their_masses() {
    let mut noise = noise();
    for (n, p) in
        [(1, 0.3), (255, 0.01), (255, 0.04), (255, 0.5), (255, 0.9), (100_000, 0.999), (40_000, 0.4)]
    {
        let draws: Vec<f64> = (0..DRAWS).map(|_| binomial(&mut noise, n, p) as f64).collect();
        let fits = fit(&draws, |k| exp(log_binomial(k, n as f64, p)));
        assert!(fits > 1e-3, "{n}, {p}: {fits:e}");
    }
}

#[test]
fn large_means_have_their_moments() {
    let mut noise = noise();
    let mut check = |name: &str, mean: f64, variance: f64, draw: &mut dyn FnMut(&mut Stream) -> f64| {
        let gaps: Vec<f64> = (0..DRAWS).map(|_| draw(&mut noise) - mean).collect();
        let n = DRAWS as f64;
        let first = gaps.iter().sum::<f64>() / n;
        let second = gaps.iter().map(|x| x * x).sum::<f64>() / n;
        assert!(first.abs() < 4.0 * (variance / n).sqrt(), "{name}: {first}");
        assert!((second / variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{name}: {second}");
    };
    for rate in [6.5e7, 1e12, 1e18] {
        check("poisson", rate, rate, &mut |noise| poisson(noise, rate));
    }
    let n = 1u64 << 50;
    check("binomial", n as f64 * 0.25, n as f64 * 0.1875, &mut |noise| binomial(noise, n, 0.25) as f64);
}

#[test]
fn limits() {
    let mut noise = noise();
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(poisson(&mut noise, rate), 0.0);
    }
    for (n, p, expected) in
        [(0, 0.5, 0), (9, 0.0, 0), (9, 1.0, 9), (9, -1.0, 0), (9, 2.0, 9), (9, f64::NAN, 0)]
    {
        assert_eq!(binomial(&mut noise, n, p), expected, "{n}, {p}");
    }
}

#[test]
fn draws_have_the_same_bits_everywhere() {
    let mut noise = noise();
    let poisson = digest((0..10_000).map(|i| poisson(&mut noise, 0.01 * f64::from(i)).to_bits()));
    let binomial = digest((0..10_000).map(|i| binomial(&mut noise, 255, 1e-4 * f64::from(i))));
    assert_eq!(
        [poisson, binomial],
        [0xd651_bd53_d620_2cd7, 0xefde_14a0_91f0_4dba],
        "{poisson:#x} {binomial:#x}"
    );
}
