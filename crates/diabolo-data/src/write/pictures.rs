//! A folder of PNG images, one per row.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt8Type, UInt16Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::Encode;
use super::output::Target;
use crate::cells::Cells;
use crate::image::{image_scale, image_shape};
use crate::{Error, Result};

/// The encoder of a folder of images.
pub(super) fn encoder(target: &str, key: Option<&str>, schema: &Schema) -> Result<Box<dyn Encode>> {
    Ok(Box::new(Pictures::new(target, key, schema)?))
}

/// Each image is written atomically, batch by batch.
pub(super) struct Pictures {
    folder: PathBuf,
    image: usize,
    key: Option<usize>,
    shape: (usize, usize, usize),
    /// The pixel value of white.
    scale: f32,
    rows: usize,
    names: HashSet<String>,
}

impl Pictures {
    pub fn new(target: &str, key: Option<&str>, schema: &Schema) -> Result<Pictures> {
        let images = schema
            .fields()
            .iter()
            .enumerate()
            .filter_map(|(index, field)| Some((index, image_shape(field)?)));
        let [(image, shape)] = images.collect::<Vec<_>>()[..] else {
            return Err(Error::Unsupported {
                what: format!(
                    "cannot write images to '{target}': the rows do not have exactly one image column"
                ),
                help: "write .csv or .parquet".into(),
            });
        };
        if !matches!(shape.2, 1 | 3) {
            return Err(Error::Unsupported {
                what: format!("cannot write images with {} channels as PNG", shape.2),
                help: "write .npy or .parquet".into(),
            });
        }
        let key = schema.index_of(key.unwrap_or("file")).ok();
        let (folder, scale) = (PathBuf::from(target), image_scale(schema.field(image)));
        fs::create_dir_all(&folder).map_err(Error::io("write", &folder))?;
        Ok(Pictures { folder, image, key, shape, scale, rows: 0, names: HashSet::new() })
    }

    /// The key with the extension `.png`, or the number of the row.
    fn name(&mut self, batch: &RecordBatch, row: usize) -> io::Result<String> {
        let name = match self.key {
            Some(key) => {
                let mut name = String::new();
                Cells::of(&batch.column(key).slice(row, 1)).writer().write(0, &mut name);
                name
            }
            None => format!("{:06}", self.rows),
        };
        let name = if name.to_ascii_lowercase().ends_with(".png") { name } else { name + ".png" };
        if !Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the key '{name}' points outside the folder"),
            ));
        }
        if !self.names.insert(name.clone()) {
            let problem = format!("two rows have the key '{name}'; name another column with --key");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        Ok(name)
    }
}

impl Encode for Pictures {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let (height, width, channels) = self.shape;
        let pixels = batch.column(self.image).as_fixed_size_list().values();
        let wide = pixels.data_type() == &DataType::UInt16;
        let pixels = if wide { wide_bytes(pixels, self.scale) } else { bytes(pixels, self.scale) };
        let size = height * width * channels * if wide { 2 } else { 1 };
        let color = match (channels, wide) {
            (1, false) => ExtendedColorType::L8,
            (1, true) => ExtendedColorType::L16,
            (_, false) => ExtendedColorType::Rgb8,
            (_, true) => ExtendedColorType::Rgb16,
        };
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let name = self.name(batch, row)?;
            let path = self.folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
            let mut file = BufWriter::new(Target::create(&path)?);
            let picture = &pixels[row * size..][..size];
            let written = PngEncoder::new(&mut file).write_image(picture, width as u32, height as u32, color);
            written.map_err(io::Error::other)?;
            file.flush()?;
            file.into_inner().map_err(|error| error.into_error())?.commit()?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

/// Pixels from 0 (black) to 255 (`scale`).
fn bytes(pixels: &ArrayRef, scale: f32) -> Vec<u8> {
    let byte = |pixel: f32| (pixel / scale * 255.0).round().clamp(0.0, 255.0) as u8;
    match pixels.as_primitive_opt::<UInt8Type>() {
        Some(pixels) => pixels.values().iter().map(|pixel| byte(f32::from(*pixel))).collect(),
        None => pixels.as_primitive::<Float32Type>().values().iter().map(|pixel| byte(*pixel)).collect(),
    }
}

/// Pixels of 16 bits from 0 (black) to 65535 (`scale`), in the order of this machine's bytes.
fn wide_bytes(pixels: &ArrayRef, scale: f32) -> Vec<u8> {
    let wide = |pixel: u16| (f32::from(pixel) / scale * 65535.0).round().clamp(0.0, 65535.0) as u16;
    let pixels = pixels.as_primitive::<UInt16Type>().values();
    pixels.iter().flat_map(|pixel| wide(*pixel).to_ne_bytes()).collect()
}
