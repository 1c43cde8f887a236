//! The row that a code decodes to, and the code of an edited row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use axum::Json;
use axum::extract::State;
use diabolo::data::image::image_shape;
use diabolo::pipeline::LatentSpace;
use diabolo::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::Explorer;
use crate::wire::{Answer, computed, object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    run: usize,
    code: Vec<f32>,
    /// Condition columns and their values.
    #[serde(default)]
    given: BTreeMap<String, String>,
    /// The seed of a draw from p(x|z), which is shown instead of the mean.
    #[serde(default)]
    draw: Option<u64>,
}

pub(super) async fn decode(State(explorer): State<Arc<Explorer>>, Json(code): Json<Code>) -> Answer {
    let run = explorer.run(code.run)?;
    let given: Vec<(String, String)> = code.given.into_iter().collect();
    // Beside longer computations: a drag must not wait for a heat map.
    object(computed(move || decoded(&run.space, &code.code, &given, code.draw)).await?)
}

fn decoded(
    space: &LatentSpace,
    code: &[f32],
    given: &[(String, String)],
    draw: Option<u64>,
) -> Result<Value> {
    let found = match draw {
        Some(seed) => space.draw(code, given, seed)?,
        None => space.decode(code, given)?,
    };
    let back = space.returned(code, given)?;
    Ok(json!({
        "code": code,
        "pixels": pixels(&found.row, 0)?,
        "columns": found.columns,
        "far": space.is_far(code),
        "returned": back.codes,
        "norm": back.norms[0],
    }))
}

/// The pixels of the image in a row, in the scale of its column; `None` for tables.
pub(super) fn pixels(rows: &RecordBatch, row: usize) -> Result<Option<Vec<f32>>> {
    let schema = rows.schema();
    let Some(at) = schema.fields().iter().position(|field| image_shape(field).is_some()) else {
        return Ok(None);
    };
    let values = rows.column(at).as_fixed_size_list().value(row);
    let numbers = arrow_cast::cast(&values, &DataType::Float32)
        .map_err(|cause| Error::internal(format!("an image has no pixels: {cause}")))?;
    Ok(Some(numbers.as_primitive::<Float32Type>().values().to_vec()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited {
    run: usize,
    row: usize,
    /// Columns and their new cells; `None` is a missing cell.
    cells: BTreeMap<String, Option<String>>,
}

pub(super) async fn encode(State(explorer): State<Arc<Explorer>>, Json(edited): Json<Edited>) -> Answer {
    let run = explorer.run(edited.run)?;
    let found = computed(move || {
        run.alone(|space| {
            let row = changed(space, edited.row, &edited.cells)?;
            let codes = space.predictor().encode_alone(&row)?;
            let code = codes.columns().iter().map(|unit| unit.as_primitive::<Float32Type>().value(0));
            let score = space.predictor().clone().explain_all(true).score(&row).ok();
            Ok(json!({
                "code": code.collect::<Vec<_>>(),
                "score": score.as_ref().map(|score| score.scores[0]),
                "reasons": score.map(|mut score| score.reasons.swap_remove(0)),
            }))
        })
    });
    object(found.await?)
}

/// A row with other cells.
fn changed(space: &LatentSpace, row: usize, cells: &BTreeMap<String, Option<String>>) -> Result<RecordBatch> {
    let rows = space.rows_at(&[check_row(space, row)?])?;
    if let Some(name) = cells.keys().find(|name| rows.column_by_name(name).is_none()) {
        return Err(Error::data(space.input(), format!("a column '{name}'"), "none", "name another"));
    }
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| {
        match cells.get(field.name()) {
            Some(cell) => {
                let text: ArrayRef = Arc::new(StringArray::from(vec![cell.clone()]));
                // The metadata says which row of a window a column is.
                (field.as_ref().clone().with_data_type(DataType::Utf8).with_nullable(true), text)
            }
            None => (field.as_ref().clone(), column.clone()),
        }
    });
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns.unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|cause| Error::internal(format!("an edited row is no table: {cause}")))
}

/// The number of a row, if there is one.
pub(super) fn check_row(space: &LatentSpace, row: usize) -> Result<usize> {
    let rows = space.order().len();
    match row < rows {
        true => Ok(row),
        false => Err(Error::invalid_value("row", format!("a row below {rows}"), row)),
    }
}
