//! Inference of one column.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::Array;
use arrow_schema::DataType;

use super::TypeName;
use crate::column::{CellType, Column, EXACT, number, some_names};
use crate::datetime::{Dates, find_dates, given_dates};
use crate::levels::distinct;
use crate::pool::is_learnable;
use crate::{FeatureKind, Result, Storage};

/// Text that is unique in every row is excluded if there are at least this many rows.
const FEW_ROWS: usize = 10;
/// A text column is treated as numeric with invalid cells if at least this fraction are numbers.
pub(super) const MOSTLY_NUMBERS: f64 = 0.9;

/// The result for one column.
pub(super) enum Verdict {
    Learn { kind: FeatureKind, storage: Storage, note: Note },
    SetAside { because: String },
    Empty,
}

/// A remark about a column that is included.
pub(super) enum Note {
    None,
    /// Every row holds this value.
    Constant(String),
    /// Every row is the previous row plus one.
    Counter,
    /// Every row is later than the previous one.
    Rising,
}

/// The type of a column by its cells, or by the `wanted` type.
pub(super) fn infer_column(column: &Column, wanted: Option<&TypeName>) -> Result<Verdict> {
    let name = column.name;
    if column.array.null_count() == column.array.len() {
        return Ok(Verdict::Empty);
    }
    if let Some(TypeName::Datetime { format }) = wanted {
        return Ok(given_dates(column, format.as_ref())?.map_or(Verdict::Empty, verdict));
    }
    if let Some(dates) = wanted.is_none().then(|| find_dates(column, MOSTLY_NUMBERS)).transpose()?.flatten() {
        return Ok(verdict(dates));
    }
    match (CellType::of(column.array.data_type()), wanted) {
        (CellType::Other, _) => Ok(Verdict::SetAside {
            because: format!(
                "holds {}, which is not supported, and is excluded; --drop {name} or --key {name} avoids this \
                 warning",
                column.array.data_type()
            ),
        }),
        (_, Some(TypeName::Numeric | TypeName::Written { .. } | TypeName::Count)) => {
            judge_numbers(column, wanted)
        }
        (_, Some(TypeName::Binary | TypeName::Categorical)) => judge_categories(column, wanted),
        (_, Some(TypeName::Ordinal { order })) => judge_order(column, order),
        (_, Some(TypeName::Datetime { .. })) => Ok(Verdict::Empty),
        (CellType::Boolean, None) => {
            let values = column.texts()?;
            let first = values.iter().flatten().next().unwrap_or_default();
            let constant = values.iter().flatten().all(|value| value == first);
            let note = if constant { Note::Constant(first.to_string()) } else { Note::None };
            let kind = FeatureKind::Binary { values: ["false".into(), "true".into()] };
            Ok(Verdict::Learn { kind, storage: Storage::Boolean, note })
        }
        (CellType::Number, None) => judge_numbers(column, None),
        (CellType::Text, None) if column.format.is_some() || mostly_numbers(column)? => {
            judge_numbers(column, None)
        }
        (CellType::Text, None) => judge_categories(column, None),
    }
}

fn verdict(dates: Dates) -> Verdict {
    match dates {
        Dates::Learn { kind, storage, constant, rising } => {
            let rising = if rising { Note::Rising } else { Note::None };
            Verdict::Learn { kind, storage, note: constant.map_or(rising, Note::Constant) }
        }
        Dates::Ambiguous { because } => Verdict::SetAside { because },
    }
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

fn judge_numbers(column: &Column, wanted: Option<&TypeName>) -> Result<Verdict> {
    let cells = column.finite_numbers()?;
    let observed = || cells.iter().copied().filter(|x| !x.is_nan());
    let Some(first) = observed().next() else { return Ok(Verdict::Empty) };
    let whole = |x: f64| x.fract() == 0.0 && x.abs() < EXACT;
    let count = |x: f64| whole(x) && x >= 0.0;
    let constant = observed().all(|x| x == first);
    let zero_or_one = !constant && observed().all(|x| x == 0.0 || x == 1.0);

    let kind = match wanted {
        None if zero_or_one => FeatureKind::Binary { values: ["0".into(), "1".into()] },
        None if observed().all(count) => FeatureKind::Count,
        Some(TypeName::Count) => match cells.iter().position(|x| !x.is_nan() && !count(*x)) {
            None => FeatureKind::Count,
            Some(row) => {
                let help =
                    format!("fix the cell, or let the column be numbers with --type {}=numeric", column.name);
                return Err(column.error(row, "a whole number, zero or more", cells[row].to_string(), help));
            }
        },
        _ => FeatureKind::Numeric,
    };
    // 0 and 1 keep the storage of real numbers; counts with missing cells are often stored as real
    // numbers.
    let real = column.array.data_type().is_floating() && zero_or_one;
    let storage = if observed().all(whole) && !real { Storage::Integer } else { Storage::Float };
    let counter =
        cells.len() > FEW_ROWS && storage == Storage::Integer && cells.windows(2).all(|w| w[1] == w[0] + 1.0);
    let note = match () {
        _ if constant => Note::Constant(first.to_string()),
        _ if counter => Note::Counter,
        _ => Note::None,
    };
    Ok(Verdict::Learn { kind, storage, note })
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
        let because = format!(
            "has {n} different values in {observed} rows, too many for a categorical column, and is excluded; \
             --key {name} makes it the key, --type {name}=categorical includes it",
            name = column.name
        );
        return Ok(Verdict::SetAside { because });
    }
    let (storage, categories) = stored_as(column.array.data_type(), distinct);
    let note = if n == 1 { Note::Constant(format!("'{}'", categories[0])) } else { Note::None };
    let kind = match (wanted, <[String; 2]>::try_from(categories)) {
        (None | Some(TypeName::Binary), Ok(values)) => FeatureKind::Binary { values },
        (Some(TypeName::Binary), Err(categories)) => {
            let found = some_names(categories.iter().map(String::as_str));
            let help = format!("use --type {}=categorical", column.name);
            return Err(column.whole_error("two different values", found, help));
        }
        (_, Ok(values)) => FeatureKind::Categorical { categories: values.into() },
        (_, Err(categories)) => FeatureKind::Categorical { categories },
    };
    Ok(Verdict::Learn { kind, storage, note })
}

/// An ordinal column with the given `order`, which numbers do not need.
fn judge_order(column: &Column, order: &[String]) -> Result<Verdict> {
    let texts = column.texts()?;
    let found: BTreeSet<&str> = texts.iter().flatten().collect();
    if found.is_empty() {
        return Ok(Verdict::Empty);
    }
    let name = column.name;
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
        let help = format!("give the order of texts with --type {name}=ordinal:FIRST,SECOND,…");
        return Err(column.whole_error("numbers, or texts with their order", found, help));
    }
    if categories.len() < 2 {
        let found = format!("'{}' in every row", categories[0]);
        return Err(column.whole_error(
            "two ordered values or more",
            found,
            format!("--drop {name} removes it"),
        ));
    }
    Ok(Verdict::Learn { kind: FeatureKind::Ordinal { categories }, storage, note: Note::None })
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
