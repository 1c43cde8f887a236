//! A model file: raw bytes, or from `{` on its parts, put together with lengths, offsets and
//! checksum that fit.
#![no_main]

use std::collections::BTreeMap;

use diabolo::Predictor;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Stands for the checksum while it is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// More numbers would only make the fuzzer slow.
const MOST: usize = 1 << 18;

/// The file of a header, a table of shapes by name, and bytes that the tensors repeat, each of the
/// first two a line.
fn file(parts: &[u8]) -> Option<Vec<u8>> {
    let mut parts = parts.splitn(3, |byte| *byte == b'\n');
    let mut header: Map<String, Value> = serde_json::from_slice(parts.next()?).ok()?;
    let shapes: BTreeMap<String, Vec<usize>> = serde_json::from_slice(parts.next()?).ok()?;
    let bytes = parts.next().filter(|bytes| !bytes.is_empty()).unwrap_or(&[0]);
    header.insert("checksum".into(), BLANK.into());
    let blank = Value::from(header).to_string();
    let (mut table, mut data) = (Map::new(), vec![]);
    let mut hash = Sha256::new();
    hash.update(&blank);
    for (name, shape) in shapes {
        let numbers = shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))?;
        if data.len() / 4 + numbers > MOST {
            return None;
        }
        let tensor: Vec<u8> = bytes.iter().copied().cycle().take(4 * numbers).collect();
        hash.update(&name);
        hash.update((tensor.len() as u64).to_le_bytes());
        hash.update(&tensor);
        let offsets = [data.len(), data.len() + tensor.len()];
        table.insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets }));
        data.extend(tensor);
    }
    let sum: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    table.insert("__metadata__".into(), json!({ "diabolo": blank.replacen(BLANK, &sum, 1) }));
    let table = Value::from(table).to_string();
    Some([&(table.len() as u64).to_le_bytes()[..], table.as_bytes(), &data].concat())
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = if bytes.starts_with(b"{") { file(bytes) } else { Some(bytes.to_vec()) };
    let Some(bytes) = bytes else { return };
    diabolo_fuzz::run(|| {
        let _ = Predictor::from_bytes(&bytes);
    });
});
