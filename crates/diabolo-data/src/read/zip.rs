//! The part of ZIP that NumPy archives use: stored and deflated members, with 64-bit sizes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;

use super::foreign::not_supported;
use crate::Result;
use crate::input::{Bytes, damaged, read_error};

/// A member of an archive, as its central directory describes it.
pub(super) struct Entry {
    pub name: String,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// The members, in the order of the directory.
pub(super) fn entries(name: &str, file: &mut File) -> Result<Vec<Entry>> {
    let directory = read_directory(file).map_err(|error| read_error(name, error))?;
    let mut rest = directory.as_slice();
    let mut entries = Vec::new();
    while rest.starts_with(b"PK\x01\x02") {
        let (entry, length) = entry(rest).ok_or_else(|| damaged(name, "a truncated directory entry"))?;
        rest = &rest[length..];
        entries.push(entry);
    }
    Ok(entries)
}

/// Finds the end record (22 bytes and a comment) and reads the directory.
fn read_directory(file: &mut File) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_start = length.saturating_sub(22 + 0xffff);
    file.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    file.take(length).read_to_end(&mut tail)?;
    let no_end = || io::Error::new(io::ErrorKind::InvalidData, "no end of the archive (it is truncated)");
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or_else(no_end)?;
    let comment = number(&tail, at + 20, 2).ok_or_else(no_end)? as usize;
    tail.get(at..at + 22 + comment).ok_or_else(no_end)?;
    let mut size = number(&tail, at + 12, 4).ok_or_else(no_end)?;
    let mut start = number(&tail, at + 16, 4).ok_or_else(no_end)?;
    if size == 0xffff_ffff || start == 0xffff_ffff {
        let wide = tail.windows(4).rposition(|window| window == b"PK\x06\x06").ok_or_else(no_end)?;
        size = number(&tail, wide + 40, 8).ok_or_else(no_end)?;
        start = number(&tail, wide + 48, 8).ok_or_else(no_end)?;
    }
    file.seek(SeekFrom::Start(start))?;
    let mut directory = Vec::new();
    file.take(size).read_to_end(&mut directory)?;
    Ok(directory)
}

/// One entry of the directory, and its length.
fn entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let field = |at, width| number(bytes, at, width);
    let (name_length, extra_length) = (field(28, 2)? as usize, field(30, 2)? as usize);
    let length = 46 + name_length + extra_length + field(32, 2)? as usize;
    let name = String::from_utf8_lossy(bytes.get(46..46 + name_length)?).into_owned();
    let mut wide = wide_sizes(bytes.get(46 + name_length..46 + name_length + extra_length)?);
    // A size that does not fit is all ones; the extra field then holds it, in this order.
    let mut long = |at| match field(at, 4)? {
        0xffff_ffff => wide.next(),
        size => Some(size),
    };
    let (size, packed, offset) = (long(24)?, long(20)?, long(42)?);
    bytes.get(..length)?;
    Some((
        Entry { name, method: field(10, 2)? as u16, crc: field(16, 4)? as u32, packed, size, offset },
        length,
    ))
}

/// The numbers in the 64-bit part (tag 1) of an extra field.
fn wide_sizes(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut sizes = Vec::new();
    while let (Some(tag), Some(length)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let Some(part) = extra.get(4..4 + length as usize) else { break };
        if tag == 1 {
            sizes = part.chunks_exact(8).filter_map(|size| number(size, 0, 8)).collect();
        }
        extra = &extra[4 + length as usize..];
    }
    sizes.into_iter()
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Reads a member and verifies its checksum at the end.
pub(super) fn open(name: &str, mut file: File, entry: &Entry) -> Result<Bytes> {
    let mut local = [0; 30];
    let read = file.seek(SeekFrom::Start(entry.offset)).and_then(|_| file.read_exact(&mut local));
    read.map_err(|error| read_error(name, error))?;
    let (Some(name_length), Some(extra_length)) = (number(&local, 26, 2), number(&local, 28, 2)) else {
        return Err(damaged(name, "a member without a header"));
    };
    if !local.starts_with(b"PK\x03\x04") {
        return Err(damaged(name, format!("no member where the directory puts '{}'", entry.name)));
    }
    let start = entry.offset + 30 + name_length + extra_length;
    file.seek(SeekFrom::Start(start)).map_err(|error| read_error(name, error))?;
    let packed = BufReader::new(file).take(entry.packed);
    let bytes: Bytes = match entry.method {
        0 => Box::new(packed),
        8 => Box::new(flate2::read::DeflateDecoder::new(packed)),
        method => {
            let what = format!("a ZIP archive with compression method {method}");
            return Err(not_supported(name, &what, "pack it again, with the usual method (deflate)"));
        }
    };
    Ok(Box::new(Checked { bytes: bytes.take(entry.size), crc: Crc::new(), expected: entry.crc }))
}

struct Checked {
    bytes: io::Take<Bytes>,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(out)?;
        self.crc.update(&out[..count]);
        if count == 0 && !out.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a checksum that does not match"));
        }
        Ok(count)
    }
}
