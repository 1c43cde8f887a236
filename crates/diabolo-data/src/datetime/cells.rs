//! The cells of a column as moments, and moments as cells.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
use arrow_schema::{DataType, TimeUnit};

use super::calendar::{DAY, Moment};
use super::detect::unambiguous;
use super::step::Step;
use super::text::offset_of;
use super::{DateFormat, Pattern};
use crate::column::{CellType, Column};
use crate::names::argument;
use crate::number::number;
use crate::{DataProblem, Feature, FeatureKind, Result, Storage};

/// A date with a day above 12, as an example.
const LAST_EVENING_OF_2024: Moment = Moment { seconds: 1_735_685_940.0, offset: 0 };

/// Whether the type is one of dates or timestamps.
pub(crate) fn is_temporal(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

/// The cells of a column of dates, for any stored type. A cell that is no date is an error.
pub(crate) fn moments(column: &Column, format: &DateFormat) -> Result<Vec<Moment>> {
    if is_temporal(column.array.data_type()) {
        return Ok(stored(column.array));
    }
    let pattern = match format {
        DateFormat::Pattern(pattern) => Some(pattern),
        DateFormat::Typed(_) => None,
    };
    let texts = column.texts()?;
    let read = |(row, cell): (usize, Option<&str>)| {
        let Some(text) = cell else { return Ok(Moment::MISSING) };
        let own = pattern.and_then(|pattern| match pattern.is_number() {
            true => number(text).and_then(|x| pattern.read_number(x)),
            false => pattern.read(text),
        });
        own.or_else(|| unambiguous(text)).ok_or_else(|| {
            let example = text_of(LAST_EVENING_OF_2024, format);
            let help = format!(
                "fix the cell, treat it as missing with --missing {word}, or name another format with --type \
                 {arg}=datetime:FORMAT (--type {arg}=categorical keeps the column as text)",
                arg = argument(column.name),
                word = argument(text)
            );
            let expected = format!("a date such as {example} ({format})");
            column.error(row, &expected, format!("'{text}'"), help).because(DataProblem::NotANumber)
        })
    };
    texts.iter().enumerate().map(read).collect()
}

/// A moment as text, for messages.
pub(crate) fn text_of(moment: Moment, format: &DateFormat) -> String {
    let iso = |pattern: &str| pattern.parse::<Pattern>().ok();
    let pattern = match format {
        DateFormat::Pattern(pattern) => Some(pattern.clone()),
        DateFormat::Typed(DataType::Date32) => iso("%F"),
        DateFormat::Typed(_) => iso("%FT%T%.f"),
    };
    pattern.map_or(String::new(), |pattern| pattern.write(moment.seconds, moment.offset))
}

/// The cells of a column of dates or timestamps.
fn stored(array: &ArrayRef) -> Vec<Moment> {
    let (per_second, offset) = scale_and_offset(array.data_type());
    let units = arrow_cast::cast(array, &DataType::Int64)
        .unwrap_or_else(|_| arrow_array::new_null_array(&DataType::Int64, array.len()));
    let moment = |units: i64| Moment { seconds: units as f64 / per_second, offset };
    units.as_primitive::<Int64Type>().iter().map(|cell| cell.map_or(Moment::MISSING, moment)).collect()
}

/// The units of a second, and the offset of a fixed zone. The offset of a named zone is not known.
fn scale_and_offset(data_type: &DataType) -> (f64, i32) {
    match data_type {
        DataType::Date32 => (1.0 / DAY, 0),
        DataType::Timestamp(unit, zone) => {
            let per_second = match unit {
                TimeUnit::Second => 1.0,
                TimeUnit::Millisecond => 1e3,
                TimeUnit::Microsecond => 1e6,
                TimeUnit::Nanosecond => 1e9,
            };
            (per_second, zone.as_deref().and_then(offset_of).unwrap_or(0))
        }
        _ => (1e3, 0),
    }
}

/// The dates `made` for a feature as a column of the type `wanted` writes them; `None` if they are
/// no dates, or written like that already.
pub(crate) fn dates_like(feature: &Feature, made: &ArrayRef, wanted: &DataType) -> Option<ArrayRef> {
    let FeatureKind::Datetime { format, step, offset } = &feature.kind else { return None };
    let text = |data_type: &DataType| CellType::of(data_type) == CellType::Text;
    let target = match format {
        _ if wanted == made.data_type() => return None,
        _ if is_temporal(wanted) => DateFormat::Typed(wanted.clone()),
        DateFormat::Typed(DataType::Date32) if text(wanted) => DateFormat::Pattern("%F".parse().ok()?),
        DateFormat::Typed(_) if text(wanted) => DateFormat::Pattern("%FT%T%.f".parse().ok()?),
        _ => return None,
    };
    let moments = moments(&Column::of("", feature, made, 0), format).ok()?;
    Some(written(moments.iter().map(|moment| moment.seconds), &target, *step, *offset, Storage::Text))
}

/// Numbers of seconds since 1970 as cells of a column that is written in this way; NaN is missing.
pub(crate) fn written(
    seconds: impl Iterator<Item = f64>,
    format: &DateFormat,
    step: Step,
    offset: i32,
    storage: Storage,
) -> ArrayRef {
    let local = f64::from(offset);
    let rounded = seconds.map(|seconds| (!seconds.is_nan()).then(|| step.round(seconds + local) - local));
    match format {
        DateFormat::Typed(data_type) => {
            let (per_second, _) = scale_and_offset(data_type);
            let units: Int64Array =
                rounded.map(|cell| cell.map(|s| (s * per_second).round() as i64)).collect();
            let narrow: ArrayRef = match data_type {
                DataType::Date32 => {
                    arrow_cast::cast(&units, &DataType::Int32).unwrap_or_else(|_| Arc::new(units))
                }
                _ => Arc::new(units),
            };
            // A date beyond the range of the type is missing.
            arrow_cast::cast(&narrow, data_type)
                .unwrap_or_else(|_| arrow_array::new_null_array(data_type, narrow.len()))
        }
        DateFormat::Pattern(pattern) => {
            let texts = rounded.map(|cell| cell.map(|seconds| pattern.write(seconds, offset)));
            match storage {
                Storage::Integer => Arc::new(texts.map(|text| text?.parse().ok()).collect::<Int64Array>()),
                Storage::Float => Arc::new(texts.map(|text| text?.parse().ok()).collect::<Float64Array>()),
                _ => Arc::new(texts.collect::<StringArray>()),
            }
        }
    }
}
