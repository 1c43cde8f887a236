//! Inputs that can be read only once: stdin, pipes, and the files of a process substitution.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};

use sha2::{Digest, Sha256};

use crate::input::hex;
use crate::{Error, Result};

/// Whether the input can be read only once.
pub fn is_stream(input: &str) -> bool {
    input == "-" || fs::metadata(input).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Copies a stream to a temporary file, which can be read again, and returns it with the
/// [`fingerprint`](super::fingerprint) of a file with these bytes. An error of `check`, which is
/// called after each part, ends the copy.
///
/// # Errors
/// [`Error::Io`], and those of `check`.
pub fn spool_stream(input: &str, check: &dyn Fn() -> Result<()>) -> Result<(File, String)> {
    let mut stream: Box<dyn Read> = match input {
        "-" => Box::new(io::stdin()),
        path => Box::new(File::open(path).map_err(Error::io("open", path))?),
    };
    let unwritable = |cause| Error::io("write", std::env::temp_dir())(cause);
    let mut file = tempfile::tempfile().map_err(unwritable)?;
    let (mut hash, mut part) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        check()?;
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&part[..count]);
                file.write_all(&part[..count]).map_err(unwritable)?;
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return Err(Error::io("read", input)(cause)),
        }
    }
    file.rewind().map_err(unwritable)?;
    Ok((file, hex(&hash.finalize())))
}
