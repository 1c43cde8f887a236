//! Pairs of the rows of two inputs: by key, by file name, or by position.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use arrow_array::RecordBatch;

use crate::data::{take, texts};
use crate::{Error, Result};

/// The column of file names that image folders have.
const FILE: &str = "file";

/// Rows and the name of their input.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub input: &'a str,
    pub rows: &'a RecordBatch,
}

/// The rows of `other` in the order of `first`, and the column by which they were paired: `key`, or
/// else the name of an image file, without its extension; `None` if neither has such a column, so
/// that rows are paired by position.
///
/// # Errors
/// [`Error::Data`] for a row of one input without a row of the other.
pub(super) fn paired(first: Named, other: Named, key: Option<&str>) -> Result<(RecordBatch, Option<String>)> {
    let Some(column) = pairing_column(first, other, key)? else {
        let (expected, found) = (first.rows.num_rows(), other.rows.num_rows());
        if expected != found {
            let expected = format!("{expected} rows, one for each row of {}", first.input);
            return Err(Error::data(other.input, expected, found.to_string(), "give the same rows"));
        }
        return Ok((other.rows.clone(), None));
    };
    let (wanted, given) = (names(first, column)?, names(other, column)?);
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (row, name) in given.iter().enumerate() {
        if places.insert(name, row).is_some() {
            let found = format!("'{name}' a second time");
            return Err(mismatch(other.input, "a different value in each row", found)
                .in_column(column)
                .at_row(row as u64 + 1));
        }
    }
    let place = |(row, name): (usize, &String)| {
        places.get(name.as_str()).copied().ok_or_else(|| {
            let expected = format!("a row of {} for each row", other.input);
            mismatch(first.input, expected, format!("'{name}', which has none"))
                .in_column(column)
                .at_row(row as u64 + 1)
        })
    };
    let places = wanted.iter().enumerate().map(place).collect::<Result<Vec<usize>>>()?;
    let used: HashSet<&usize> = places.iter().collect();
    if let Some(row) = (0..given.len()).find(|row| !used.contains(row)) {
        let expected = format!("a row of {} for each row", first.input);
        let found = format!("'{}', which has none", given[row]);
        return Err(mismatch(other.input, expected, found).in_column(column).at_row(row as u64 + 1));
    }
    Ok((take(other.input, other.rows, &places)?, Some(column.into())))
}

fn mismatch(input: &str, expected: impl Into<String>, found: String) -> Error {
    Error::data(input, expected, found, "give the same rows in both inputs, in any order")
}

/// The column by which rows are paired; an error if one input only has the key.
fn pairing_column<'a>(first: Named, other: Named, key: Option<&'a str>) -> Result<Option<&'a str>> {
    let has = |named: Named, column: &str| named.rows.column_by_name(column).is_some();
    match key.map(|key| (key, has(first, key), has(other, key))) {
        Some((key, true, true)) => Ok(Some(key)),
        Some((key, in_first, in_other)) if in_first != in_other => {
            let (without, with) = if in_first { (other, first) } else { (first, other) };
            let expected = format!("the key, by which its rows are paired with those of {}", with.input);
            Err(mismatch(without.input, expected, "no such column".into()).in_column(key))
        }
        _ => Ok((has(first, FILE) && has(other, FILE)).then_some(FILE)),
    }
}

/// The values of the pairing column, as text.
fn names(named: Named, column: &str) -> Result<Vec<String>> {
    let unsuitable =
        || mismatch(named.input, "keys of text or numbers", "other values".into()).in_column(column);
    let cells = texts(named.rows, column).ok_or_else(unsuitable)?;
    let name = |(row, cell): (usize, Option<String>)| {
        let missing = || mismatch(named.input, "a value in each row", "none".into());
        let cell = cell.ok_or_else(|| missing().in_column(column).at_row(row as u64 + 1))?;
        let name = if column == FILE {
            Path::new(&cell).with_extension("").to_string_lossy().into_owned()
        } else {
            cell
        };
        Ok(name.trim().to_string())
    };
    cells.into_iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn table(key: &str, keys: &[&str], values: &[i64]) -> RecordBatch {
        let keys: ArrayRef = Arc::new(StringArray::from(keys.to_vec()));
        let values: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([(key, keys), ("x", values)]).unwrap()
    }

    fn order(first: &RecordBatch, other: &RecordBatch, key: Option<&str>) -> Result<Vec<Option<String>>> {
        let (first, other) = (Named { input: "a", rows: first }, Named { input: "b", rows: other });
        Ok(texts(&paired(first, other, key)?.0, "x").unwrap())
    }

    #[test]
    fn rows_are_found_by_key_or_by_file_name() {
        let expected = ["2", "1"].map(|x| Some(x.to_string()));
        let first = table("id", &["r", "s"], &[0, 0]);
        assert_eq!(order(&first, &table("id", &["s", "r"], &[1, 2]), Some("id")).unwrap(), expected);
        let first = table("file", &["d/1.png", "2.png"], &[0, 0]);
        assert_eq!(order(&first, &table("file", &["2.jpg", "d/1.jpg"], &[1, 2]), None).unwrap(), expected);
        // Without names, by position.
        let first = table("n", &["r", "s"], &[0, 0]);
        assert_eq!(order(&first, &table("n", &["s", "r"], &[2, 1]), None).unwrap(), expected);
    }

    #[test]
    fn what_does_not_match_is_refused() {
        let first = table("id", &["r", "s"], &[0, 0]);
        for (other, expected) in [
            (
                table("id", &["r", "t"], &[1, 2]),
                "a, row 2, column 'id': expected a row of b for each row, found 's', which",
            ),
            (
                table("id", &["r", "s", "t"], &[1, 2, 3]),
                "b, row 3, column 'id': expected a row of a for each row, found 't', which",
            ),
            (
                table("id", &["r", "r"], &[1, 2]),
                "b, row 2, column 'id': expected a different value in each row, found 'r' a second",
            ),
            (
                table("n", &["r", "s"], &[1, 2]),
                "b, column 'id': expected the key, by which its rows are paired with those of a, found",
            ),
        ] {
            let error = order(&first, &other, Some("id")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let error = order(&first, &table("n", &["r"], &[1]), None).unwrap_err().to_string();
        assert!(error.starts_with("b: expected 2 rows, one for each row of a, found 1;"), "{error}");
    }
}
