use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, RecordBatch, StringArray};
use diabolo::codec::{Archive, CodecModel, CompressOptions, compress_text};
use diabolo::{ErrorClass, Result};

use crate::{compressed, decompressed, fitted};

fn rows() -> RecordBatch {
    let x: ArrayRef = Arc::new(Float64Array::from_iter_values((0..150).map(|i| f64::from(i % 17) / 4.0)));
    let y: ArrayRef = Arc::new(StringArray::from_iter_values((0..150).map(|i| ["a", "b", "c"][i % 3])));
    RecordBatch::try_from_iter([("x", x), ("y", y)]).unwrap()
}

/// Numbers that are points of floating precision.
fn measured() -> RecordBatch {
    let third = |i: usize| (i as f32 + 1.0) / 3.0;
    let z: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..150).map(|i| format!("{:.5}e-02", third(i) % 9.0 + 1.0))));
    let w: ArrayRef = Arc::new(Float32Array::from_iter_values((0..150).map(third)));
    RecordBatch::try_from_iter([("z", z), ("w", w)]).unwrap()
}

/// Reads everything; an error must be one of damage, or of another version or model.
fn is_error(model: &CodecModel, file: &[u8], what: &str) {
    match decompressed(model, file, 0..150) {
        Ok(_) => panic!("{what} is not noticed"),
        Err(error) => {
            let class = error.class();
            // A changed index may say that there are fewer rows.
            let known = [ErrorClass::Data, ErrorClass::Artifact, ErrorClass::Usage].contains(&class);
            assert!(known, "{what}: {error}");
        }
    }
}

#[test]
fn every_changed_byte_is_an_error() {
    for rows in [rows(), measured()] {
        let model = fitted(&rows, &[]);
        let (file, _) = compressed(&model, &rows, 100);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            is_error(&model, &damaged, &format!("byte {at} of {}", file.len()));
        }
    }
}

#[test]
fn every_cut_and_what_is_put_between_is_an_error() {
    let model = fitted(&rows(), &[]);
    let (file, _) = compressed(&model, &rows(), 100);
    for length in 0..file.len() {
        is_error(&model, &file[..length], &format!("cut to {length}"));
    }
    for at in (0..file.len()).step_by(5) {
        let more = [&file[..at], &[0xff; 9], &file[at..]].concat();
        is_error(&model, &more, &format!("nine bytes more at {at}"));
    }
}

/// With valid checksums: what a decoder gets to see if a file is made to harm.
#[test]
fn forged_lengths_and_payloads_are_errors() {
    forged_blocks(&rows(), is_error);
    // A setting that plays no part may change: what must never pass is another value.
    forged_blocks(&measured(), |model, file, what| {
        if let Ok(found) = decompressed(model, file, 0..150) {
            assert_eq!(found, measured(), "{what}");
        }
    });
}

fn forged_blocks(rows: &RecordBatch, check: impl Fn(&CodecModel, &[u8], &str)) {
    use sha2::{Digest, Sha256};
    let model = fitted(rows, &[]);
    let (file, _) = compressed(&model, rows, 200);
    // The second frame is the block: after 12 bytes, and the first frame.
    let length = |at: usize| u64::from_le_bytes(file[at + 1..at + 9].try_into().unwrap()) as usize;
    let block = 12 + 17 + length(12);
    assert_eq!(file[block], b'B');
    let (start, end) = (block + 17, block + 17 + length(block));
    for at in (start..end).step_by(3) {
        for change in [0xff, 0x01, 0x80] {
            let mut forged = file.clone();
            forged[at] ^= change;
            let sum = Sha256::digest(&forged[start..end]);
            forged[block + 9..block + 17].copy_from_slice(&sum[..8]);
            check(&model, &forged, &format!("byte {} of a block", at - start));
        }
    }
    let mut huge = file.clone();
    huge[block + 1..block + 9].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    check(&model, &huge, "a huge length");
}

#[test]
fn text_comes_back_byte_for_byte_or_is_an_error() -> Result<()> {
    let model = fitted(&rows(), &[]);
    let names = ["x", "y"].map(String::from);
    let mut text = String::from("| a remark\n");
    (0..80).for_each(|i| text += &format!("{}.50, {}\n", i % 17, ["a", "b", "new"][i % 3]));
    for text in [text.as_str(), "", "no table\nat all", "1, a\r\n2, b\r\n3"] {
        let mut file = vec![];
        let options = CompressOptions::default();
        compress_text(&model, text.as_bytes(), &names, false, &mut file, &options)?;
        let read = |file: &[u8]| -> Result<Vec<u8>> {
            let mut archive = Archive::open(Cursor::new(file), "text.dbz")?;
            archive.set_model(&model)?;
            let mut out = vec![];
            archive.write_text(None, &mut out)?;
            Ok(out)
        };
        assert_eq!(String::from_utf8_lossy(&read(&file)?), text);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 4;
            assert!(read(&damaged).is_err(), "byte {at}");
        }
    }
    Ok(())
}
