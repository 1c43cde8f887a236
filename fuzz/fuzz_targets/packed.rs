//! The format found by the first bytes, also below gzip and Zstandard.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("rows", bytes, None));
