//! Parsers of compound values on the command line.

use diabolo::Error;
use diabolo::distribution::Family;
use diabolo::model::ANY_COLUMN;

pub fn widths(text: &str) -> diabolo::Result<Vec<usize>> {
    if text == "none" {
        return Ok(vec![]);
    }
    let wrong =
        |_| Error::invalid_value("--hidden", "widths such as 400 or 512,256, or none", format!("'{text}'"));
    text.split(',').map(|width| width.trim().parse().map_err(wrong)).collect()
}

/// Parses COLUMN=NAME, or NAME for every column that it can describe. Column names may contain a
/// `=`, names of distributions cannot.
pub fn likelihood(text: &str) -> diabolo::Result<(String, Family)> {
    let (column, name) = text.rsplit_once('=').unwrap_or((ANY_COLUMN, text));
    Ok((column.into(), name.parse()?))
}

pub fn seconds(text: &str) -> diabolo::Result<f64> {
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

pub fn delimiter(text: &str) -> diabolo::Result<char> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() => Ok(c),
        _ => Err(Error::invalid_value("--delimiter", "one ASCII character, or 'tab'", format!("'{text}'"))),
    }
}

/// Parses HxW, or N for both.
pub fn size(text: &str) -> diabolo::Result<[usize; 2]> {
    const MOST: usize = 1 << 14;
    let side = |text: &str| text.parse::<usize>().ok().filter(|side| (1..=MOST).contains(side));
    let sides = match text.split_once(['x', 'X']) {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).map(|side| (side, side)),
    };
    let wrong = || Error::invalid_value("--resize", "HxW such as 32x48, or N for NxN", format!("'{text}'"));
    sides.map(|(height, width)| [height, width]).ok_or_else(wrong)
}

/// The error of a parser, for a flag that is not named like its setting.
pub fn renamed(error: Error, flag: &str) -> Error {
    match error {
        Error::InvalidValue { expected, found, .. } => Error::invalid_value(flag, expected, found),
        other => other,
    }
}
