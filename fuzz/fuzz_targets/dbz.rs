//! A `.dbz` file: raw bytes, or from `(` on its frames, put together with the model of a committed
//! file, and with lengths, checksums and an index that fit.
#![no_main]

use std::io::Cursor;

use diabolo::codec::Archive;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

/// Has the model that the frames are decoded with.
const COMMITTED: &[u8] = include_bytes!("../../testdata/codec/floating.dbz");
/// Magic number, format version and numerics version.
const START: usize = 12;
/// Tag, length and checksum of a frame.
const HEAD: usize = 17;
/// A block of more rows would only make the fuzzer slow.
const MOST_ROWS: u64 = 1 << 12;

fn frame(file: &mut Vec<u8>, tag: u8, payload: &[u8]) {
    file.push(tag);
    file.extend((payload.len() as u64).to_le_bytes());
    file.extend(&Sha256::digest(payload)[..8]);
    file.extend(payload);
}

/// The payloads of the first two frames of the committed file: header and model.
fn committed() -> [&'static [u8]; 2] {
    let payload = |at: usize| {
        let length = u64::from_le_bytes(COMMITTED[at + 1..at + 9].try_into().expect("eight bytes"));
        &COMMITTED[at + HEAD..][..length as usize]
    };
    let header = payload(START);
    [header, payload(START + HEAD + header.len())]
}

/// A number of seven bits a byte, the lowest first, and what follows.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(9).position(|byte| *byte < 0x80)? + 1;
    let (digits, rest) = bytes.split_at(length);
    Some((digits.iter().rev().fold(0, |all, byte| all << 7 | u64::from(byte & 0x7f)), rest))
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A block whose side stream is not compressed yet: rows, checksum, length and side stream, stack.
fn block(part: &[u8]) -> Option<Vec<u8>> {
    let (rows, rest) = number(part)?;
    let (check, rest) = rest.split_at_checked(8)?;
    let (length, rest) = number(rest)?;
    let (side, stack) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let side = zstd::bulk::compress(side, 1).ok()?;
    let mut payload = vec![];
    put_number(&mut payload, rows);
    payload.extend(check);
    put_number(&mut payload, side.len() as u64);
    payload.extend(side);
    payload.extend(stack);
    Some(payload)
}

/// The file of some frames: `(`, then for each a tag, its length in two bytes, and its payload.
/// That of `H` is without the model's checksum, and `b` is a [`block`].
fn file(mut parts: &[u8]) -> Option<Vec<u8>> {
    let [header, model] = committed();
    let (mut file, mut index, mut count, mut after) = (COMMITTED[..START].to_vec(), vec![], 0u64, 0);
    while let Some((&[tag, low, high], rest)) = parts.split_first_chunk() {
        let (part, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        parts = rest;
        if tag == b'H' {
            // A file with bounds has format 2 or 3; from 3 on the header repeats it before the
            // checksum of the model.
            let format = part.first()?.clamp(&1, &3).to_owned();
            file[8] = format;
            let start = if format < 3 { 2 } else { 0 };
            frame(&mut file, b'H', &[&header[start..34], &part[1..]].concat());
            frame(&mut file, b'M', model);
            continue;
        }
        let payload = if tag == b'b' { block(part)? } else { part.to_vec() };
        if let (b'b' | b'B' | b'S', (rows, _)) = (tag, number(&payload)?) {
            if rows > MOST_ROWS {
                return None;
            }
            put_number(&mut index, file.len() as u64);
            put_number(&mut index, rows);
            count += 1;
            frame(&mut file, tag.to_ascii_uppercase(), &payload);
            after = file.len();
        } else {
            frame(&mut file, tag, &payload);
        }
    }
    let place = file.len() as u64;
    let mut entries = vec![];
    put_number(&mut entries, count);
    entries.extend(index);
    put_number(&mut entries, after as u64);
    frame(&mut file, b'I', &entries);
    file.extend(place.to_le_bytes());
    file.extend(&COMMITTED[COMMITTED.len() - 8..]);
    Some(file)
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = match bytes.strip_prefix(b"(") {
        Some(parts) => file(parts),
        None => Some(bytes.to_vec()),
    };
    let Some(bytes) = bytes else { return };
    diabolo_fuzz::run(|| {
        let Ok(mut archive) = Archive::open(Cursor::new(&bytes), "fuzzed.dbz") else { return };
        let info = archive.info();
        if info.exact {
            let _ = archive.write_text(None, &mut std::io::sink());
        } else if let Ok(batches) = archive.batches(0..info.rows) {
            let rows: usize = batches.map_while(Result::ok).map(|batch| batch.num_rows()).sum();
            assert!(rows as u64 <= info.rows, "more rows than the index says");
        }
    });
});
