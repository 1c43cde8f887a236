//! The right to write to a folder.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::{Error, Result};

/// The name of the file that is locked. It stays: deleting it would let two processes lock two
/// files.
const NAME: &str = ".lock";

/// The right to write to a folder, until it is dropped or the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the right to write to `folder`.
    ///
    /// # Errors
    /// [`Error::Io`] if another process has it, or the folder is read-only.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let file =
            File::options().create(true).append(true).open(&path).map_err(Error::io("write", folder))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let cause =
                    "another process is writing to it; wait until that ends, or choose another folder";
                return Err(Error::io("write", folder)(io::Error::new(ErrorKind::ResourceBusy, cause)));
            }
            // Some network file systems have no locks.
            Err(TryLockError::Error(cause)) if cause.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(cause)) => return Err(Error::io("lock", &path)(cause)),
        }
        Ok(FolderLock { _file: file })
    }

    /// Returns an error if another process has the right to write to `folder`.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn check(folder: &Path) -> Result<()> {
        match folder.join(NAME).exists() {
            true => FolderLock::take(folder).map(drop),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        FolderLock::check(folder.path()).unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let second = FolderLock::take(folder.path()).unwrap_err();
        assert!(second.to_string().contains("another process is writing to it"), "{second}");
        assert!(FolderLock::check(folder.path()).is_err());
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }
}
