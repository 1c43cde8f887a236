//! The format of MNIST's files.
#![no_main]

use diabolo_data::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("digits.idx", bytes, Some(Format::Idx)));
