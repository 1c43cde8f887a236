//! The parts of a `.dbz` file.
//!
//! ```text
//! 8 bytes     magic number
//! u16, u16    format version, numerics version
//! frames      tag (1 byte), length (u64), checksum (8 bytes), payload
//! u64, 8 bytes   place of the last frame, the index; magic number of the end
//! ```
//! Numbers are little-endian; a checksum is the first 8 bytes of the payload's SHA-256.
//!
//! | frame | payload |
//! |---|---|
//! | `H` header, the first one | the format version again (from 3 on), and what the file is: see [`Header`] |
//! | `M` | the model file, as a zstd frame, if it is embedded |
//! | `B`, `S` | a block of rows: their number, then as encoded by a model, or an Arrow stream as a zstd frame |
//! | `T` | the end of a text file: its SHA-256, its lines that are not rows, as a zstd frame |
//! | `I` | the index: the number of blocks, and the place and the number of rows of each |
//!
//! The numerics version covers every computation that both sides must do alike, bit by bit:
//! encoding of cells as numbers, the networks, distribution functions and their integer masses,
//! counts, groups, and buckets of codes. It is raised when one of them changes.

use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::block::{CHECK, check};
use super::bounds::ErrorBounds;
use super::text::TextRules;
use super::wire::{Malformed, Unread, put_bytes, put_number};
use crate::data::ipc;
use crate::{Error, Result};

pub(super) const MAGIC: [u8; 8] = *b"\x89dbz\r\n\x1a\n";
const END: [u8; 8] = *b"dbz end\n";
/// The format that is written. Before 2, numbers were exact; before 3, none were points of floating
/// precision.
pub const FORMAT_VERSION: u16 = 3;
const FIRST_VERSION: u16 = 1;
/// The computations that this program does.
pub const NUMERICS_VERSION: u16 = 1;

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// The SHA-256 of the model file.
    pub model: [u8; 32],
    pub schema: SchemaRef,
    /// For a text file that comes back byte for byte.
    pub text: Option<TextRules>,
    /// For a file whose numbers are not exact.
    pub bounds: Option<ErrorBounds>,
}

impl Header {
    /// Bytes that read back as this header: without it no block can be decoded.
    pub fn to_checked_bytes(&self) -> Result<Vec<u8>> {
        let bytes = self.to_bytes()?;
        match Header::from_bytes(&bytes, FORMAT_VERSION) {
            Ok(again) if again == *self => Ok(bytes),
            _ => Err(Error::internal("the header of the compressed file does not read back")),
        }
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let empty = RecordBatch::new_empty(self.schema.clone());
        let schema = ipc::to_bytes(&empty).map_err(|cause| Error::internal(cause.to_string()))?;
        let mut out = FORMAT_VERSION.to_le_bytes().to_vec();
        out.extend(self.model);
        put_bytes(&mut out, &super::block::compressed(&schema)?);
        match &self.text {
            None => out.push(0),
            Some(text) => {
                out.push(1);
                text.put(&mut out);
            }
        }
        if let Some(bounds) = &self.bounds {
            bounds.put(&mut out);
        }
        Ok(out)
    }

    /// The header of a file of this format, which is also in it from format 3 on: there it has a
    /// checksum.
    pub fn from_bytes(bytes: &[u8], version: u16) -> Result<Self, Malformed> {
        let mut unread = Unread(bytes);
        if version > 2 && unread.take(2)? != version.to_le_bytes() {
            return Err(Malformed);
        }
        let model = unread.take(32)?.try_into().map_err(|_| Malformed)?;
        let schema = super::block::decompressed(unread.bytes()?)?;
        let schema = ipc::from_bytes(&schema).map_err(|_| Malformed)?.schema();
        let text = match unread.byte()? {
            0 => None,
            1 => Some(TextRules::read(&mut unread)?),
            _ => return Err(Malformed),
        };
        let bounds = ErrorBounds::read(&mut unread)?;
        Ok(Header { model, schema: Arc::new(schema.as_ref().clone()), text, bounds })
    }
}

/// The place and the number of rows of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub place: u64,
    pub rows: u64,
}

/// Writes frames.
pub(super) struct FrameWriter<W> {
    out: W,
    place: u64,
    /// The place after the last block.
    after: u64,
    pub index: Vec<Entry>,
}

impl<W: Write> FrameWriter<W> {
    pub fn new(mut out: W, version: u16) -> std::io::Result<Self> {
        out.write_all(&MAGIC)?;
        out.write_all(&version.to_le_bytes())?;
        out.write_all(&NUMERICS_VERSION.to_le_bytes())?;
        Ok(FrameWriter { out, place: 12, after: 0, index: vec![] })
    }

    pub fn write(&mut self, tag: u8, payload: &[u8]) -> std::io::Result<()> {
        self.out.write_all(&[tag])?;
        self.out.write_all(&(payload.len() as u64).to_le_bytes())?;
        self.out.write_all(&check(payload))?;
        self.out.write_all(payload)?;
        self.place += 17 + payload.len() as u64;
        Ok(())
    }

    pub fn write_block(&mut self, tag: u8, rows: u64, payload: &[u8]) -> std::io::Result<()> {
        self.index.push(Entry { place: self.place, rows });
        let mut all = vec![];
        put_number(&mut all, rows);
        all.extend_from_slice(payload);
        self.write(tag, &all)?;
        self.end_of_blocks();
        Ok(())
    }

    /// What is written next follows the blocks, unless it is one.
    pub fn end_of_blocks(&mut self) {
        self.after = self.place;
    }

    /// Writes the index and the end; returns the bytes written in all.
    pub fn finish(mut self) -> std::io::Result<(W, u64)> {
        let mut index = vec![];
        put_number(&mut index, self.index.len() as u64);
        for entry in &self.index {
            put_number(&mut index, entry.place);
            put_number(&mut index, entry.rows);
        }
        put_number(&mut index, self.after);
        let place = self.place;
        self.write(b'I', &index)?;
        self.out.write_all(&place.to_le_bytes())?;
        self.out.write_all(&END)?;
        Ok((self.out, self.place + 16))
    }
}

/// Reads frames.
pub(super) struct FrameReader<R> {
    input: R,
    name: String,
    pub version: u16,
}

impl<R: Read + Seek> FrameReader<R> {
    /// Checks the first bytes.
    pub fn open(mut input: R, name: &str) -> Result<Self> {
        let mut start = vec![];
        (&mut input).take(12).read_to_end(&mut start).map_err(Error::io("read", name))?;
        let not_one = || {
            let help = "give a file that `diabolo compress` wrote";
            Error::data(name, "a .dbz file", "other bytes", help)
        };
        let versions =
            start.strip_prefix(&MAGIC).and_then(|rest| rest.first_chunk::<4>()).ok_or_else(not_one)?;
        let [format, numerics] =
            [[versions[0], versions[1]], [versions[2], versions[3]]].map(u16::from_le_bytes);
        if !(FIRST_VERSION..=FORMAT_VERSION).contains(&format) || numerics != NUMERICS_VERSION {
            return Err(Error::Artifact {
                path: name.into(),
                problem: format!(
                    "it has format version {format} and numerics version {numerics}; this diabolo reads \
                     {FIRST_VERSION} to {FORMAT_VERSION} and {NUMERICS_VERSION}"
                ),
                help: "use the version of diabolo that wrote it".into(),
            });
        }
        Ok(FrameReader { input, name: name.into(), version: format })
    }

    /// The error for damage.
    pub fn damaged(&self) -> Error {
        damaged(&self.name)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next frame.
    pub fn read(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut head = [0; 9 + CHECK];
        self.fill(&mut head)?;
        let mut length = [0; 8];
        length.copy_from_slice(&head[1..9]);
        let (length, mut payload) = (u64::from_le_bytes(length), vec![]);
        // What is there is read, and not what the length says.
        let read = (&mut self.input).take(length).read_to_end(&mut payload);
        read.map_err(Error::io("read", &self.name))?;
        match payload.len() as u64 == length && check(&payload) == head[9..] {
            true => Ok((head[0], payload)),
            false => Err(self.damaged()),
        }
    }

    /// The frame at a place.
    pub fn at(&mut self, place: u64) -> Result<(u8, Vec<u8>)> {
        // A place beyond what a system can seek to comes from a damaged file.
        self.input.seek(SeekFrom::Start(place)).map_err(|_| self.damaged())?;
        self.read()
    }

    /// The blocks, and the place of the frame after them.
    pub fn index(&mut self) -> Result<(Vec<Entry>, u64)> {
        let length = self.input.seek(SeekFrom::End(0)).map_err(Error::io("read", &self.name))?;
        let end = length.checked_sub(16).ok_or_else(|| self.damaged())?;
        self.input.seek(SeekFrom::Start(end)).map_err(Error::io("read", &self.name))?;
        let mut tail = [0; 16];
        self.fill(&mut tail)?;
        let mut place = [0; 8];
        place.copy_from_slice(&tail[..8]);
        if tail[8..] != END {
            return Err(self.damaged());
        }
        let frame = self.at(u64::from_le_bytes(place))?;
        let after = self.input.stream_position().map_err(Error::io("read", &self.name))?;
        match frame {
            (b'I', index) if after == end => read_index(&index).map_err(|_| self.damaged()),
            _ => Err(self.damaged()),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        match self.input.read_exact(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.damaged()),
            other => other.map_err(Error::io("read", &self.name)),
        }
    }
}

fn read_index(bytes: &[u8]) -> Result<(Vec<Entry>, u64), Malformed> {
    let mut unread = Unread(bytes);
    let count = unread.number()?;
    let mut index = vec![];
    for _ in 0..count {
        index.push(Entry { place: unread.number()?, rows: unread.number()? });
    }
    let after = unread.number()?;
    if unread.0.is_empty() { Ok((index, after)) } else { Err(Malformed) }
}

pub(super) fn damaged(name: &str) -> Error {
    let help = "restore it from a backup; nothing of the damaged part was written";
    Error::data(name, "a whole .dbz file", "one that is truncated or damaged", help)
        .because(crate::data::DataProblem::Damaged)
}
