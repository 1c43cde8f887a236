//! Reading data: CSV, Parquet, Arrow, NumPy, IDX, images and the built-in sets, as Arrow record
//! batches.
//!
//! [`open`] detects the format from the bytes and returns a [`Source`]: a schema and a stream of
//! batches of bounded size. Nothing is converted that is not used: a column of Parquet or Arrow
//! keeps its type, a cell of a text file its text.
//!
//! | found | becomes |
//! |---|---|
//! | CSV cells | `Utf8` as in the file, null where empty; types are inferred later |
//! | columns of Parquet and Arrow | the same columns |
//! | NumPy arrays | `Boolean`, `Int64` or `Float64`, null for NaN |
//! | images | `FixedSizeList`, see [`super::image`] |

mod amat;
mod archive;
mod array;
mod bad_rows;
mod built_in;
mod column_file;
#[cfg(feature = "formats")]
mod columnar;
mod csv;
mod dialect;
mod files;
mod foreign;
mod idx;
#[cfg(feature = "formats")]
mod images;
#[cfg(feature = "formats")]
mod ipc;
mod json_lines;
#[cfg(not(feature = "formats"))]
mod left_out;
mod notes;
mod npy;
mod parts;
mod records;
mod sniff;
mod stream;
#[cfg(all(test, feature = "formats"))]
mod tests;
mod whole;
mod window;
mod zip;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Format, catalog, memory};
use crate::MemorySize;
use crate::input::{self, Input, hash_bytes, hex};
use crate::{Error, Result};

use bad_rows::BadRows;
#[cfg(feature = "formats")]
pub(crate) use columnar::stream_of;
pub(crate) use json_lines::is_scalar;
#[cfg(not(feature = "formats"))]
pub(crate) use left_out::left_out;
#[cfg(not(feature = "formats"))]
use left_out::{columnar, images};
pub use notes::OnNote;
pub use stream::{is_stream, spool_stream};
pub(crate) use whole::Whole;
pub use window::{Windows, is_earlier_row, lag};

/// Options of the reader; by default everything is auto-detected.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The cell separator of a text file; `' '` means any run of blanks.
    pub delimiter: Option<char>,
    /// Whether the first row of a text file holds the column names.
    pub header: Option<bool>,
    /// The encoding of a text file, by its WHATWG label: `utf-8`, `latin1`, `utf-16le`, ….
    pub encoding: Option<String>,
    /// The format, for contents that do not identify it.
    pub format: Option<Format>,
    /// Number of damaged rows to skip; one more is an error. Damaged are rows of text and JSON
    /// lines that have no complete cells.
    pub skip_bad_rows: u64,
    /// How images of files are read.
    pub images: ImageOptions,
    /// Maximum number of rows per batch.
    pub batch_rows: usize,
    /// The windows, if the rows are a time series.
    pub windows: Option<Windows>,
    /// The memory for all rows, where they are collected; columns of more go to temporary files. By
    /// default half of what is free.
    pub max_memory: Option<MemorySize>,
    /// Receives notes about what the reader converted or left out.
    pub on_note: OnNote,
}

/// How the images of files are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageOptions {
    /// The height and width to resize images to; by default all must have one size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<[usize; 2]>,
    /// Number of channels: 1 reads colour as grey, 3 reads grey as RGB; by default 3 if one image
    /// is in colour, else 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Refuse unreadable images, which are skipped by default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            delimiter: None,
            header: None,
            encoding: None,
            format: None,
            skip_bad_rows: 0,
            images: ImageOptions::default(),
            batch_rows: 8192,
            windows: None,
            max_memory: None,
            on_note: OnNote::default(),
        }
    }
}

impl ReadOptions {
    /// Number of rows per batch for rows of `row_bytes` each: large images use smaller batches.
    fn rows_per_batch(&self, row_bytes: usize) -> usize {
        const BATCH_BYTES: usize = 64 << 20;
        self.batch_rows.min(BATCH_BYTES / row_bytes.max(1)).max(1)
    }
}

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextFormat {
    /// The cell separator; `' '` means any run of blanks.
    pub delimiter: char,
    /// Whether the first row holds the column names.
    pub header: bool,
    /// The name of the encoding.
    pub encoding: &'static str,
}

impl fmt::Display for TextFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = match self.delimiter {
            '\t' => "tabs".to_string(),
            ' ' => "blanks".to_string(),
            other => format!("'{other}'"),
        };
        let header = if self.header { "with" } else { "without" };
        write!(f, "separated by {delimiter}, {header} a header, {}", self.encoding)
    }
}

/// An opened data set: a schema and a stream of batches.
pub struct Source {
    name: String,
    schema: SchemaRef,
    rows: Option<usize>,
    text_format: Option<TextFormat>,
    /// How much memory [`collect`](Self::collect) takes before columns go to files.
    max_memory: Option<MemorySize>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
}

impl Source {
    fn new(
        name: impl Into<String>,
        schema: SchemaRef,
        rows: Option<usize>,
        batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Source {
        let batches = Box::new(batches);
        Source { name: name.into(), schema, rows, text_format: None, max_memory: None, batches }
    }

    /// The name in messages: the path, the built-in set, or `stdin`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether the format has no types: every cell is text.
    pub fn is_text(&self) -> bool {
        self.text_format.is_some()
    }

    /// The same rows after a conversion that needs all of them.
    pub fn converted(self, convert: impl FnOnce(&RecordBatch) -> Result<RecordBatch>) -> Result<Source> {
        let name = self.name.clone();
        let all = convert(&self.collect()?)?;
        let (schema, rows) = (all.schema(), all.num_rows());
        Ok(Source::new(name, schema, Some(rows), slices(all, ReadOptions::default().batch_rows).map(Ok)))
    }

    /// The number of rows, if the format declares it.
    pub fn rows(&self) -> Option<usize> {
        self.rows
    }

    /// How the text of a delimited file is written.
    pub fn text_format(&self) -> Option<&TextFormat> {
        self.text_format.as_ref()
    }

    /// Reads everything into one batch; its columns may be in temporary files.
    pub fn collect(self) -> Result<RecordBatch> {
        self.collect_checked(&|| {
            diabolo_stats::end_if_cancelled();
            Ok(())
        })
    }

    /// [`collect`](Self::collect), until an error of `check`, which is called before each batch.
    pub fn collect_checked(mut self, check: &dyn Fn() -> Result<()>) -> Result<RecordBatch> {
        let next = || check().and_then(|()| self.batches.next().transpose()).transpose();
        let mut whole = Whole::new(&self.name, self.schema.clone(), memory::limit(self.max_memory) / 2);
        for batch in std::iter::from_fn(next) {
            whole.add(&batch?)?;
        }
        whole.table().map_err(|error| arrow_error(&self.name, error))
    }

    /// Adds a column that was read as a whole; both must have the same number of rows.
    fn with_column(self, field: Field, column: ArrayRef) -> Result<Source> {
        if let Some(rows) = self.rows.filter(|rows| *rows != column.len()) {
            let (expected, found) = (format!("{rows} values, one for each row"), column.len().to_string());
            return Err(
                Error::data(self.name, expected, found, "use the files of one set").in_column(field.name())
            );
        }
        let fields = self.schema.fields().iter().cloned().chain([Arc::new(field)]);
        let metadata = self.schema.metadata().clone();
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()).with_metadata(metadata));
        let (name, wide, mut start) = (self.name.clone(), schema.clone(), 0);
        let batches = self.batches.map(move |batch| {
            let batch = batch?;
            let part = column.slice(start, batch.num_rows());
            start += batch.num_rows();
            let columns = batch.columns().iter().cloned().chain([part]).collect();
            RecordBatch::try_new(wide.clone(), columns).map_err(|error| arrow_error(&name, error))
        });
        Ok(Source::new(self.name, schema, self.rows, batches))
    }
}

impl Iterator for Source {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.next()
    }
}

/// Opens a file, stdin (`-`), a built-in set, or several files as one input: a folder of images,
/// the folder of a table in parts, or a pattern such as `data/*.parquet`.
///
/// Without images, the data files below a folder are parts of one table; those that begin with `.`
/// or `_` are ignored, and folders such as `year=2024` become columns.
///
/// The built-in sets are those of [`catalog`], such as `digits`; some have parts, `mnist:train`
/// (the default) and `mnist:test`. Use `./digits` for a file with such a name.
///
/// ```
/// # fn main() -> diabolo_data::Result<()> {
/// let digits = diabolo_data::open("digits", &Default::default())?;
/// assert_eq!(digits.collect()?.num_rows(), 1797);
/// # Ok(())
/// # }
/// ```
pub fn open(input: &str, options: &ReadOptions) -> Result<Source> {
    windowed(open_rows(input, options)?, options)
}

/// The windows of a time series; other rows unchanged.
fn windowed(rows: Source, options: &ReadOptions) -> Result<Source> {
    let rows = match &options.windows {
        Some(windows) => windows.clone().over(windows.watched(rows, &options.on_note))?,
        None => rows,
    };
    Ok(Source { max_memory: options.max_memory, ..rows })
}

fn open_rows(input: &str, options: &ReadOptions) -> Result<Source> {
    if let Some((set, part)) = catalog::find(input)? {
        catalog::check_name(input, set)?;
        return built_in::open(input, set, part, options);
    }
    match several(input)? {
        Some(Several::Pictures(files)) => images::open(input, files, options),
        Some(Several::Parts(files)) => parts::open(input, files, options),
        None => open_input(open_named(input)?, options, BadRows::new(options)),
    }
}

/// A file or stdin; the error about one that does not exist suggests a built-in set.
fn open_named(input: &str) -> Result<Input> {
    match catalog::similar(input) {
        Some(set) if input != "-" && !Path::new(input).exists() => {
            let found = format!("'{input}', which is neither; did you mean {set}?");
            Err(Error::invalid_value("input", "a file or a built-in data set", found))
        }
        _ => Input::open(input),
    }
}

/// The files of a folder or a pattern.
enum Several {
    Pictures(Vec<files::Found>),
    Parts(Vec<files::Found>),
}

/// The images of a folder or a pattern, or without images the parts of its table; none for other
/// inputs.
fn several(input: &str) -> Result<Option<Several>> {
    let Some(found) = files::of_input(input)? else { return Ok(None) };
    let is = |wanted: &str| found.iter().any(|(name, _)| name == wanted);
    if is("config.toml") && (is("model.safetensors") || is("history.jsonl")) {
        let help = "name the data; the run comes before it, as in diabolo score RUN INPUT";
        return Err(Error::data(input, "data", "a run of diabolo", help));
    }
    if found.iter().any(|(name, _)| name.starts_with("_delta_log/")) {
        let help = "read it with a Delta reader and save it as Parquet";
        return Err(foreign::not_supported(input, "a Delta table", help));
    }
    let is_readable = |(name, _): &files::Found| Format::of_extension(name) == Some(Format::Images);
    // The others are counted as unreadable.
    let is_picture = |file: &files::Found| is_readable(file) || foreign::is_picture(&file.0);
    let (pictures, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_picture);
    let parts = parts::parts(others);
    match (parts.is_empty(), pictures.is_empty()) {
        _ if pictures.iter().any(is_readable) => Ok(Some(Several::Pictures(pictures))),
        (false, _) => Ok(Some(Several::Parts(parts))),
        (true, false) => Ok(Some(Several::Pictures(pictures))),
        (true, true) => {
            let expected = "PNG or JPEG images, or the files of one table";
            let help = "name a folder of images, the folder of a table, or one data file";
            Err(Error::data(input, expected, "a folder without any", help))
        }
    }
}

/// Reads any format from a stream, called `name` in messages.
///
/// ```
/// # fn main() -> diabolo_data::Result<()> {
/// let text = std::io::Cursor::new("x,y\n1,2\n3,4\n");
/// let rows = diabolo_data::read_from("memory", text, &Default::default())?.collect()?;
/// assert_eq!((rows.num_rows(), rows.num_columns()), (2, 2));
/// # Ok(())
/// # }
/// ```
pub fn read_from(
    name: &str,
    reader: impl std::io::Read + Send + 'static,
    options: &ReadOptions,
) -> Result<Source> {
    let input = Input::new(name, None, Box::new(reader))?;
    windowed(open_input(input, options, BadRows::new(options))?, options)
}

fn open_input(mut input: Input, options: &ReadOptions, bad_rows: BadRows) -> Result<Source> {
    match options.format.map_or_else(|| sniff::format(&mut input), Ok)? {
        Format::Csv => csv::open(input, options, None, bad_rows),
        Format::Tsv => csv::open(input, options, Some(b'\t'), bad_rows),
        Format::JsonLines => json_lines::open(input, options, bad_rows),
        Format::Parquet => columnar::parquet(input, options),
        Format::Arrow => columnar::arrow(input, options),
        Format::Npy => npy::npy(input, options),
        Format::Npz => archive::open(input, options, bad_rows),
        Format::Idx => idx::open(input, options),
        Format::Images => images::single(input, options),
    }
}

/// Splits a batch into parts of at most `step` rows, without copying.
fn slices(batch: RecordBatch, step: usize) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    (0..rows).step_by(step).map(move |start| batch.slice(start, step.min(rows - start)))
}

/// A fingerprint of the input: the SHA-256 of a file's bytes, in hex; of the names and bytes of the
/// files of a folder; the name for a built-in set; `None` for a stream, see [`spool_stream`].
pub fn fingerprint(input: &str) -> Result<Option<String>> {
    if is_stream(input) {
        return Ok(None);
    }
    if let Some((set, part)) = catalog::find(input)? {
        return Ok(Some(format!("built-in:{}:{part}", set.name)));
    }
    let of_file = |path: &Path| {
        let mut hash = Sha256::new();
        let file = std::fs::File::open(path).map_err(Error::io("open", path))?;
        hash_bytes(file, &mut hash).map_err(Error::io("read", path))?;
        Ok(hex(&hash.finalize()))
    };
    let files = match several(input)? {
        Some(Several::Pictures(files) | Several::Parts(files)) => files,
        None => return of_file(Path::new(input)).map(Some),
    };
    // A file that cannot be read is refused or skipped where the rows are read.
    let of_readable = |path| of_file(path).unwrap_or_default();
    let lines = files.par_iter().map(|(name, path)| format!("{name}\0{}\n", of_readable(path)));
    let lines = lines.collect::<String>();
    Ok(Some(hex(&Sha256::digest(lines))))
}

/// Converts an error of Arrow's readers: damage, unless it is an I/O failure.
fn arrow_error(name: &str, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => input::read_error(name, error),
        other => input::damaged(name, other),
    }
}
