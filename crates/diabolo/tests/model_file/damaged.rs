//! A damaged file is refused by its checksum, or, with a valid checksum, by the validation of its
//! contents.

use std::path::Path;

use diabolo::artifact::SavedModel;
use diabolo::tensor::Device;
use diabolo::{Error, ErrorClass};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{model_of, names, settings, small, small_with};

/// Loading a file never takes more memory than this, for any contents.
const MOST_KIB: u64 = 1 << 20;

fn bytes_of(saved: &SavedModel) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    saved.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn load(path: &Path, bytes: &[u8]) -> Result<SavedModel, Error> {
    std::fs::write(path, bytes).unwrap();
    SavedModel::load(path, &Device::cpu())
}

/// The header of the file, and the offset of its tensors.
fn opened(bytes: &[u8]) -> Option<(Value, Value, usize)> {
    let length = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    let container: Value = serde_json::from_slice(bytes.get(8..end)?).ok()?;
    let text = serde_json::from_str(container.pointer("/__metadata__/diabolo")?.as_str()?).ok()?;
    Some((container, text, end))
}

/// The file with another header and a valid checksum; `None` if its tensors cannot be found.
fn sealed(bytes: &[u8], text: &Value) -> Option<Vec<u8>> {
    let (mut container, _, end) = opened(bytes)?;
    let mut text = text.clone();
    text.as_object_mut()?.insert("checksum".into(), "0".repeat(64).into());
    let blank = text.to_string();
    let mut hash = Sha256::new();
    hash.update(&blank);
    for (name, entry) in container.as_object()? {
        let Some(offsets) = entry.get("data_offsets") else { continue };
        let at = |k: usize| Some(end + usize::try_from(offsets[k].as_u64()?).ok()?);
        let data = bytes.get(at(0)?..at(1)?)?;
        hash.update(name);
        hash.update((data.len() as u64).to_le_bytes());
        hash.update(data);
    }
    let sum: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    container["__metadata__"]["diabolo"] = blank.replacen(&"0".repeat(64), &sum, 1).into();
    let mut header = container.to_string();
    header.extend(std::iter::repeat_n(' ', (8 - header.len() % 8) % 8));
    Some([&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes[end..]].concat())
}

/// The pointer of every value below.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            places(value, format!("{at}/{key}"), found);
        }),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(k, value)| places(value, format!("{at}/{k}"), found));
        }
        _ => {}
    }
    found.push(at);
}

/// Replacements for any value.
fn nonsense(value: &Value) -> Vec<Value> {
    let mut all = vec![Value::Null, json!([]), json!({}), json!(""), json!("?"), json!(true)];
    all.extend([json!(0), json!(-1), json!(0.5), json!(3), json!(1e300), json!(u32::MAX), json!(u64::MAX)]);
    if let Value::Array(values) = value {
        all.push([values.clone(), values.clone()].concat().into());
        all.push(values.iter().skip(1).cloned().collect());
    }
    all
}

/// The peak memory of this process in KiB, if the system reports it.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn assert_refused(loaded: Result<SavedModel, Error>, what: &str) {
    let error = loaded.err().unwrap_or_else(|| panic!("{what}: loaded"));
    assert_eq!(error.class(), ErrorClass::Artifact, "{what}: {error}");
}

#[test]
fn every_byte_counts() {
    let whole = bytes_of(&small("plain").0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.safetensors");
    for at in 0..whole.len() {
        assert_refused(load(&path, &whole[..at]), &format!("cut at {at}"));
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        assert_refused(load(&path, &changed), &format!("byte {at} changed"));
    }
}

/// A file of every family, of a conditional model, and of pictures.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> =
        names::families().into_iter().map(|family| (family.clone(), bytes_of(&small(&family).0))).collect();
    let mut conditional = settings("variational");
    conditional.extend([
        "data.condition=[\"flag\", \"x\"]".to_string(),
        "model.family.prior={kind=\"hierarchical\", hidden=[3], latent_dim=2}".into(),
        "model.family.flow={kind=\"inverse_autoregressive\", layers=1, hidden=3}".into(),
    ]);
    files.push(("conditional".into(), bytes_of(&small_with(&conditional).0)));
    files.push(("digits".into(), bytes_of(&model_of("digits", &settings("plain")).0)));
    files
}

/// Loads the file with every value of its text replaced by nonsense, and counts what was refused.
fn refused_texts(path: &Path, name: &str, whole: &[u8]) -> usize {
    let (_, text, _) = opened(whole).unwrap();
    assert!(load(path, &sealed(whole, &text).unwrap()).is_ok(), "{name}: sealed again, unchanged");
    let (mut found, mut refused) = (vec![], 0);
    places(&text, String::new(), &mut found);
    for place in found {
        for value in nonsense(text.pointer(&place).unwrap()) {
            let mut changed = text.clone();
            *changed.pointer_mut(&place).unwrap() = value.clone();
            let Some(bytes) = sealed(whole, &changed) else { continue };
            let before = most_memory();
            // What it says may also be possible.
            if let Err(error) = load(path, &bytes) {
                assert_eq!(error.class(), ErrorClass::Artifact, "{name}, {place} = {value}: {error}");
                refused += 1;
            }
            let more = most_memory().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
            assert!(more < MOST_KIB, "{name}, {place} = {value}: {more} KiB");
        }
    }
    refused
}

#[test]
fn a_checksum_that_fits_does_not_make_nonsense_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.safetensors");
    for (name, whole) in files() {
        let refused = refused_texts(&path, &name, &whole);
        assert!(refused > 500, "{name}: {refused} refused");
    }
}

#[test]
fn tensors_with_other_bits_load_or_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.safetensors");
    for family in ["plain", "vector_quantized"] {
        let whole = bytes_of(&small(family).0);
        let (_, text, end) = opened(&whole).unwrap();
        let mut refused = 0;
        for at in end..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x80 >> (at % 8);
            if let Err(error) = load(&path, &sealed(&changed, &text).unwrap()) {
                assert_eq!(error.class(), ErrorClass::Artifact, "{family}, byte {at}: {error}");
                refused += 1;
            }
        }
        assert!(refused > 10, "{family}: {refused} refused");
    }
}
