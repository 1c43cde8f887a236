//! Which words mean a missing cell in which column.
//!
//! A usual word such as NA is a category instead where it looks like the other categories of its
//! column, as among the codes of countries, and nothing in the file says that it marks missing
//! cells: no column of numbers has it, and no column of texts that it does not look like.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{Array, ArrayRef, RecordBatch};

use super::column::mostly_numbers;
use crate::by_column::each_column;
use crate::column::{CellType, Column};
use crate::names::argument;
use crate::{MissingWords, Result};

/// Of so many other categories of the same length, a word may be one.
const SAME_LENGTH: usize = 3;
/// As above, if the column has empty cells too, which then are the missing ones.
const BESIDE_EMPTY: usize = 2;
/// Of so many other categories of different lengths, a word may be one.
const ANY_LENGTH: usize = 10;
/// Above this share of the cells, a word means that they are missing.
const MOST: f64 = 0.5;
/// A column with more texts than this shows nothing about words.
const FEW: usize = 1000;

/// The words of each column of a table, in its order, and notes about categories that look like
/// such words.
pub(super) fn missing_words(
    input: &str,
    batch: &RecordBatch,
    settings: &[String],
    sets_aside: impl Fn(&str) -> bool + Sync,
) -> Result<(Vec<MissingWords>, Vec<String>)> {
    let fields = batch.schema();
    let mut words: Vec<MissingWords> =
        fields.fields().iter().map(|field| MissingWords::of(settings, field.name())).collect();
    let of_column = |at: usize| {
        let (name, array, missing) = (fields.field(at).name(), batch.column(at), &words[at]);
        if sets_aside(name) || CellType::of(array.data_type()) != CellType::Text {
            return Ok(vec![]);
        }
        let column = Column { input, name, array, first_row: 0, missing, format: None };
        let found = column.missing_words(false).into_iter().filter(|(word, _)| !missing.is_given(word));
        let judged = found.map(|(word, count)| Ok((looks_like_others(&column, &word, count)?, word, count)));
        judged.collect::<Result<Vec<_>>>()
    };
    let mut plausible: Vec<(usize, String, usize)> = vec![];
    let mut markers = BTreeSet::new();
    for (at, judged) in each_column(batch, of_column)?.into_iter().enumerate() {
        for (looks_like_others, word, count) in judged {
            match looks_like_others {
                Some(true) => plausible.push((at, word, count)),
                Some(false) => drop(markers.insert(word)),
                None => {}
            }
        }
    }
    let mut notes = vec![];
    for (at, word, count) in plausible.into_iter().filter(|(_, word, _)| !markers.contains(word)) {
        let name = fields.field(at).name();
        notes.push(format!(
            "'{word}' is a category of column '{name}', where it looks like the others ({}); \
             --missing {}={} makes it a missing cell",
            cells(count),
            argument(name),
            argument(&word)
        ));
        words[at].except.push(word);
    }
    Ok((words, notes))
}

/// Whether a word looks like the other texts of a column; `None` if the column says nothing.
fn looks_like_others(column: &Column, word: &str, count: usize) -> Result<Option<bool>> {
    let texts = column.texts()?;
    if mostly_numbers(column)? {
        return Ok(Some(false));
    }
    let others: BTreeSet<&str> = texts.iter().flatten().collect();
    if others.len() > FEW {
        return Ok(None);
    }
    let lengths: BTreeSet<usize> = others.iter().map(|other| other.chars().count()).collect();
    let (Some(&shortest), Some(&longest)) = (lengths.first(), lengths.last()) else { return Ok(Some(false)) };
    let enough = match shortest == longest {
        true if has_blank(column.array) => BESIDE_EMPTY,
        true => SAME_LENGTH,
        false => ANY_LENGTH,
    };
    let case = letters(word);
    Ok(Some(
        case.is_some()
            && (shortest..=longest).contains(&word.chars().count())
            && others.len() >= enough
            && others.iter().all(|other| letters(other) == case)
            && count as f64 <= MOST * (count + texts.len() - texts.null_count()) as f64,
    ))
}

fn has_blank(array: &ArrayRef) -> bool {
    array.null_count() > 0
}

#[derive(PartialEq)]
enum Letters {
    Upper,
    Lower,
    Capitalised,
}

/// The case of a text of letters.
fn letters(text: &str) -> Option<Letters> {
    let mut rest = text.chars();
    let first = rest.next()?;
    let all = |is: fn(char) -> bool| text.chars().all(is);
    match () {
        _ if all(char::is_uppercase) => Some(Letters::Upper),
        _ if all(char::is_lowercase) => Some(Letters::Lower),
        _ if first.is_uppercase() && rest.all(char::is_lowercase) => Some(Letters::Capitalised),
        _ => None,
    }
}

/// One note for each word that was taken as a missing cell, with its columns.
pub(super) fn notes(taken: &BTreeMap<String, Vec<(String, usize)>>) -> impl Iterator<Item = String> {
    const SHOWN: usize = 6;
    taken.iter().map(|(word, columns)| {
        let shown: Vec<String> =
            columns.iter().take(SHOWN).map(|(name, count)| format!("'{name}' ({})", cells(*count))).collect();
        let more = columns.len().saturating_sub(SHOWN);
        let rest = if more > 0 { format!(" and {more} more columns") } else { String::new() };
        format!("'{word}' means a missing cell in {}{rest}", shown.join(", "))
    })
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".into() } else { format!("{count} cells") }
}
