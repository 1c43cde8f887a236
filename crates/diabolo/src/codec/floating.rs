//! Numbers of floating precision as whole numbers in their order.
//!
//! ```text
//! text    ±d.dd…d e±XX with f decimals, mantissa m = d dd…d, exponent e:
//!         k = ± (1 + (e + 99) · 9 · 10^f + m − 10^f) ,      0 for 0
//! bits    k = the bits without the sign, or −1 − these bits below 0 (IEEE 754)
//! ```
//! Neighbouring k are neighbouring numbers, so that a model's distribution function gives the
//! masses of groups of them; a grid of equal steps would have to be as fine as the smallest number.

use crate::stats::elementary::double::powi;

/// Exponents of texts lie between this and its negative.
const LARGEST: i64 = 99;
/// Decimals of texts, at most: k is below 2⁶³.
const MOST_DECIMALS: u8 = 15;

/// k of a text with so many decimals, if it is written as [`scientific_text`] does.
pub(super) fn scientific(text: &str, decimals: u8, upper: bool) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(if upper { 'E' } else { 'e' })?;
    let digits = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || fraction.len() != usize::from(decimals) || !plain(whole) || !plain(fraction) {
        return None;
    }
    let m: i64 = format!("{whole}{fraction}").parse().ok()?;
    let e: i64 = exponent.parse().ok()?;
    if m == 0 {
        return (e == 0 && !text.starts_with('-')).then_some(0);
    }
    let unit = unit(decimals)?;
    let k = 1 + (e + LARGEST) * 9 * unit + m - unit;
    (m >= unit && e.abs() <= LARGEST).then_some(if text.starts_with('-') { -k } else { k })
}

/// The decimals of such a text.
pub(super) fn scientific_decimals(text: &str) -> Option<u8> {
    let (mantissa, _) = text.split_once(['e', 'E'])?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    u8::try_from(fraction).ok().filter(|decimals| *decimals <= MOST_DECIMALS)
}

/// The text of k.
pub(super) fn scientific_text(k: i64, decimals: u8, upper: bool) -> String {
    let (mantissa, exponent) = parts(k, decimals);
    let digits = format!("{mantissa:0width$}", width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(1);
    let (sign, point) = (if k < 0 { "-" } else { "" }, if decimals == 0 { "" } else { "." });
    let (e, of_exponent) = (if upper { 'E' } else { 'e' }, if exponent < 0 { '-' } else { '+' });
    format!("{sign}{whole}{point}{fraction}{e}{of_exponent}{:02}", exponent.unsigned_abs())
}

/// The number of k.
pub(super) fn scientific_number(k: i64, decimals: u8) -> f64 {
    let (mantissa, exponent) = parts(k, decimals);
    let size = mantissa as f64 / powi(10.0, i32::from(decimals)) * powi(10.0, exponent as i32);
    if k < 0 { -size } else { size }
}

/// The mantissa and the exponent.
fn parts(k: i64, decimals: u8) -> (u64, i64) {
    let Some(unit) = unit(decimals).filter(|_| k != 0) else { return (0, 0) };
    let (unit, place) = (unit as u64, k.unsigned_abs() - 1);
    let exponent = (place / (9 * unit)).min(2 * LARGEST as u64);
    (unit + place.saturating_sub(exponent * 9 * unit).min(9 * unit - 1), exponent as i64 - LARGEST)
}

/// 10^f.
fn unit(decimals: u8) -> Option<i64> {
    (decimals <= MOST_DECIMALS).then(|| 10i64.pow(u32::from(decimals)))
}

/// k of a number; none if it is not finite.
pub(super) fn single(x: f32) -> Option<i64> {
    let size = i64::from(x.to_bits() & (u32::MAX >> 1));
    x.is_finite().then_some(if x.is_sign_negative() { -1 - size } else { size })
}

/// The number of k; the nearest finite one.
pub(super) fn single_number(k: i64) -> f32 {
    let size = |k: i64| f32::from_bits((k as u32).min(f32::MAX.to_bits()));
    if k < 0 { -size(-1 - k) } else { size(k) }
}

/// [`single`] in double precision.
pub(super) fn double(x: f64) -> Option<i64> {
    let size = (x.to_bits() & (u64::MAX >> 1)) as i64;
    x.is_finite().then_some(if x.is_sign_negative() { -1 - size } else { size })
}

/// [`single_number`] in double precision.
pub(super) fn double_number(k: i64) -> f64 {
    let size = |k: i64| f64::from_bits((k as u64).min(f64::MAX.to_bits()));
    if k < 0 { -size(-1 - k) } else { size(k) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_there_and_back_in_order() {
        let ordered = ["-1.50e+02", "-9.99e+01", "-1.00e-99", "0.00e+00", "3.21e-05", "1.00e+00", "9.99e+99"];
        let places: Vec<i64> = ordered.iter().map(|text| scientific(text, 2, false).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        for (text, &k) in ordered.iter().zip(&places) {
            assert_eq!(scientific_text(k, 2, false), *text);
            let number: f64 = text.parse().unwrap();
            assert!((scientific_number(k, 2) - number).abs() <= 1e-12 * number.abs(), "{text}");
        }
        assert_eq!(scientific_text(places[4] + 1, 2, false), "3.22e-05", "the next number");
        assert_eq!(scientific("1E+00", 0, true).map(|k| scientific_text(k, 0, true)), Some("1E+00".into()));
        for other in ["1.5e+02", "10.50e+02", "1.50E+02", "0.50e+00", "1.50e+100", "-0.00e+00", "1.50", "x"] {
            assert_eq!(scientific(other, 2, false), None, "{other}");
        }
    }

    #[test]
    fn neighbouring_bits_are_neighbouring_numbers() {
        let ordered =
            [f64::MIN, -1.0, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, 1.0 + f64::EPSILON, f64::MAX];
        let places: Vec<i64> = ordered.iter().map(|x| double(*x).unwrap()).collect();
        assert!(places.is_sorted() && places[7] - places[6] == 1 && places[4] - places[3] == 1, "{places:?}");
        assert_eq!((double(f64::NAN), single(f32::INFINITY)), (None, None));
    }

    proptest! {
        #[test]
        fn bits_there_and_back(bits in any::<u64>()) {
            let (x, y) = (f64::from_bits(bits), f32::from_bits(bits as u32));
            if let Some(k) = double(x) {
                prop_assert_eq!(double_number(k).to_bits(), bits);
            }
            if let Some(k) = single(y) {
                prop_assert_eq!(single_number(k).to_bits(), bits as u32);
            }
            // What a damaged file may ask for.
            prop_assert!(double_number(bits as i64).is_finite() && scientific_number(bits as i64, 7).is_finite());
        }
    }
}
