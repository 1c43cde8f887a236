use std::f64::consts::PI;

use super::*;
use crate::chi_square::chi_square_tail;
use crate::elementary::digest::digest;
use crate::elementary::double::atan;
use crate::random::{Purpose, kolmogorov, stream};

const DRAWS: usize = 20_000;

fn noise() -> Stream {
    stream(12, Purpose::Train, 0, 0)
}

#[test]
fn twice_a_gamma_with_half_the_degrees_is_chi_square() {
    let mut noise = noise();
    for degrees in [1, 2, 3, 5, 40, 1000] {
        let draws = (0..DRAWS).map(|_| 2.0 * gamma(&mut noise, degrees as f64 / 2.0)).collect();
        let distance = kolmogorov(draws, |x| 1.0 - chi_square_tail(x, degrees));
        assert!(distance < 1.95, "{degrees}: {distance}");
    }
}

#[test]
fn mean_and_variance_of_gamma_are_its_shape() {
    let mut noise = noise();
    for shape in [0.05, 0.7, 1.3, 1e4, 1e9] {
        let draws: Vec<f64> = (0..DRAWS).map(|_| gamma(&mut noise, shape)).collect();
        let n = DRAWS as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        assert!((mean - shape).abs() < 4.0 * (shape / n).sqrt(), "{shape}: mean {mean}");
        let error = ((2.0 * shape + 6.0) * shape / n).sqrt();
        assert!((variance - shape).abs() < 4.0 * error, "{shape}: variance {variance}");
    }
    assert!((0..1000).all(|_| (0.0..1.0).contains(&gamma(&mut noise, 1e-3))));
}

#[test]
fn student_t_with_few_degrees_of_freedom() {
    let mut noise = noise();
    let mut draws = |freedom: f64| (0..DRAWS).map(|_| student_t(&mut noise, freedom)).collect::<Vec<f64>>();
    assert!(kolmogorov(draws(1.0), |t| 0.5 + atan(t) / PI) < 1.95);
    assert!(kolmogorov(draws(2.0), |t| 0.5 + 0.5 * t / (2.0 + t * t).sqrt()) < 1.95);
    let variance = draws(12.0).iter().map(|t| t * t).sum::<f64>() / DRAWS as f64;
    assert!((variance - 1.2).abs() < 0.06, "{variance}");
}

#[test]
fn draws_have_the_same_bits_everywhere() {
    let mut noise = noise();
    let gamma = digest((0..10_000).map(|i| gamma(&mut noise, 0.01 * f64::from(i) + 0.1).to_bits()));
    let t = digest((0..10_000).map(|i| student_t(&mut noise, 0.01 * f64::from(i) + 2.0).to_bits()));
    assert_eq!([gamma, t], [0x9026_7ec7_21e1_b72b, 0xec4a_f1ff_951a_6238], "{gamma:#x} {t:#x}");
}
