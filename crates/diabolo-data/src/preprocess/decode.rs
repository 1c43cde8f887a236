//! Decoding: encoded numbers to rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema as ArrowSchema};

use diabolo_stats::random::{Purpose, RngExt, Stream, stream};

use super::{Preprocessor, Transform, no_table};
use crate::datetime::written;
use crate::image::{image_array, image_field, image_scale, pixel_array, with_16_bits, with_scale};
use crate::number::number;
use crate::{Error, Result};
use crate::{Feature, FeatureKind, Storage, cell_text};

impl Preprocessor {
    /// Converts encoded rows to the names, order, units and storage of the data.
    ///
    /// `means` are rows × width numbers from [`Preprocessor::encode`] or a model: pixels and scaled
    /// numbers, probabilities of a binary column's second value, probabilities of categories. Whole
    /// numbers and counts are rounded, counts are clamped at 0, the most probable category is taken
    /// (of pooled ones the most frequent), and NaN becomes a missing cell. Numbers stay in the
    /// range of the training rows, unless [`beyond_range`](Self::beyond_range), and have no more
    /// decimals than their column. A column that no training row has is missing.
    pub fn decode(&self, means: &[f32]) -> Result<RecordBatch> {
        self.decoded(means, None)
    }

    /// [`decode`](Self::decode) for draws: numbers of a column that is mostly 0 have the
    /// distribution of the training rows, and pooled categories are drawn by their frequency there.
    /// These depend on `seed`, the number of the table and of its first row.
    pub fn decode_draws(&self, draws: &[f32], seed: u64, table: u64, first_row: u64) -> Result<RecordBatch> {
        let noise = &mut stream(seed, Purpose::PooledLevels, table, first_row);
        self.decoded(draws, Some(noise))
    }

    fn decoded(&self, means: &[f32], mut noise: Option<&mut Stream>) -> Result<RecordBatch> {
        let width = self.width();
        if !means.len().is_multiple_of(width) {
            return Err(Error::invalid_value("means", format!("whole rows of {width} numbers"), means.len()));
        }
        let columns =
            (0..self.transforms.len()).map(|feature| self.decode_one(feature, means, noise.as_deref_mut()));
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) =
            columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns).map_err(no_table)
    }

    /// [`decode`](Self::decode) for one feature, by its position in the schema.
    ///
    /// # Panics
    /// If there is no such feature, or `means` are not whole rows.
    pub fn decode_feature(&self, feature: usize, means: &[f32]) -> Result<(Field, ArrayRef)> {
        self.decode_one(feature, means, None)
    }

    /// With `noise`, `means` are draws.
    fn decode_one(
        &self,
        feature: usize,
        means: &[f32],
        mut noise: Option<&mut Stream>,
    ) -> Result<(Field, ArrayRef)> {
        let layout = self.layout();
        let units = &layout.column_ranges[feature];
        let width = layout.width();
        let cells = means.chunks_exact(width).map(|row| &row[units.clone()]);
        let (feature, transform) = (&self.schema.features[feature], &self.transforms[feature]);
        Ok(match transform {
            Transform::Pixels { scale } => decode_images(feature, *scale, cells)?,
            Transform::Category => {
                let binary = matches!(feature.kind, FeatureKind::Binary { .. });
                let code = |cell: &[f32]| if binary { likelier(cell[0]) } else { most_probable(cell) };
                named(feature, levels(feature, cells.map(code)))
            }
            Transform::Pooled { pool } => {
                let kept = pool.kept(feature.kind.categories().len());
                let mut member = || match &mut noise {
                    Some(noise) => pool.at(noise.random::<f64>()),
                    None => pool.most_frequent(),
                };
                let mut code = |unit: usize| kept.get(unit).copied().unwrap_or_else(&mut member);
                named(feature, levels(feature, cells.map(|cell| most_probable(cell).map(&mut code))))
            }
            Transform::Unobserved if feature.kind.categories().is_empty() => {
                named(feature, decode_numbers(feature, cells.map(|_| f64::NAN)))
            }
            Transform::Unobserved => named(feature, levels(feature, cells.map(|_| None))),
            Transform::Number { scaling, range } => {
                let unscaled = if noise.is_some() { scaling.draws() } else { scaling.decoder() };
                let [min, max] = range.filter(|_| !self.beyond_range).unwrap_or([f64::MIN, f64::MAX]);
                named(feature, decode_numbers(feature, cells.map(|cell| unscaled(cell[0]).clamp(min, max))))
            }
        })
    }
}

impl Feature {
    /// A number of this feature as the data writes it; dates are seconds since 1970.
    pub fn number_text(&self, number: f64) -> String {
        cell_text(&number_column(self, std::iter::once(number)).1, 0)
    }
}

/// The column of a feature of numbers, as the data writes it; NaN is a missing cell.
pub(crate) fn number_column(feature: &Feature, numbers: impl Iterator<Item = f64>) -> (Field, ArrayRef) {
    named(feature, decode_numbers(feature, numbers))
}

fn named(feature: &Feature, column: ArrayRef) -> (Field, ArrayRef) {
    (feature.spelling.mark(Field::new(&feature.name, column.data_type().clone(), true)), column)
}

fn decode_numbers(feature: &Feature, numbers: impl Iterator<Item = f64>) -> ArrayRef {
    if let FeatureKind::Datetime { format, step, offset } = &feature.kind {
        return written(numbers, format, *step, *offset, feature.storage);
    }
    let count = feature.kind == FeatureKind::Count;
    let least = if count { 0.0 } else { f64::MIN };
    let numbers = numbers.map(|x| (!x.is_nan()).then(|| feature.spelling.rounded(x.clamp(least, f64::MAX))));
    match feature.storage {
        Storage::Integer => Arc::new(numbers.map(|x| x.map(|x| x.round() as i64)).collect::<Int64Array>()),
        _ if count => Arc::new(numbers.map(|x| x.map(f64::round)).collect::<Float64Array>()),
        _ => Arc::new(numbers.collect::<Float64Array>()),
    }
}

/// The levels with these codes.
fn levels(feature: &Feature, codes: impl Iterator<Item = Option<usize>>) -> ArrayRef {
    let categories = feature.kind.categories();
    let numbers: Vec<f64> = categories.iter().map(|text| number(text).unwrap_or(f64::NAN)).collect();
    match feature.storage {
        Storage::Text | Storage::Timestamp => {
            Arc::new(codes.map(|code| code.map(|code| categories[code].as_str())).collect::<StringArray>())
        }
        Storage::Boolean => {
            Arc::new(codes.map(|code| code.map(|code| categories[code] == "true")).collect::<BooleanArray>())
        }
        Storage::Integer => {
            Arc::new(codes.map(|code| code.map(|code| numbers[code] as i64)).collect::<Int64Array>())
        }
        Storage::Float => {
            Arc::new(codes.map(|code| code.map(|code| numbers[code])).collect::<Float64Array>())
        }
    }
}

/// The code of a binary value by the probability of the second one.
fn likelier(second: f32) -> Option<usize> {
    (!second.is_nan()).then_some(usize::from(second >= 0.5))
}

/// The position of the first largest number, ignoring NaN.
fn most_probable(probabilities: &[f32]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (code, p) in probabilities.iter().enumerate().filter(|(_, p)| !p.is_nan()) {
        if best.is_none_or(|best| *p > probabilities[best]) {
            best = Some(code);
        }
    }
    best
}

fn decode_images<'a>(
    feature: &Feature,
    scale: f32,
    images: impl Iterator<Item = &'a [f32]>,
) -> Result<(Field, ArrayRef)> {
    let FeatureKind::Image { height, width, channels } = feature.kind else {
        return Err(Error::invalid_value("means", "an image", feature.kind.name()));
    };
    let float = feature.storage != Storage::Integer;
    let mut field = image_field(height, width, channels, float).with_name(&feature.name);
    if !float && scale > 255.0 {
        field = with_16_bits(field);
    }
    if image_scale(&field) != scale {
        field = with_scale(field, scale);
    }
    let pixels = images.flatten().map(|pixel| pixel.clamp(0.0, 1.0) * scale);
    let images = image_array(&field, pixel_array(&field, pixels)).map_err(no_table)?;
    Ok((field, images))
}
