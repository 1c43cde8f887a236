//! The bits of all functions at 10,000 points each, as one number a function: another processor,
//! system or compiler that gives other bits fails here.

use super::{double, single};

/// FNV-1a, over the bits of each value; all NaN are one.
pub(crate) fn digest(values: impl Iterator<Item = u64>) -> u64 {
    values
        .flat_map(u64::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Half of the points are spread evenly over [−100, 100], half over all bit patterns.
fn digest_of_single(f: impl Fn(f32) -> f32) -> u64 {
    let even = (0..5000).map(|i| (i - 2500) as f32 * 0.04);
    let bits = (0..5000u32).map(|i| f32::from_bits(i.wrapping_mul(858_993)));
    // A loop over a slice, as it is vectorized.
    let mut values: Vec<f32> = even.chain(bits).collect();
    values.iter_mut().for_each(|x| *x = f(*x));
    digest(values.iter().map(|y| if y.is_nan() { u64::MAX } else { u64::from(y.to_bits()) }))
}

fn digest_of_double(f: impl Fn(f64) -> f64) -> u64 {
    let even = (0..5000).map(|i| f64::from(i - 2500) * 0.04);
    let bits = (0..5000u64).map(|i| f64::from_bits(i.wrapping_mul(3_689_348_814_741_910)));
    let values = even.chain(bits).map(f);
    digest(values.map(|y| if y.is_nan() { u64::MAX } else { y.to_bits() }))
}

/// The functions whose digest is not the committed one.
fn others<const N: usize>(digests: [(&str, u64, u64); N]) -> Vec<String> {
    let wrong = digests.into_iter().filter(|(_, found, committed)| found != committed);
    wrong.map(|(name, found, _)| format!("{name}: {found:#018x}")).collect()
}

#[test]
fn single_precision_has_the_same_bits_everywhere() {
    let others = others([
        ("exp", digest_of_single(single::exp), 0x9d25_01ba_b305_95d9),
        ("ln", digest_of_single(single::ln), 0x3a7a_56a7_3471_1d62),
        ("ln_1p", digest_of_single(single::ln_1p), 0x1b81_6313_253c_1c1c),
        ("tanh", digest_of_single(single::tanh), 0x09cb_b84b_999d_687a),
        ("sigmoid", digest_of_single(single::sigmoid), 0x83e0_ec09_3bd5_c68f),
        ("softplus", digest_of_single(single::softplus), 0x485c_3cdd_b9c2_7f42),
        ("erf", digest_of_single(single::erf), 0x3ec1_6efe_f1c1_b7ed),
        ("normal_cdf", digest_of_single(single::normal_cdf), 0x9cd4_30a0_27b6_c0ae),
        ("density", digest_of_single(|a| single::normal(a).1), 0xb49d_ece3_157c_da0f),
    ]);
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn double_precision_has_the_same_bits_everywhere() {
    let others = others([
        ("exp", digest_of_double(double::exp), 0x1a39_a890_5d7e_2011),
        ("exp_m1", digest_of_double(double::exp_m1), 0x88f7_4218_1ced_1384),
        ("ln", digest_of_double(double::ln), 0x839f_ab67_1986_ea39),
        ("ln_1p", digest_of_double(double::ln_1p), 0x16b7_8980_92f3_54f8),
        ("log2", digest_of_double(double::log2), 0x5298_29c8_0090_b3b6),
        ("log10", digest_of_double(double::log10), 0x4123_71c1_f9be_ca43),
        ("sin", digest_of_double(double::sin), 0x3d12_f166_da4e_e087),
        ("cos", digest_of_double(double::cos), 0x460e_ee21_c1d7_96c1),
        ("tan", digest_of_double(double::tan), 0x7348_e3a9_a7a3_8ddc),
        ("atan", digest_of_double(double::atan), 0x2b65_0257_39e8_80d1),
        ("tanh", digest_of_double(double::tanh), 0xc8b0_782b_ea96_9085),
        ("erf", digest_of_double(double::erf), 0x151a_ded3_fb53_7540),
        ("ln_gamma", digest_of_double(double::ln_gamma), 0x4f26_d863_2c6d_0685),
        ("normal_cdf", digest_of_double(double::normal_cdf), 0x9885_e1b4_d8ab_5770),
        ("powf", digest_of_double(|x| double::powf(x.abs(), 1.7)), 0xa664_367b_266f_9db9),
        ("powi", digest_of_double(|x| double::powi(x, 7)), 0x0f56_a49b_342f_5520),
        (
            "inverse_normal_cdf",
            digest_of_double(|x| double::inverse_normal_cdf(x / 200.0 + 0.5)),
            0xa886_09d8_94c2_a1e4,
        ),
    ]);
    assert!(others.is_empty(), "{others:#?}");
}
