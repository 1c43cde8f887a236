//! Text as numbers.

/// The largest n such that all whole numbers up to n are exact in an `f64`.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// So many digits make a whole number below [`EXACT`].
const DIGITS: usize = 15;
/// The powers of ten up to 10¹⁵, which are exact.
const POWERS: [f64; DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Parses text as a number, ignoring surrounding blanks; NaN means missing.
pub(crate) fn number(text: &str) -> Option<f64> {
    plain_number(text).or_else(|| text.trim().parse().ok())
}

/// The number of up to 15 digits with a point or none, and a minus or none: `-12.5`. `None` for
/// any other text, which may be a number too.
///
/// Correctly rounded: digits · 10⁻ᵏ is one division of two exact numbers (Clinger 1990, section 4).
/// Several times faster than `str::parse`, since most cells of most tables are such numbers.
pub(crate) fn plain_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let (mut whole, mut point) = (0u64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = 10 * whole + u64::from(byte - b'0'),
            b'.' if point.is_none() && digits.len() > 1 => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    let size = whole as f64 / POWERS[decimals];
    Some(if digits.len() < text.len() { -size } else { size })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use diabolo_stats::random::{Purpose, RngExt, stream};

    use super::*;

    #[test]
    fn plain_numbers_are_those_of_the_standard_library() {
        let same = |text: &str| {
            let expected = text.parse::<f64>().unwrap();
            assert_eq!(plain_number(text).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        };
        for text in ["0", "-0", "5.", "-.5", "007", "0.1", "999999999999999", "-0.000000000001", "3.1"] {
            same(text);
        }
        let mut draw = stream(3, Purpose::Train, 0, 0);
        for _ in 0..100_000 {
            let digits = draw.random::<u64>() % 10u64.pow(1 + draw.random::<u32>() % 13);
            let mut text = digits.to_string();
            text.insert(draw.random::<u64>() as usize % (text.len() + 1), '.');
            if text.len() > 1 {
                same(&text);
                same(&format!("-{text}"));
            }
        }
    }

    #[test]
    fn other_texts_are_left_to_the_standard_library() {
        for text in ["", "-", ".", "+1", " 1", "1 ", "1e5", "1.2.3", "--1", "nan", "1234567890123456", "١"] {
            assert_eq!(plain_number(text), None, "{text}");
        }
        assert_eq!(["+1", " 1e5 ", "."].map(number), [Some(1.0), Some(1e5), None]);
    }
}
