//! The rows of a table by series.

use std::collections::HashMap;

use arrow_array::{ArrayRef, RecordBatch};

use crate::column::Column;
use crate::{DataProblem, Error, MissingWords, Result};

/// The rows of each series, in order, and its name.
pub(super) fn groups(
    input: &str,
    rows: &RecordBatch,
    id: Option<&str>,
) -> Result<Vec<(Option<String>, Vec<usize>)>> {
    let Some(id) = id else { return Ok(vec![(None, (0..rows.num_rows()).collect())]) };
    let missing = MissingWords::none();
    let array = column_of(input, rows, id, "--series")?;
    let column = Column { input, name: id, array, first_row: 0, missing: &missing, format: None };
    let names = column.texts()?;
    let (mut found, mut places) = (Vec::<(Option<String>, Vec<usize>)>::new(), HashMap::new());
    for (row, name) in names.iter().enumerate() {
        let Some(name) = name else {
            return Err(column.error(row, "the name of a series in every row", "none", "remove the row"));
        };
        let place = *places.entry(name.to_string()).or_insert_with(|| {
            found.push((Some(name.to_string()), vec![]));
            found.len() - 1
        });
        found[place].1.push(row);
    }
    Ok(found)
}

/// A column of the table; `flag` names it in the message if there is none.
pub(super) fn column_of<'a>(
    input: &str,
    rows: &'a RecordBatch,
    name: &str,
    flag: &str,
) -> Result<&'a ArrayRef> {
    rows.column_by_name(name).ok_or_else(|| {
        let expected = format!("the column '{name}' ({flag})");
        let error = Error::data(input, expected, "no such column", "give the column, or another table");
        error.because(DataProblem::MissingColumn)
    })
}
