//! When two texts are the same category: `true` and `True`, and `1` and `1.0`, if the column holds
//! such values.

use std::collections::{BTreeSet, HashMap};

use crate::number::number;

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// `true` and `false`, in any case.
    Booleans,
    /// 0 and 1.
    Bits,
    Other,
}

impl Values {
    fn of<'a>(mut values: impl Iterator<Item = &'a str> + Clone) -> Self {
        if values.clone().all(|value| truth(value).is_some()) {
            Values::Booleans
        } else if values.all(|value| number(value).is_some_and(|x| x == 0.0 || x == 1.0)) {
            Values::Bits
        } else {
            Values::Other
        }
    }

    /// The same text for all spellings of a value.
    fn canonical(self, text: &str) -> &str {
        let bit = match self {
            Values::Other => None,
            _ => truth(text).or_else(|| number(text).filter(|x| *x == 0.0 || *x == 1.0).map(|x| x == 1.0)),
        };
        match bit {
            Some(bit) => ["0", "1"][usize::from(bit)],
            None => whole(text),
        }
    }
}

/// `true` or `false`, in any case.
fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// `1` for `1.0`; `1.10` may be a version, and stays.
fn whole(text: &str) -> &str {
    let Some((digits, zeros)) = text.split_once('.') else { return text };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let plain = unsigned == "0" || !unsigned.starts_with('0');
    let is_whole = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) && plain;
    if is_whole && zeros.bytes().all(|b| b == b'0') { digits } else { text }
}

/// The levels of a column, to find the code of a text.
pub(crate) struct Levels<'a> {
    exact: HashMap<&'a str, usize>,
    canonical: HashMap<&'a str, usize>,
    values: Values,
}

impl<'a> Levels<'a> {
    /// Of these values; the position is the code.
    pub fn new(values: &'a [String]) -> Self {
        let kind = Values::of(values.iter().map(String::as_str));
        // The first of several values that are the same is the code of the others' spellings.
        let canonical = values.iter().enumerate().rev().map(|(code, value)| (kind.canonical(value), code));
        let exact = values.iter().map(String::as_str).zip(0..).collect();
        Levels { exact, canonical: canonical.collect(), values: kind }
    }

    /// The code of a text.
    pub fn code(&self, text: &str) -> Option<usize> {
        self.exact.get(text).or_else(|| self.canonical.get(self.values.canonical(text))).copied()
    }

    /// The number that a text without digits stands for: 1 for `true` among 0 and 1.
    pub fn number(&self, text: &str) -> Option<f64> {
        let bit = truth(text).filter(|_| self.values == Values::Bits);
        bit.map(|bit| f64::from(u8::from(bit)))
    }
}

/// One text for all spellings of each of these values.
pub(crate) fn distinct(texts: BTreeSet<&str>) -> BTreeSet<&str> {
    let kind = Values::of(texts.iter().copied());
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for &text in &texts {
        let value = if kind == Values::Booleans { text } else { whole(text) };
        seen.entry(kind.canonical(text)).or_insert(value);
    }
    seen.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(values: &[&str], texts: &[&str]) -> Vec<Option<usize>> {
        let values: Vec<String> = values.iter().map(|value| value.to_string()).collect();
        let levels = Levels::new(&values);
        texts.iter().map(|text| levels.code(text)).collect()
    }

    #[test]
    fn spellings_of_a_value_have_its_code() {
        let texts = ["true", "FALSE", "1", "0.0", "yes"];
        assert_eq!(codes(&["False", "True"], &texts), [Some(1), Some(0), Some(1), Some(0), None]);
        assert_eq!(codes(&["0", "1"], &["True", "1.0", "false", "2"]), [Some(1), Some(1), Some(0), None]);
        assert_eq!(codes(&["1.0", "2.0", "-3"], &["1", "2.00", "-3.0"]), [Some(0), Some(1), Some(2)]);
        assert_eq!(codes(&["1", "2", "3"], &["true"]), [None], "a code is no truth value");
        assert_eq!(codes(&["yes", "true"], &["True", "1"]), [None, None], "not all are truth values");
    }

    #[test]
    fn texts_that_may_differ_are_different() {
        assert_eq!(codes(&["1.1", "1.2"], &["1.10", "1.2"]), [None, Some(1)]);
        assert_eq!(codes(&["007", "01"], &["7", "1.0", "007.0"]), [None; 3]);
        assert_eq!(codes(&["1", "1.0"], &["1", "1.0", "1.00"]), [Some(0), Some(1), Some(0)], "an old file");
        assert_eq!([".0", "-.0", "x.0", "-0.0", "5."].map(whole), [".0", "-.0", "x.0", "-0", "5"]);
    }

    #[test]
    fn spellings_are_one_level() {
        let of = |texts: &[&'static str]| -> Vec<&str> {
            distinct(texts.iter().copied().collect()).into_iter().collect()
        };
        assert_eq!(of(&["True", "true", "false"]), ["True", "false"]);
        assert_eq!(of(&["1.0", "1", "2.0", "red"]), ["1", "2", "red"]);
        assert_eq!(of(&["1.1", "1.10", "A", "a"]), ["1.1", "1.10", "A", "a"]);
    }
}
