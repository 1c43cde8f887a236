//! Numbers as a person writes them: grouped thousands, a true minus sign, powers of ten as
//! superscripts.

/// Non-breaking thin space between groups of three digits.
const GROUP: char = '\u{202f}';

/// A value with up to four significant digits; `—` for NaN.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "—".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".into() } else { "−∞".into() };
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e7).contains(&size) {
        return scientific(value);
    }
    if value.fract() == 0.0 {
        return fixed(value, 0);
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
    trim(fixed(value, decimals))
}

/// A value with a fixed number of decimals and grouped thousands.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut out = String::new();
    if value < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('−');
    }
    // Four digits read well without a gap; five do not.
    let grouped = whole.len() > 4;
    for (i, digit) in whole.chars().enumerate() {
        if grouped && i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(GROUP);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `1.2 × 10⁻⁵`, at most three significant digits.
pub(crate) fn scientific(value: f64) -> String {
    let plain = format!("{value:.2e}");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let mantissa = trim(mantissa.replace('-', "−"));
    let exponent: String = exponent.chars().map(superscript).collect();
    match mantissa.as_str() {
        "1" => format!("10{exponent}"),
        "−1" => format!("−10{exponent}"),
        _ => format!("{mantissa} × 10{exponent}"),
    }
}

/// Drops zeros that only fill up decimals.
fn trim(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn superscript(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or('⁻', |d| DIGITS[d as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_prose() {
        for (value, text) in [
            (0.0, "0"),
            (1234.0, "1234"),
            (54321.0, "54\u{202f}321"),
            (-0.5, "−0.5"),
            (98.76543, "98.77"),
            (0.012346, "0.01235"),
            (0.9999999, "1"),
            (1e-5, "10⁻⁵"),
            (1.25e9, "1.25 × 10⁹"),
            (f64::NAN, "—"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn a_rounded_zero_has_no_sign() {
        assert_eq!(fixed(-0.001, 2), "0.00");
    }
}
