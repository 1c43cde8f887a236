//! Folders of PNG and JPEG images.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt8Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use image::{ImageDecoder, ImageError, ImageReader};
use rayon::prelude::*;

use super::{ReadOptions, Source, arrow_error};
use crate::image::{image_array, image_field};
use crate::input::{Input, damaged, read_error};
use crate::{Error, Result};

/// The size of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    height: usize,
    width: usize,
    channels: usize,
}

/// Opens all images of a folder and its subfolders, sorted by path.
///
/// The columns are `file` (the path within the folder), `image`, and, if there are subfolders,
/// `label` (the first folder of the path). All images must have the same size. They are greyscale
/// if all are, else RGB; transparency is dropped and 16 bits become 8.
pub(super) fn folder(root: &Path, options: &ReadOptions) -> Result<Source> {
    let name = root.to_string_lossy().into_owned();
    let files = files(root)?;
    if files.is_empty() {
        let help = "name a folder of images, or one data file";
        return Err(Error::data(name, "PNG or JPEG images", "a folder without any", help));
    }
    let shapes = files.par_iter().map(|(_, path)| probe(path)).collect::<Result<Vec<_>>>()?;
    let shape = Shape { channels: shapes.iter().map(|s| s.channels).max().unwrap_or(1), ..shapes[0] };
    if let Some(odd) = shapes.iter().position(|s| (s.height, s.width) != (shape.height, shape.width)) {
        return Err(wrong_size(&files[odd].1.to_string_lossy(), shape, shapes[odd]));
    }
    let labelled = files.iter().any(|(name, _)| name.contains('/'));
    let schema = schema(shape, labelled);
    let batch_rows = options.rows_per_batch(shape.height * shape.width * shape.channels);
    let (rows, given, mut start) = (files.len(), schema.clone(), 0);
    let batches = std::iter::from_fn(move || {
        let part = &files[start..(start + batch_rows).min(rows)];
        start += part.len();
        (!part.is_empty()).then(|| read_batch(part, shape, &given))
    });
    Ok(Source::new(name, schema, Some(rows), batches))
}

/// Opens one image as a single row.
pub(super) fn single(input: Input) -> Result<Source> {
    let name = input.name.clone();
    let mut bytes = Vec::new();
    input.into_bytes().read_to_end(&mut bytes).map_err(|error| read_error(&name, error))?;
    let shape = shape(&name, ImageReader::new(Cursor::new(&bytes)))?;
    let pixels = decode(&name, &bytes, shape)?;
    let file = Path::new(&name).file_name().map_or(name.clone(), |file| file.to_string_lossy().into_owned());
    let schema = schema(shape, false);
    let batch = batch(&[file.as_str()], pixels, &schema)?;
    Ok(Source::new(name, schema, Some(1), std::iter::once(Ok(batch))))
}

/// The images below a folder: the path within it, with `/`, and the path to open. Hidden files are
/// skipped.
pub(super) fn files(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), root.to_path_buf())];
    while let Some((prefix, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
            let entry = entry.map_err(Error::io("read", &folder))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(Error::io("read", entry.path()))?;
            if file.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push((format!("{prefix}{file}/"), entry.path()));
            } else if is_picture(&file) && entry.path().is_file() {
                found.push((format!("{prefix}{file}"), entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_picture(file: &str) -> bool {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    ["png", "jpg", "jpeg"].contains(&extension.as_str())
}

fn schema(shape: Shape, labelled: bool) -> SchemaRef {
    let mut fields = vec![
        Field::new("file", DataType::Utf8, false),
        image_field(shape.height, shape.width, shape.channels, false),
    ];
    if labelled {
        fields.push(Field::new("label", DataType::Utf8, true));
    }
    Arc::new(Schema::new(fields))
}

fn probe(path: &Path) -> Result<Shape> {
    shape(&path.to_string_lossy(), ImageReader::open(path).map_err(Error::io("open", path))?)
}

fn shape<'a>(name: &str, reader: ImageReader<impl std::io::BufRead + std::io::Seek + 'a>) -> Result<Shape> {
    let reader = reader.with_guessed_format().map_err(|error| read_error(name, error))?;
    let decoder = reader.into_decoder().map_err(|error| image_error(name, error))?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    let pixels = u64::from(width) * u64::from(height) * channels as u64;
    if pixels > i32::MAX as u64 || pixels == 0 {
        return Err(damaged(name, format!("an image of {height} × {width} pixels")));
    }
    Ok(Shape { height: height as usize, width: width as usize, channels })
}

/// The pixels, row-major, channels last.
fn decode(name: &str, bytes: &[u8], shape: Shape) -> Result<Vec<u8>> {
    let reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| read_error(name, e))?;
    let picture = reader.decode().map_err(|error| image_error(name, error))?;
    let found = Shape { height: picture.height() as usize, width: picture.width() as usize, ..shape };
    if found != shape {
        return Err(wrong_size(name, shape, found));
    }
    Ok(if shape.channels == 1 { picture.into_luma8().into_raw() } else { picture.into_rgb8().into_raw() })
}

fn read_batch(files: &[(String, PathBuf)], shape: Shape, schema: &SchemaRef) -> Result<RecordBatch> {
    let pictures = files.par_iter().map(|(_, path)| {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        decode(&path.to_string_lossy(), &bytes, shape)
    });
    let pixels = pictures.collect::<Result<Vec<_>>>()?.concat();
    batch(&files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), pixels, schema)
}

fn batch(names: &[&str], pixels: Vec<u8>, schema: &SchemaRef) -> Result<RecordBatch> {
    let images = image_array(schema.field(1), Arc::new(UInt8Array::from(pixels)));
    let images = images.map_err(|error| arrow_error(names[0], error))?;
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(names.to_vec())), images];
    if schema.fields().len() == 3 {
        let labels = names.iter().map(|name| name.split_once('/').map(|(folder, _)| folder));
        columns.push(Arc::new(labels.collect::<StringArray>()));
    }
    RecordBatch::try_new(schema.clone(), columns).map_err(|error| arrow_error(names[0], error))
}

fn wrong_size(name: &str, expected: Shape, found: Shape) -> Error {
    let size = |shape: Shape| format!("{} × {} pixels", shape.height, shape.width);
    let expected = format!("{} (height × width), like the first image of the folder", size(expected));
    Error::data(name, expected, size(found), "resize the images to one size, or remove this one")
}

fn image_error(name: &str, error: ImageError) -> Error {
    match error {
        ImageError::IoError(error) => read_error(name, error),
        other => damaged(name, other),
    }
}
