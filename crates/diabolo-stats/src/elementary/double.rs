//! Double precision.
//!
//! Most functions are those of `libm`, the Rust port of musl's C library, with errors below 1 ulp;
//! of [`ln_gamma`] 3 ulp except near its zeros. Ours are:
//!
//! | function | equation | largest error found | source |
//! |---|---|---|---|
//! | [`powi`] | xⁿ by squaring | exact if all powers are | |
//! | [`normal_cdf`] | Φ(x) = ½ erfc(−x/√2) | 5·10⁻¹⁶ relative, both tails | |
//! | [`inverse_normal_cdf`] | Φ⁻¹(p) | 10⁻¹⁵ relative | Wichura (1988), AS 241 |

#![allow(clippy::excessive_precision, reason = "coefficients as published")]

use std::f64::consts::FRAC_1_SQRT_2;

/// Defines wrappers of functions of `libm`.
macro_rules! of_libm {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),+) = $function:ident;)*) => {
        $($(#[$doc])*
        pub fn $name($($argument: f64),+) -> f64 {
            libm::$function($($argument),+)
        })*
    };
}

of_libm! {
    /// eˣ.
    exp(x) = exp;
    /// eˣ − 1, accurate near 0.
    exp_m1(x) = expm1;
    /// log x: −∞ at 0, NaN below.
    ln(x) = log;
    /// log(1 + x), accurate near 0.
    ln_1p(x) = log1p;
    /// The logarithm to base 2.
    log2(x) = log2;
    /// The logarithm to base 10.
    log10(x) = log10;
    /// xʸ.
    powf(x, y) = pow;
    /// Sine.
    sin(x) = sin;
    /// Cosine.
    cos(x) = cos;
    /// Tangent.
    tan(x) = tan;
    /// Arc tangent.
    atan(x) = atan;
    /// Hyperbolic tangent.
    tanh(x) = tanh;
    /// The error function 2/√π ∫₀ˣ e^−t² dt.
    erf(x) = erf;
    /// log │Γ(x)│.
    ln_gamma(x) = lgamma;
}

/// Sine and cosine.
pub fn sin_cos(x: f64) -> (f64, f64) {
    libm::sincos(x)
}

/// xⁿ by squaring, one multiplication after the other; 1/x^−n for n below 0.
pub fn powi(x: f64, n: i32) -> f64 {
    let (mut base, mut left, mut power) = (x, n.unsigned_abs(), 1.0);
    while left > 0 {
        if left % 2 == 1 {
            power *= base;
        }
        base *= base;
        left /= 2;
    }
    if n < 0 { 1.0 / power } else { power }
}

/// The normal distribution function Φ(x), relatively accurate in both tails.
pub fn normal_cdf(x: f64) -> f64 {
    // 1/√2 beyond double precision.
    const REST: f64 = -4.833_646_656_726_457e-17;
    let y = -x * FRAC_1_SQRT_2;
    // What y lacks of −x/√2, times the slope −2/√π e^−y² of erfc.
    let lost = (-x).mul_add(FRAC_1_SQRT_2, -y) - x * REST;
    let slope = -std::f64::consts::FRAC_2_SQRT_PI * libm::exp(-y * y);
    let correction = if slope == 0.0 { 0.0 } else { slope * lost };
    0.5 * (libm::erfc(y) + correction)
}

/// Φ⁻¹(p): −∞ at 0, ∞ at 1, NaN outside. Relatively accurate for p near 0; for p near 1, use
/// −Φ⁻¹(1 − p) if 1 − p is known better.
pub fn inverse_normal_cdf(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 || tail.is_nan() {
        return if tail == 0.0 { f64::INFINITY.copysign(q) } else { f64::NAN };
    }
    let r = (-libm::log(tail)).sqrt();
    let z = if r <= 5.0 { ratio(r - 1.6, &TAIL) } else { ratio(r - 5.0, &FAR_TAIL) };
    z.copysign(q)
}

/// The quotient of two polynomials.
fn ratio(x: f64, [above, below]: &[[f64; 8]; 2]) -> f64 {
    let horner = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    horner(above) / horner(below)
}

/// Coefficients of AS 241 (PPND16), the highest first.
const CENTRE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608_0,
    ],
    [
        5.226_495_278_852_854_561_0e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061_0e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083_0e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414_076_4e-4,
        2.272_384_498_926_918_458_2e-2,
        2.417_807_251_774_506_117_7e-1,
        1.270_458_252_452_368_382_6,
        3.647_848_324_763_204_605_0,
        5.769_497_221_460_691_405_5,
        4.630_337_846_156_545_295_9,
        1.423_437_110_749_683_577_34,
    ],
    [
        1.050_750_071_644_416_843_2e-9,
        5.475_938_084_995_344_946_0e-4,
        1.519_866_656_361_645_719_7e-2,
        1.481_039_764_274_800_745_9e-1,
        6.897_673_349_851_000_045_5e-1,
        1.676_384_830_183_803_849_4,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
];
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_132_7e-7,
        2.711_555_568_743_487_578_2e-5,
        1.242_660_947_388_078_438_2e-3,
        2.653_218_952_657_612_309_3e-2,
        2.965_605_718_285_048_912_3e-1,
        1.784_826_539_917_291_335_5,
        5.463_784_911_164_114_369_9,
        6.657_904_643_501_103_777_2,
    ],
    [
        2.044_263_103_389_939_785_6e-15,
        1.421_511_758_316_445_889_5e-7,
        1.846_318_317_510_054_681_8e-5,
        7.868_691_311_456_132_591_0e-4,
        1.487_536_129_085_061_485_3e-2,
        1.369_298_809_227_358_053_1e-1,
        5.998_322_065_558_879_374_0e-1,
        1.0,
    ],
];

#[cfg(test)]
mod tests;
