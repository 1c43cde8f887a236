//! How the columns of a table write their numbers.

use std::collections::BTreeMap;

use arrow_array::{Array, RecordBatch};

use super::TypeName;
use super::column::MOSTLY_NUMBERS;
use crate::by_column::each_column;
use crate::column::{CellType, Column};
use crate::names::argument;
use crate::number_format::{Found, NumberFormat};
use crate::{MissingWords, Result};

/// So many cells, from the first row to the last, show how a column writes its numbers.
const MOST_CELLS: usize = 1 << 20;

/// The format of the numbers of each column of a table, in its order, and notes about columns that
/// can be read in two ways. A comma that can only be a decimal mark in one column is one in all.
pub(super) fn number_formats(
    input: &str,
    batch: &RecordBatch,
    words: &[MissingWords],
    types: &BTreeMap<String, TypeName>,
    sets_aside: impl Fn(&str) -> bool + Sync,
) -> Result<(Vec<Option<NumberFormat>>, Vec<String>)> {
    let fields = batch.schema();
    let find = |at: usize| -> Result<Option<Found>> {
        let (name, array, missing) = (fields.field(at).name(), batch.column(at), &words[at]);
        let is_text = CellType::of(array.data_type()) == CellType::Text;
        let found = match types.get(name) {
            Some(TypeName::Written { format }) => Some(Found { format: format.clone(), ambiguous: false }),
            None | Some(TypeName::Numeric | TypeName::Count) if is_text && !sets_aside(name) => {
                let texts = Column { input, name, array, first_row: 0, missing, format: None }.texts()?;
                let some = texts.iter().step_by(texts.len().div_ceil(MOST_CELLS).max(1));
                let cells = some.flatten().filter(|cell| !missing.contains_among_numbers(cell));
                NumberFormat::find(&cells.collect::<Vec<_>>(), MOSTLY_NUMBERS)
            }
            _ => None,
        };
        Ok(found)
    };
    let found = each_column(batch, find)?;
    let sure = |comma: fn(&NumberFormat) -> bool| {
        found.iter().flatten().any(|found| !found.ambiguous && comma(&found.format))
    };
    let decimal = sure(NumberFormat::has_decimal_comma) && !sure(NumberFormat::has_thousands_comma);
    let mut notes = vec![];
    let mut formats = vec![];
    for (field, found) in fields.fields().iter().zip(found) {
        let note =
            found.as_ref().filter(|found| found.ambiguous).map(|found| (found.format.clone(), field.name()));
        let chosen =
            found.map(|found| match found.ambiguous && decimal && found.format.has_thousands_comma() {
                true => found.format.with_decimal_mark(),
                false => found.format,
            });
        if let (Some((thousands, name)), Some(chosen)) = (note, &chosen) {
            let other = if *chosen == thousands { thousands.with_decimal_mark() } else { thousands };
            notes.push(format!(
                "the numbers of column '{name}' are read as {chosen}; --type {arg}=numeric:{other} reads them otherwise",
                arg = argument(name)
            ));
        }
        formats.push(chosen);
    }
    Ok((formats, notes))
}
