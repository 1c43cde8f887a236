//! The file formats and their detection.

use std::path::Path;
use std::str::FromStr;

use crate::{Error, Result};

/// A format of data files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Comma-separated text; the reader also accepts the delimiters `; tab |` and blanks.
    Csv,
    /// Tab-separated text.
    Tsv,
    /// JSON lines: one object a row.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC: a file (Feather 2); the reader also accepts streams.
    Arrow,
    /// One NumPy array.
    Npy,
    /// Several NumPy arrays: `X`, and optionally `y`; the reader also accepts a ZIP archive of one
    /// data file. Read only.
    Npz,
    /// IDX, the format of the MNIST files. Read only.
    Idx,
    /// PNG images, one or a folder of them; the reader also accepts JPEG.
    Images,
}

const NAMES: [(&str, Format); 9] = [
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("jsonl", Format::JsonLines),
    ("parquet", Format::Parquet),
    ("arrow", Format::Arrow),
    ("npy", Format::Npy),
    ("npz", Format::Npz),
    ("idx", Format::Idx),
    ("images", Format::Images),
];

impl Format {
    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format of a path's extension, ignoring a `.gz` or `.zst` after it.
    ///
    /// ```
    /// use diabolo_data::Format;
    /// assert_eq!(Format::of_path("a/rows.CSV.gz".as_ref()), Some(Format::Csv));
    /// assert_eq!(Format::of_path("rows".as_ref()), None);
    /// ```
    pub fn of_path(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        Format::of_extension(name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name))
    }

    /// The format of a name's extension.
    pub(crate) fn of_extension(name: &str) -> Option<Format> {
        match name.to_lowercase().rsplit_once('.')?.1 {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Format::JsonLines),
            "parquet" | "pq" => Some(Format::Parquet),
            "arrow" | "feather" | "ipc" | "arrows" => Some(Format::Arrow),
            "npy" => Some(Format::Npy),
            "npz" | "zip" => Some(Format::Npz),
            "png" | "jpg" | "jpeg" => Some(Format::Images),
            _ => None,
        }
    }

    /// The format identified by the first bytes of a file; `None` for text.
    pub(crate) fn of_magic(head: &[u8]) -> Option<Format> {
        match head {
            [b'P', b'A', b'R', b'1', ..] => Some(Format::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => Some(Format::Arrow),
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Format::Npy),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Npz),
            [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => Some(Format::Images),
            [0, 0, 8 | 9 | 11..=14, 1..=4, ..] => Some(Format::Idx),
            _ => None,
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map(|(_, format)| *format).ok_or_else(|| {
            Error::invalid_value("format", NAMES.map(|(name, _)| name).join(", "), format!("'{text}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_round_trip() {
        for (name, format) in NAMES {
            assert_eq!(name.parse::<Format>().unwrap(), format);
            assert_eq!(format.name(), name);
        }
        assert!("xls".parse::<Format>().unwrap_err().to_string().contains("csv, tsv"));
    }
}
