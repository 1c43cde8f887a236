//! One picture, PNG or JPEG.
#![no_main]

use diabolo_data::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| diabolo_fuzz::read("picture.png", bytes, Some(Format::Images)));
