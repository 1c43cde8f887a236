//! PNG and JPEG images.

mod picture;

use std::fs;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt8Array, UInt16Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use self::picture::{Facts, Form, Pixels, decode, facts};
use super::files::Found;
use super::{ImageOptions, OnNote, ReadOptions, Source, arrow_error, foreign};
use crate::image::{image_array, image_field, with_16_bits};
use crate::input::{Input, read_error};
use crate::{Error, Result};

/// Opens the images of a folder or a pattern, called `name` in messages.
///
/// The columns are `file` (the path within the folder), `image`, and, if there are subfolders,
/// `label` (the first folder of the path). All images have one size, unless they are resized. They
/// are greyscale if all are, else RGB, and have 16 bits if one of them has. They are turned as
/// their EXIF orientation says, and transparency is dropped. Unreadable images are skipped.
pub(super) fn open(name: &str, files: Vec<Found>, options: &ReadOptions) -> Result<Source> {
    let mut unreadable = Unreadable::new(files.len(), options);
    let found = files.par_iter().map(|(_, path)| facts_of(path)).collect::<Vec<_>>();
    let mut readable = vec![];
    for (file, facts) in files.into_iter().zip(found) {
        match facts {
            Ok(facts) => readable.push((file, facts)),
            Err(error) => unreadable.skip(error)?,
        }
    }
    let (files, facts): (Vec<Found>, Vec<Facts>) = readable.into_iter().unzip();
    let Some(first) = facts.first() else { return Err(unreadable.all(name)) };
    let form = Form::of_all(first, &facts, &options.images);
    if let Some(odd) = facts.iter().position(|facts| !form.accepts(facts)) {
        return Err(wrong_size(&files[odd].1.to_string_lossy(), form, &facts[odd]));
    }
    say(&facts, form, &options.on_note);
    let labelled = files.iter().any(|(name, _)| name.contains('/'));
    let schema = schema(form, labelled);
    let batch_rows = options.rows_per_batch(form.bytes());
    let reader = Reader { files, start: 0, batch_rows, form, schema: schema.clone(), unreadable };
    Ok(Source::new(name, schema, None, reader))
}

/// Opens one image as a single row.
pub(super) fn single(input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    let mut bytes = Vec::new();
    input.into_bytes().read_to_end(&mut bytes).map_err(|error| read_error(&name, error))?;
    let facts = facts(&name, Cursor::new(&bytes))?;
    let form = Form::of_all(&facts, std::slice::from_ref(&facts), &options.images);
    say(std::slice::from_ref(&facts), form, &options.on_note);
    let pixels = decode(&name, &bytes, form)?;
    let file = Path::new(&name).file_name().map_or(name.clone(), |file| file.to_string_lossy().into_owned());
    let schema = schema(form, false);
    let batch = batch(&[file.as_str()], vec![pixels], &schema)?;
    Ok(Source::new(name, schema, Some(1), std::iter::once(Ok(batch))))
}

fn facts_of(path: &Path) -> Result<Facts> {
    let name = path.to_string_lossy();
    let mut file = BufReader::new(fs::File::open(path).map_err(Error::io("open", path))?);
    let head = file.fill_buf().map_err(|error| read_error(&name, error))?;
    foreign::error(&name, head).map_or_else(|| facts(&name, file), Err)
}

/// The images of a folder, batch by batch.
struct Reader {
    files: Vec<Found>,
    start: usize,
    batch_rows: usize,
    form: Form,
    schema: SchemaRef,
    unreadable: Unreadable,
}

impl Reader {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let end = (self.start + self.batch_rows).min(self.files.len());
        let part = &self.files[self.start..end];
        if part.is_empty() {
            self.unreadable.end();
            return Ok(None);
        }
        self.start = end;
        let pictures = part.par_iter().map(|(_, path)| {
            let bytes = fs::read(path).map_err(Error::io("read", path))?;
            decode(&path.to_string_lossy(), &bytes, self.form)
        });
        let (mut names, mut pixels) = (vec![], vec![]);
        for ((name, _), picture) in part.iter().zip(pictures.collect::<Vec<_>>()) {
            match picture {
                Ok(picture) => {
                    names.push(name.as_str());
                    pixels.push(picture);
                }
                Err(error) => self.unreadable.skip(error)?,
            }
        }
        batch(&names, pixels, &self.schema).map(Some)
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// The files that cannot be read.
struct Unreadable {
    strict: bool,
    files: usize,
    count: usize,
    first: Option<String>,
    on_note: OnNote,
}

impl Unreadable {
    fn new(files: usize, options: &ReadOptions) -> Self {
        let strict = options.images.strict;
        Unreadable { strict, files, count: 0, first: None, on_note: options.on_note.clone() }
    }

    fn skip(&mut self, error: Error) -> Result<()> {
        if self.strict {
            return Err(error);
        }
        self.count += 1;
        self.first.get_or_insert_with(|| error.to_string());
        Ok(())
    }

    /// The error if no file can be read.
    fn all(self, name: &str) -> Error {
        let found = format!("{} unreadable files; {}", self.files, self.first.unwrap_or_default());
        Error::data(name, "PNG or JPEG images", found, "check one of the files in an image viewer")
    }

    fn end(&mut self) {
        if let Some(first) = self.first.take() {
            let (count, files) = (self.count, self.files);
            self.on_note
                .note(format!("skipped {count} of {files} images, which cannot be read; the first: {first}"));
        }
    }
}

/// Says what is converted.
fn say(facts: &[Facts], form: Form, on_note: &OnNote) {
    let count = |is: fn(&Facts) -> bool| facts.iter().filter(|facts| is(facts)).count();
    let all = facts.len();
    let some = |count: usize| if count == all { "all".to_string() } else { format!("{count} of {all}") };
    let (colour, wide) = (count(|facts| facts.channels == 3), count(|facts| facts.wide));
    if form.channels == 3 && colour == 0 {
        on_note.note(format!("{} images are grey and are read as RGB", some(all)));
    } else if form.channels == 3 && colour < all {
        on_note.note(format!(
            "{} images are grey and are read as RGB, beside {colour} in colour; --gray reads all of them as grey",
            some(all - colour)
        ));
    } else if form.channels == 1 && colour > 0 {
        on_note.note(format!("{} images are in colour and are read as grey", some(colour)));
    }
    if wide > 0 && wide < all {
        on_note.note(format!("{} images have 16 bits: the others are scaled to 16 bits", some(wide)));
    }
    let turned = count(|facts| facts.turned);
    if turned > 0 {
        on_note.note(format!("{} images are turned as their EXIF orientation says", some(turned)));
    }
    let transparent = count(|facts| facts.alpha);
    if transparent > 0 {
        on_note.note(format!("{} images have transparency, which is dropped", some(transparent)));
    }
    let resized =
        facts.iter().filter(|facts| (facts.height, facts.width) != (form.height, form.width)).count();
    if resized > 0 {
        on_note.note(format!(
            "{} images are resized to {} × {} pixels",
            some(resized),
            form.height,
            form.width
        ));
    }
}

fn schema(form: Form, labelled: bool) -> SchemaRef {
    let image = image_field(form.height, form.width, form.channels, false);
    let image = if form.wide { with_16_bits(image) } else { image };
    let mut fields = vec![Field::new("file", DataType::Utf8, false), image];
    if labelled {
        fields.push(Field::new("label", DataType::Utf8, true));
    }
    Arc::new(Schema::new(fields))
}

fn batch(names: &[&str], pixels: Vec<Pixels>, schema: &SchemaRef) -> Result<RecordBatch> {
    let wide = schema.field(1).data_type() == with_16_bits(schema.field(1).clone()).data_type();
    let pixels: ArrayRef = match wide {
        true => Arc::new(UInt16Array::from(pixels.into_iter().flat_map(Pixels::wide).collect::<Vec<_>>())),
        false => Arc::new(UInt8Array::from(pixels.into_iter().flat_map(Pixels::bytes).collect::<Vec<_>>())),
    };
    let failed = |error| arrow_error(names.first().unwrap_or(&"image"), error);
    let images = image_array(schema.field(1), pixels).map_err(failed)?;
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(names.to_vec())), images];
    if schema.fields().len() == 3 {
        let labels = names.iter().map(|name| name.split_once('/').map(|(folder, _)| folder));
        columns.push(Arc::new(labels.collect::<StringArray>()));
    }
    RecordBatch::try_new(schema.clone(), columns).map_err(failed)
}

fn wrong_size(name: &str, form: Form, found: &Facts) -> Error {
    let size = |height: usize, width: usize| format!("{height} × {width} pixels");
    let expected = format!("{} (height × width), like the first image", size(form.height, form.width));
    let help = format!(
        "read all images in one size with --resize {}x{}, or remove this one",
        form.height, form.width
    );
    Error::data(name, expected, size(found.height, found.width), help)
}
