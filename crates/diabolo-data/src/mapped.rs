//! Values in temporary files that are mapped into memory, for data that do not fit into it.
//!
//! A file has no name from the start, so that nothing is left behind, however the process ends. It
//! is written by ordinary writes, so that a full disk is an error, and only read through the
//! mapping. The only `unsafe` of this crate.

#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow_buffer::Buffer;
use memmap2::Mmap;

/// The mappings that exist.
static MAPPED: Mutex<Vec<Weak<Mmap>>> = Mutex::new(vec![]);

/// A temporary file that is written from its start to its end.
pub(crate) struct Spool {
    file: BufWriter<File>,
}

impl Spool {
    /// A new file, in the folder that the environment names for temporary files.
    pub fn new() -> io::Result<Self> {
        Ok(Spool { file: BufWriter::with_capacity(1 << 18, tempfile::tempfile()?) })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// The file, which holds everything that was written.
    pub fn into_file(self) -> io::Result<File> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }

    /// Everything that was written, as memory that the operating system reads when it is used.
    pub fn map(self) -> io::Result<Buffer> {
        let file = self.into_file()?;
        if file.metadata()?.len() == 0 {
            return Ok(Buffer::from(&[]));
        }
        // SAFETY: no other process can open a file without a name, and this one writes no more.
        let map = Arc::new(unsafe { Mmap::map(&file)? });
        let Some(start) = NonNull::new(map.as_ptr().cast_mut()) else { return Ok(Buffer::from(&[])) };
        let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
        mapped.retain(|map| map.strong_count() > 0);
        mapped.push(Arc::downgrade(&map));
        // SAFETY: the buffer keeps the mapping, which is `len` bytes from `start`.
        Ok(unsafe { Buffer::from_custom_allocation(start, map.len(), map.clone()) })
    }
}

/// Whether any values are in files.
pub(crate) fn is_used() -> bool {
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|map| map.strong_count() > 0)
}

/// Lets the operating system take back the memory of all mappings; what is used again is read
/// again. Called where much has been read, since pages that were read count as memory in use.
pub(crate) fn release() {
    #[cfg(unix)]
    for map in MAPPED.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
        // SAFETY: the pages are those of a file that does not change. It is only advice: if it
        // fails, more memory stays in use.
        let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_holds_what_was_written_after_its_memory_was_released() {
        let mut spool = Spool::new().unwrap();
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        bytes.chunks(777).for_each(|part| spool.write(part).unwrap());
        let mapped = spool.map().unwrap();
        assert_eq!(mapped.as_slice(), bytes);
        assert!(is_used());
        release();
        assert_eq!(mapped.slice(4000).as_slice(), &bytes[4000..]);
        assert!(Spool::new().unwrap().map().unwrap().is_empty());
    }
}
