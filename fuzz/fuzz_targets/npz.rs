//! A ZIP archive of NumPy arrays.
#![no_main]

use diabolo_data::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("arrays.npz", bytes, Some(Format::Npz)));
