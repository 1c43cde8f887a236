//! Delimited text in any encoding.
#![no_main]

use diabolo_data::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("rows.csv", bytes, Some(Format::Csv)));
