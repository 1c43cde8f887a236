//! Lossy compression within a bound: numbers on a coarser grid.
//!
//! A column of numbers with the training range [low, high] may be wrong by
//! b = error · (high − low). Its numbers k / 10^d become the nearest multiples of a step,
//!
//! ```text
//! s = 2 ⌊b 10^d⌋ + 1   if most numbers have at most d decimals, and b 10^d is no more than 1000,
//! s = ⌊2 b 10^d⌋       with the d for which b 10^d is from 100 to 1000, elsewhere
//! ```
//! in units of 10^−d, so that none moves by more than b. One that would, by rounding, stays as it
//! is. The rest is lossless: the model's masses are those of the coarser cells.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use super::cells::{Form, Interned};
use super::grid::{Grid, Style, Unit};
use super::wire::{Malformed, Unread, put_bytes};
use crate::data::{FeatureKind, Preprocessor};
use crate::{Error, Result};

/// How far numbers may be from those that were compressed.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorBounds {
    /// The bound, relative to the training range of each column.
    pub error: f64,
    /// Columns of numbers, and their bounds in their own units.
    pub columns: Vec<(String, f64)>,
}

impl ErrorBounds {
    /// The bounds of the columns of numbers that a model knows.
    pub(super) fn of(preprocessor: &Preprocessor, error: f64) -> Result<Self> {
        if !(error > 0.0 && error <= 0.5) {
            return Err(Error::invalid_value("--error", "a number above 0, at most 0.5", error));
        }
        let mut columns = vec![];
        for (at, feature) in preprocessor.schema.features.iter().enumerate() {
            match feature.kind {
                FeatureKind::Image { .. } => {
                    let reason = "pictures are compressed without loss: leave it out";
                    return Err(Error::conflict("--error", "a model of images", reason));
                }
                FeatureKind::Numeric | FeatureKind::Count => {
                    if let Some([low, high]) =
                        preprocessor.training_range(at).filter(|[low, high]| low < high)
                    {
                        columns.push((feature.name.clone(), error * (high - low)));
                    }
                }
                _ => {}
            }
        }
        match columns.is_empty() {
            true => {
                let reason = "the model knows no column of numbers with a range: leave it out";
                Err(Error::conflict("--error", "this model", reason))
            }
            false => Ok(ErrorBounds { error, columns }),
        }
    }

    /// The bound of a column, in its own units.
    pub(super) fn of_column(&self, name: &str) -> Option<f64> {
        self.columns.iter().find(|(column, _)| column == name).map(|(_, bound)| *bound)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.error.to_le_bytes());
        for (name, bound) in &self.columns {
            put_bytes(out, name.as_bytes());
            out.extend(bound.to_le_bytes());
        }
    }

    /// What the rest of a header says, if anything.
    pub(super) fn read(unread: &mut Unread) -> Result<Option<Self>, Malformed> {
        if unread.0.is_empty() {
            return Ok(None);
        }
        let number = |unread: &mut Unread| -> Result<f64, Malformed> {
            let bytes: [u8; 8] = unread.take(8)?.try_into().map_err(|_| Malformed)?;
            let x = f64::from_le_bytes(bytes);
            if x.is_finite() && x > 0.0 { Ok(x) } else { Err(Malformed) }
        };
        let error = number(unread)?;
        let mut columns = vec![];
        while !unread.0.is_empty() {
            let name = std::str::from_utf8(unread.bytes()?).map_err(|_| Malformed)?.to_string();
            columns.push((name, number(unread)?));
        }
        Ok(Some(ErrorBounds { error, columns }))
    }
}

/// The cells of a column of numbers moved to a coarser grid, and its unit; the same cells if there
/// are as many different ones on it.
pub(super) fn coarser(interned: Interned, form: Form, bound: f64) -> (Interned, Option<Unit>) {
    let known = interned.counted();
    let known = known.iter().filter_map(|&(cell, count)| Some((cell?, count)));
    let fine = Grid::of(form.styles().as_slice(), None, known);
    let style = match (fine, form) {
        (Some(grid), _) => grid.style,
        (None, Form::Text | Form::LargeText) => Style::ShortText,
        (None, Form::Number(style)) => style,
        (None, _) => return (interned, None),
    };
    let Some(unit) = Unit::within(bound, fine) else { return (interned, None) };
    let moved = |cell: &[u8]| {
        let (x, near) = (form.number(cell)?, unit.nearest(style, form.number(cell)?)?);
        form.number(&near).filter(|y| is_near(x, *y, bound)).map(|_| near)
    };
    let mut known: HashMap<Option<Box<[u8]>>, u32> = HashMap::new();
    let mut values = vec![];
    let number = |cell: &Option<Box<[u8]>>| {
        let cell = cell.as_deref().map(|cell| moved(cell).map_or_else(|| cell.into(), Vec::into_boxed_slice));
        *known.entry(cell.clone()).or_insert_with(|| {
            values.push(cell);
            values.len() as u32 - 1
        })
    };
    let new: Vec<u32> = interned.values.iter().map(number).collect();
    if values.len() == interned.values.len() {
        return (interned, None);
    }
    let ids = interned.ids.iter().map(|id| new[*id as usize]).collect();
    (Interned { ids, values }, Some(unit))
}

/// Whether two numbers differ by the bound at most, but for the rounding of decimal numbers to
/// binary ones: 7.10 is 0.05 from 7.05.
fn is_near(x: f64, y: f64, bound: f64) -> bool {
    (x - y).abs() <= bound + 2.0 * f64::EPSILON * x.abs().max(y.abs())
}

/// Whether decoded rows are the original ones, but for numbers within their bounds.
pub(super) fn is_within(rows: &RecordBatch, decoded: &RecordBatch, bounds: Option<&ErrorBounds>) -> bool {
    let Some(bounds) = bounds else { return rows == decoded };
    if rows.schema() != decoded.schema() || rows.num_rows() != decoded.num_rows() {
        return false;
    }
    let schema = rows.schema();
    let columns = rows.columns().iter().zip(decoded.columns()).zip(schema.fields());
    columns.into_iter().all(|((a, b), field)| {
        let Some((form, bound)) = Form::of(field).zip(bounds.of_column(field.name())) else { return a == b };
        let [a, b] = [a, b].map(|array| Interned::of(array, form));
        let same = |(i, j): (&u32, &u32)| {
            let [x, y] = [&a.values[*i as usize], &b.values[*j as usize]].map(Option::as_deref);
            let numbers = || form.number(x?).zip(form.number(y?));
            x == y || numbers().is_some_and(|(x, y)| is_near(x, y, bound))
        };
        a.ids.iter().zip(&b.ids).all(same)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, Int16Array, StringArray};
    use arrow_schema::Field;

    use super::super::cells::array_of;
    use super::*;

    /// The array after it was moved, and the number of different cells.
    fn moved(array: &ArrayRef, bound: f64) -> (ArrayRef, usize) {
        let field = Field::new("c", array.data_type().clone(), true);
        let form = Form::of(&field).unwrap();
        let (found, _) = coarser(Interned::of(array, form), form, bound);
        let cells: Vec<Option<&[u8]>> =
            found.ids.iter().map(|&id| found.values[id as usize].as_deref()).collect();
        (array_of(&field, form, &cells).unwrap(), found.values.len())
    }

    fn within(array: &ArrayRef, bound: f64) -> (ArrayRef, usize) {
        let (found, different) = moved(array, bound);
        let rows = |array: &ArrayRef| {
            RecordBatch::try_from_iter_with_nullable([("c", array.clone(), true)]).unwrap()
        };
        let bounds = ErrorBounds { error: 0.1, columns: vec![("c".into(), bound)] };
        assert!(is_within(&rows(array), &rows(&found), Some(&bounds)));
        let tight = ErrorBounds { error: 0.1, columns: vec![("c".into(), bound / 3.0)] };
        assert!(different == 1 || !is_within(&rows(array), &rows(&found), Some(&tight)), "a control");
        (found, different)
    }

    #[test]
    fn numbers_of_every_type_move_within_the_bound() {
        let whole: ArrayRef =
            Arc::new((-500..500i16).map(|k| (k % 97 != 0).then_some(k)).collect::<Int16Array>());
        let (found, different) = within(&whole, 7.2);
        assert_eq!(found.null_count(), whole.null_count());
        // Multiples of 15.
        assert!((65..=70).contains(&different), "{different}");
        let random: ArrayRef =
            Arc::new((0..5000).map(|k| Some(f64::from(k * k % 7919) / 791.3)).collect::<Float64Array>());
        let (_, different) = within(&random, 0.01);
        assert!((495..520).contains(&different), "a range of 10 by 0.02: {different}");
        let single: ArrayRef =
            Arc::new((0..5000).map(|k| Some((k * k % 7919) as f32 / 791.3)).collect::<Float32Array>());
        assert!(within(&single, 0.01).1 < 520);
        let text = |k: i32| match k % 50 {
            0 => Some("NA".to_string()),
            1 => None,
            _ => Some(format!("{:.2}", f64::from(k * k % 7919) / 100.0)),
        };
        let texts: ArrayRef = Arc::new((0..4000).map(text).collect::<StringArray>());
        let (found, different) = within(&texts, 0.05);
        let found = found.as_any().downcast_ref::<StringArray>().unwrap();
        assert!(different < 750, "80 by 0.11: {different}");
        assert!(found.value(0) == "NA" && found.is_null(1));
        assert!(
            found.iter().flatten().all(|cell| cell == "NA" || cell.split_once('.').unwrap().1.len() == 2)
        );
    }

    #[test]
    fn what_cannot_be_coarser_stays() {
        let whole: ArrayRef = Arc::new((0..300i16).collect::<Int16Array>());
        assert_eq!(moved(&whole, 0.9), (whole.clone(), 300));
        let ends: ArrayRef = Arc::new((0..4000).map(|k| i16::MAX - k).collect::<Int16Array>());
        let (found, different) = within(&ends, 20.0);
        assert!(different < 120 && found != ends);
        let words: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "inf", "1e400", "-0"]));
        assert_eq!(moved(&words, 1.0), (words.clone(), 5));
    }
}
