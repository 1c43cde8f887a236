use super::*;
use crate::elementary::double;

const INFINITY: f32 = f32::INFINITY;

/// Every so many of all bit patterns are tested, a prime number.
const STRIDE: usize = if cfg!(debug_assertions) { 10_007 } else { 1009 };

/// The largest relative error of `f` in [low, high] against `exact` in double precision.
fn error(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, low: f32, high: f32) -> (f64, f32) {
    let mut worst = (0.0, 0.0);
    for bits in (0..=u32::MAX).step_by(STRIDE) {
        let x = f32::from_bits(bits);
        if !(low <= x && x <= high) {
            continue;
        }
        let (found, expected) = (f64::from(f(x)), exact(f64::from(x)));
        // Below the smallest normal number the error is one of that number.
        let error = (found - expected).abs() / expected.abs().max(f64::from(f32::MIN_POSITIVE));
        assert!(!error.is_nan(), "at {x:e}: {found:e}, not {expected:e}");
        if error > worst.0 {
            worst = (error, x);
        }
    }
    worst
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + double::exp(-x))
}

fn density(x: f64) -> f64 {
    double::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
}

#[test]
fn errors_are_as_small_as_stated() {
    let all = f32::MAX;
    let rectified = |x: f64| double::ln_1p(double::exp(-x.abs())) + x.max(0.0);
    for (name, (error, at), bound) in [
        ("exp", error(exp, double::exp, -87.33, 88.37), 9e-8),
        ("ln", error(ln, double::ln, 0.0f32.next_up(), all), 9e-8),
        ("ln_1p", error(ln_1p, double::ln_1p, -1f32.next_down(), all), 1.2e-7),
        ("tanh", error(tanh, double::tanh, -all, all), 1.6e-7),
        ("sigmoid", error(sigmoid, logistic, -87.3, all), 2e-7),
        ("softplus", error(softplus, rectified, -87.3, all), 2.8e-7),
        ("erf", error(erf, double::erf, -all, all), 2e-7),
        ("normal_cdf", error(normal_cdf, double::normal_cdf, -12.9, all), 4e-7),
        ("density", error(|a| normal(a).1, density, -12.9, 12.9), 2e-7),
    ] {
        assert!(error < bound, "{name}: {error:e} at {at:e}");
    }
}

#[test]
fn limits() {
    assert_eq!([ln(0.0), ln(-0.0), ln(1.0), ln(INFINITY)], [-INFINITY, -INFINITY, 0.0, INFINITY]);
    assert_eq!([ln_1p(-1.0), ln_1p(0.0), ln_1p(INFINITY)], [-INFINITY, 0.0, INFINITY]);
    assert_eq!(ln_1p(1e-40), 1e-40);
    assert!([ln(-1e-40), ln(-1.0), ln(-INFINITY)].iter().all(|x| x.is_nan()));
    assert!([ln_1p(-1.001), ln_1p(-INFINITY)].iter().all(|x| x.is_nan()));
    for large in [1e4, f32::MAX, INFINITY] {
        assert_eq!([exp(-large), exp(large)], [exp(-87.33), exp(88.37)]);
        assert_eq!([tanh(large), tanh(-large), erf(large), erf(-large)], [1.0, -1.0, 1.0, -1.0]);
        assert_eq!([sigmoid(large), sigmoid(-large)], [1.0, exp(-87.33)]);
        assert_eq!([softplus(large), softplus(-large)], [large, exp(-87.33)]);
        assert_eq!([normal(large), normal(-large)], [(1.0, 0.0), (0.0, 0.0)]);
    }
    let zeros = [tanh(-0.0), erf(-0.0)];
    assert!(zeros.iter().all(|x| *x == 0.0 && x.is_sign_negative()), "{zeros:?}");
    assert_eq!((exp(0.0), sigmoid(0.0), normal_cdf(0.0)), (1.0, 0.5, 0.5));
    assert!(exp(-87.33) >= f32::MIN_POSITIVE && exp(88.37).is_finite());
}

#[test]
fn odd_functions_are_odd_and_tails_meet() {
    for i in 0..4000 {
        let x = i as f32 * 7e-3;
        assert_eq!([tanh(-x), erf(-x)], [-tanh(x), -erf(x)]);
        assert_eq!(normal(-x).1, normal(x).1);
        assert_eq!(1.0 - normal_cdf(-x), normal_cdf(x));
    }
}

#[test]
fn nan_stays_nan() {
    // With all its payloads' lowest and highest bits.
    for bits in [0x7fc0_0000, 0x7fc0_0001, 0x7fff_ffff, 0xffc0_0000, 0xffff_ffff] {
        let x = f32::from_bits(bits);
        let all = [exp, ln, ln_1p, tanh, sigmoid, softplus, erf, normal_cdf].map(|f| f(x));
        assert!(all.iter().all(|y| y.is_nan()) && normal(x).1.is_nan(), "{bits:x}: {all:?}");
    }
}

#[test]
fn pairs_are_their_parts() {
    for i in -4000..4000 {
        let a = i as f32 * 0.03;
        assert_eq!(sigmoid_softplus(a), (sigmoid(a), softplus(a)));
    }
}
