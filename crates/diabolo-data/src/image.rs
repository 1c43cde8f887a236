//! Image columns: one fixed-size list of pixels per row, with the shape in the field's metadata.
//!
//! A column holds `height × width × channels` numbers, row-major, channels last: bytes (`UInt8`),
//! 16 bits (`UInt16`) or real numbers (`Float32`). The metadata travels through Parquet and Arrow
//! files unchanged.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, UInt8Array, UInt16Array};
use arrow_schema::{DataType, Field};

/// The name of an image column.
pub const IMAGE_COLUMN: &str = "image";
/// Metadata key: `"28x28x1"`, height × width × channels.
const SHAPE: &str = "diabolo.image";
/// Metadata key: the value of white.
const SCALE: &str = "diabolo.scale";

/// The field of an image column: bytes from 0 to 255, or, if `float`, real numbers from 0 to 1.
///
/// ```
/// use diabolo_data::image::{image_field, image_scale, image_shape};
/// let field = image_field(28, 20, 1, false);
/// assert_eq!(image_shape(&field), Some((28, 20, 1)));
/// assert_eq!(image_scale(&field), 255.0);
/// ```
pub fn image_field(height: usize, width: usize, channels: usize, float: bool) -> Field {
    let pixel = if float { DataType::Float32 } else { DataType::UInt8 };
    let pixels = i32::try_from(height * width * channels).unwrap_or(i32::MAX);
    let list = DataType::FixedSizeList(Arc::new(Field::new_list_field(pixel, false)), pixels);
    let shape = format!("{height}x{width}x{channels}");
    Field::new(IMAGE_COLUMN, list, false).with_metadata(HashMap::from([(SHAPE.to_string(), shape)]))
}

/// The same image field with another value of white, such as 16 for the built-in digits.
pub fn with_scale(field: Field, scale: f32) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(SCALE.to_string(), scale.to_string());
    field.with_metadata(metadata)
}

/// The same image field with pixels of 16 bits, from 0 to 65535.
pub fn with_16_bits(field: Field) -> Field {
    let DataType::FixedSizeList(_, pixels) = field.data_type() else { return field };
    let list = Field::new_list_field(DataType::UInt16, false);
    let data_type = DataType::FixedSizeList(Arc::new(list), *pixels);
    field.with_data_type(data_type)
}

/// Height, width and channels, if the field is an image column.
pub fn image_shape(field: &Field) -> Option<(usize, usize, usize)> {
    let DataType::FixedSizeList(item, length) = field.data_type() else { return None };
    let mut sides = field.metadata().get(SHAPE)?.split('x').map(|side| side.parse::<usize>().ok());
    let shape = (sides.next()??, sides.next()??, sides.next()??);
    let pixels = shape.0.checked_mul(shape.1)?.checked_mul(shape.2)?;
    let known = matches!(item.data_type(), DataType::UInt8 | DataType::UInt16 | DataType::Float32);
    (known && sides.next().is_none() && usize::try_from(*length).ok()? == pixels).then_some(shape)
}

/// The value of white: from the metadata, else 255 for bytes, 65535 for 16 bits, and 1 for real
/// numbers.
pub fn image_scale(field: &Field) -> f32 {
    let stated = field.metadata().get(SCALE).and_then(|scale| scale.parse::<f32>().ok());
    stated.filter(|scale| scale.is_finite() && *scale > 0.0).unwrap_or(match pixel_type(field) {
        Some(DataType::Float32) => 1.0,
        Some(DataType::UInt16) => 65535.0,
        _ => 255.0,
    })
}

/// The type of a pixel of an image field.
pub fn pixel_type(field: &Field) -> Option<&DataType> {
    match field.data_type() {
        DataType::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

/// Pixels in the type of the field, from real numbers of its scale.
pub fn pixel_array(field: &Field, pixels: impl Iterator<Item = f32>) -> ArrayRef {
    match pixel_type(field) {
        Some(DataType::UInt8) => Arc::new(UInt8Array::from_iter_values(pixels.map(|x| x.round() as u8))),
        Some(DataType::UInt16) => Arc::new(UInt16Array::from_iter_values(pixels.map(|x| x.round() as u16))),
        _ => Arc::new(Float32Array::from_iter_values(pixels)),
    }
}

/// Builds an image column of the type of `field` from `pixels`, image after image.
pub fn image_array(field: &Field, pixels: ArrayRef) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let DataType::FixedSizeList(item, length) = field.data_type() else {
        return Err(arrow_schema::ArrowError::SchemaError(format!(
            "'{}' is not an image column",
            field.name()
        )));
    };
    Ok(Arc::new(FixedSizeListArray::try_new(item.clone(), *length, pixels, None)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_must_match_the_list_length() {
        let field = image_field(2, 3, 3, true);
        assert_eq!(image_shape(&field), Some((2, 3, 3)));
        assert_eq!(image_scale(&field), 1.0);
        for shape in ["2x3x1", "2x3", "2x3x3x1", "axbxc", "99999999999x99999999999x9"] {
            let odd = field.clone().with_metadata(HashMap::from([(SHAPE.to_string(), shape.to_string())]));
            assert_eq!(image_shape(&odd), None, "{shape}");
        }
        assert_eq!(image_shape(&Field::new("x", DataType::Int64, true)), None);
    }

    #[test]
    fn invalid_scale_is_ignored() {
        let field = image_field(8, 8, 1, false);
        assert_eq!(image_scale(&with_scale(field.clone(), 16.0)), 16.0);
        assert_eq!(image_scale(&with_scale(field, -1.0)), 255.0);
    }
}
