//! Single precision, without branches, so that loops over them are vectorized.
//!
//! | function | equation | largest error found | source |
//! |---|---|---|---|
//! | [`exp`] | eˣ, x between −87.33 and 88.37 | 1 ulp | Cephes `expf` |
//! | [`ln`] | log x | 0.8 ulp | FreeBSD `e_logf.c` |
//! | [`ln_1p`] | log(1 + t) | 1.4 ulp | the same |
//! | [`tanh`] | (1 − e^−2a) / (1 + e^−2a) | 1.6 ulp | Cephes `tanhf` near 0 |
//! | [`sigmoid`] | 1 / (1 + e^−a) | 2.5 ulp | |
//! | [`softplus`] | max(a, 0) + 2 artanh(e / (2 + e)), e = e^−│a│ | 3.5 ulp, 2.8·10⁻⁷ | minimax |
//! | [`erf`] | 2/√π ∫₀ˣ e^−t² dt | 2.6 ulp | minimax |
//! | [`normal_cdf`] | Φ(a) = ∫ φ below a, φ(a) = e^−a²/2 / √2π | 4·10⁻⁷ in both tails | minimax |
//!
//! Errors are relative, over all numbers with a normal result. NaN stays NaN. Minimax polynomials
//! are ours, by Remez' algorithm in 40 digits. Multiplications and additions are written apart:
//! `mul_add` is a slow call on a processor without the instruction.

#![allow(clippy::excessive_precision, reason = "coefficients as published")]

use std::f32::consts::{FRAC_2_SQRT_PI, LOG2_E};

/// The bits of 1/√2: a number is 2ᵏ m with m from there to √2.
const ROOT_HALF: u32 = 0x3f35_04f3;
const ONE: u32 = 0x3f80_0000;

/// The polynomial with these coefficients, the highest first.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut p = coefficients[0];
    for c in &coefficients[1..] {
        p = p * x + c;
    }
    p
}

/// eˣ, with x clamped to [−87.33, 88.37]: from the smallest normal number to 2.4·10³⁸.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ puts the nearest integer into the low bits.
    const ROUND: f32 = 12_582_912.0;
    // Cody & Waite (1980): n times the first part is exact.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let x = x.clamp(-87.33, 88.37);
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2.0 - n * LN_2.1;
    // Cephes' polynomial for (eʳ − 1 − r) / r² on │r│ ≤ ½ log 2.
    let p =
        polynomial(r, [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    let e = p * r * r + r + 1.0;
    e * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// k and m of 2ᵏ m, a normal number above 0.
#[inline(always)]
fn split(x: f32) -> (i32, f32) {
    let shifted = x.to_bits().wrapping_add(ONE - ROOT_HALF);
    let mantissa = f32::from_bits((shifted & 0x007f_ffff) + ROOT_HALF);
    ((shifted >> 23) as i32 - 127, mantissa)
}

/// log 2ᵏ (1 + f), with 1 + f from 1/√2 to √2.
#[inline(always)]
fn ln_of_parts(k: i32, f: f32) -> f32 {
    // k times the first part is exact.
    const LN_2: (f32, f32) = (0.693_138_1, 9.058_000_6e-6);
    let k = k as f32;
    // log(1 + f) = f − f²/2 + s (f²/2 + R(s²)), s = f / (2 + f).
    let s = f / (2.0 + f);
    let s2 = s * s;
    let rest = s2 * polynomial(s2, [0.242_790_79, 0.284_987_87, 0.400_009_72, 0.666_666_6]);
    let half = 0.5 * f * f;
    s * (half + rest) + k * LN_2.1 - half + f + k * LN_2.0
}

/// `value` = log u for normal u; and log 0 = −∞, log ∞ = ∞, NaN below 0.
#[inline(always)]
fn with_limits(u: f32, value: f32) -> f32 {
    let value = if u < f32::INFINITY { value } else { u };
    let value = if u < 0.0 { f32::NAN } else { value };
    if u == 0.0 { f32::NEG_INFINITY } else { value }
}

/// log x: −∞ at 0, NaN below.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    const SCALE: f32 = 8_388_608.0;
    let tiny = x < f32::MIN_POSITIVE;
    let (k, m) = split(if tiny { x * SCALE } else { x });
    with_limits(x, ln_of_parts(if tiny { k - 23 } else { k }, m - 1.0))
}

/// log(1 + t): −∞ at −1, NaN below.
#[inline(always)]
pub fn ln_1p(t: f32) -> f32 {
    let u = 1.0 + t;
    let (k, m) = split(u);
    // What u lost of t, in the units of m; for k = 0, f is t itself. For large t it is nothing, and
    // 2^−k no normal number.
    let lost = (t - (u - 1.0)) * f32::from_bits(((127 - k) as u32) << 23);
    let lost = if t < 1e9 { lost } else { 0.0 };
    with_limits(u, ln_of_parts(k, (m - 1.0) + lost))
}

/// log(1 + t) for t in [0, 1].
#[inline(always)]
fn ln_1p_of_unit(t: f32) -> f32 {
    // 2 artanh(s), s ≤ 1/3: a minimax polynomial in s², to 4·10⁻⁹.
    let s = t / (2.0 + t);
    2.0 * s * polynomial(s * s, [0.140_891_67, 0.139_803_02, 0.200_124_55, 0.333_331_58, 1.0])
}

/// σ(a) = 1/(1 + e^−a), and log(1 + e^a), from one exponential.
#[inline(always)]
pub fn sigmoid_softplus(a: f32) -> (f32, f32) {
    let e = exp(-a.abs());
    // Written so that NaN is preserved.
    let positive = if a < 0.0 { 0.0 } else { a };
    (sigmoid_of(a, e), positive + ln_1p_of_unit(e))
}

/// σ(a), from e = e^−│a│.
#[inline(always)]
fn sigmoid_of(a: f32, e: f32) -> f32 {
    (if a < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// σ(a) = 1/(1 + e^−a), at least as large as the smallest normal number.
#[inline(always)]
pub fn sigmoid(a: f32) -> f32 {
    sigmoid_of(a, exp(-a.abs()))
}

/// log(1 + e^a), at least as large as the smallest normal number.
#[inline(always)]
pub fn softplus(a: f32) -> f32 {
    sigmoid_softplus(a).1
}

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh(a: f32) -> f32 {
    let size = a.abs();
    let e = exp(-2.0 * size);
    let large = (1.0 - e) / (1.0 + e);
    // Cephes' odd polynomial near 0, where 1 − e would cancel.
    let a2 = a * a;
    let p = polynomial(a2, [-5.704_988_7e-3, 2.063_909_5e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1]);
    let small = p * a2 * size + size;
    (if size < 0.625 { small } else { large }).copysign(a)
}

/// The error function 2/√π ∫₀ˣ e^−t² dt.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    // Below, an odd polynomial (6·10⁻⁹); above, one for log(1 − erf) (4·10⁻⁸). At 4, erf is 1.
    const MIDDLE: f32 = 0.85;
    let (a, x2) = (x.abs(), x * x);
    let small = x * polynomial(
        x2,
        [-6.315_133e-4, 5.051_095e-3, -2.680_254_7e-2, 0.112_827_174, -0.376_125_72, FRAC_2_SQRT_PI],
    );
    let b = if a > 4.0 { 4.0 } else { a };
    let log = polynomial(
        b,
        [1.315_360_5e-3, -1.606_114_4e-2, 9.252_542e-2, 0.648_731_65, 1.121_598_8, 1.495_519_5e-3],
    );
    let large = (1.0 - exp(-log)).copysign(x);
    if a < MIDDLE { small } else { large }
}

/// The normal distribution function Φ(a) and its density φ(a); both tails end at │a│ = 12.9, where
/// Φ is 2·10⁻³⁸.
///
/// ```text
/// Φ(−a) = e^−a²/2 P((a − 3) / (a + 3)) / (a + 3)   for a ≥ 0
/// ```
/// with a minimax polynomial P (4·10⁻⁸). a² is computed with its rounding error, which would be
/// magnified to 5·10⁻⁶ of e^−a²/2.
#[inline(always)]
pub fn normal(a: f32) -> (f32, f32) {
    const END: f32 = 12.9;
    const INVERSE_ROOT_TWO_PI: f32 = 0.398_942_3;
    let outside = a.abs() > END;
    let b = if outside { END } else { a.abs() };
    let square = b * b;
    // Twelve bits each (Dekker 1971): the products are exact.
    let high = f32::from_bits(b.to_bits() & 0xffff_f000);
    let low = b - high;
    let rest = (high * high - square) + 2.0 * high * low + low * low;
    let e = exp(-0.5 * square);
    let e = if outside { 0.0 } else { e - e * (0.5 * rest) };
    let inverse = 1.0 / (b + 3.0);
    let p = polynomial(
        (b - 3.0) * inverse,
        [
            -2.745_854_7e-4,
            -9.150_936_4e-4,
            1.077_950_8e-3,
            6.931_913_6e-3,
            -1.047_926_7e-2,
            -4.725_769e-2,
            0.230_019_21,
            -0.509_332_2,
            0.729_083_66,
        ],
    );
    let tail = e * (p * inverse);
    (if a < 0.0 { tail } else { 1.0 - tail }, e * INVERSE_ROOT_TWO_PI)
}

/// The normal distribution function Φ(a) = ½ + ½ erf(a/√2).
#[inline(always)]
pub fn normal_cdf(a: f32) -> f32 {
    normal(a).0
}

#[cfg(test)]
mod tests;
