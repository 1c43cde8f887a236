//! What the targets share.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, Once};

use diabolo_data::{Format, ReadOptions};
use tempfile::TempDir;

/// Runs one input. Only a panic that leaves `target` is a finding: the readers catch those of
/// decoders that they do not own, and the fuzzer's own hook would end the process there.
pub fn run(target: impl FnOnce()) {
    static SILENT: Once = Once::new();
    static LAST: Mutex<String> = Mutex::new(String::new());
    SILENT.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if let Ok(mut last) = LAST.lock() {
                *last = panic.to_string();
            }
        }));
    });
    if catch_unwind(AssertUnwindSafe(target)).is_err() {
        eprintln!("{}", LAST.lock().map_or_else(|_| String::new(), |last| last.clone()));
        std::process::abort();
    }
}

/// A folder for the process's inputs; `TMPDIR=/dev/shm` keeps it in memory.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

/// Writes `bytes` to `path`, whatever was there before.
pub fn write(path: &Path, bytes: &[u8]) {
    let file = std::fs::File::create(path);
    file.and_then(|mut file| file.write_all(bytes)).expect("a temporary file can be written");
}

/// Reads `bytes` as a file of that name, to the end or to the first error.
pub fn read(name: &str, bytes: &[u8], format: Option<Format>) {
    run(|| {
        let folder = folder();
        let path = folder.path().join(name);
        write(&path, bytes);
        drain(&path.to_string_lossy(), format);
    });
}

/// Reads an input in small batches, so that several are made of a small file.
pub fn drain(input: &str, format: Option<Format>) {
    // Damaged rows are skipped, so that what follows them is read.
    let options = ReadOptions { format, batch_rows: 7, skip_bad_rows: u64::MAX, ..ReadOptions::default() };
    let Ok(source) = diabolo_data::open(input, &options) else { return };
    let promised = source.rows();
    let (mut rows, mut failed) = (0, false);
    // A column of nulls costs no bytes, and may have as many rows as its header says.
    for batch in source.take(1 << 16) {
        match batch {
            Ok(batch) => rows += batch.num_rows(),
            Err(_) => failed = true,
        }
    }
    assert!(failed || promised.is_none_or(|promised| promised >= rows), "more rows than promised");
}
