//! Numbers in a temporary file.
//!
//! Rows are read where they are wanted, not mapped: a mapped page costs more than the read of a
//! row, and counts as memory in use.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::mapped::Spool;

/// Numbers in a temporary file without a name.
#[derive(Debug, Clone)]
pub struct NumbersFile {
    file: Arc<File>,
    len: usize,
}

/// How many numbers are read at a time from first to last.
const PART: usize = 1 << 16;

impl NumbersFile {
    /// The number of numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The numbers of some rows of `width`.
    ///
    /// # Panics
    /// If the file cannot be read, or has no such row.
    pub fn rows(&self, width: usize, rows: &[usize]) -> Vec<f32> {
        let mut found = vec![0.0; rows.len() * width];
        for (to, &row) in found.chunks_exact_mut(width.max(1)).zip(rows) {
            self.read(row * width, to);
        }
        found
    }

    /// All numbers, part by part.
    pub fn parts(&self) -> impl Iterator<Item = Vec<f32>> {
        (0..self.len).step_by(PART).map(|first| {
            let mut part = vec![0.0; PART.min(self.len - first)];
            self.read(first, &mut part);
            part
        })
    }

    /// All numbers.
    pub(super) fn all(&self) -> Vec<f32> {
        let mut all = vec![0.0; self.len];
        self.read(0, &mut all);
        all
    }

    fn read(&self, first: usize, numbers: &mut [f32]) {
        let bytes = bytemuck::cast_slice_mut(numbers);
        if let Err(error) = read_at(&self.file, bytes, first as u64 * size_of::<f32>() as u64) {
            panic!("the temporary file of the rows cannot be read: {error}");
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, start)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => (bytes, start) = (&mut bytes[read..], start + read as u64),
        }
    }
    Ok(())
}

impl PartialEq for NumbersFile {
    /// The same numbers.
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.parts().eq(other.parts())
    }
}

/// Writes a [`NumbersFile`].
pub(crate) struct NumbersWriter {
    file: Spool,
    len: usize,
}

impl NumbersWriter {
    pub fn new() -> io::Result<Self> {
        Ok(NumbersWriter { file: Spool::new()?, len: 0 })
    }

    pub fn write(&mut self, numbers: &[f32]) -> io::Result<()> {
        self.len += numbers.len();
        self.file.write(bytemuck::cast_slice(numbers))
    }

    pub fn finish(self) -> io::Result<NumbersFile> {
        Ok(NumbersFile { file: Arc::new(self.file.into_file()?), len: self.len })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cells, Rows, Segment};
    use super::*;

    #[test]
    fn rows_in_a_file_are_those_in_memory() {
        let numbers: Vec<f32> = (0..3 * 50_000).map(|k| k as f32 - 7.5).collect();
        let mut writer = NumbersWriter::new().unwrap();
        numbers.chunks(1001).for_each(|part| writer.write(part).unwrap());
        let cells = Cells::File(writer.finish().unwrap());
        let mut in_file = Rows::of(50_000, vec![Segment { width: 3, cells }]);
        let mut in_memory = Rows::dense(numbers, 3);
        assert!(
            in_file.is_compact() && in_file == in_memory && in_file.segments() == in_file.clone().segments()
        );
        assert_eq!(in_file.gather(&[49_999, 0, 7])[..], in_memory.gather(&[49_999, 0, 7])[..]);
        assert_eq!(in_file.at(40_001, 2), in_memory.at(40_001, 2));
        assert_eq!(in_file.column(2), in_memory.column(2));
        assert!(in_file.narrow(1..2) == in_memory.narrow(1..2));
        let [file, memory] = [&in_file, &in_memory].map(|rows| {
            let segment = &rows.segments()[0];
            (segment.absolute_sum(), segment.count(|value| *value < 100.0))
        });
        assert_eq!(file, memory);
        in_file.clear(9, &(0..2));
        in_memory.clear(9, &(0..2));
        assert_eq!(in_file, in_memory);
        assert_eq!(in_file.at(9, 1), 0.0);
    }
}
