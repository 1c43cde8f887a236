//! Compound values as text: of flags on the command line, and of keywords.

use crate::distribution::Family;
use crate::model::ANY_COLUMN;
use crate::{Error, Result};

/// The widths of hidden layers, such as `512,256`, or `none`.
///
/// # Errors
/// [`Error::InvalidValue`], as for the others.
pub fn widths(text: &str) -> Result<Vec<usize>> {
    if text == "none" {
        return Ok(vec![]);
    }
    let wrong =
        |_| Error::invalid_value("--hidden", "widths such as 400 or 512,256, or none", format!("'{text}'"));
    text.split(',').map(|width| width.trim().parse().map_err(wrong)).collect()
}

/// COLUMN=NAME, or NAME for every column that it can describe. Column names may contain a `=`,
/// names of distributions cannot.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn likelihood(text: &str) -> Result<(String, Family)> {
    let (column, name) = text.rsplit_once('=').unwrap_or((ANY_COLUMN, text));
    Ok((column.into(), name.parse()?))
}

/// Seconds of a time such as `90s`, `10m` or `2h`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn seconds(text: &str) -> Result<f64> {
    let wrong = || Error::invalid_value("--max-time", "a time such as 90s, 10m or 2h", format!("'{text}'"));
    let (number, unit) = match text.trim_end_matches(char::is_alphabetic) {
        number if number.len() < text.len() => (number, &text[number.len()..]),
        number => (number, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    number.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|number| number * factor).ok_or_else(wrong)
}

/// The cell separator: one ASCII character, or `tab`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn delimiter(text: &str) -> Result<char> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() => Ok(c),
        _ => Err(Error::invalid_value("--delimiter", "one ASCII character, or 'tab'", format!("'{text}'"))),
    }
}

/// Height and width: HxW, or N for both.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn size(text: &str) -> Result<[usize; 2]> {
    const MOST: usize = 1 << 14;
    let side = |text: &str| text.parse::<usize>().ok().filter(|side| (1..=MOST).contains(side));
    let sides = match text.split_once(['x', 'X']) {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).map(|side| (side, side)),
    };
    let wrong = || Error::invalid_value("--resize", "HxW such as 32x48, or N for NxN", format!("'{text}'"));
    sides.map(|(height, width)| [height, width]).ok_or_else(wrong)
}
