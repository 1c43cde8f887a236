//! What a file would take otherwise, for comparison.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use super::block::ZSTD_LEVEL;
use crate::data::is_packed;
use crate::{Error, Result};

/// zstd -19 takes too long for larger files.
const MOST_COMPARED: u64 = 64 << 20;

/// The size of a file in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSize {
    /// As it is.
    pub bytes: u64,
    /// What zstd makes of it at level 19; `None` for files of more than 64 MiB, and those that are
    /// compressed.
    pub zstd: Option<u64>,
}

impl FileSize {
    /// Of a file; `None` if the path is none, such as standard input or a folder.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn of(path: &Path) -> Result<Option<Self>> {
        let Some(file) = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file) else {
            return Ok(None);
        };
        let zstd = match file.len() <= MOST_COMPARED {
            true => unless_packed(path).map_err(Error::io("read", path))?,
            false => None,
        };
        Ok(Some(FileSize { bytes: file.len(), zstd }))
    }
}

fn unless_packed(path: &Path) -> std::io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut start = vec![];
    (&mut file).take(4).read_to_end(&mut start)?;
    match is_packed(&start) {
        true => Ok(None),
        false => zstd_bytes(Cursor::new(start).chain(file)).map(Some),
    }
}

/// The length of what zstd makes of bytes at level 19, for comparison.
///
/// # Errors
/// Those of reading.
pub fn zstd_bytes(mut input: impl Read) -> std::io::Result<u64> {
    let mut encoder = zstd::stream::Encoder::new(Counter(0), ZSTD_LEVEL)?;
    std::io::copy(&mut input, &mut encoder)?;
    Ok(encoder.finish()?.0)
}

/// Counts bytes.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
