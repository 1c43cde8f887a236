//! Windows of a time series: each row together with the rows before it.
//!
//! ```text
//! rows x_1, x_2, …; window length W:   example t = (x_{t−W+1}, …, x_{t−1}, x_t)
//! ```
//!
//! A column `flow` becomes the columns `flow[-2]`, `flow[-1]`, `flow`. Every row has an example, so
//! that the number, order and keys of rows do not change; cells before the first row are missing.
//! The columns share the memory of the series.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Field, FieldRef, Schema as Columns, SchemaRef};

use super::{OnNote, Source, arrow_error};
use crate::datetime::SeriesOrder;
use crate::image::image_shape;
use crate::{Error, Result};
use crate::{Feature, Schema};

/// Metadata key of a lagged column: the number of rows before the last row of the window.
const STEPS_BACK: &str = "diabolo.steps_back";

/// The windows of a time series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// W, the number of rows per example.
    pub length: usize,
    /// Columns taken from the last row only: key, label, conditions.
    pub whole: Vec<String>,
    /// The column of times, if there is one.
    pub key: Option<String>,
}

/// Whether the column is a lagged copy of another one.
pub fn is_earlier_row(field: &Field) -> bool {
    field.metadata().contains_key(STEPS_BACK)
}

/// The column of the series that a column of its windows comes from, and its lag: the number of
/// rows before the last row of the window.
pub fn lag(name: &str) -> (&str, usize) {
    let back = |rest: &str| rest.strip_suffix(']').and_then(|number| number.parse().ok());
    let found = name.rsplit_once("[-").and_then(|(column, rest)| Some((column, back(rest)?)));
    found.unwrap_or((name, 0))
}

/// The name of the column lagged by this many rows.
fn name_at(name: &str, back: usize) -> String {
    if back == 0 { name.to_string() } else { format!("{name}[-{back}]") }
}

impl Windows {
    /// The same features for every row of the window, from the first to the last.
    pub fn schema(&self, series: &Schema) -> Schema {
        let at = |feature: &Feature, back| Feature { name: name_at(&feature.name, back), ..feature.clone() };
        let of = |feature| (0..self.length).rev().map(move |back| at(feature, back));
        Schema { features: series.features.iter().flat_map(of).collect(), ..series.clone() }
    }

    /// The lag of a feature of [`Windows::schema`]: the number of rows before the last row of the
    /// window.
    pub fn rows_back(&self, feature: usize) -> usize {
        self.length - 1 - feature % self.length
    }

    /// The examples of a whole series.
    pub(crate) fn of(self, input: &str, series: RecordBatch) -> Result<RecordBatch> {
        let (columns, rows) = (series.schema(), series.num_rows());
        self.over(Source::new(input, columns, Some(rows), std::iter::once(Ok(series))))?.collect()
    }

    /// Reads a series as examples.
    pub(super) fn over(self, series: Source) -> Result<Source> {
        let columns = self.columns(series.name(), series.schema())?;
        let (name, rows, read) = (series.name.clone(), series.rows, series.schema.clone());
        let text_format = series.text_format;
        let mut before = None;
        let (of_batch, schema) = (name.clone(), columns.clone());
        let batches = series.batches.map(move |batch| {
            let made = self.examples(&read, &mut before, batch?, &schema);
            made.map_err(|error| arrow_error(&of_batch, error))
        });
        Ok(Source { text_format, ..Source::new(name, columns, rows, batches) })
    }

    /// The same rows; at their end, `on_note` receives what is unusual in their times.
    pub(super) fn watched(&self, series: Source, on_note: &OnNote) -> Source {
        let Some(key) = &self.key else { return series };
        let (mut order, on_note) = (Some(SeriesOrder::new(key)), on_note.clone());
        let mut batches = series.batches;
        let watched = std::iter::from_fn(move || {
            let next = batches.next();
            match (&next, &mut order) {
                (Some(Ok(batch)), Some(order)) => order.add(batch),
                (None, _) => {
                    order.take().iter_mut().flat_map(SeriesOrder::notes).for_each(|note| on_note.note(note))
                }
                _ => {}
            }
            next
        });
        Source { batches: Box::new(watched), ..series }
    }

    /// The schema of the examples.
    fn columns(&self, input: &str, series: &Columns) -> Result<SchemaRef> {
        if let Some(picture) = series.fields().iter().find(|field| image_shape(field).is_some()) {
            let error =
                Error::data(input, "columns of numbers or categories", "images", "fit without --window");
            return Err(error.in_column(picture.name()));
        }
        let fields: Vec<Field> =
            series.fields().iter().flat_map(|field| self.backs(field).map(|back| at(field, back))).collect();
        let mut names = HashSet::new();
        match fields.iter().find(|field| !names.insert(field.name())) {
            Some(twice) => {
                let error =
                    Error::data(input, "no column with the name of a lagged column", "one", "rename it");
                Err(error.in_column(twice.name()))
            }
            None => Ok(Arc::new(Columns::new(fields).with_metadata(series.metadata().clone()))),
        }
    }

    /// The maximum lag of the column.
    fn backs(&self, field: &Field) -> impl Iterator<Item = usize> + use<> {
        let most = if self.whole.contains(field.name()) { 1 } else { self.length };
        (0..most).rev()
    }

    /// An example for every row of the batch; `before` keeps the rows that the next batch needs.
    fn examples(
        &self,
        read: &SchemaRef,
        before: &mut Option<RecordBatch>,
        batch: RecordBatch,
        columns: &SchemaRef,
    ) -> std::result::Result<RecordBatch, ArrowError> {
        let (lead, rows) = (self.length - 1, batch.num_rows());
        let nullable = Arc::new(Columns::new(read.fields().iter().map(nullable).collect::<Vec<_>>()));
        let with_rows = |count| RecordBatchOptions::new().with_row_count(Some(count));
        let batch =
            RecordBatch::try_new_with_options(nullable.clone(), batch.columns().to_vec(), &with_rows(rows))?;
        let nothing = || {
            let missing =
                nullable.fields().iter().map(|field| new_null_array(field.data_type(), lead)).collect();
            RecordBatch::try_new_with_options(nullable.clone(), missing, &with_rows(lead))
        };
        let earlier = before.take().map_or_else(nothing, Ok)?;
        let series = arrow_select::concat::concat_batches(&nullable, [&earlier, &batch])?;
        *before = Some(series.slice(rows, lead));
        let fields = read.fields().iter().zip(series.columns());
        let made =
            fields.flat_map(|(field, column)| self.backs(field).map(|back| column.slice(lead - back, rows)));
        RecordBatch::try_new_with_options(columns.clone(), made.collect(), &with_rows(rows))
    }
}

/// The column lagged by this many rows.
fn at(field: &FieldRef, back: usize) -> Field {
    let own = nullable(field).with_name(name_at(field.name(), back));
    match back {
        0 => own,
        _ => own.with_metadata(HashMap::from([(STEPS_BACK.to_string(), back.to_string())])),
    }
}

fn nullable(field: &FieldRef) -> Field {
    field.as_ref().clone().with_nullable(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::{FeatureKind, Spelling, Storage};

    fn windows(length: usize) -> Windows {
        Windows { length, whole: vec!["time".into()], key: None }
    }

    /// The series 1, 2, …, `rows` in batches of this many rows.
    fn series(rows: i64, batch: usize) -> Source {
        let time: ArrayRef = Arc::new((1..=rows).map(|t| Some(format!("t{t}"))).collect::<StringArray>());
        let flow: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=rows));
        let all = RecordBatch::try_from_iter([("time", time), ("flow", flow)]).unwrap();
        Source::new("s", all.schema(), None, super::super::slices(all, batch).map(Ok))
    }

    fn numbers(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
        batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().iter().collect()
    }

    #[test]
    fn examples_do_not_depend_on_batch_sizes() {
        for batch in [1, 2, 5, 9] {
            let examples = windows(4).over(series(5, batch)).unwrap().collect().unwrap();
            let names: Vec<String> = examples.schema().fields().iter().map(|f| f.name().clone()).collect();
            assert_eq!(names, ["time", "flow[-3]", "flow[-2]", "flow[-1]", "flow"]);
            assert_eq!(numbers(&examples, "flow"), [1, 2, 3, 4, 5].map(Some), "{batch}");
            assert_eq!(numbers(&examples, "flow[-1]"), [None, Some(1), Some(2), Some(3), Some(4)]);
            assert_eq!(numbers(&examples, "flow[-3]"), [None, None, None, Some(1), Some(2)]);
            assert_eq!(examples.column(0).as_string::<i32>().value(4), "t5");
        }
        assert_eq!(windows(1).over(series(3, 2)).unwrap().collect().unwrap().num_columns(), 2);
    }

    #[test]
    fn lagged_columns_have_the_words_of_their_column() {
        assert_eq!(lag(&name_at("flow", 12)), ("flow", 12));
        assert_eq!(["flow", "a[-x]", "b[1]"].map(lag), [("flow", 0), ("a[-x]", 0), ("b[1]", 0)]);
    }

    #[test]
    fn only_lagged_columns_are_marked() {
        let source = windows(3).over(series(2, 2)).unwrap();
        let marked: Vec<bool> = source.schema().fields().iter().map(|f| is_earlier_row(f)).collect();
        assert_eq!(marked, [false, true, true, false]);
    }

    #[test]
    fn features_are_ordered_from_first_to_last_row_of_the_window() {
        let (kind, storage, spelling) = (FeatureKind::Numeric, Storage::Float, Spelling::default());
        let made = Feature { name: String::new(), kind, storage, spelling };
        let feature = |name: &str| Feature { name: name.into(), ..made.clone() };
        let features = vec![feature("a"), feature("b")];
        let series =
            Schema { features, key: Some("time".into()), label: None, condition: vec![], dropped: vec![] };
        let schema = windows(3).schema(&series);
        let found: Vec<(&str, usize)> = schema
            .features
            .iter()
            .enumerate()
            .map(|(at, f)| (f.name.as_str(), windows(3).rows_back(at)))
            .collect();
        assert_eq!(found, [("a[-2]", 2), ("a[-1]", 1), ("a", 0), ("b[-2]", 2), ("b[-1]", 1), ("b", 0)]);
        assert_eq!(schema.key, series.key);
    }

    #[test]
    fn column_names_that_collide_with_lagged_columns_are_refused() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let all = RecordBatch::try_from_iter([("a", column.clone()), ("a[-1]", column)]).unwrap();
        let source = Source::new("s.csv", all.schema(), None, std::iter::once(Ok(all)));
        let message = windows(2).over(source).err().unwrap().to_string();
        assert!(message.contains("a[-1]") && message.contains("rename"), "{message}");
    }
}
