//! Decoding: encoded numbers to rows.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray, UInt8Array,
};
use arrow_schema::{Field, Schema as ArrowSchema};

use super::{Preprocessor, Transform, no_table};
use crate::column::number;
use crate::image::{image_array, image_field, image_scale, with_scale};
use crate::{Error, Result};
use crate::{Feature, FeatureKind, Storage};

impl Preprocessor {
    /// Converts encoded rows to the names, order, units and storage of the data.
    ///
    /// `means` are rows × width numbers from [`Preprocessor::encode`] or a model: pixels and scaled
    /// numbers, probabilities of a binary column's second value, probabilities of categories. Whole
    /// numbers and counts are rounded, counts are clamped at 0, the most probable category is
    /// taken, and NaN becomes a missing cell. Real numbers have no more decimals than their column.
    pub fn decode(&self, means: &[f32]) -> Result<RecordBatch> {
        let width = self.width();
        if !means.len().is_multiple_of(width) {
            return Err(Error::invalid_value("means", format!("whole rows of {width} numbers"), means.len()));
        }
        let columns = (0..self.transforms.len()).map(|feature| self.decode_feature(feature, means));
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) =
            columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns).map_err(no_table)
    }

    /// [`decode`](Self::decode) for one feature, by its position in the schema.
    ///
    /// # Panics
    /// If there is no such feature, or `means` are not whole rows.
    pub fn decode_feature(&self, feature: usize, means: &[f32]) -> Result<(Field, ArrayRef)> {
        let layout = self.layout();
        let units = &layout.column_ranges[feature];
        let width = layout.width();
        let cells = means.chunks_exact(width).map(|row| &row[units.clone()]);
        let (feature, transform) = (&self.schema.features[feature], &self.transforms[feature]);
        Ok(match transform {
            Transform::Pixels { scale } => decode_images(feature, *scale, cells)?,
            Transform::Category => named(feature, decode_categories(feature, cells)),
            Transform::Number { scaling } => {
                let unscaled = scaling.decoder();
                named(feature, decode_numbers(feature, cells.map(|cell| unscaled(cell[0]))))
            }
        })
    }
}

fn named(feature: &Feature, column: ArrayRef) -> (Field, ArrayRef) {
    (feature.spelling.mark(Field::new(&feature.name, column.data_type().clone(), true)), column)
}

fn decode_numbers(feature: &Feature, numbers: impl Iterator<Item = f64>) -> ArrayRef {
    let count = feature.kind == FeatureKind::Count;
    let least = if count { 0.0 } else { f64::MIN };
    let numbers = numbers.map(|x| (!x.is_nan()).then(|| feature.spelling.rounded(x.clamp(least, f64::MAX))));
    match feature.storage {
        Storage::Integer => Arc::new(numbers.map(|x| x.map(|x| x.round() as i64)).collect::<Int64Array>()),
        _ if count => Arc::new(numbers.map(|x| x.map(f64::round)).collect::<Float64Array>()),
        _ => Arc::new(numbers.collect::<Float64Array>()),
    }
}

fn decode_categories<'a>(feature: &Feature, cells: impl Iterator<Item = &'a [f32]>) -> ArrayRef {
    let categories = feature.kind.categories();
    let codes = cells.map(|probabilities| match probabilities {
        [second] if categories.len() == 2 => (!second.is_nan()).then_some(usize::from(*second >= 0.5)),
        probabilities => most_probable(probabilities),
    });
    let numbers: Vec<f64> = categories.iter().map(|text| number(text).unwrap_or(f64::NAN)).collect();
    match feature.storage {
        Storage::Text => {
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
    if image_scale(&field) != scale {
        field = with_scale(field, scale);
    }
    let pixels = images.flatten().map(|pixel| pixel.clamp(0.0, 1.0) * scale);
    let pixels: ArrayRef = match float {
        true => Arc::new(Float32Array::from_iter_values(pixels)),
        false => Arc::new(UInt8Array::from_iter_values(pixels.map(|pixel| pixel.round() as u8))),
    };
    let images = image_array(&field, pixels).map_err(no_table)?;
    Ok((field, images))
}
