//! Poisson and binomial counts.
//!
//! With a mean below 10 by inversion: the masses are subtracted from a uniform draw. Otherwise by
//! transformed rejection, PTRS (Hörmann 1993a) and BTRS (Hörmann 1993b):
//!
//! ```text
//! k = ⌊(2a/s + b) (u − ½) + c⌋ ,   s = ½ − │u − ½│ ,   accepted if v α / (a/s² + b) ≤ p(k)
//! ```
//! with u and v uniform; α of BTRS contains the mass of the mode. Logarithms of masses are Loader's
//! (2000), accurate for any mean:
//!
//! ```text
//! log p(k; λ)    = −½ log 2πk − δ(k) − D(k, λ)
//! log p(k; n, p) = ½ log[n / 2πk(n−k)] + δ(n) − δ(k) − δ(n−k) − D(k, np) − D(n−k, nq)
//! D(k, λ) = k log(k/λ) + λ − k ,   δ(k) = log k! − log[√(2πk) (k/e)ᵏ]
//! ```

use std::f64::consts::TAU;

use super::{Stream, uniform};
use crate::elementary::double::{exp, ln, ln_1p, ln_gamma};

/// Below this mean by inversion.
const SMALL_MEAN: f64 = 10.0;
/// A count that a mean below [`SMALL_MEAN`] never gives; rounding must not search beyond.
const MOST: f64 = 200.0;

/// A Poisson count, 0 for a rate that is not a finite number above 0.
pub fn poisson(stream: &mut Stream, rate: f64) -> f64 {
    if !(rate > 0.0 && rate.is_finite()) {
        return 0.0;
    }
    if rate < SMALL_MEAN {
        return invert(stream, exp(-rate), MOST, |k| rate / k);
    }
    let b = 0.931 + 2.53 * rate.sqrt();
    let scale = Transform { a: -0.059 + 0.02483 * b, b, c: rate + 0.43, sure: 0.9277 - 3.6224 / (b - 2.0) };
    let log_alpha = ln(1.1239 + 1.1328 / (b - 3.4));
    scale.draw(stream, |k, log_height| k >= 0.0 && log_height + log_alpha <= log_poisson(k, rate))
}

/// The number of successes in `n` trials of probability `p`; p outside of [0, 1] is clamped.
pub fn binomial(stream: &mut Stream, n: u64, p: f64) -> u64 {
    if p > 0.5 {
        return n - binomial(stream, n, 1.0 - p.min(1.0));
    }
    let trials = n as f64;
    if p <= 0.0 || p.is_nan() || n == 0 {
        return 0;
    }
    let q = 1.0 - p;
    if trials * p < SMALL_MEAN {
        let none = exp(trials * ln_1p(-p));
        return invert(stream, none, trials.min(MOST), |k| (trials - k + 1.0) / k * (p / q)) as u64;
    }
    let deviation = (trials * p * q).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let scale =
        Transform { a: -0.0873 + 0.0248 * b + 0.01 * p, b, c: trials * p + 0.5, sure: 0.92 - 4.2 / b };
    let mode = ((trials + 1.0) * p).floor();
    let log_top = log_binomial(mode, trials, p) + ln((2.83 + 5.1 / b) * deviation);
    let accepts = |k: f64, log_height: f64| {
        (0.0..=trials).contains(&k) && log_height <= log_binomial(k, trials, p) - log_top
    };
    scale.draw(stream, accepts) as u64
}

/// The count whose mass contains a uniform draw, from the mass of 0 and the ratio of the masses of
/// k and k − 1.
fn invert(stream: &mut Stream, none: f64, most: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut left, mut mass, mut k) = (uniform(stream), none, 0.0);
    while left >= mass && k < most {
        left -= mass;
        k += 1.0;
        mass *= ratio(k);
    }
    k
}

/// The constants of transformed rejection.
struct Transform {
    a: f64,
    b: f64,
    c: f64,
    /// v below this is accepted in the middle, where no mass is smaller.
    sure: f64,
}

impl Transform {
    /// The first k that is `accepted`, given log[v / (a/s² + b)].
    fn draw(&self, stream: &mut Stream, accepted: impl Fn(f64, f64) -> bool) -> f64 {
        loop {
            let (u, v) = (uniform(stream) - 0.5, uniform(stream));
            let s = 0.5 - u.abs();
            let k = ((2.0 * self.a / s + self.b) * u + self.c).floor();
            if s >= 0.07 && v <= self.sure || accepted(k, ln(v / (self.a / (s * s) + self.b))) {
                return k;
            }
        }
    }
}

fn log_poisson(k: f64, rate: f64) -> f64 {
    if k == 0.0 { -rate } else { -0.5 * ln(TAU * k) - stirling_error(k) - deviance(k, rate) }
}

fn log_binomial(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        return n * ln_1p(-p);
    }
    let other = n - k;
    if other == 0.0 {
        return n * ln(p);
    }
    let errors = stirling_error(n) - stirling_error(k) - stirling_error(other);
    0.5 * ln(n / (TAU * k * other)) + errors - deviance(k, n * p) - deviance(other, n * (1.0 - p))
}

/// δ(k), k ≥ 1.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        return ln_gamma(k + 1.0) - (k + 0.5) * ln(k) + k - 0.5 * ln(TAU);
    }
    let inverse = 1.0 / (k * k);
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - inverse / 1680.0) * inverse) * inverse) / k
}

/// D(k, mean), k ≥ 1.
fn deviance(k: f64, mean: f64) -> f64 {
    let difference = k - mean;
    if difference.abs() >= 0.1 * (k + mean) {
        return k * ln(k / mean) - difference;
    }
    // The series of log[(1+v) / (1−v)], k/mean = (1+v) / (1−v).
    let v = difference / (k + mean);
    let (mut sum, mut power, mut n) = (difference * v, 2.0 * k * v, 1.0);
    loop {
        power *= v * v;
        n += 2.0;
        let more = sum + power / n;
        if more == sum {
            return sum;
        }
        sum = more;
    }
}

#[cfg(test)]
mod tests;
