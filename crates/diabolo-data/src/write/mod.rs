//! Writing data: record batches to CSV, JSON lines, Parquet, Arrow, NumPy or a folder of images.
//!
//! Files are written atomically: to a temporary file that [`Writer::finish`] renames.

#[cfg(feature = "formats")]
mod columnar;
mod json_lines;
#[cfg(not(feature = "formats"))]
mod left_out;
mod npy;
mod output;
#[cfg(feature = "formats")]
mod pictures;
mod text;

use std::io;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};

use super::Format;
use crate::{Error, Result};
#[cfg(not(feature = "formats"))]
use left_out::{columnar, pictures};
use output::Output;
pub use output::{Target, TemporaryFile, remove_unfinished, write_atomically};
pub use text::csv_to;

/// The writer of one format.
trait Encode: Send {
    fn write(&mut self, batch: &RecordBatch) -> io::Result<()>;
    /// Completes the file and renames it to its final name.
    fn finish(self: Box<Self>) -> io::Result<()>;
    /// What the format cannot hold.
    fn note(&self) -> Option<String> {
        None
    }
}

/// Writes batches to a file, a folder of images or stdout.
///
/// ```
/// # use diabolo_data::Error;
/// # fn main() -> diabolo_data::Result<()> {
/// # let folder = tempfile::tempdir().map_err(Error::io("write", "a temporary folder"))?;
/// # let path = folder.path().join("digits.parquet");
/// let mut writer = diabolo_data::Writer::create(&path.to_string_lossy(), None)?;
/// for batch in diabolo_data::open("digits", &Default::default())? {
///     writer.write(&batch?)?;
/// }
/// writer.finish()
/// # }
/// ```
pub struct Writer {
    target: String,
    format: Format,
    key: Option<String>,
    /// Opened by `create`, so that a target that cannot be written fails early.
    output: Option<Output>,
    /// Created with the first batch, which has the schema.
    encoder: Option<Box<dyn Encode>>,
}

impl Writer {
    /// Opens a target: a path, or `-` for stdout. The format is `format`, else that of the path's
    /// extension (a `.gz` or `.zst` after it compresses the file), else, for stdout, CSV. A path
    /// that ends in `/` or is a folder receives images, one PNG per row.
    pub fn create(target: &str, format: Option<Format>) -> Result<Writer> {
        let folder = target.ends_with('/') || target != "-" && Path::new(target).is_dir();
        let named = match target {
            "-" => Some(Format::Csv),
            _ if folder => Some(Format::Images),
            _ => Format::of_path(Path::new(target)),
        };
        let format = format.or(named).filter(|format| writable(*format)).ok_or_else(|| unknown(target))?;
        if (format == Format::Images) != folder {
            let help = "only images are written to a folder: end its path in '/'";
            return Err(Error::Unsupported {
                what: format!("cannot write {} to '{target}'", format.name()),
                help: help.into(),
            });
        }
        let output =
            if folder { None } else { Some(Output::create(target).map_err(Error::io("write", target))?) };
        let target = if target == "-" { "stdout" } else { target };
        Ok(Writer { target: target.to_string(), format, key: None, output, encoder: None })
    }

    /// Whether cells are written as text, in the spelling that they are given in.
    pub fn is_text(&self) -> bool {
        matches!(self.format, Format::Csv | Format::Tsv)
    }

    /// Sets the column that names the image files; by default the column `file`, else they are
    /// numbered.
    pub fn key(mut self, column: impl Into<String>) -> Writer {
        self.key = Some(column.into());
        self
    }

    /// Writes the rows of a batch. All batches have the same columns.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => {
                let encoder = encoder(
                    &self.target,
                    self.format,
                    self.output.take(),
                    self.key.as_deref(),
                    &batch.schema(),
                )?;
                self.encoder.insert(encoder)
            }
        };
        encoder.write(batch).map_err(Error::io("write", &self.target))
    }

    /// A note for the user about columns that the format cannot hold, after the first batch.
    pub fn note(&self) -> Option<String> {
        self.encoder.as_ref().and_then(|encoder| encoder.note())
    }

    /// Completes the file, syncs it to disk, and renames it to its final name. No file is written
    /// without a batch (which may be empty), since there is no schema.
    pub fn finish(self) -> Result<()> {
        self.encoder.map_or(Ok(()), |encoder| encoder.finish()).map_err(Error::io("write", &self.target))
    }
}

fn writable(format: Format) -> bool {
    !matches!(format, Format::Npz | Format::Idx)
}

fn unknown(target: &str) -> Error {
    Error::Unsupported {
        what: format!("cannot write '{target}': its extension is not that of a writable format"),
        help: "use .csv, .tsv, .jsonl (also with .gz or .zst), .parquet, .arrow, .feather, .npy, or a folder/ for images".into(),
    }
}

fn encoder(
    target: &str,
    format: Format,
    output: Option<Output>,
    key: Option<&str>,
    schema: &Schema,
) -> Result<Box<dyn Encode>> {
    let Some(output) = output else {
        return pictures::encoder(target, key, schema);
    };
    Ok(match format {
        Format::Tsv => Box::new(text::Text::new(output, b'\t')),
        Format::JsonLines => Box::new(json_lines::JsonLines::new(output)),
        Format::Npy => Box::new(npy::Npy::new(target, output, schema)?),
        Format::Parquet | Format::Arrow => columnar::encoder(target, format, output, schema)?,
        _ => Box::new(text::Text::new(output, b',')),
    })
}

fn from_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}
