//! The texts that mean a missing cell, for each column.
//!
//! A blank cell is missing in every column but the key. So are the usual [words](MISSING), unless
//! `--missing none` says otherwise or a column has one of them as a category, and the words that
//! the user adds. A word that is a number means every spelling of it: `-999` is also `-999.0`.

use serde::{Deserialize, Serialize};

use crate::number::number;

/// The usual texts for a missing cell. "None" is not among them, since it is often a category.
pub const MISSING: [&str; 12] =
    ["?", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "<NA>", "NaN", "NaT", "nan", "null", "NULL"];

/// Texts for a missing cell among numbers.
const AMONG_NUMBERS: [&str; 19] = [
    "None", "none", "NONE", "-", "--", ".", "na", "n.a.", "#NA", "Null", "NAN", "-nan", "-NaN", "nil",
    "missing", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
];

/// The texts that mean a missing cell in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MissingWords {
    /// Whether the usual [words](MISSING) do.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub usual: bool,
    /// Those of the usual words that are categories of this column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Other words, which the user gave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<String>,
}

impl Default for MissingWords {
    fn default() -> Self {
        MissingWords { usual: true, except: vec![], more: vec![] }
    }
}

impl MissingWords {
    /// The words of a column by the values of `--missing`: `none`, `default`, a word, or any of
    /// these after `COLUMN=`, which replaces what holds for all columns. Quotes make a word of
    /// `"none"` and `"a=b"`.
    pub fn of(settings: &[String], column: &str) -> Self {
        let mut words = MissingWords::default();
        words.add(settings, column);
        words
    }

    /// Whether these are the usual words.
    pub fn is_default(&self) -> bool {
        *self == MissingWords::default()
    }

    /// No words: only blank cells are missing.
    pub fn none() -> Self {
        MissingWords { usual: false, except: vec![], more: vec![] }
    }

    /// Applies more values of `--missing`.
    pub fn add(&mut self, settings: &[String], column: &str) {
        for of_column in [false, true] {
            let ours = settings.iter().filter_map(|setting| match split(setting, column) {
                Some(word) => Some(word).filter(|_| of_column),
                None => Some(setting.as_str()).filter(|_| !of_column && !names_column(setting)),
            });
            for setting in ours {
                self.apply(setting);
            }
        }
    }

    fn apply(&mut self, setting: &str) {
        match setting {
            "none" => *self = MissingWords::none(),
            "default" => *self = MissingWords::default(),
            word => {
                let word = unquoted(word).trim();
                self.except.retain(|kept| kept != word);
                if !self.more.iter().any(|known| known == word) {
                    self.more.push(word.to_string());
                }
            }
        }
    }

    /// Whether a trimmed text means a missing cell.
    pub fn contains(&self, text: &str) -> bool {
        text.is_empty() || self.is_usual(text) || self.is_given(text)
    }

    /// Whether the user gave this word.
    pub(crate) fn is_given(&self, text: &str) -> bool {
        let same = |word: &String| word == text || !has_leading_zeros(text) && same_number(word, text);
        self.more.iter().any(same)
    }

    fn is_usual(&self, text: &str) -> bool {
        self.usual && is_among(&MISSING, text) && !self.except.iter().any(|kept| kept == text)
    }

    /// Whether a trimmed text means a missing cell in a column of numbers.
    pub(crate) fn contains_among_numbers(&self, text: &str) -> bool {
        self.usual && is_among(&AMONG_NUMBERS, text) || self.contains(text)
    }

    /// The given words that are numbers.
    pub fn numbers(&self) -> Vec<f64> {
        self.more.iter().filter_map(|word| number(word)).collect()
    }
}

/// Whether a text is one of the usual words, none of which ends in a digit, as most numbers do.
fn is_among(words: &[&str], text: &str) -> bool {
    !text.ends_with(|last: char| last.is_ascii_digit()) && words.contains(&text)
}

/// The first value of `--missing` that names a column which is not among these.
pub(crate) fn of_no_column<'a>(settings: &'a [String], columns: &[&str]) -> Option<&'a str> {
    let known = |setting: &str| columns.iter().any(|column| split(setting, column).is_some());
    settings.iter().map(String::as_str).find(|setting| names_column(setting) && !known(setting))
}

/// What follows `COLUMN=`.
fn split<'a>(setting: &'a str, column: &str) -> Option<&'a str> {
    setting.strip_prefix(column)?.strip_prefix('=')
}

fn names_column(setting: &str) -> bool {
    setting.contains('=') && unquoted(setting) == setting
}

fn unquoted(word: &str) -> &str {
    word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(word)
}

fn same_number(word: &str, text: &str) -> bool {
    number(word).is_some_and(|x| number(text) == Some(x))
}

/// Whether a text of digits is no number but a code, such as 007.
pub(crate) fn has_leading_zeros(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(settings: &[&str], column: &str) -> MissingWords {
        MissingWords::of(&settings.iter().map(|s| s.to_string()).collect::<Vec<_>>(), column)
    }

    #[test]
    fn the_usual_words_are_found() {
        let words = MissingWords::default();
        assert!(MISSING.iter().all(|word| words.contains(word)));
        assert!(AMONG_NUMBERS.iter().all(|word| words.contains_among_numbers(word) && !words.contains(word)));
        assert!(!["12", "-1.5", "1e5", "x"].iter().any(|text| words.contains_among_numbers(text)));
    }

    #[test]
    fn words_add_to_the_usual_ones_and_none_removes_them() {
        let is = |words: &MissingWords| ["NA", "?", "", "x", "-1"].map(|text| words.contains(text));
        assert_eq!(is(&of(&[], "c")), [true, true, true, false, false]);
        assert_eq!(is(&of(&["x"], "c")), [true, true, true, true, false]);
        assert_eq!(is(&of(&["none"], "c")), [false, false, true, false, false]);
        assert_eq!(is(&of(&["none", "x"], "c")), [false, false, true, true, false]);
        assert_eq!(is(&of(&["none", "default"], "c")), [true, true, true, false, false]);
        assert!(of(&["\"none\""], "c").contains("none") && of(&["\"a=b\""], "c").contains("a=b"));
    }

    #[test]
    fn a_column_may_have_its_own_words() {
        let settings = ["c=none", "x", "c=y", "d=z"];
        assert_eq!(of(&settings, "c").more, ["y"]);
        assert!(!of(&settings, "c").usual);
        assert_eq!(of(&settings, "d").more, ["x", "z"]);
        assert_eq!(of(&settings, "e").more, ["x"]);
        let settings = settings.map(String::from);
        assert_eq!(of_no_column(&settings, &["c", "d"]), None);
        assert_eq!(of_no_column(&settings, &["c", "e"]), Some("d=z"));
        // Applied again, they change nothing.
        let mut twice = MissingWords::of(&settings, "c");
        twice.add(&settings, "c");
        assert_eq!(twice, MissingWords::of(&settings, "c"));
    }

    #[test]
    fn words_that_are_numbers_mean_every_spelling() {
        let words = of(&["-999", "9.90"], "c");
        assert!(["-999", "-999.0", "-9.99e2", "9.9"].iter().all(|text| words.contains(text)));
        assert!(!words.contains("999"));
        // A code is its text.
        assert!(!of(&["7"], "c").contains("007") && of(&["007"], "c").contains("007"));
    }

    #[test]
    fn only_differences_from_the_usual_words_are_stored() {
        let json = |words: &MissingWords| serde_json::to_string(words).unwrap();
        assert_eq!(json(&MissingWords::default()), "{}");
        assert_eq!(json(&of(&["none", "x"], "c")), r#"{"usual":false,"more":["x"]}"#);
        assert_eq!(serde_json::from_str::<MissingWords>("{}").unwrap(), MissingWords::default());
    }
}
