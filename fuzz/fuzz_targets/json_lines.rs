//! JSON lines, all of whose damaged rows are skipped.
#![no_main]

use diabolo_data::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("rows.jsonl", bytes, Some(Format::JsonLines)));
