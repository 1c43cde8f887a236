//! Text as numbers.

/// The largest n such that all whole numbers up to n are exact in an `f64`.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses text as a number, ignoring surrounding blanks; NaN means missing.
pub(crate) fn number(text: &str) -> Option<f64> {
    finite_number(text).or_else(|| text.trim().parse().ok())
}

/// The number that a text without blanks is, if it is finite. `None` of other texts, some of which
/// are numbers, too.
pub(crate) fn finite_number(text: &str) -> Option<f64> {
    lexical_core::parse::<f64>(text.as_bytes()).ok().filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// The faster parser reads what the standard library reads, to the bit.
        #[test]
        fn numbers_are_those_of_the_standard_library(
            text in "[-+]?[0-9]{0,20}[.]?[0-9]{0,20}([eE][-+]?[0-9]{1,3})?|[-+0-9.eEnaifINFty _x]{0,9}"
        ) {
            let expected: Option<f64> = text.trim().parse().ok();
            prop_assert_eq!(number(&text).map(f64::to_bits), expected.map(f64::to_bits));
        }
    }

    #[test]
    fn words_are_no_finite_numbers() {
        for text in ["", "-", ".", " 1", "1 ", "nan", "inf", "-Infinity", "1.2.3", "1_000", "١"] {
            assert_eq!(finite_number(text), None, "{text}");
        }
        assert_eq!(
            ["+1", " 1e5 ", ".", "1e999"].map(number),
            [Some(1.0), Some(1e5), None, Some(f64::INFINITY)]
        );
    }
}
