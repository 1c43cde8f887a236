//! Output bytes: stdout, or a file that is written atomically; compressed according to its
//! extension.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use crate::{Error, Result};

/// An opened target.
pub(super) enum Output {
    Plain(BufWriter<Target>),
    Gzip(GzEncoder<BufWriter<Target>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<Target>>),
}

/// The destination of the bytes.
pub enum Target {
    /// Standard output.
    Stdout(io::Stdout),
    /// A device or a pipe, which cannot be replaced.
    Special(File),
    /// A file that gets its name by [`Target::commit`].
    Pending(TemporaryFile),
}

/// A file beside its final name, which it gets when it is complete; deleted if it is dropped.
pub struct TemporaryFile {
    file: NamedTempFile,
    path: PathBuf,
    _listed: Listed,
}

/// The temporary files of this process.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file in the list of temporary files.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

/// Deletes the temporary files of outputs that are not complete. For a program that is about to end
/// without returning from its functions.
pub fn remove_unfinished() {
    for path in unfinished().iter() {
        // It may have been renamed just now.
        let _ = fs::remove_file(path);
    }
}

impl Output {
    /// Opens a path, or stdout for `-`.
    pub fn create(target: &str) -> io::Result<Output> {
        let inner = BufWriter::with_capacity(1 << 16, Target::named(target)?);
        Ok(match Path::new(target).extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Output::Gzip(GzEncoder::new(inner, Compression::default())),
            Some("zst") => Output::Zstd(zstd::stream::write::Encoder::new(inner, 0)?),
            _ => Output::Plain(inner),
        })
    }

    /// Completes the compression and renames the file to its final name.
    pub fn commit(self) -> io::Result<()> {
        let inner = match self {
            Output::Plain(inner) => inner,
            Output::Gzip(encoder) => encoder.finish()?,
            Output::Zstd(encoder) => encoder.finish()?,
        };
        inner.into_inner().map_err(|error| error.into_error())?.commit()
    }
}

impl Target {
    /// A file at this path, or stdout for `-`.
    ///
    /// # Errors
    /// If no file can be created there.
    pub fn named(target: &str) -> io::Result<Target> {
        match target {
            "-" => Ok(Target::Stdout(io::stdout())),
            path => Target::create(Path::new(path)),
        }
    }

    /// A file at `path`, written to a temporary file beside it until [`Target::commit`].
    pub(super) fn create(path: &Path) -> io::Result<Target> {
        // Replace the target of a symbolic link, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if fs::metadata(&path).is_ok_and(|existing| !existing.is_file()) {
            return File::options().write(true).open(&path).map(Target::Special);
        }
        TemporaryFile::create(path).map(Target::Pending)
    }

    /// Completes the output; a file gets its name.
    ///
    /// # Errors
    /// If it cannot be written or renamed.
    pub fn commit(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Target::Pending(file) => file.commit(),
            _ => Ok(()),
        }
    }
}

impl TemporaryFile {
    /// Creates a file in the folder of `path`, its final name, with the permissions of a new file.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".diabolo-").suffix(".tmp");
        #[cfg(unix)]
        {
            // With the permissions of the umask; temporary files are private by default.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder)?;
        let temporary = file.path().to_path_buf();
        unfinished().insert(temporary.clone());
        Ok(TemporaryFile { file, path, _listed: Listed(temporary) })
    }

    /// The temporary path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Syncs the file to disk and gives it its final name.
    pub fn commit(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(self.path).map(drop).map_err(|error| error.error)
    }
}

impl Write for TemporaryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes `contents` to `path` atomically.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<()> {
    let write = || {
        let mut target = Target::create(path)?;
        target.write_all(contents)?;
        target.commit()
    };
    write().map_err(Error::io("write", path))
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::Stdout(stdout) => stdout.write(bytes),
            Target::Special(file) => file.write(bytes),
            Target::Pending(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::Stdout(stdout) => stdout.flush(),
            Target::Special(file) => file.flush(),
            Target::Pending(file) => file.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Plain(inner) => inner.write(bytes),
            Output::Gzip(encoder) => encoder.write(bytes),
            Output::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Plain(inner) => inner.flush(),
            Output::Gzip(encoder) => encoder.flush(),
            Output::Zstd(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn contents_are_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for contents in ["the first, longer one", "second"] {
            write_atomically(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("no/such/folder.json");
        assert!(write_atomically(&nowhere, b"x").unwrap_err().to_string().contains("cannot write"));
    }
}
