//! Encoding: rows to numbers.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt8Type, UInt16Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};

use super::scaling::Scaling;
use super::{Encoded, Preprocessor, Transform, UnknownCategory, find_columns};
use crate::column::{Code, Column};
use crate::datetime::moments;
use crate::image::image_scale;
use crate::names::some_names;
use crate::take::take_column;
use crate::{Binarization, BlockKind, DateFormat, Feature, FeatureKind, Step};
use crate::{DataProblem, Result, mapped};

impl Preprocessor {
    /// Encodes the rows of `batch`. Columns are found by name; their order and other columns are
    /// ignored.
    ///
    /// `first_row` is the 0-based number, in the file, of the first row, for messages. Numbers
    /// outside the range of the training rows are scaled alike, up to ±10⁶. Errors are: text, an
    /// infinite number, a negative or fractional number in a column encoded as log(1 + count), an
    /// image of another size and (unless [`Preprocessor::unknown_category`] allows it) an unknown
    /// category. Any cell may be missing, also in columns without missing cells in the training
    /// rows.
    pub fn encode(&self, input: &str, batch: &RecordBatch, first_row: u64) -> Result<Encoded> {
        self.encode_some(input, batch, None, first_row)
    }

    /// [`encode`](Self::encode) for `chosen` rows of a whole input; they are taken column by
    /// column, so that they need little memory.
    pub fn encode_chosen(&self, input: &str, batch: &RecordBatch, chosen: &[usize]) -> Result<Encoded> {
        let encoded = self.encode_some(input, batch, Some(chosen), 0);
        mapped::release();
        encoded.map_err(|error| error.among_rows(chosen))
    }

    /// All or the `chosen` rows; an error counts among the latter.
    pub(super) fn encode_some(
        &self,
        input: &str,
        batch: &RecordBatch,
        chosen: Option<&[usize]>,
        first_row: u64,
    ) -> Result<Encoded> {
        let columns = find_columns(&self.schema, input, batch)?;
        let rows = chosen.map_or(batch.num_rows(), <[usize]>::len);
        let mut encoded = Encoded::new(rows, &self.layout().blocks);
        let features = self.schema.features.iter().zip(&self.transforms).zip(self.column_ranges());
        for (((feature, transform), units), (field, array)) in features.zip(columns) {
            let array = &match chosen {
                Some(rows) => take_column(input, array, rows)?,
                None => array.clone(),
            };
            let column = Column::of(input, feature, array, first_row);
            if let (FeatureKind::Datetime { format, step, .. }, Transform::Number { scaling, .. }) =
                (&feature.kind, transform)
            {
                encode_dates(&column, (format, *step), scaling, &units, &mut encoded)?;
                continue;
            }
            match transform {
                Transform::Pixels { .. } => encode_images(&column, &field, &units, &mut encoded)?,
                Transform::Category => {
                    // A binary column is one number, 0 for its first value.
                    let skipped = feature.kind.categories().len() - units.len();
                    let unit = |code: usize| code.checked_sub(skipped);
                    self.encode_categories(&column, feature, &units, unit, &mut encoded)?;
                }
                Transform::Pooled { pool } => {
                    let of_level = pool.units(feature.kind.categories().len());
                    let unit = |code: usize| Some(of_level[code]);
                    self.encode_categories(&column, feature, &units, unit, &mut encoded)?;
                }
                Transform::Unobserved => (0..encoded.rows).for_each(|row| encoded.set_missing(row, &units)),
                Transform::Number { scaling, .. } => {
                    encode_numbers(&column, scaling, &units, &mut encoded)?;
                }
            }
        }
        encoded.condition = self.condition_of(input, batch, chosen, first_row)?;
        if let Some(binarization) = self.binarization {
            let pixels = 0..self.pixels();
            (0..encoded.rows).for_each(|row| binarization.apply_once(encoded.numbers(row, &pixels)));
        }
        Ok(encoded)
    }

    /// [`encode_rows`](Self::encode_rows) for training rows: with [`Binarization::Dynamic`], pixels
    /// stay intensities.
    pub(crate) fn encode_training(
        &self,
        input: &str,
        batch: &RecordBatch,
        chosen: &[usize],
        limit: u64,
    ) -> Result<Encoded> {
        match self.binarization {
            Some(Binarization::Dynamic) => {
                let intensities = Preprocessor { binarization: None, ..self.clone() };
                let encoded = intensities.encode_rows(input, batch, chosen, limit)?;
                Ok(Encoded { dynamic_pixels: self.pixels(), ..encoded })
            }
            _ => self.encode_rows(input, batch, chosen, limit),
        }
    }

    /// Number of encoded columns that are pixels; they come first.
    fn pixels(&self) -> usize {
        self.blocks().iter().filter(|block| block.kind == BlockKind::Pixels).map(|block| block.width).sum()
    }

    /// Sets the encoded column that `unit` names for the code of each cell.
    fn encode_categories(
        &self,
        column: &Column,
        feature: &Feature,
        units: &Range<usize>,
        unit: impl Fn(usize) -> Option<usize>,
        encoded: &mut Encoded,
    ) -> Result<()> {
        let categories = feature.kind.categories();
        for (row, code) in column.codes(categories, feature.storage)?.into_iter().enumerate() {
            match code {
                Code::Known(code) => {
                    if let Some(unit) = unit(code) {
                        encoded.set_unit(row, units, unit);
                    }
                }
                Code::Missing => encoded.set_missing(row, units),
                Code::Unknown if self.unknown_category == UnknownCategory::Missing => {
                    encoded.set_missing(row, units);
                }
                Code::Unknown => {
                    let expected = format!("one of {}", some_names(categories.iter().map(String::as_str)));
                    let found = format!("'{}'", column.texts()?.value(row));
                    let help = match feature.kind {
                        FeatureKind::Ordinal { .. } => {
                            "it is not among the ordered values: add it to --type, or treat it as missing with --unknown missing"
                        }
                        _ => "it was not in the training data: treat it as missing with --unknown missing",
                    };
                    let error = column.error(row, &expected, found, help);
                    return Err(error.because(DataProblem::UnknownCategory));
                }
            }
        }
        Ok(())
    }
}

fn encode_numbers(
    column: &Column,
    scaling: &Scaling,
    units: &Range<usize>,
    encoded: &mut Encoded,
) -> Result<()> {
    let scale = scaling.encoder();
    let counts = *scaling == Scaling::Log1p;
    for (row, x) in column.finite_numbers()?.into_iter().enumerate() {
        if x.is_nan() {
            encoded.set_missing(row, units);
        } else if counts && !is_count(x) {
            let help =
                "fix the cell, or leave it empty to mark it as missing; or fit with --counts as_numeric";
            let error = column.error(row, "a whole number, zero or more", x.to_string(), help);
            return Err(error.because(DataProblem::OutOfRange));
        } else {
            encoded.numbers(row, units)[0] = scale(x);
        }
    }
    Ok(())
}

/// The scaled time of each row, and its positions in the calendar.
fn encode_dates(
    column: &Column,
    (format, step): (&DateFormat, Step),
    scaling: &Scaling,
    units: &Range<usize>,
    encoded: &mut Encoded,
) -> Result<()> {
    let scale = scaling.encoder();
    for (row, moment) in moments(column, format)?.into_iter().enumerate() {
        if moment.seconds.is_nan() {
            encoded.set_missing(row, units);
            continue;
        }
        let numbers = std::iter::once(scale(moment.seconds)).chain(step.positions(moment));
        encoded.numbers(row, units).iter_mut().zip(numbers).for_each(|(value, number)| *value = number);
    }
    Ok(())
}

fn is_count(x: f64) -> bool {
    x >= 0.0 && x.fract() == 0.0
}

/// Pixels divided by the value of white in this file.
fn encode_images(column: &Column, field: &Field, units: &Range<usize>, encoded: &mut Encoded) -> Result<()> {
    let list = column.array.as_fixed_size_list();
    let scale = image_scale(field);
    match list.values().data_type() {
        DataType::UInt8 => {
            let bytes = list.values().as_primitive::<UInt8Type>().values();
            let table: Vec<f32> = (0..=u8::MAX).map(|byte| f32::from(byte) / scale).collect();
            copy_pixels(bytes, |byte| table[usize::from(byte)], units, encoded);
        }
        DataType::UInt16 => {
            let pixels = list.values().as_primitive::<UInt16Type>().values();
            copy_pixels(pixels, |pixel| f32::from(pixel) / scale, units, encoded);
        }
        _ => {
            let pixels = list.values().as_primitive::<Float32Type>().values();
            copy_pixels(pixels, |pixel| pixel / scale, units, encoded);
        }
    }
    mark_missing_pixels(list, list.values(), units, encoded);
    check_pixels(column, scale, units, encoded)
}

fn copy_pixels<T: Copy>(
    pixels: &[T],
    scaled: impl Fn(T) -> f32,
    units: &Range<usize>,
    encoded: &mut Encoded,
) {
    for (row, image) in pixels.chunks_exact(units.len()).enumerate() {
        for (value, &pixel) in encoded.numbers(row, units).iter_mut().zip(image) {
            *value = scaled(pixel);
        }
    }
}

/// Whole images, single pixels, and NaN pixels may be missing.
fn mark_missing_pixels(list: &dyn Array, pixels: &ArrayRef, units: &Range<usize>, encoded: &mut Encoded) {
    let gaps = list.null_count() > 0 || pixels.null_count() > 0;
    for row in 0..encoded.rows {
        if gaps && list.is_null(row) {
            encoded.set_missing(row, units);
        } else if gaps || encoded.numbers(row, units).iter().any(|x| x.is_nan()) {
            for (pixel, unit) in units.clone().enumerate() {
                let is_nan = encoded.numbers(row, units)[pixel].is_nan();
                if is_nan || pixels.is_null(row * units.len() + pixel) {
                    encoded.set_missing(row, &(unit..unit + 1));
                }
            }
        }
    }
}

fn check_pixels(column: &Column, scale: f32, units: &Range<usize>, encoded: &mut Encoded) -> Result<()> {
    for row in 0..encoded.rows {
        let image = encoded.numbers(row, units);
        // A fold without early exit is many times faster than a search.
        if !image.iter().fold(true, |sound, x| sound & (*x >= 0.0) & (*x <= 1.0)) {
            let wrong = image.iter().find(|x| !(0.0..=1.0).contains(*x)).map_or(f32::NAN, |x| x * scale);
            let expected = format!("pixels from 0 to {scale}");
            let help = format!("scale the pixels so that black is 0 and white is {scale}");
            let error = column.error(row, &expected, wrong.to_string(), help);
            return Err(error.because(DataProblem::OutOfRange));
        }
    }
    Ok(())
}
