//! Keys that are made anew: unique, and written like those of the source.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::DataType;
use serde::{Deserialize, Serialize};

use super::{CodecOptions, SHARED_ROWS, cell_texts, typed};
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

/// Keys n of a format, from the first on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRange {
    pub first: u64,
    pub count: u64,
}

/// Whole numbers without leading zeros.
const NUMBER: &str = "[0-9]+";

impl KeyFormat {
    /// The format of the cells of a column, if all differ, and keys that none of them is; `None` if
    /// they are free text, or so few that a constant of the format would be the text of a cell.
    pub(super) fn of(array: &ArrayRef) -> Option<(Self, KeyRange)> {
        let mut classes = Self::classes(array)?;
        let format: KeyFormat = classes.concat().parse().ok()?;
        let unused = format.unused(array);
        if unused.count >= array.len() as u64 || format.plain {
            return Some((format, unused));
        }
        // Longer keys than those of the source are none of them.
        let repeated = classes.iter().rposition(|class| class.starts_with('['))?;
        classes.insert(repeated, classes[repeated].clone());
        let longer: KeyFormat = classes.concat().parse().ok()?;
        let all = KeyRange { first: 0, count: longer.count() };
        Some((longer, all))
    }

    /// Keys that no cell of a column is, beyond the last one if there is room for as many rows:
    /// from a power of ten on, if there is room then, too; of twice the last key if possible, which
    /// leaves the source as many keys again.
    pub(super) fn unused(&self, array: &ArrayRef) -> KeyRange {
        let end = if self.plain { largest(array.data_type()) } else { self.count() };
        let taken: BTreeSet<u64> =
            cell_texts(array).iter().flatten().filter_map(|text| self.position(text.trim())).collect();
        let from = |first: u64| KeyRange { first, count: end.saturating_sub(first) };
        let next = taken.last().map_or(0, |last| last.saturating_add(1));
        let powers = (0..19).map(|exponent| 10u64.pow(exponent));
        let above = |least: u64| powers.clone().find(|power| next > 0 && *power >= least);
        let round = [above(next.saturating_mul(2)), above(next)].into_iter().flatten();
        let beyond = round.chain([next]).map(from);
        if let Some(found) = beyond.clone().find(|range| range.count >= array.len() as u64) {
            return found;
        }
        let ends = taken.iter().copied().chain([end]);
        let starts = std::iter::once(0).chain(taken.iter().map(|position| position.saturating_add(1)));
        let gaps = starts.zip(ends).map(|(first, end)| KeyRange { first, count: end.saturating_sub(first) });
        gaps.max_by_key(|gap| gap.count).unwrap_or(from(0))
    }

    /// The classes of the positions of the cells of a column.
    fn classes(array: &ArrayRef) -> Option<Vec<String>> {
        let cells = cell_texts(array);
        let known: Vec<&str> = cells.iter().flatten().map(str::trim).collect();
        let distinct: HashSet<&str> = known.iter().copied().collect();
        if known.len() < SHARED_ROWS || distinct.len() < known.len() {
            return None;
        }
        let whole = |text: &&str| text.parse::<u64>().is_ok_and(|x| x.to_string() == **text);
        if known.iter().all(whole) {
            return Some(vec![NUMBER.into()]);
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
        // Leading zeros of a number are digits as well.
        for at in (1..seen.len()).rev() {
            let is_number = seen[at].len() > 1 && seen[at].iter().all(char::is_ascii_digit);
            if is_number && seen[at - 1].len() == 1 && seen[at - 1].contains(&'0') {
                seen[at - 1].insert('1');
            }
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
        Some(seen.iter().map(class).collect())
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

    /// The n of a key; `None` if it has another format, or n is no `u64`.
    fn position(&self, key: &str) -> Option<u64> {
        if self.plain {
            return key.parse::<u64>().ok().filter(|n| n.to_string() == key)?.checked_sub(1);
        }
        let mut letters = key.chars();
        let mut n = 0u64;
        for position in &self.positions {
            let letter = letters.next()?;
            let digit = position.letters.iter().position(|one| *one == letter)? as u64;
            n = n.checked_mul(position.letters.len() as u64)?.checked_add(digit)?;
        }
        letters.next().is_none().then_some(n)
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

/// How the keys of a column that is no part are made: the key, and others that differ in all rows.
pub(super) fn format_of(
    name: &str,
    array: &ArrayRef,
    options: &CodecOptions,
    dropped: bool,
) -> Result<Option<(KeyFormat, KeyRange)>> {
    let is_key = options.key.as_deref() == Some(name);
    let Some(given) = options.key_format.clone().filter(|_| is_key) else {
        return Ok((is_key || dropped).then(|| KeyFormat::of(array)).flatten());
    };
    let ends: ArrayRef = Arc::new(StringArray::from(given.ends().to_vec()));
    let wanted = array.data_type();
    match typed(&ends, wanted)?.null_count() {
        0 => {
            let unused = given.unused(array);
            Ok(Some((given, unused)))
        }
        _ => {
            let expected = format!("keys that are {wanted}, the type of column '{name}'");
            Err(Error::invalid_value("--key-format", expected, format!("'{given}'")))
        }
    }
}

/// What is said of a column that has neither levels nor a format.
pub(super) fn left_empty(name: &str, is_key: bool) -> String {
    let way = if is_key { "; --key-format makes keys" } else { "" };
    format!("column '{name}' has no levels that rows share, and is left empty{way}")
}

/// The largest whole number of a stored type.
fn largest(stored: &DataType) -> u64 {
    match stored {
        DataType::Int8 => i8::MAX as u64,
        DataType::UInt8 => u64::from(u8::MAX),
        DataType::Int16 => i16::MAX as u64,
        DataType::UInt16 => u64::from(u16::MAX),
        DataType::Int32 => i32::MAX as u64,
        DataType::UInt32 => u64::from(u32::MAX),
        _ => i64::MAX as u64,
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

    use arrow_array::Int64Array;

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
            KeyFormat::of(&array).map(|(format, _)| format.to_string())
        };
        assert_eq!(of(vec!["C-017", "C-922", "C-123"]).unwrap(), "C-[0-9][0-9][0-9]");
        assert_eq!(of(vec!["+1[", "+2[", "+3["]).unwrap(), "\\+[0-9]\\[");
        assert_eq!(of(vec!["C-017", "C-922"]), None, "two keys alone show what they have in common");
        assert_eq!(of(vec!["7", "12", "900"]).unwrap(), "[0-9]+");
        assert_eq!(of(vec!["some free text", "other free txt", "third free text"]), None);
        assert_eq!(of(vec!["a", "a", "b", "c"]), None, "cells that are not unique are no key");
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
        assert_eq!(KeyFormat::of(&numbers).unwrap().0.nth(0), "1");
    }

    #[test]
    fn new_keys_are_none_of_the_source() {
        let first = |cells: Vec<&str>| {
            let array: ArrayRef = Arc::new(StringArray::from(cells));
            let (format, unused) = KeyFormat::of(&array).unwrap();
            (format.nth(unused.first), unused.count)
        };
        assert_eq!(first(vec!["7", "12", "300"]).0, "1001");
        assert_eq!(first(vec!["1", "500", "1000"]).0, "10001", "a table that grows meets none soon");
        assert_eq!(first(vec!["C-0017", "C-0022", "C-0123"]), ("C-1000".into(), 9000));
        assert_eq!(first(vec!["C-007", "C-003", "C-005"]), ("C-100".into(), 900));
        assert_eq!(first(vec!["C-017", "C-922", "C-123"]), ("C-923".into(), 77));
        assert_eq!(first(vec!["C-007", "C-067", "C-101"]), ("C-102".into(), 898));
        assert_eq!(first(vec!["C-0071", "C-0672", "C-0990"]), ("C-1000".into(), 9000));
        // After the last key there is no room for as many rows: the longest range between two.
        assert_eq!(first(vec!["C-010", "C-022", "C-998"]), ("C-023".into(), 975));
        let ends = ["ffffffffffffffff", "0000000000000000", "0000000000000001"];
        assert_eq!(first(ends.to_vec()).0, "0000000000000002");
        let full: Vec<String> = (0..100).map(|n| format!("K{n:02}")).collect();
        assert_eq!(first(full.iter().map(String::as_str).collect()), ("K000".into(), 1000));
        let bytes: ArrayRef = Arc::new(arrow_array::Int8Array::from((1..=100).collect::<Vec<i8>>()));
        assert_eq!(KeyFormat::of(&bytes).unwrap().1, KeyRange { first: 100, count: 27 });
        let long = format!("{}-[0-9a-f]{{32}}", "x".repeat(20));
        let format: KeyFormat = long.parse().unwrap();
        assert_eq!(format.position(&format.nth(77)), Some(77));
        assert_eq!(format.position(&format!("{}-{}", "x".repeat(20), "f".repeat(32))), None);
    }
}
