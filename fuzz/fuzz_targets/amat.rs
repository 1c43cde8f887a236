//! The text of the fixed binarisation of MNIST, in the place where the built-in set is looked for.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static CACHE: OnceLock<TempDir> = OnceLock::new();

/// A cache that holds the set's three files, all empty.
fn cache() -> TempDir {
    let cache = diabolo_fuzz::folder();
    let folder = cache.path().join("binarized_mnist");
    std::fs::create_dir(&folder).expect("a new folder");
    for part in ["train", "valid", "test"] {
        diabolo_fuzz::write(&folder.join(format!("binarized_mnist_{part}.amat")), b"");
    }
    // SAFETY: the fuzzer has one thread, and nothing has read the variables yet.
    unsafe {
        std::env::remove_var("DIABOLO_DATA");
        std::env::set_var("DIABOLO_CACHE", cache.path());
    }
    cache
}

fuzz_target!(|bytes: &[u8]| {
    let cache = CACHE.get_or_init(cache);
    diabolo_fuzz::write(&cache.path().join("binarized_mnist/binarized_mnist_test.amat"), bytes);
    diabolo_fuzz::run(|| diabolo_fuzz::drain("binarized-mnist:test", None));
});
