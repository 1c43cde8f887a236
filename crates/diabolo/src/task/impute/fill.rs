//! The missing cells of a table, and the completed table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Float32Array, Float64Array, RecordBatch, UInt8Array};
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::zip::zip;

use crate::data::image::{image_array, image_field, image_scale, image_shape};
use crate::data::{Encoded, Preprocessor, fill, is_earlier_row, places};
use crate::task::{last_rows, no_column, table, table_like};
use crate::{Error, Result};

/// The cells to impute: for each feature one flag per row, or one per pixel. Lagged columns of
/// windows are not imputed.
pub(super) struct Gaps(Vec<BooleanArray>);

impl Gaps {
    /// The cells that are missing in the input. A category that the model does not know is not
    /// missing.
    pub fn find(preprocessor: &Preprocessor, rows: &RecordBatch, encoded: &Encoded) -> Result<Self> {
        let features = &preprocessor.schema.features;
        let columns = rows.schema();
        let places = places(&columns);
        let place = |name: &str| places.get(name).copied();
        let earlier = |name: &str| place(name).is_some_and(|at| is_earlier_row(columns.field(at)));
        let gaps = features.iter().zip(preprocessor.column_ranges()).enumerate();
        let gaps = gaps.map(|(index, (feature, units))| {
            let names = !feature.kind.categories().is_empty();
            let array = place(&feature.name).filter(|_| names).map(|at| rows.column(at));
            let missing = array.map(|array| preprocessor.missing_cells(feature, array)).transpose()?;
            let is_image = feature.kind.is_image();
            let earlier = earlier(&feature.name);
            let unseen = |row: usize, unit: usize| {
                encoded.observed.as_ref().is_some_and(|o| o[row * encoded.width + unit] == 0.0)
            };
            let each = if is_image { units.clone() } else { units.start..units.start + 1 };
            let cells = (0..encoded.rows).flat_map(|row| each.clone().map(move |unit| (row, unit)));
            let can = preprocessor.is_learned(index) && !earlier;
            let missing = |row: usize| missing.as_ref().is_none_or(|missing| missing.value(row));
            Ok(cells.map(|(row, unit)| Some(can && unseen(row, unit) && missing(row))).collect())
        });
        Ok(Gaps(gaps.collect::<Result<_>>()?))
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(BooleanArray::true_count).sum()
    }

    /// `rows` with the encoded values, and the rows decoded from them, where cells are missing.
    pub fn filled_with(
        &self,
        preprocessor: &Preprocessor,
        rows: &RecordBatch,
        values: &[f32],
        made: RecordBatch,
    ) -> Result<RecordBatch> {
        let features = &preprocessor.schema.features;
        let mut columns = last_rows(rows);
        let names: Vec<String> = columns.iter().map(|(field, _)| field.name().clone()).collect();
        let given: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        let decoded = made.schema();
        let decoded = places(&decoded);
        for ((feature, gaps), units) in features.iter().zip(&self.0).zip(preprocessor.column_ranges()) {
            let Some(&at) = given.get(feature.name.as_str()) else { continue };
            let (field, array) = &mut columns[at];
            let filled = match image_shape(field) {
                Some(_) => {
                    let width = preprocessor.width();
                    let pixels = values.chunks_exact(width).flat_map(|row| &row[units.clone()]);
                    filled_images(field, array, gaps, pixels)
                }
                None => match decoded.get(feature.name.as_str()) {
                    Some(&at) => fill(array, gaps, feature, made.schema().field(at), made.column(at)),
                    None => continue,
                },
            };
            *array = filled.map_err(|cause| no_column(&feature.name, &cause))?;
            *field = field.clone().with_data_type(array.data_type().clone());
        }
        table_like(rows, columns)
    }

    /// A table that marks imputed cells.
    pub fn mask(&self, preprocessor: &Preprocessor, rows: &RecordBatch) -> Result<RecordBatch> {
        self.beside_key(preprocessor, rows, |_, feature, gaps| match image_shape(feature) {
            Some((height, width, channels)) => {
                let field = image_field(height, width, channels, false).with_name(feature.name());
                let white = gaps.values().iter().map(|gap| if gap { u8::MAX } else { 0 });
                let pixels: ArrayRef = Arc::new(UInt8Array::from_iter_values(white));
                image_array(&field, pixels).map(|images| (field, images))
            }
            None => {
                Ok((Field::new(feature.name(), DataType::Boolean, false), Arc::new(gaps.clone()) as ArrayRef))
            }
        })
    }

    /// A table of the standard errors of imputed values.
    pub fn errors(
        &self,
        preprocessor: &Preprocessor,
        rows: &RecordBatch,
        means: &[f32],
        deviations: &[f32],
    ) -> Result<RecordBatch> {
        if preprocessor.schema.image_shape().is_some() {
            return Err(Error::Unsupported {
                what: "standard errors of pixels are not supported".into(),
                help: "draw several images with --multiple instead".into(),
            });
        }
        let uncertainty = preprocessor.uncertainty(means, deviations);
        self.beside_key(preprocessor, rows, |position, field, gaps| {
            let cells = uncertainty[position].iter().zip(gaps.values().iter());
            let errors: Float64Array = cells.map(|(&error, gap)| gap.then_some(error)).collect();
            Ok((Field::new(field.name(), DataType::Float64, true), Arc::new(errors) as ArrayRef))
        })
    }

    /// The key, and a column for each feature, in the order of the input.
    fn beside_key(
        &self,
        preprocessor: &Preprocessor,
        rows: &RecordBatch,
        column: impl Fn(usize, &Field, &BooleanArray) -> Result<(Field, ArrayRef), ArrowError>,
    ) -> Result<RecordBatch> {
        let schema = &preprocessor.schema;
        let features = schema.features.iter().map(|feature| feature.name.as_str());
        let features: HashMap<&str, usize> = features.zip(0..).collect();
        let mut columns = vec![];
        for (field, array) in last_rows(rows) {
            let position = features.get(field.name().as_str()).copied();
            if let Some(position) = position {
                let made = column(position, &field, &self.0[position]);
                columns.push(made.map_err(|cause| no_column(field.name(), &cause))?);
            } else if schema.key.as_ref() == Some(field.name()) {
                columns.push((field, array));
            }
        }
        table(rows.num_rows(), columns)
    }
}

/// Images with the encoded `pixels` where theirs are missing.
fn filled_images<'a>(
    field: &Field,
    array: &ArrayRef,
    gaps: &BooleanArray,
    pixels: impl Iterator<Item = &'a f32>,
) -> Result<ArrayRef, ArrowError> {
    let scale = image_scale(field);
    let pixels = pixels.map(|pixel| pixel.clamp(0.0, 1.0) * scale);
    let given = array.as_fixed_size_list().values();
    let made: ArrayRef = match given.data_type() {
        DataType::UInt8 => Arc::new(UInt8Array::from_iter_values(pixels.map(|pixel| pixel.round() as u8))),
        _ => Arc::new(Float32Array::from_iter_values(pixels)),
    };
    image_array(field, zip(gaps, &made, given)?)
}
