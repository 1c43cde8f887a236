//! One image: what it is, and its pixels in the form of all.

use std::io::{BufRead, Cursor, Seek};

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};

use super::ImageOptions;
use crate::Result;
use crate::input::{damaged, read_error};

/// What a file says about its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// After turning.
    pub height: usize,
    pub width: usize,
    /// 1 or 3.
    pub channels: usize,
    /// 16 bits.
    pub wide: bool,
    pub alpha: bool,
    /// The EXIF orientation turns or mirrors it.
    pub turned: bool,
}

/// The form in which images are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub wide: bool,
    resize: bool,
}

/// The pixels of an image, row-major, channels last.
pub(super) enum Pixels {
    Bytes(Vec<u8>),
    Wide(Vec<u16>),
}

impl Form {
    /// The form of images like these: the size of the first, RGB and 16 bits if one of them has
    /// them, unless the options say otherwise.
    pub fn of_all(first: &Facts, facts: &[Facts], options: &ImageOptions) -> Self {
        let [height, width] = options.resize.unwrap_or([first.height, first.width]);
        let most = facts.iter().map(|facts| facts.channels).max().unwrap_or(1);
        Form {
            height,
            width,
            channels: options.channels.unwrap_or(most),
            wide: facts.iter().any(|facts| facts.wide),
            resize: options.resize.is_some(),
        }
    }

    /// Whether an image can be read in this form.
    pub fn accepts(&self, facts: &Facts) -> bool {
        self.resize || (facts.height, facts.width) == (self.height, self.width)
    }

    /// The size of an image in bytes.
    pub fn bytes(&self) -> usize {
        self.height * self.width * self.channels * if self.wide { 2 } else { 1 }
    }
}

impl Pixels {
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Pixels::Bytes(bytes) => bytes,
            Pixels::Wide(wide) => wide.into_iter().map(|pixel| (pixel / 257) as u8).collect(),
        }
    }

    pub fn wide(self) -> Vec<u16> {
        match self {
            Pixels::Bytes(bytes) => bytes.into_iter().map(|byte| u16::from(byte) * 257).collect(),
            Pixels::Wide(wide) => wide,
        }
    }
}

/// What the first bytes of a file say.
pub(super) fn facts(name: &str, file: impl BufRead + Seek) -> Result<Facts> {
    let mut decoder = decoder(name, file)?;
    let color = decoder.color_type();
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = decoder.dimensions();
    let channels = if color.has_color() { 3 } else { 1 };
    let pixels = u64::from(width) * u64::from(height) * channels as u64;
    if pixels > i32::MAX as u64 || pixels == 0 {
        return Err(damaged(name, format!("an image of {height} × {width} pixels")));
    }
    let (width, height) = match on_its_side(turned) {
        true => (height as usize, width as usize),
        false => (width as usize, height as usize),
    };
    Ok(Facts {
        height,
        width,
        channels,
        wide: color.bytes_per_pixel() / color.channel_count() > 1,
        alpha: color.has_alpha(),
        turned: turned != Orientation::NoTransforms,
    })
}

fn on_its_side(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn decoder<'a>(name: &str, file: impl BufRead + Seek + 'a) -> Result<impl ImageDecoder + 'a> {
    let reader = ImageReader::new(file).with_guessed_format().map_err(|error| read_error(name, error))?;
    reader.into_decoder().map_err(|error| image_error(name, error))
}

/// The pixels of the image in a file.
pub(super) fn decode(name: &str, bytes: &[u8], form: Form) -> Result<Pixels> {
    let mut decoder = decoder(name, Cursor::new(bytes))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| image_error(name, error))?;
    picture.apply_orientation(orientation);
    let colour = picture.color().has_color();
    let mut picture = match (colour, form.wide) {
        (true, true) => DynamicImage::ImageRgb16(picture.into_rgb16()),
        (true, false) => DynamicImage::ImageRgb8(picture.into_rgb8()),
        (false, true) => DynamicImage::ImageLuma16(picture.into_luma16()),
        (false, false) => DynamicImage::ImageLuma8(picture.into_luma8()),
    };
    let size = (form.height, form.width);
    if (picture.height() as usize, picture.width() as usize) != size {
        picture = picture.resize_exact(form.width as u32, form.height as u32, FilterType::Triangle);
    }
    let pixels = match picture {
        DynamicImage::ImageRgb16(picture) => Pixels::Wide(picture.into_raw()),
        DynamicImage::ImageLuma16(picture) => Pixels::Wide(picture.into_raw()),
        other => Pixels::Bytes(other.into_bytes()),
    };
    Ok(match (pixels, form.channels) {
        (Pixels::Bytes(bytes), 1) if colour => Pixels::Bytes(grey(&bytes, |x| x as u8)),
        (Pixels::Wide(wide), 1) if colour => Pixels::Wide(grey(&wide, |x| x as u16)),
        (Pixels::Bytes(bytes), 3) if !colour => Pixels::Bytes(bytes.iter().flat_map(|x| [*x; 3]).collect()),
        (Pixels::Wide(wide), 3) if !colour => Pixels::Wide(wide.iter().flat_map(|x| [*x; 3]).collect()),
        (pixels, _) => pixels,
    })
}

/// The luma of RGB pixels, as in ITU-R 601-2, in the whole numbers of Pillow.
fn grey<T: Copy + Into<u64>>(rgb: &[T], narrow: impl Fn(u64) -> T) -> Vec<T> {
    let luma = |pixel: &[T]| {
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(Into::into);
        (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    };
    rgb.chunks_exact(3).map(|pixel| narrow(luma(pixel))).collect()
}

fn image_error(name: &str, error: ImageError) -> crate::Error {
    match error {
        ImageError::IoError(error) => read_error(name, error),
        other => damaged(name, other),
    }
}
