//! Keys that are made anew: unique, and written like those of the source.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use arrow_array::ArrayRef;
use serde::{Deserialize, Serialize};

use super::{SHARED_ROWS, cell_texts};
use crate::{Error, Result};

/// One position of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    /// The characters that it takes, in order; one for a constant.
    letters: Vec<char>,
}

/// A format of keys: literal characters and classes such as `[0-9]` or `[A-Z]{3}`, as in
/// `C-[0-9]{6}`. Key n is the n-th text of the format, counted from its last position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyFormat {
    text: String,
    positions: Vec<Position>,
    /// Whether leading zeros are left out: whole numbers.
    plain: bool,
}

/// Whole numbers without leading zeros.
const NUMBER: &str = "[0-9]+";

impl KeyFormat {
    /// The format of the cells of a column, if all differ; `None` if they are free text, or so few
    /// that a constant of the format would be the text of a cell.
    pub(super) fn of(array: &ArrayRef) -> Option<Self> {
        let cells = cell_texts(array);
        let known: Vec<&str> = cells.iter().flatten().map(str::trim).collect();
        let distinct: HashSet<&str> = known.iter().copied().collect();
        if known.len() < SHARED_ROWS || distinct.len() < known.len() {
            return None;
        }
        let whole = |text: &&str| text.parse::<u64>().is_ok_and(|x| x.to_string() == **text);
        if known.iter().all(whole) {
            return NUMBER.parse().ok();
        }
        let first: Vec<char> = known[0].chars().collect();
        let same = known.iter().all(|text| text.chars().count() == first.len());
        if !same || first.len() > 64 || known[0].contains(' ') {
            return None;
        }
        let mut seen: Vec<HashSet<char>> = vec![HashSet::new(); first.len()];
        for text in &known {
            text.chars().zip(&mut seen).for_each(|(letter, seen)| {
                seen.insert(letter);
            });
        }
        let class = |seen: &HashSet<char>| {
            let all = |test: fn(&char) -> bool| seen.iter().all(test);
            match seen.len() {
                1 => seen.iter().map(|letter| escaped(*letter)).collect(),
                _ if all(char::is_ascii_digit) => "[0-9]".to_string(),
                _ if all(char::is_ascii_uppercase) => "[A-Z]".into(),
                _ if all(char::is_ascii_lowercase) => "[a-z]".into(),
                _ if all(|c| matches!(c, '0'..='9' | 'a'..='f')) => "[0-9a-f]".into(),
                _ => "[0-9A-Za-z]".into(),
            }
        };
        seen.iter().map(class).collect::<String>().parse().ok()
    }

    /// How many keys there are.
    pub fn count(&self) -> u64 {
        if self.plain {
            return u64::MAX;
        }
        let sizes = self.positions.iter().map(|position| position.letters.len() as u64);
        sizes.fold(1, u64::saturating_mul)
    }

    /// The first and the last key; of plain numbers the first.
    pub(super) fn ends(&self) -> [String; 2] {
        let last = if self.plain { 0 } else { self.count() - 1 };
        [self.nth(0), self.nth(last)]
    }

    /// Key n, from 0.
    pub fn nth(&self, n: u64) -> String {
        if self.plain {
            return (n + 1).to_string();
        }
        let mut rest = n;
        let mut key: Vec<char> = self.positions.iter().map(|position| position.letters[0]).collect();
        for (letter, position) in key.iter_mut().zip(&self.positions).rev() {
            let size = position.letters.len() as u64;
            *letter = position.letters[(rest % size) as usize];
            rest /= size;
        }
        key.into_iter().collect()
    }
}

fn escaped(letter: char) -> String {
    match letter {
        '[' | ']' | '{' | '}' | '\\' | '+' | '*' | '?' => format!("\\{letter}"),
        other => other.to_string(),
    }
}

impl FromStr for KeyFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "characters and classes, such as C-[0-9]{6} or [A-Z]{2}[0-9]{4}";
            Error::invalid_value("--key-format", expected, format!("'{text}'"))
        };
        if text == NUMBER {
            return Ok(KeyFormat { text: text.into(), positions: vec![], plain: true });
        }
        let mut positions: Vec<Position> = vec![];
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let mut until = |end: char| -> Result<&str> {
                let (inside, after) = rest.split_once(end).ok_or_else(wrong)?;
                rest = after;
                Ok(inside)
            };
            match letter {
                '[' => positions.push(Position { letters: class(until(']')?).ok_or_else(wrong)? }),
                '{' => {
                    let times: usize = until('}')?.parse().map_err(|_| wrong())?;
                    let last = positions.pop().filter(|_| (1..=64).contains(&times)).ok_or_else(wrong)?;
                    positions.extend(std::iter::repeat_n(last, times));
                }
                '\\' => {
                    // A letter after it would mean a class elsewhere, such as \d.
                    let escaped = rest.chars().next().filter(|c| !c.is_alphanumeric()).ok_or_else(wrong)?;
                    rest = &rest[escaped.len_utf8()..];
                    positions.push(Position { letters: vec![escaped] });
                }
                '+' | '*' | '?' | ']' | '}' => return Err(wrong()),
                other => positions.push(Position { letters: vec![other] }),
            }
        }
        match positions.is_empty() || positions.len() > 256 {
            true => Err(wrong()),
            false => Ok(KeyFormat { text: text.into(), positions, plain: false }),
        }
    }
}

/// The characters of a class, such as `0-9a-f`; not those that it would exclude, and no escapes.
fn class(inside: &str) -> Option<Vec<char>> {
    if inside.starts_with('^') || inside.contains('\\') {
        return None;
    }
    let all: Vec<char> = inside.chars().collect();
    let (mut letters, mut at) = (vec![], 0);
    while at < all.len() {
        match all.get(at + 1..at + 3) {
            Some(['-', last]) if all[at] <= *last => {
                letters.extend(all[at]..=*last);
                at += 3;
            }
            _ => {
                letters.push(all[at]);
                at += 1;
            }
        }
    }
    letters.sort_unstable();
    letters.dedup();
    (!letters.is_empty() && letters.len() <= 4096).then_some(letters)
}

impl fmt::Display for KeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<KeyFormat> for String {
    fn from(format: KeyFormat) -> String {
        format.text
    }
}

impl TryFrom<String> for KeyFormat {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn keys_count_through_their_format() {
        let format: KeyFormat = "C-[0-9]{2}[ab]".parse().unwrap();
        assert_eq!((format.count(), format.nth(0), format.nth(3)), (200, "C-00a".into(), "C-01b".into()));
        let all: HashSet<String> = (0..200).map(|n| format.nth(n)).collect();
        assert_eq!(all.len(), 200);
        let bad = [
            "", "[", "[]", "[0-9", "a{x}", "a{2", "{2}", "a{0}", "\\", "[^0-9]", "\\d{4}", "[0-9]+x", "[\\d]",
        ];
        for bad in bad {
            assert!(bad.parse::<KeyFormat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_format_is_found_from_cells() {
        let of = |cells: Vec<&str>| {
            let array: ArrayRef = Arc::new(StringArray::from(cells));
            KeyFormat::of(&array).map(|format| format.to_string())
        };
        assert_eq!(of(vec!["C-017", "C-922", "C-123"]).unwrap(), "C-[0-9][0-9][0-9]");
        assert_eq!(of(vec!["+1[", "+2[", "+3["]).unwrap(), "\\+[0-9]\\[");
        assert_eq!(of(vec!["C-017", "C-922"]), None, "two keys alone show what they have in common");
        assert_eq!(of(vec!["7", "12", "900"]).unwrap(), "[0-9]+");
        assert_eq!(of(vec!["some free text", "other free txt", "third free text"]), None);
        assert_eq!(of(vec!["a", "a", "b", "c"]), None, "cells that are not unique are no key");
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
        assert_eq!(KeyFormat::of(&numbers).unwrap().nth(0), "1");
    }
}
