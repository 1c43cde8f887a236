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
//! is, as does a number that means a missing cell, onto which none moves. The rest is lossless: the
//! model's masses are those of the coarser cells.

use std::collections::{HashMap, HashSet};

use arrow_array::{ArrayRef, RecordBatch};

use super::cells::{Form, Interned};
use super::grid::{Grid, Style, Unit};
use super::model::{Describer, Feature};
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
    pub(super) fn new(preprocessor: &Preprocessor, error: f64) -> Result<Self> {
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
                    // Of a range that no number holds, or a share of one, cells stay exact.
                    let bound = preprocessor.training_range(at).map(|[low, high]| error * (high - low));
                    if let Some(bound) = bound.filter(|bound| is_bound(*bound)) {
                        columns.push((feature.name.clone(), bound));
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

    /// How far the cells of a column may move, if they may.
    pub(super) fn of<'a>(&self, feature: &'a Feature) -> Option<Limit<'a>> {
        let (_, bound) = self.columns.iter().find(|(column, _)| column == feature.name)?;
        Some(Limit { bound: *bound, missing: &feature.missing })
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
            if is_bound(x) { Ok(x) } else { Err(Malformed) }
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

/// Whether a file can hold a bound.
fn is_bound(x: f64) -> bool {
    x.is_finite() && x > 0.0
}

/// How far the cells of a column may move.
#[derive(Clone, Copy)]
pub(super) struct Limit<'a> {
    /// In the units of the column.
    pub bound: f64,
    /// Numbers that mean a missing cell.
    pub missing: &'a [f64],
}

impl Limit<'_> {
    /// Whether one cell may stand for another: both are numbers, neither means a missing cell, and
    /// they differ by the bound at most. Numbers with decimals may differ by the rounding to binary
    /// ones as well, as 7.10 is 0.05 from 7.05.
    fn allows(self, form: Form, a: &[u8], b: &[u8]) -> bool {
        let Some((x, y)) = form.number(a).zip(form.number(b)) else { return false };
        let is_single = form == Form::Number(Style::Single);
        let word = |word: &f64| if is_single { f64::from(*word as f32) } else { *word };
        if self.missing.iter().map(word).any(|word| word == x || word == y) {
            return false;
        }
        match form.integer(a).zip(form.integer(b)) {
            Some((a, b)) => a.abs_diff(b) <= self.bound as u64,
            None => (x - y).abs() <= self.bound + 2.0 * f64::EPSILON * x.abs().max(y.abs()),
        }
    }
}

/// The cells of a column of numbers moved to a coarser grid, and its unit; the same cells if there
/// are as many different ones on it.
pub(super) fn coarser(interned: Interned, form: Form, limit: Limit) -> (Interned, Option<Unit>) {
    let known = interned.counted();
    let known = known.iter().filter_map(|&(cell, count)| Some((cell?, count)));
    let decimal: Vec<Style> = form.styles().into_iter().filter(|style| !style.is_floating()).collect();
    let fine = Grid::of(&decimal, None, known);
    let style = match (fine, form) {
        (Some(grid), _) => grid.style,
        (None, Form::Text | Form::LargeText) => Style::ShortText,
        (None, Form::Number(style)) => style,
        (None, _) => return (interned, None),
    };
    let Some(unit) = Unit::within(limit.bound, fine) else { return (interned, None) };
    let moved =
        |cell: &[u8]| unit.nearest(style, form.number(cell)?).filter(|near| limit.allows(form, cell, near));
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

/// Whether decoded rows are the original ones, but for numbers within their bounds.
pub(super) fn is_within(
    describer: &Describer,
    rows: &RecordBatch,
    decoded: &RecordBatch,
    bounds: Option<&ErrorBounds>,
) -> bool {
    let Some(bounds) = bounds else { return rows == decoded };
    if rows.schema() != decoded.schema() || rows.num_rows() != decoded.num_rows() {
        return false;
    }
    let limit = |name: &str| bounds.of(describer.features().iter().find(|feature| feature.name == name)?);
    let schema = rows.schema();
    let columns = rows.columns().iter().zip(decoded.columns()).zip(schema.fields());
    columns.into_iter().all(|((a, b), field)| {
        let Some((form, limit)) = Form::of(field).zip(limit(field.name())) else { return a == b };
        is_column_within(form, limit, [a, b])
    })
}

fn is_column_within(form: Form, limit: Limit, arrays: [&ArrayRef; 2]) -> bool {
    let [a, b] = arrays.map(|array| Interned::of(array, form));
    let same = |(i, j): (&u32, &u32)| {
        let [x, y] = [&a.values[*i as usize], &b.values[*j as usize]].map(Option::as_deref);
        x == y || x.zip(y).is_some_and(|(x, y)| limit.allows(form, x, y))
    };
    // Texts are parsed once.
    let pairs: HashSet<(&u32, &u32)> = a.ids.iter().zip(&b.ids).collect();
    pairs.into_iter().all(same)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{Array, Float32Array, Float64Array, Int16Array, Int64Array, StringArray};
    use arrow_schema::Field;

    use super::super::cells::array_of;
    use super::*;

    fn limit(bound: f64) -> Limit<'static> {
        Limit { bound, missing: &[] }
    }

    /// The array after it was moved, and the number of different cells.
    fn moved(array: &ArrayRef, limit: Limit) -> (ArrayRef, usize) {
        let field = Field::new("c", array.data_type().clone(), true);
        let form = Form::of(&field).unwrap();
        let (found, _) = coarser(Interned::of(array, form), form, limit);
        let cells: Vec<Option<&[u8]>> =
            found.ids.iter().map(|&id| found.values[id as usize].as_deref()).collect();
        (array_of(&field, form, &cells).unwrap(), found.values.len())
    }

    fn within(array: &ArrayRef, bound: f64) -> (ArrayRef, usize) {
        let (found, different) = moved(array, limit(bound));
        let form = Form::of(&Field::new("c", array.data_type().clone(), true)).unwrap();
        let is_within = |bound: f64| is_column_within(form, limit(bound), [array, &found]);
        assert!(is_within(bound) && (different == 1 || !is_within(bound / 3.0)), "with a control");
        (found, different)
    }

    #[test]
    fn numbers_that_mean_missing_cells_stay_and_none_moves_onto_them() {
        let limit = Limit { bound: 7.0, missing: &[-990.0, -980.7, 0.1] };
        // Of the coarser grids, -990 is a multiple of 15, and -980.7 of 14.01.
        let whole = (0..400i16).map(|k| if k % 9 == 0 { -990 } else { k - 1005 });
        let cents = (0..400).map(|k| match k % 9 {
            0 => "-980.70".to_string(),
            1 => "-990".into(),
            _ => format!("{:.2}", f64::from(k) * 0.31 - 1005.0),
        });
        let single = (0..400).map(|k| if k % 9 == 0 { 0.1 } else { k as f32 * 0.13 - 9.0 });
        let arrays: [ArrayRef; 3] = [
            Arc::new(whole.collect::<Int16Array>()),
            Arc::new(StringArray::from_iter_values(cents)),
            Arc::new(single.collect::<Float32Array>()),
        ];
        for array in &arrays {
            let (found, different) = moved(array, limit);
            assert!(different < 100, "{different} of {}", array.data_type());
            let form = Form::of(&Field::new("c", array.data_type().clone(), true)).unwrap();
            let is_missing = |array: &ArrayRef| {
                let interned = Interned::of(array, form);
                let of = |id: &u32| {
                    let x = form.number(interned.values[*id as usize].as_deref().unwrap()).unwrap();
                    limit.missing.contains(&x) || x == f64::from(0.1f32)
                };
                interned.ids.iter().map(of).collect::<Vec<bool>>()
            };
            assert_eq!(is_missing(&found), is_missing(array), "{}", array.data_type());
            assert!(is_column_within(form, limit, [array, &found]));
        }
        let form = Form::Number(Style::Signed(8));
        let [a, b] = [-990i64, -989].map(|x| Arc::new(Int64Array::from(vec![x])) as ArrayRef);
        assert!(!is_column_within(form, limit, [&a, &b]) && !is_column_within(form, limit, [&b, &a]));
    }

    #[test]
    fn whole_numbers_differ_by_the_bound_exactly() {
        let form = Form::Number(Style::Signed(8));
        let allows = |a: i64, b: i64| limit(3.5).allows(form, &a.to_le_bytes(), &b.to_le_bytes());
        let large = 1i64 << 60;
        assert!(allows(large, large + 3) && !allows(large, large + 4) && !allows(i64::MIN, i64::MAX));
        let text = |a: &str, b: &str| limit(3.5).allows(Form::Text, a.as_bytes(), b.as_bytes());
        assert!(text("1152921504606846976", "1152921504606846979"));
        assert!(!text("1152921504606846976", "1152921504606846980"));
        assert!(text("7.05", "10.55") && !text("7.05", "10.56"));
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
        assert_eq!(moved(&whole, limit(0.9)), (whole.clone(), 300));
        let ends: ArrayRef = Arc::new((0..4000).map(|k| i16::MAX - k).collect::<Int16Array>());
        let (found, different) = within(&ends, 20.0);
        assert!(different < 120 && found != ends);
        let words: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "inf", "1e400", "-0"]));
        assert_eq!(moved(&words, limit(1.0)), (words.clone(), 5));
    }
}
