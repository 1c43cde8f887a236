//! Reads a golden file: the manifest `NAME.json`, and its arrays from `NAME.safetensors`.

use std::fs;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

/// The cases of a file, which must be those named and in that order. Each array stands in its
/// place, as nested lists.
pub fn golden(file: &str, names: &str) -> Vec<Value> {
    let read = |extension: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/golden");
        fs::read(format!("{folder}/{file}.{extension}")).unwrap()
    };
    let mut manifest: Value = serde_json::from_slice(&read("json")).unwrap();
    let bytes = read("safetensors");
    let arrays = SafeTensors::deserialize(&bytes).unwrap();
    let Value::Array(mut cases) = manifest["cases"].take() else { panic!("{file} has no cases") };
    let name = |case: &Value| case["name"].as_str().unwrap().to_string();
    let found: Vec<String> = cases.iter().map(name).collect();
    assert_eq!(found, names.split_whitespace().collect::<Vec<_>>(), "the cases of {file}");
    let filled: usize = cases.iter_mut().zip(&found).map(|(case, name)| fill(case, name, &arrays)).sum();
    assert_eq!(filled, arrays.len(), "{file} holds arrays that no case names");
    cases
}

/// Puts each array where its type and shape stand, "f64[4, 9]"; returns how many there were.
fn fill(value: &mut Value, path: &str, arrays: &SafeTensors) -> usize {
    let deeper = |key: &str, inner: &mut Value| fill(inner, &format!("{path}.{key}"), arrays);
    match value {
        Value::Object(map) => map.iter_mut().map(|(key, inner)| deeper(key, inner)).sum(),
        Value::Array(items) => {
            items.iter_mut().enumerate().map(|(k, inner)| deeper(&k.to_string(), inner)).sum()
        }
        Value::String(shape) if shape.starts_with("f64[") => {
            let array = arrays.tensor(path).unwrap();
            assert_eq!(array.dtype(), Dtype::F64, "{path}");
            assert_eq!(format!("f64{:?}", array.shape()), *shape, "{path}");
            let numbers = array.data().chunks_exact(8);
            let mut numbers = numbers.map(|eight| f64::from_le_bytes(eight.try_into().unwrap()));
            *value = nested(&mut numbers, array.shape());
            1
        }
        _ => 0,
    }
}

fn nested(numbers: &mut impl Iterator<Item = f64>, shape: &[usize]) -> Value {
    match shape {
        [] => json!(numbers.next().unwrap()),
        [side, inner @ ..] => (0..*side).map(|_| nested(numbers, inner)).collect(),
    }
}

/// The negative control: a file without some of its cases does not pass.
#[test]
#[should_panic(expected = "the cases of sparse")]
fn a_missing_case_is_an_error() {
    golden("sparse", &format!("{} one_more", crate::sparse::CASES));
}
