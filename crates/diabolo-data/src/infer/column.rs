//! Inference of one column.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::TypeName;
use super::numbers::{Levels, are_repeated, behave_as_counts, have_one_peak, identifies, levels};
use crate::column::{CellType, Column};
use crate::datetime::{Dates, find_dates, given_dates};
use crate::levels::distinct;
use crate::missing::has_leading_zeros;
use crate::names::{argument, some_names};
use crate::number::{EXACT, number};
use crate::pool::is_learnable;
use crate::{FeatureKind, Result, Storage};

/// Text that is unique in every row is excluded if there are at least this many rows.
const FEW_ROWS: usize = 10;
/// A text column is treated as numeric with invalid cells if at least this fraction are numbers.
pub(super) const MOSTLY_NUMBERS: f64 = 0.9;

/// The result for one column.
pub(super) enum Verdict {
    /// `why` ends the sentence "the column is of this kind: …".
    Learn {
        kind: FeatureKind,
        storage: Storage,
        note: Note,
        why: String,
    },
    /// `because` follows the column's name in a sentence.
    SetAside {
        because: String,
    },
    Empty,
}

/// A remark about a column that is included.
pub(super) enum Note {
    None,
    /// Every row holds this value.
    Constant(String),
    /// Ordinal, or categorical if no order shows.
    Levels,
    /// Every row is later than the previous one.
    Rising,
}

/// Where a column is, and what the user says about it.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a> {
    /// Whether it is the first column of the table.
    pub first: bool,
    /// Its type.
    pub wanted: Option<&'a TypeName>,
}

/// The type of a column by its cells, or by the wanted type.
pub(super) fn infer_column(column: &Column, given: Given) -> Result<Verdict> {
    let (arg, wanted) = (argument(column.name), given.wanted);
    if column.array.null_count() == column.array.len() {
        return Ok(Verdict::Empty);
    }
    if let Some(TypeName::Datetime { format }) = wanted {
        let dates = given_dates(column, format.as_ref())?;
        return Ok(dates.map_or(Verdict::Empty, |dates| verdict(dates, "as given by --type")));
    }
    if let Some(dates) = wanted.is_none().then(|| find_dates(column, MOSTLY_NUMBERS)).transpose()?.flatten() {
        return Ok(verdict(dates, "dates"));
    }
    match (CellType::of(column.array.data_type()), wanted) {
        (CellType::Other, _) => Ok(Verdict::SetAside {
            because: format!(
                "holds {}, which is not supported, and is excluded; --drop {arg} or --key {arg} avoids this \
                 warning",
                column.array.data_type()
            ),
        }),
        (_, Some(TypeName::Numeric | TypeName::Written { .. } | TypeName::Count)) => {
            judge_numbers(column, given)
        }
        (_, Some(TypeName::Binary | TypeName::Categorical)) => judge_categories(column, wanted),
        (_, Some(TypeName::Ordinal { order })) => judge_order(column, order),
        (_, Some(TypeName::Datetime { .. })) => Ok(Verdict::Empty),
        (CellType::Boolean, None) => {
            let values = column.texts()?;
            let first = values.iter().flatten().next().unwrap_or_default();
            let constant = values.iter().flatten().all(|value| value == first);
            let (kind, note, why) = match constant {
                true => {
                    let kind = FeatureKind::Categorical { categories: vec![first.to_string()] };
                    (kind, Note::Constant(first.to_string()), "the same in every row")
                }
                false => {
                    let kind = FeatureKind::Binary { values: ["false".into(), "true".into()] };
                    (kind, Note::None, "true or false")
                }
            };
            Ok(Verdict::Learn { kind, storage: Storage::Boolean, note, why: why.into() })
        }
        (CellType::Number | CellType::Text, None) if are_long(column)? => judge_long(column),
        (CellType::Number, None) => judge_numbers(column, given),
        (CellType::Text, None)
            if column.format.is_some() || mostly_numbers(column)? && !are_codes(column)? =>
        {
            judge_numbers(column, given)
        }
        (CellType::Text, None) => judge_categories(column, None),
    }
}

fn verdict(dates: Dates, why: &str) -> Verdict {
    match dates {
        Dates::Learn { kind, storage, constant, rising } => {
            let why = match &kind {
                FeatureKind::Datetime { format, .. } => format!("{why}, written as {format}"),
                _ => why.to_string(),
            };
            let rising = if rising { Note::Rising } else { Note::None };
            Verdict::Learn { kind, storage, note: constant.map_or(rising, Note::Constant), why }
        }
        Dates::Ambiguous { because } => Verdict::SetAside { because },
    }
}

/// Whether the cells are whole numbers that are too long for exact arithmetic: numbers of accounts,
/// or identifiers of messages.
fn are_long(column: &Column) -> Result<bool> {
    const FIRST: usize = 100;
    if column.array.data_type().is_floating() {
        return Ok(false);
    }
    let is_long = |text: &str| {
        text.len() > 15
            && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
            && number(text).is_some_and(|x| x.abs() >= EXACT)
    };
    let has_long_only = |array: &ArrayRef, least: usize| -> Result<bool> {
        let texts = Column { array, ..*column }.texts()?;
        Ok(texts.len() - texts.null_count() >= least && texts.iter().flatten().all(is_long))
    };
    // The first cells of other columns show it, without the text of all.
    let first = column.array.slice(0, column.array.len().min(FIRST));
    Ok(has_long_only(&first, 0)? && has_long_only(column.array, 1)?)
}

/// Long numbers are categories if rows share them, and identifiers else.
fn judge_long(column: &Column) -> Result<Verdict> {
    match judge_categories(column, None)? {
        Verdict::SetAside { .. } => Ok(Verdict::SetAside {
            because: format!(
                "looks like an identifier (whole numbers of 16 digits or more), and is excluded; --key {} copies it \
                 to outputs",
                argument(column.name)
            ),
        }),
        other => Ok(other),
    }
}

/// Whether texts of digits are codes, such as 00501: many begin with 0, or one does and all have
/// the same length.
fn are_codes(column: &Column) -> Result<bool> {
    const MANY: f64 = 0.05;
    let texts = column.texts()?;
    let (mut all, mut zeros, mut lengths) = (0, 0, BTreeSet::new());
    for text in texts.iter().flatten() {
        all += 1;
        zeros += usize::from(has_leading_zeros(text));
        lengths.insert(text.len());
    }
    Ok(zeros > 0 && (lengths.len() == 1 || zeros as f64 >= MANY * f64::from(all)))
}

/// Whether the texts of a column are numbers, except for some cells.
pub(super) fn mostly_numbers(column: &Column) -> Result<bool> {
    let texts = column.texts()?;
    let observed = texts.iter().flatten().filter(|text| !column.missing.contains_among_numbers(text));
    Ok(mostly(observed, |text| number(text).is_some()))
}

fn mostly<'a>(texts: impl Iterator<Item = &'a str>, is_one: impl Fn(&str) -> bool) -> bool {
    let (mut all, mut found) = (0, 0);
    for text in texts {
        all += 1;
        found += usize::from(is_one(text));
    }
    found as f64 >= MOSTLY_NUMBERS * all as f64
}

fn judge_numbers(column: &Column, given: Given) -> Result<Verdict> {
    let cells = column.finite_numbers()?;
    let observed = || cells.iter().copied().filter(|x| !x.is_nan());
    let Some(first) = observed().next() else { return Ok(Verdict::Empty) };
    let whole = observed().all(is_whole);
    let constant = are_equal(column, &cells);
    let note = if constant { Note::Constant(first.to_string()) } else { Note::None };
    let storage = if whole { Storage::Integer } else { Storage::Float };
    let learn = |kind, why: String| Ok(Verdict::Learn { kind, storage, note, why });
    let few = levels(&column.as_decimals(&cells));
    match given.wanted {
        Some(TypeName::Count) => {
            check_counts(column, &cells)?;
            return learn(FeatureKind::Count, "as given by --type".into());
        }
        Some(_) => return learn(FeatureKind::Numeric, "as given by --type".into()),
        None if constant => return learn(FeatureKind::Numeric, "the same number in every row".into()),
        None => {}
    }
    if let Some(few) = few.filter(|few| is_zero_or_one(few) || are_repeated(few) && (whole || few.len() == 2))
    {
        return Ok(judge_levels(&few, &cells, column.array.data_type().is_floating() || !whole));
    }
    if let Some(why) = identifies(column.name, given.first, &cells) {
        let arg = argument(column.name);
        let because = format!(
            "looks like an identifier ({why}), and is excluded; --key {arg} copies it to outputs, --type \
             {arg}=numeric learns it"
        );
        return Ok(Verdict::SetAside { because });
    }
    match whole {
        true if behave_as_counts(&cells) => {
            learn(FeatureKind::Count, "whole numbers from the bottom up, with a tail".into())
        }
        true => learn(FeatureKind::Numeric, "whole numbers".into()),
        false => learn(FeatureKind::Numeric, "real numbers".into()),
    }
}

/// Whether all numbers are the same, up to rounding in their type.
fn are_equal(column: &Column, cells: &[f64]) -> bool {
    let observed = || cells.iter().copied().filter(|x| !x.is_nan());
    let ends = [observed().fold(f64::INFINITY, f64::min), observed().fold(f64::NEG_INFINITY, f64::max)];
    ends[1] - ends[0] <= column.rounding() * ends[0].abs().max(ends[1].abs())
}

fn is_whole(x: f64) -> bool {
    x.fract() == 0.0 && x.abs() < EXACT
}

fn is_zero_or_one(levels: &[(f64, usize)]) -> bool {
    matches!(levels, [(0.0, _), (1.0, _)])
}

fn check_counts(column: &Column, cells: &[f64]) -> Result<()> {
    match cells.iter().position(|x| !(x.is_nan() || is_whole(*x) && *x >= 0.0)) {
        None => Ok(()),
        Some(row) => {
            let help = format!(
                "fix the cell, or let the column be numbers with --type {}=numeric",
                argument(column.name)
            );
            Err(column.error(row, "a whole number, zero or more", cells[row].to_string(), help))
        }
    }
}

/// The kind of numbers with few different values.
fn judge_levels(levels: &Levels, cells: &[f64], real: bool) -> Verdict {
    /// Fewer levels are rarely counts.
    const COUNTED: usize = 4;
    let categories: Vec<String> = levels.iter().map(|(x, _)| x.to_string()).collect();
    let storage = if real { Storage::Float } else { Storage::Integer };
    let (n, least, most) = (levels.len(), &categories[0], &categories[levels.len() - 1]);
    let counts = n >= COUNTED && levels[0].0 == 0.0 && have_one_peak(levels) && behave_as_counts(cells);
    let (kind, note, why) = match <[String; 2]>::try_from(categories.clone()) {
        Ok(values) => (FeatureKind::Binary { values }, Note::None, "two different numbers".into()),
        Err(_) if counts => {
            let why = format!("whole numbers from 0 to {most}, small ones most often");
            return Verdict::Learn {
                kind: FeatureKind::Count,
                storage: Storage::Integer,
                note: Note::None,
                why,
            };
        }
        Err(categories) => {
            let why = format!("{n} different whole numbers, {least} to {most}");
            (FeatureKind::Ordinal { categories }, Note::Levels, why)
        }
    };
    Verdict::Learn { kind, storage, note, why }
}

fn judge_categories(column: &Column, wanted: Option<&TypeName>) -> Result<Verdict> {
    let texts = column.texts()?;
    let observed = texts.len() - texts.null_count();
    let distinct = distinct(texts.iter().flatten().collect());
    let n = distinct.len();
    if n == 0 {
        return Ok(Verdict::Empty);
    }
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    texts.iter().flatten().for_each(|text| *rows.entry(text).or_default() += 1);
    let rows: Vec<u64> = rows.into_values().collect();
    let too_many = (n == observed && n > FEW_ROWS) || !is_learnable(&rows);
    if wanted.is_none() && too_many {
        let arg = argument(column.name);
        let help = match 2 * n > observed {
            true => format!("--key {arg} copies it to outputs"),
            false => format!("--key {arg} copies it to outputs, --type {arg}=categorical includes it"),
        };
        let because = format!(
            "has {n} different texts in {observed} rows, too many for a categorical column, and is excluded; {help}"
        );
        return Ok(Verdict::SetAside { because });
    }
    let (storage, categories) = stored_as(column.array.data_type(), distinct);
    let note = if n == 1 { Note::Constant(format!("'{}'", categories[0])) } else { Note::None };
    let kind = match (wanted, <[String; 2]>::try_from(categories)) {
        (None | Some(TypeName::Binary), Ok(values)) => FeatureKind::Binary { values },
        (Some(TypeName::Binary), Err(categories)) => {
            let found = some_names(categories.iter().map(String::as_str));
            let help = format!("use --type {}=categorical", argument(column.name));
            return Err(column.whole_error("two different values", found, help));
        }
        (_, Ok(values)) => FeatureKind::Categorical { categories: values.into() },
        (_, Err(categories)) => FeatureKind::Categorical { categories },
    };
    let why = match (wanted, n) {
        (Some(_), _) => "as given by --type".into(),
        (None, 1) => "the same text in every row".into(),
        (None, 2) => "two different texts".into(),
        (None, n) if are_codes(column)? => format!("{n} different codes that begin with 0"),
        (None, n) => format!("{n} different texts"),
    };
    Ok(Verdict::Learn { kind, storage, note, why })
}

/// An ordinal column with the given `order`, which numbers do not need.
fn judge_order(column: &Column, order: &[String]) -> Result<Verdict> {
    let texts = column.texts()?;
    let found: BTreeSet<&str> = texts.iter().flatten().collect();
    if found.is_empty() {
        return Ok(Verdict::Empty);
    }
    let arg = argument(column.name);
    let (storage, categories) = match order {
        [] => stored_as(column.array.data_type(), found),
        order => {
            let numbers = order.iter().map(|value| number(value).filter(|x| x.is_finite()));
            match (stored_as(column.array.data_type(), found).0, numbers.collect::<Option<Vec<f64>>>()) {
                (storage @ (Storage::Integer | Storage::Float), Some(numbers)) => {
                    let real = storage == Storage::Float || numbers.iter().any(|x| x.fract() != 0.0);
                    // 3.0 is stored as 3, and -0 as 0.
                    let texts = numbers.iter().map(|x| (x + 0.0).to_string()).collect();
                    (if real { Storage::Float } else { Storage::Integer }, texts)
                }
                (Storage::Boolean, _) => (Storage::Boolean, order.to_vec()),
                _ => (Storage::Text, order.to_vec()),
            }
        }
    };
    if order.is_empty() && !matches!(storage, Storage::Integer | Storage::Float) {
        let found = some_names(categories.iter().map(String::as_str));
        let help = format!("give the order of texts with --type {arg}=ordinal:FIRST,SECOND,…");
        return Err(column.whole_error("numbers, or texts with their order", found, help));
    }
    if categories.len() < 2 {
        let found = format!("'{}' in every row", categories[0]);
        return Err(column.whole_error(
            "two ordered values or more",
            found,
            format!("--drop {arg} removes it"),
        ));
    }
    let (kind, why) = (FeatureKind::Ordinal { categories }, "as given by --type".into());
    Ok(Verdict::Learn { kind, storage, note: Note::None, why })
}

/// The storage of categories and their sorted list, by value if they are numbers.
///
/// Text counts as a number only if writing the number gives the same text: `007` stays text.
fn stored_as(data_type: &DataType, distinct: BTreeSet<&str>) -> (Storage, Vec<String>) {
    let cell_type = CellType::of(data_type);
    let exact = |text: &str| {
        let x = number(text).filter(|x| x.is_finite() && x.abs() < EXACT)?;
        (cell_type == CellType::Number || x.to_string() == text).then_some(x)
    };
    match distinct.iter().map(|text| exact(text)).collect::<Option<Vec<f64>>>() {
        _ if cell_type == CellType::Boolean => {
            (Storage::Boolean, distinct.into_iter().map(String::from).collect())
        }
        None => (Storage::Text, distinct.into_iter().map(String::from).collect()),
        Some(mut numbers) => {
            numbers.sort_by(f64::total_cmp);
            let real = data_type.is_floating() || numbers.iter().any(|x| x.fract() != 0.0);
            let storage = if real { Storage::Float } else { Storage::Integer };
            (storage, numbers.iter().map(f64::to_string).collect())
        }
    }
}
