//! Input bytes: a file or stdin, decompressed while reading.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{DataProblem, Error, Format, Result};

/// A stream of bytes that can be sent to another thread.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// An opened input. Gzip and Zstandard are detected by their first bytes, for any file name.
pub(crate) struct Input {
    pub name: String,
    pub path: Option<PathBuf>,
    packed: bool,
    head: Vec<u8>,
    rest: Bytes,
}

/// Whether a file that begins so is compressed, as a whole or within.
pub fn is_packed(head: &[u8]) -> bool {
    let within = [Format::Parquet, Format::Npz, Format::Images];
    matches!(head, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..])
        || Format::of_magic(head).is_some_and(|format| within.contains(&format))
}

impl Input {
    /// Opens a path, or stdin for `-`.
    pub fn open(input: &str) -> Result<Input> {
        if input == "-" {
            return Input::new("stdin", None, Box::new(io::stdin()));
        }
        let file = File::open(input).map_err(Error::io("open", input))?;
        Input::new(input, Some(PathBuf::from(input)), Box::new(file))
    }

    /// Opens a stream; `path` is the file it comes from, if any.
    pub fn new(name: &str, path: Option<PathBuf>, reader: Bytes) -> Result<Input> {
        let mut raw = Input {
            name: name.to_string(),
            path,
            packed: false,
            head: Vec::new(),
            rest: Box::new(BufReader::new(reader)),
        };
        let magic = raw.head(4)?.to_vec();
        let unpacked: Bytes = match magic.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(raw.chained())),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                Box::new(zstd::stream::read::Decoder::new(raw.chained()).map_err(|e| read_error(name, e))?)
            }
            _ => return Ok(raw),
        };
        Ok(Input { packed: true, rest: unpacked, ..raw })
    }

    /// A member of an archive, called `name` in messages; `path` is its path there.
    pub fn packed(name: &str, path: PathBuf, reader: Bytes) -> Result<Input> {
        Ok(Input { packed: true, ..Input::new(name, Some(path), reader)? })
    }

    /// The first `count` bytes, without consuming them; fewer if the input is shorter.
    pub fn head(&mut self, count: usize) -> Result<&[u8]> {
        let missing = count.saturating_sub(self.head.len()) as u64;
        (&mut self.rest).take(missing).read_to_end(&mut self.head).map_err(|e| read_error(&self.name, e))?;
        Ok(&self.head[..count.min(self.head.len())])
    }

    /// The stream of all bytes.
    pub fn into_bytes(mut self) -> Bytes {
        self.chained()
    }

    fn chained(&mut self) -> Bytes {
        let rest = std::mem::replace(&mut self.rest, Box::new(io::empty()));
        Box::new(Cursor::new(std::mem::take(&mut self.head)).chain(rest))
    }

    /// A seekable file: the input itself, or an anonymous temporary copy of piped or compressed
    /// input.
    pub fn into_file(self) -> Result<File> {
        match &self.path {
            Some(path) if !self.packed && path.is_file() => File::open(path).map_err(Error::io("open", path)),
            _ => {
                let name = self.name.clone();
                spool(&name, self.into_bytes())
            }
        }
    }
}

/// Copies a stream to an anonymous temporary file and rewinds it.
pub(crate) fn spool(name: &str, mut bytes: Bytes) -> Result<File> {
    let temporary = Error::io("write", std::env::temp_dir());
    let mut file = match tempfile::tempfile() {
        Ok(file) => file,
        Err(error) => return Err(temporary(error)),
    };
    io::copy(&mut bytes, &mut file).map_err(|e| read_error(name, e))?;
    file.rewind().map_err(temporary)?;
    Ok(file)
}

/// Distinguishes a damaged file from an I/O failure.
pub(crate) fn read_error(name: &str, error: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        UnexpectedEof => damaged(name, "an unexpected end (the file is truncated)"),
        InvalidData | InvalidInput | Other => damaged(name, error),
        _ => Error::io("read", Path::new(name))(error),
    }
}

/// The error for a file with invalid contents.
pub(crate) fn damaged(name: &str, found: impl ToString) -> Error {
    let help = "download or write the file again";
    Error::data(name, "a complete, undamaged file", found.to_string(), help).because(DataProblem::Damaged)
}

/// Hashes the contents of a file, after decompression.
pub(crate) fn hash_unpacked(path: &str, hash: &mut Sha256) -> Result<()> {
    let bytes = Input::open(path)?.into_bytes();
    hash_bytes(bytes, hash).map_err(|error| read_error(path, error))
}

/// Hashes a stream to its end.
pub(crate) fn hash_bytes(mut bytes: impl Read, hash: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(()),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
