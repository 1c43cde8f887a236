//! How a column of text writes its numbers: currency, percent, thousands separators, decimal
//! commas, negative numbers in parentheses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::number;
use crate::{Error, Result};

/// A format of numbers, written as the number 1234.5 in it: `$1,234.5`, `1.234,5`, `(1234.5)` if
/// negative numbers are in parentheses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NumberFormat {
    before: String,
    after: String,
    group: Option<char>,
    decimal: char,
    parentheses: bool,
}

/// The separators of thousands and of decimals that columns may have, most usual first.
const SEPARATORS: [(Option<char>, char); 9] = [
    (None, '.'),
    (Some(','), '.'),
    (Some('.'), ','),
    (Some(' '), ','),
    (Some(' '), '.'),
    (Some('\''), '.'),
    (Some('\''), ','),
    (Some('_'), '.'),
    (None, ','),
];
const SYMBOLS: &str = "$€£¥₹₽₩₺₪₫₴₦₱฿¢₡₲₵₸₼₾";
const CURRENCIES: [&str; 44] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "RUB", "KRW", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "TRY", "BRL", "AUD", "CAD", "NZD", "MXN", "ZAR", "SGD", "HKD", "ILS", "THB", "RON", "UAH", "ARS", "CLP",
    "kr", "kr.", "zł", "Kč", "Ft", "lei", "руб.", "R$", "US$", "A$", "C$", "Rs", "Rs.", "Fr.",
];

/// A format that was found in a column.
pub(crate) struct Found {
    pub format: NumberFormat,
    /// Whether the separator of thousands may also be a decimal mark.
    pub ambiguous: bool,
}

/// A number with what stands around it.
struct Cell<'a> {
    negative: bool,
    parentheses: bool,
    before: &'a str,
    after: &'a str,
    digits: &'a str,
    /// Whether its minus is after the number, or no hyphen.
    is_odd: bool,
}

impl<'a> Cell<'a> {
    /// `None` if it is no number in any format.
    fn of(text: &'a str) -> Option<Self> {
        let mut rest = text.trim();
        let parentheses = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
        rest = parentheses.unwrap_or(rest).trim();
        let mut negative = parentheses.is_some();
        let mut sign = |rest: &mut &'a str| {
            for (mark, is_minus) in [('-', true), ('\u{2212}', true), ('+', false)] {
                if let Some(after) = rest.strip_prefix(mark) {
                    negative |= is_minus;
                    *rest = after.trim_start();
                    return;
                }
            }
        };
        sign(&mut rest);
        let start =
            rest.find(|c: char| c.is_ascii_digit() || c == '.' && !rest.starts_with(char::is_alphabetic))?;
        let (before, mut number) = rest.split_at(start);
        let (before, signed) = match before.trim_end().strip_suffix(['-', '\u{2212}']) {
            Some(before) => (before, true),
            None => (before, false),
        };
        let end = number.rfind(|c: char| c.is_ascii_digit())? + 1;
        let (digits, mut after) = number.split_at(end);
        number = digits;
        let trailing = after.trim() == "-";
        if trailing {
            after = "";
        }
        let is_unit = |text: &str| text.is_empty() || is_affix(text.trim());
        (is_unit(before) && is_unit(after)).then_some(())?;
        Some(Cell {
            negative: negative || signed || trailing,
            parentheses: parentheses.is_some(),
            before,
            after,
            digits: number,
            is_odd: trailing || text.contains('\u{2212}'),
        })
    }
}

/// The most frequent currency or percent sign of the cells on one side, the first of several.
fn usual_affix<'a>(cells: &[Cell<'a>], of: impl Fn(&Cell<'a>) -> &'a str) -> String {
    let mut counts: Vec<(&str, usize)> = vec![];
    for affix in cells.iter().map(of).filter(|affix| !affix.is_empty()) {
        match counts.iter_mut().find(|(known, _)| known.trim() == affix.trim()) {
            Some((_, count)) => *count += 1,
            None => counts.push((affix, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max();
    counts
        .iter()
        .find(|(_, count)| Some(*count) == most)
        .map_or(String::new(), |(affix, _)| affix.to_string())
}

/// Whether it is a currency or a percent sign.
fn is_affix(text: &str) -> bool {
    let symbols = || text.chars().all(|c| SYMBOLS.contains(c) || c == '%' || c == '‰');
    !text.is_empty() && symbols() || CURRENCIES.contains(&text)
}

impl NumberFormat {
    /// The format of a column whose cells, except for a few, are numbers; `None` if they are plain
    /// numbers or no numbers. At least this share of the cells must be numbers.
    pub(crate) fn find(cells: &[&str], least: f64) -> Option<Found> {
        if cells.iter().all(|cell| number(cell).is_some()) {
            return None;
        }
        let found: Vec<Cell> = cells.iter().filter_map(|cell| Cell::of(cell)).collect();
        if found.is_empty() || (found.len() as f64) < least * cells.len() as f64 {
            return None;
        }
        let (before, after) =
            (usual_affix(&found, |cell| cell.before), usual_affix(&found, |cell| cell.after));
        let same = |found: &str, usual: &str| found.is_empty() || found.trim() == usual.trim();
        let is_usual = |cell: &Cell| same(cell.before, &before) && same(cell.after, &after);
        let found: Vec<Cell> = found.into_iter().filter(is_usual).collect();
        let parentheses = found.iter().any(|cell| cell.parentheses);
        let read = |(group, decimal): &(Option<char>, char)| {
            found.iter().filter(|cell| plain(cell.digits, *group, *decimal).is_some()).count()
        };
        let counts: Vec<usize> = SEPARATORS.iter().map(read).collect();
        let most = *counts.iter().max()?;
        if (most as f64) < least * cells.len() as f64 {
            return None;
        }
        let best: Vec<(Option<char>, char)> = SEPARATORS
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count == most)
            .map(|(pair, _)| *pair)
            .collect();
        let mut chosen = *best.first()?;
        // Money has no three decimals.
        let money = !before.is_empty() || !after.is_empty() && !after.contains(['%', '‰']);
        let points = found.iter().any(|cell| cell.digits.contains('.'));
        if money && points && chosen == (None, '.') && best.contains(&(Some('.'), ',')) {
            chosen = (Some('.'), ',');
        }
        let has = |mark: char| found.iter().any(|cell| cell.digits.contains(mark));
        let group = chosen.0.and_then(|group| alike(group).find(|mark| has(*mark)));
        let decimal = chosen.1;
        let ambiguous = match group {
            Some(',') => best.contains(&(None, ',')),
            Some('.') => best.contains(&(None, '.')),
            _ => false,
        };
        // Plain numbers, and a few cells that are none.
        let written =
            found.iter().any(|cell| !cell.before.is_empty() || !cell.after.is_empty() || cell.is_odd);
        let is_plain = group.is_none() && decimal == '.' && !parentheses && !written;
        let format = NumberFormat { before, after, group, decimal, parentheses };
        (!is_plain).then_some(Found { format, ambiguous })
    }

    /// The same format with its separator of thousands as the decimal mark.
    pub(crate) fn with_decimal_mark(self) -> Self {
        let decimal = self.group.unwrap_or(self.decimal);
        NumberFormat { group: None, decimal, ..self }
    }

    /// Whether decimals follow a comma.
    pub(crate) fn has_decimal_comma(&self) -> bool {
        self.decimal == ','
    }

    /// Whether commas separate thousands.
    pub(crate) fn has_thousands_comma(&self) -> bool {
        self.group == Some(',')
    }

    /// The number of a cell as plain text, such as `-1234.50`.
    pub(crate) fn plain(&self, text: &str) -> Option<String> {
        let cell = Cell::of(text)?;
        let same = |found: &str, own: &str| found.is_empty() || found.trim() == own.trim();
        (same(cell.before, &self.before) && same(cell.after, &self.after)).then_some(())?;
        let digits = plain(cell.digits, self.group, self.decimal)?;
        Some(if cell.negative { format!("-{digits}") } else { digits })
    }

    /// A number, given as plain text, in this format.
    pub(crate) fn write(&self, plain: &str) -> String {
        let (negative, digits) = plain.strip_prefix('-').map_or((false, plain), |digits| (true, digits));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let mut number = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if let Some(group) = self.group.filter(|_| at > 0 && (whole.len() - at).is_multiple_of(3)) {
                number.push(group);
            }
            number.push(digit);
        }
        if !decimals.is_empty() {
            number.push(self.decimal);
            number.push_str(decimals);
        }
        let (open, close) = match (negative, self.parentheses) {
            (false, _) => ("", ""),
            (true, true) => ("(", ")"),
            (true, false) => ("-", ""),
        };
        format!("{open}{}{number}{}{close}", self.before, self.after)
    }
}

/// The marks that are read as this separator: blanks are of several kinds, as are apostrophes.
fn alike(group: char) -> impl Iterator<Item = char> {
    const BLANKS: &[char] = &[' ', '\u{a0}', '\u{202f}', '\u{2009}'];
    const APOSTROPHES: &[char] = &['\'', '\u{2019}'];
    let families = [BLANKS, APOSTROPHES].into_iter().find(|family| family.contains(&group));
    let own = families.is_none().then_some(group);
    own.into_iter().chain(families.into_iter().flatten().copied())
}

/// Digits with these separators as plain text; `None` if they are no number. Groups have three
/// digits, or two before the last one (India); a group does not begin with zero.
fn plain(digits: &str, group: Option<char>, decimal: char) -> Option<String> {
    let (whole, decimals) = digits.split_once(decimal).map_or((digits, None), |(w, d)| (w, Some(d)));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_group = |c: char| group.is_some_and(|group| alike(group).any(|mark| mark == c));
    let groups: Vec<&str> = whole.split(is_group).collect();
    let (first, rest) = groups.split_first()?;
    let in_groups = rest.split_last().is_none_or(|(last, middle)| {
        let width = middle.first().map_or(3, |group| group.len());
        let sound = (width == 3 || width == 2) && middle.iter().all(|group| group.len() == width);
        last.len() == 3 && sound && (1..=3).contains(&first.len()) && !first.starts_with('0')
    });
    let has_digits = !whole.is_empty() || decimals.is_some_and(|decimals| !decimals.is_empty());
    let sound =
        in_groups && has_digits && groups.iter().all(|g| all_digits(g)) && decimals.is_none_or(all_digits);
    sound.then(|| {
        let whole = if whole.is_empty() { "0".to_string() } else { groups.concat() };
        decimals.filter(|d| !d.is_empty()).map_or(whole.clone(), |decimals| format!("{whole}.{decimals}"))
    })
}

impl fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(if self.parentheses { "-1234.5" } else { "1234.5" }))
    }
}

impl FromStr for NumberFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Cell::of(text).and_then(|cell| {
            let reads = |(group, decimal): &(Option<char>, char)| {
                plain(cell.digits, *group, *decimal).as_deref() == Some("1234.5")
            };
            // Without a separator, the first that reads it has none either.
            let (group, decimal) = *SEPARATORS.iter().find(|pair| reads(pair))?;
            let (before, after) = (cell.before.to_string(), cell.after.to_string());
            let used = cell.digits.chars().nth(1).filter(|mark| !mark.is_ascii_digit());
            Some(NumberFormat {
                before,
                after,
                group: group.and(used),
                decimal,
                parentheses: cell.parentheses,
            })
        });
        known.ok_or_else(|| {
            let expected = "the number 1234.5 as the column writes it, such as 1.234,5 or $1,234.5";
            Error::invalid_value("the format of numbers", expected, format!("'{text}'"))
        })
    }
}

impl From<NumberFormat> for String {
    fn from(format: NumberFormat) -> String {
        format.to_string()
    }
}

impl TryFrom<String> for NumberFormat {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(cells: &[&str]) -> (String, Vec<String>) {
        let found = NumberFormat::find(cells, 0.9).unwrap();
        let plain = cells.iter().map(|cell| found.format.plain(cell).unwrap_or_default());
        (found.format.to_string(), plain.collect())
    }

    #[test]
    fn one_format_is_found_from_all_cells() {
        let cases: [(&[&str], &str, &[&str]); 17] = [
            (&["1,239", "98,513", "7"], "1,234.5", &["1239", "98513", "7"]),
            (&["1,234.50", "12.00"], "1,234.5", &["1234.50", "12.00"]),
            (&["1.234,56", "3,5"], "1.234,5", &["1234.56", "3.5"]),
            (&["3,5", "0,25", "12"], "1234,5", &["3.5", "0.25", "12"]),
            (&["0,123", "1,234"], "1234,5", &["0.123", "1.234"]),
            (&["$1,234.50", "-$5", "$-7"], "$1,234.5", &["1234.50", "-5", "-7"]),
            (&["45 %", "7.5 %"], "1234.5 %", &["45", "7.5"]),
            (&["12,5%", "3,25%"], "1234,5%", &["12.5", "3.25"]),
            (&["(123.45)", "7.00"], "(1234.5)", &["-123.45", "7.00"]),
            (&["($1,234)", "$ 5"], "($1,234.5)", &["-1234", "5"]),
            (&["1 234", "5"], "1 234,5", &["1234", "5"]),
            (&["1\u{a0}234,5", "5"], "1\u{a0}234,5", &["1234.5", "5"]),
            (&["1.234 €", "2.500 €"], "1.234,5 €", &["1234", "2500"]),
            (&["EUR 1.234.567", "EUR 5"], "EUR 1.234,5", &["1234567", "5"]),
            (&["12,34,567", "1,000"], "1,234.5", &["1234567", "1000"]),
            (&["1'234.5", "2"], "1'234.5", &["1234.5", "2"]),
            (&["12-", "\u{2212}3"], "1234.5", &["-12", "-3"]),
        ];
        for (cells, format, plain) in cases {
            assert_eq!(
                read(cells),
                (format.to_string(), plain.iter().map(|p| p.to_string()).collect()),
                "{cells:?}"
            );
        }
    }

    #[test]
    fn plain_numbers_and_other_texts_have_no_format() {
        let others: [&[&str]; 8] = [
            &["1.5", "-2", "1e5"],
            &["2024-12-31", "2024-01-01"],
            &["10:30", "11:45"],
            &["$5", "€5"],
            &["A-1", "B-2"],
            &["1,2,3", "4,5,6"],
            &["12 kg", "5 kg"],
            &["192.168.0.1", "10.0.0.1"],
        ];
        for cells in others {
            assert!(NumberFormat::find(cells, 0.9).is_none(), "{cells:?}");
        }
    }

    #[test]
    fn groups_of_three_after_a_comma_are_thousands_with_a_note() {
        let ambiguous = |cells: &[&str]| NumberFormat::find(cells, 0.9).unwrap().ambiguous;
        assert!(ambiguous(&["1,239", "98,513"]));
        assert!(!ambiguous(&["1,239", "98,513.5"]) && !ambiguous(&["1,234,567"]) && !ambiguous(&["1,5"]));
        let decimal = NumberFormat::find(&["1,239"], 0.9).unwrap().format.with_decimal_mark();
        assert_eq!(decimal.plain("1,239").unwrap(), "1.239");
    }

    #[test]
    fn numbers_are_written_as_their_column_does() {
        let write = |format: &str, number: &str| format.parse::<NumberFormat>().unwrap().write(number);
        assert_eq!(write("$1,234.5", "1234567.25"), "$1,234,567.25");
        assert_eq!(write("$1,234.5", "-12"), "-$12");
        assert_eq!(write("(1.234,5 €)", "-1234.5"), "(1.234,5 €)");
        assert_eq!(write("1234,5", "0.25"), "0,25");
        assert_eq!(write("1234.5 %", "100"), "100 %");
        for format in ["1234.5", "1.234,5", "1\u{a0}234,5", "EUR 1'234.5", "($1,234.5)", "1234,5%"] {
            assert_eq!(format.parse::<NumberFormat>().unwrap().to_string(), format);
        }
        for wrong in ["", "1235", "1,234,5", "x1234.5"] {
            assert!(wrong.parse::<NumberFormat>().is_err(), "{wrong}");
        }
    }
}
