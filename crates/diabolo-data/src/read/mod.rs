//! Reading data: CSV, Parquet, Arrow, NumPy, IDX, images and the built-in sets, as Arrow record
//! batches.
//!
//! [`open`] detects the format from the bytes and returns a [`Source`]: a schema and a stream of
//! batches of bounded size. Columns have few types:
//!
//! | found | becomes |
//! |---|---|
//! | CSV cells | `Utf8` as in the file, null where empty; types are inferred later |
//! | whole numbers | `Int64` |
//! | real numbers, decimals | `Float64`, null for NaN |
//! | booleans | `Boolean` |
//! | text, categories, dates, times | `Utf8` |
//! | images | `FixedSizeList`, see [`super::image`] |

mod amat;
mod array;
#[cfg(feature = "formats")]
mod columnar;
mod csv;
mod idx;
#[cfg(feature = "formats")]
mod images;
#[cfg(feature = "formats")]
mod ipc;
#[cfg(not(feature = "formats"))]
mod left_out;
mod npy;
mod sniff;
mod stream;
#[cfg(all(test, feature = "formats"))]
mod tests;
mod window;
mod zip;

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use sha2::{Digest, Sha256};

use super::{Format, catalog, digits, factors};
use crate::input::{self, Input, hash_bytes, hex};
use crate::{Error, Result};

#[cfg(not(feature = "formats"))]
pub(crate) use left_out::left_out;
#[cfg(not(feature = "formats"))]
use left_out::{columnar, images};
pub use stream::{is_stream, spool_stream};
pub(crate) use window::series_column;
pub use window::{Windows, is_earlier_row};

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
    /// Maximum number of rows per batch.
    pub batch_rows: usize,
    /// The windows, if the rows are a time series.
    pub windows: Option<Windows>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            delimiter: None,
            header: None,
            encoding: None,
            format: None,
            batch_rows: 8192,
            windows: None,
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

/// An opened data set: a schema and a stream of batches.
pub struct Source {
    name: String,
    schema: SchemaRef,
    rows: Option<usize>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
}

impl Source {
    fn new(
        name: impl Into<String>,
        schema: SchemaRef,
        rows: Option<usize>,
        batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Source {
        Source { name: name.into(), schema, rows, batches: Box::new(batches) }
    }

    /// The name in messages: the path, the built-in set, or `stdin`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The number of rows, if the format declares it.
    pub fn rows(&self) -> Option<usize> {
        self.rows
    }

    /// Reads everything into one batch.
    pub fn collect(self) -> Result<RecordBatch> {
        self.collect_checked(&|| Ok(()))
    }

    /// [`collect`](Self::collect), until an error of `check`, which is called before each batch.
    pub fn collect_checked(mut self, check: &dyn Fn() -> Result<()>) -> Result<RecordBatch> {
        let next = || check().and_then(|()| self.batches.next().transpose()).transpose();
        let batches = std::iter::from_fn(next).collect::<Result<Vec<_>>>()?;
        arrow_select::concat::concat_batches(&self.schema, &batches)
            .map_err(|error| arrow_error(&self.name, error))
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
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
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

/// Opens a file, a folder of images, stdin (`-`) or a built-in set.
///
/// The built-in sets are those of [`catalog`]: `digits`, `factors`, `mnist`, `fashion-mnist` and
/// `binarized-mnist`; the last three have parts, `mnist:train` (the default) and `mnist:test`. Use
/// `./digits` for a file with such a name.
///
/// ```
/// # fn main() -> diabolo_data::Result<()> {
/// let digits = diabolo_data::open("digits", &Default::default())?;
/// assert_eq!(digits.collect()?.num_rows(), 1797);
/// # Ok(())
/// # }
/// ```
pub fn open(input: &str, options: &ReadOptions) -> Result<Source> {
    let rows = open_rows(input, options)?;
    match options.windows.clone() {
        Some(windows) => windows.over(rows),
        None => Ok(rows),
    }
}

fn open_rows(input: &str, options: &ReadOptions) -> Result<Source> {
    if let Some((set, part)) = catalog::find(input)? {
        return open_built_in(input, set, part, options);
    }
    if input != "-" && Path::new(input).is_dir() {
        return images::folder(Path::new(input), options);
    }
    open_input(Input::open(input)?, options)
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
    let rows = open_input(Input::new(name, None, Box::new(reader))?, options)?;
    match options.windows.clone() {
        Some(windows) => windows.over(rows),
        None => Ok(rows),
    }
}

fn open_input(mut input: Input, options: &ReadOptions) -> Result<Source> {
    match options.format.map_or_else(|| sniff::format(&mut input), Ok)? {
        Format::Csv => csv::open(input, options, None),
        Format::Tsv => csv::open(input, options, Some(b'\t')),
        Format::Parquet => columnar::parquet(input, options),
        Format::Arrow => columnar::arrow(input, options),
        Format::Npy => npy::npy(input, options),
        Format::Npz => npy::npz(input, options),
        Format::Idx => idx::open(input, options),
        Format::Images => images::single(input),
    }
}

fn open_built_in(input: &str, set: &catalog::DataSet, part: &str, options: &ReadOptions) -> Result<Source> {
    let whole = |all: RecordBatch| {
        let (schema, rows) = (all.schema(), all.num_rows());
        Source::new(input, schema, Some(rows), slices(all, options.rows_per_batch(0)).map(Ok))
    };
    let file = |name: &str| {
        let path = catalog::present(&catalog::locate(set.name)?, name);
        let path = path.ok_or_else(|| catalog::missing(set, &catalog::folders(set)))?;
        Input::open(&path.to_string_lossy())
    };
    let mut source = match (set.name, part) {
        ("digits", _) => whole(digits::digits()?),
        ("factors", _) => whole(factors::pictures()?),
        ("binarized-mnist", _) => {
            let rows = if part == "train" { 50_000 } else { 10_000 };
            amat::open(file(&format!("binarized_mnist_{part}.amat"))?, rows, options)
        }
        (_, "test") => idx::open(file("t10k-images-idx3-ubyte")?, options)?,
        _ => idx::open(file("train-images-idx3-ubyte")?, options)?,
    };
    source.name = input.to_string();
    Ok(source)
}

/// Splits a batch into parts of at most `step` rows, without copying.
fn slices(batch: RecordBatch, step: usize) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    (0..rows).step_by(step).map(move |start| batch.slice(start, step.min(rows - start)))
}

/// A fingerprint of the input: the SHA-256 of a file's bytes, in hex; of the names and sizes for a
/// folder; the name for a built-in set; `None` for a stream, see [`spool_stream`].
pub fn fingerprint(input: &str) -> Result<Option<String>> {
    if is_stream(input) {
        return Ok(None);
    }
    if let Some((set, part)) = catalog::find(input)? {
        return Ok(Some(format!("built-in:{}:{part}", set.name)));
    }
    let mut hash = Sha256::new();
    if Path::new(input).is_dir() {
        for (name, path) in images::files(Path::new(input))? {
            let size = path.metadata().map_err(Error::io("read", &path))?.len();
            hash.update(format!("{name}\0{size}\n"));
        }
    } else {
        let file = std::fs::File::open(input).map_err(Error::io("open", input))?;
        hash_bytes(file, &mut hash).map_err(Error::io("read", input))?;
    }
    Ok(Some(hex(&hash.finalize())))
}

/// Converts an error of Arrow's readers: damage, unless it is an I/O failure.
fn arrow_error(name: &str, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => input::read_error(name, error),
        other => input::damaged(name, other),
    }
}
