//! Whether a column holds dates.

use std::collections::BTreeSet;

use arrow_array::Array;

use super::calendar::Moment;
use super::cells::{is_temporal, moments, text_of};
use super::detect::{Found, detect};
use super::{DateFormat, Pattern, Step};
use crate::column::{CellType, Column};
use crate::names::argument;
use crate::{FeatureKind, Result, Storage};

/// Seconds from 1990 to 2040, in which seconds since 1970 are plausible dates.
const PLAUSIBLE: std::ops::Range<f64> = 631_152_000.0..2_208_988_800.0;
/// Fewer different numbers are no dates, unless the name of the column says so.
const FEW: usize = 10;

/// What a column of dates is.
pub(crate) enum Dates {
    Learn {
        kind: FeatureKind,
        storage: Storage,
        constant: Option<String>,
        rising: bool,
    },
    /// Day and month may be the other way round.
    Ambiguous {
        because: String,
    },
}

/// The dates of a column, if it holds dates; of text, at least a share of `least` must be dates.
pub(crate) fn find_dates(column: &Column, least: f64) -> Result<Option<Dates>> {
    let data_type = column.array.data_type();
    if is_temporal(data_type) {
        return learned(column, DateFormat::Typed(data_type.clone()), Storage::Timestamp);
    }
    if data_type.is_floating() {
        let numbers: Vec<f64> = column.decimal_numbers()?.into_iter().filter(|x| !x.is_nan()).collect();
        // An infinite one is no date, nor a number as text.
        if numbers.iter().all(|x| x.is_finite()) {
            return of_numbers(column, &numbers);
        }
    }
    let texts = match CellType::of(data_type) {
        CellType::Text | CellType::Number => column.texts()?,
        _ => return Ok(None),
    };
    let cells: Vec<&str> = texts.iter().flatten().collect();
    if cells.is_empty() {
        return Ok(None);
    }
    if let Some(numbers) = cells.iter().map(|cell| crate::number::number(cell)).collect::<Option<Vec<f64>>>()
    {
        return of_numbers(column, &numbers);
    }
    match detect(&cells, least) {
        None => Ok(None),
        Some(Found::One(pattern)) => learned(column, DateFormat::Pattern(pattern), Storage::Text),
        Some(Found::Ambiguous { day_first, month_first }) => Ok(Some(Dates::Ambiguous {
            because: format!(
                "holds dates such as {}, in which the day or the month may come first, and is excluded; --type \
                 {arg}={day_first} or --type {arg}={month_first} includes it",
                cells[0],
                arg = argument(column.name),
                day_first = datetime_type(&day_first),
                month_first = datetime_type(&month_first),
            ),
        })),
    }
}

/// The dates of a column of such numbers, if they are dates.
fn of_numbers(column: &Column, numbers: &[f64]) -> Result<Option<Dates>> {
    let found = if numbers.is_empty() { None } else { number_pattern(column.name, numbers) };
    let Some(pattern) = found else { return Ok(None) };
    let whole = numbers.iter().all(|x| x.fract() == 0.0);
    let storage = if whole { Storage::Integer } else { Storage::Float };
    learned(column, DateFormat::Pattern(pattern), storage)
}

/// The type as it is written after `--type column=`, quoted for a shell if it must be.
fn datetime_type(pattern: &Pattern) -> String {
    let text = format!("datetime:{pattern}");
    if text.contains(' ') { format!("'{text}'") } else { text }
}

/// The dates of a column that the user calls dates, with or without their format.
pub(crate) fn given_dates(column: &Column, format: Option<&DateFormat>) -> Result<Option<Dates>> {
    if let Some(format) = format.filter(|_| !is_temporal(column.array.data_type())) {
        let storage = match format {
            DateFormat::Pattern(pattern) if pattern.is_number() && pattern.has_point() => Storage::Float,
            DateFormat::Pattern(pattern) if pattern.is_number() => Storage::Integer,
            DateFormat::Pattern(_) => Storage::Text,
            DateFormat::Typed(_) => Storage::Timestamp,
        };
        return learned(column, format.clone(), storage);
    }
    let wrong = |found: &str| {
        let help = format!("name the format, as in --type {}=datetime:%d.%m.%Y", argument(column.name));
        column.whole_error("dates", found, help)
    };
    match find_dates(column, 0.5)? {
        Some(Dates::Ambiguous { because }) => Err(wrong(&because)),
        Some(found) => Ok(Some(found)),
        None if column.texts()?.iter().flatten().next().is_none() => Ok(None),
        None => Err(wrong("cells in no known format of dates")),
    }
}

/// The dates of a column with this format; `None` if every cell is missing.
fn learned(column: &Column, format: DateFormat, storage: Storage) -> Result<Option<Dates>> {
    let moments = moments(column, &format)?;
    let observed = || moments.iter().filter(|moment| !moment.seconds.is_nan()).copied();
    let Some(first) = observed().next() else { return Ok(None) };
    let constant = observed().all(|moment| moment.seconds == first.seconds);
    let constant = constant.then(|| text_of(first, &format));
    let rising = moments.len() > FEW && moments.windows(2).all(|two| two[0].seconds < two[1].seconds);
    let kind = FeatureKind::Datetime { format, step: Step::of(observed()), offset: usual_offset(observed()) };
    Ok(Some(Dates::Learn { kind, storage, constant, rising }))
}

/// The offset that most dates have.
fn usual_offset(moments: impl Iterator<Item = Moment>) -> i32 {
    let mut counts = std::collections::BTreeMap::<i32, usize>::new();
    moments.for_each(|moment| *counts.entry(moment.offset).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(offset, _)| offset)
}

/// The pattern of numbers that are dates: 20241231, 20241231235959, and seconds or parts of them
/// since 1970 if the name of the column or the order of the rows agrees.
fn number_pattern(name: &str, numbers: &[f64]) -> Option<Pattern> {
    let mut different = BTreeSet::new();
    let mut are_enough = |x: &f64| different.insert((x + 0.0).to_bits()) && different.len() >= FEW;
    let named = names_a_time(name);
    if !named && !numbers.iter().any(&mut are_enough) {
        return None;
    }
    let pattern = |text: &str| text.parse::<Pattern>().ok();
    let dated = |pattern: &Pattern| {
        let year = |x: f64| {
            pattern.read_number(x).is_some_and(|m| (-2_208_988_800.0..4_102_444_800.0).contains(&m.seconds))
        };
        numbers.iter().all(|x| year(*x))
    };
    let written = ["%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d%H%M"].into_iter().chain(named.then_some("%Y%m"));
    if let Some(found) = written.filter_map(pattern).find(dated) {
        return Some(found);
    }
    if !named && !numbers.is_sorted() {
        return None;
    }
    let whole = numbers.iter().all(|x| x.fract() == 0.0);
    let units = [(1.0, if whole { "%s" } else { "%s%.f" }), (1e3, "%s%3f"), (1e6, "%s%6f"), (1e9, "%s%9f")];
    let all = |unit: f64| numbers.iter().all(|x| PLAUSIBLE.contains(&(x / unit)));
    units.into_iter().find(|(unit, _)| all(*unit)).and_then(|(_, text)| pattern(text))
}

/// Whether the name of a column says that it holds times.
fn names_a_time(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "time",
        "timestamp",
        "date",
        "datetime",
        "ts",
        "epoch",
        "unix",
        "created",
        "updated",
        "modified",
        "when",
    ];
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| WORDS.contains(word) || word.ends_with("time") || word.ends_with("date"))
        || words.last() == Some(&"at")
        || name.ends_with("At")
}
