//! Pictures as PNG: single tiles for the report, whole grids for `generate`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::{ExtendedColorType, ImageEncoder};

/// Larger than any screen; keeps a typing error from asking for all the memory.
const MOST_PIXELS: usize = 1 << 28;

/// White between the pictures of a grid.
const GAP: u8 = 255;

/// Why pictures cannot be laid out as one PNG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// There is no such grid.
    #[error("grid: expected {expected}, found {found}")]
    Grid {
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },
    /// The encoder failed.
    #[error("a picture cannot be written as PNG: {0}")]
    Png(String),
}

impl PictureError {
    fn grid(expected: impl ToString, found: impl ToString) -> Self {
        PictureError::Grid { expected: expected.to_string(), found: found.to_string() }
    }
}

/// Lays pictures out in rows and encodes them as one PNG.
///
/// Each picture is `height × width × channels` values in 0..1, row by row, channels last: 1 channel
/// is grey, 3 are red, green and blue, 4 add opacity. Values outside are clamped; NaN is black.
/// Every value becomes a `scale × scale` square of pixels, and white lines two pixels wide separate
/// the pictures.
pub fn picture_grid_png(
    pictures: &[Vec<f32>],
    height: usize,
    width: usize,
    channels: usize,
    columns: usize,
    scale: usize,
) -> Result<Vec<u8>, PictureError> {
    if columns == 0 || scale == 0 {
        return Err(PictureError::grid("columns and scale of at least 1", format!("{columns} and {scale}")));
    }
    let columns = columns.min(pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns);
    let gap = if rows * columns > 1 { 2 } else { 0 };
    let extent = |count: usize, side: usize| {
        side.checked_mul(scale)?.checked_add(gap)?.checked_mul(count)?.checked_sub(gap).filter(|&e| e > 0)
    };
    let size = extent(columns, width)
        .zip(extent(rows, height))
        .filter(|&(w, h)| w.checked_mul(h).is_some_and(|n| n <= MOST_PIXELS));
    let Some((grid_width, grid_height)) = size else {
        return Err(PictureError::grid(
            "at least one picture, and at most 2²⁸ pixels in all",
            format!("{} pictures of {height} × {width} at scale {scale}", pictures.len()),
        ));
    };

    let mut canvas = vec![GAP; grid_width * grid_height * channels];
    for (index, picture) in pictures.iter().enumerate() {
        if picture.len() != height * width * channels {
            let expected = format!("{height} × {width} × {channels} values in picture {}", index + 1);
            return Err(PictureError::grid(expected, format!("{} values", picture.len())));
        }
        let left = index % columns * (width * scale + gap);
        let top = index / columns * (height * scale + gap);
        for y in 0..height * scale {
            for x in 0..width * scale {
                let from = (y / scale * width + x / scale) * channels;
                let to = ((top + y) * grid_width + left + x) * channels;
                for channel in 0..channels {
                    canvas[to + channel] = byte(picture[from + channel]);
                }
            }
        }
    }
    encode(&canvas, grid_width, grid_height, channels)
}

/// Pictures wider than this are likely to be shown smaller than they are.
const LARGE: usize = 56;

/// One picture of (height, width, channels) as an element of the page.
pub(crate) fn tile_png(
    picture: &[f32],
    (height, width, channels): (usize, usize, usize),
    name: &str,
) -> String {
    match picture_grid_png(&[picture.to_vec()], height, width, channels, 1, 1) {
        Ok(png) => {
            // Shrinking without smoothing would drop pixels.
            let class = if width > LARGE { "smooth" } else { "pixels" };
            let source = data_uri(&png);
            format!(
                "<img class=\"{class}\" alt=\"{name}\" width=\"{width}\" height=\"{height}\" src=\"{source}\">"
            )
        }
        Err(_) => format!("<span class=\"empty\" role=\"img\" aria-label=\"{name} missing\">?</span>"),
    }
}

/// One picture as a `data:` address that needs no file and no network.
pub(crate) fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}

fn byte(value: f32) -> u8 {
    // The cast turns NaN into 0.
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn encode(bytes: &[u8], width: usize, height: usize, channels: usize) -> Result<Vec<u8>, PictureError> {
    let color = match channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        4 => ExtendedColorType::Rgba8,
        other => return Err(PictureError::grid("1, 3 or 4 channels", other)),
    };
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new_with_quality(
        &mut png,
        image::codecs::png::CompressionType::Best,
        image::codecs::png::FilterType::Adaptive,
    )
    .write_image(bytes, width as u32, height as u32, color)
    .map_err(|error| PictureError::Png(error.to_string()))?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_grid_puts_every_pixel_where_it_belongs() {
        // Three 1 × 2 pictures in two columns at scale 2: 10 × 6 pixels.
        let pictures = [vec![0.0, 1.0], vec![0.5, 2.0], vec![f32::NAN, -1.0]];
        let png = picture_grid_png(&pictures, 1, 2, 1, 2, 2).unwrap();
        let grid = image::load_from_memory(&png).unwrap().to_luma8();
        assert_eq!(grid.dimensions(), (10, 6));
        let at = |x, y| grid.get_pixel(x, y).0[0];
        assert_eq!([at(0, 0), at(1, 1), at(2, 0), at(3, 1)], [0, 0, 255, 255]);
        assert_eq!([at(4, 0), at(5, 1)], [255, 255], "the gap is white");
        assert_eq!([at(6, 0), at(7, 1), at(8, 0)], [128, 128, 255]);
        assert_eq!([at(0, 4), at(3, 5), at(6, 4)], [0, 0, 255], "the empty place is white");
    }

    #[test]
    fn colour_is_kept_channels_last() {
        let png = picture_grid_png(&[vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0]], 1, 2, 3, 8, 1).unwrap();
        let grid = image::load_from_memory(&png).unwrap().to_rgb8();
        assert_eq!(grid.dimensions(), (2, 1));
        assert_eq!((grid.get_pixel(0, 0).0, grid.get_pixel(1, 0).0), ([255, 0, 0], [0, 0, 255]));
    }

    #[test]
    fn impossible_grids_are_errors() {
        let one = [vec![0.0; 4]];
        assert!(picture_grid_png(&one, 2, 2, 1, 0, 1).is_err());
        assert!(picture_grid_png(&one, 2, 2, 2, 1, 1).is_err());
        assert!(picture_grid_png(&one, 2, 2, 1, 1, usize::MAX).is_err());
        assert!(picture_grid_png(&[], 2, 2, 1, 1, 1).is_err());
        let error = picture_grid_png(&one, 3, 3, 1, 1, 1).unwrap_err().to_string();
        assert!(error.contains("3 × 3 × 1 values") && error.contains("4 values"), "{error}");
    }
}
