//! Every format: round trips, small batches, truncated and damaged files.

#![allow(clippy::unwrap_used)]

mod arrays;
mod json;
mod pictures;
mod several;
mod tables;
mod text;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type};
use arrow_array::*;
use arrow_schema::DataType;

use super::*;
use crate::Writer;
use crate::digits::digits;
use crate::image::{image_scale, image_shape};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Some file systems flush a file that is overwritten; a new one is fast.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        self.path(name)
    }
}

fn small() -> ReadOptions {
    ReadOptions { batch_rows: 2, ..Default::default() }
}

fn read(path: &str) -> RecordBatch {
    let whole = open(path, &ReadOptions::default()).unwrap().collect().unwrap();
    let parts = open(path, &small()).unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert!(parts.iter().all(|part| part.num_rows() <= 2), "{path}");
    let parts = arrow_select::concat::concat_batches(&whole.schema(), &parts).unwrap();
    assert_eq!(whole, parts, "{path}: small batches make another table");
    whole
}

fn failure(path: &str) -> String {
    open(path, &ReadOptions::default()).and_then(Source::collect).unwrap_err().to_string()
}

fn write(path: &str, batch: &RecordBatch) {
    let mut writer = Writer::create(path, None).unwrap();
    let half = batch.num_rows() / 2;
    writer.write(&batch.slice(0, half)).unwrap();
    writer.write(&batch.slice(half, batch.num_rows() - half)).unwrap();
    let is_new = !PathBuf::from(path).metadata().is_ok_and(|file| file.len() > 0);
    assert!(path.ends_with('/') || is_new, "{path} appeared before it was complete");
    writer.finish().unwrap();
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column =
        batch.column_by_name(column).unwrap_or_else(|| panic!("no {column} in {:?}", batch.schema()));
    column.as_string::<i32>().iter().map(|text| text.map(str::to_string)).collect()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file truncated anywhere is an error; with any byte changed, it is read or refused without a
/// panic.
fn cut_and_bend(name: &str, bytes: &[u8]) {
    let folder = Folder::new();
    for length in 0..bytes.len() {
        let path = folder.put(name, &bytes[..length]);
        let read = open(&path, &ReadOptions::default()).and_then(Source::collect);
        assert!(read.is_err(), "{name} cut to {length} of {} bytes was read", bytes.len());
    }
    for position in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bent = bytes.to_vec();
            bent[position] ^= flip;
            let _ = open(&folder.put(name, &bent), &ReadOptions::default()).and_then(Source::collect);
        }
    }
}

fn table() -> RecordBatch {
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5])) as ArrayRef),
        ("x", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(-1e-9), Some(3.0), Some(1e300)]))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), None]))),
        (
            "name",
            Arc::new(StringArray::from(vec![Some("ü,\"x\""), None, Some("a\nb"), Some("c d"), Some("e")])),
        ),
    ])
    .unwrap()
}

#[test]
fn built_in_digits_are_read_in_batches() {
    let batch = read("digits");
    assert_eq!((batch.num_rows(), names(&batch)), (1797, vec!["image".into(), "label".into()]));
}

#[test]
fn fingerprints_follow_the_contents() {
    let folder = Folder::new();
    let path = folder.put("p/a.png", "abc");
    // The SHA-256 of "abc", from the standard.
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(fingerprint(&path).unwrap().unwrap(), known);
    assert_eq!(fingerprint("-").unwrap(), None);
    assert_eq!(fingerprint("mnist").unwrap(), fingerprint("mnist:train").unwrap());
    let one = fingerprint(&folder.path("p")).unwrap();
    folder.put("p/b.png", "");
    assert_ne!(fingerprint(&folder.path("p")).unwrap(), one);
}

#[test]
fn unwritable_targets_fail_early() {
    let folder = Folder::new();
    for (target, part) in
        [("t.xls", ".parquet"), ("t", ".csv"), ("t.npz", ".npy"), ("t.png", "end its path in '/'")]
    {
        let error = Writer::create(&folder.path(target), None).err().unwrap().to_string();
        assert!(error.contains(part), "{target}: {error}");
    }
    assert!(
        Writer::create(&folder.path("no/such/t.csv"), None)
            .err()
            .unwrap()
            .to_string()
            .contains("cannot write")
    );
    assert!(Writer::create("-", Some(Format::Images)).is_err());
    // An abandoned writer leaves no file.
    let mut writer = Writer::create(&folder.path("t.csv"), None).unwrap();
    writer.write(&table()).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
}

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn the_real_sets_are_read() {
    let data = PathBuf::from(std::env::var_os("DIABOLO_DATA").unwrap());
    for (file, rows, columns) in [
        ("adult/adult.data.gz", 32_561, 15),
        ("adult/adult.test.gz", 16_281, 15),
        ("uci/wdbc.data", 569, 32),
        ("uci/horse-colic.csv", 300, 28),
        ("uci/winequality-white.csv", 4898, 12),
        ("uci/iris.csv", 150, 5),
        ("uci/gain_letter.csv.gz", 20_000, 16),
        ("hivae/Adult/data.csv.gz", 32_561, 12),
        ("series/pollution.csv.gz", 43_824, 13),
        ("ecg5000/ECG5000_TRAIN.txt.gz", 500, 141),
        ("binarized_mnist/binarized_mnist_valid.amat.gz", 10_000, 784),
        ("expression/golub.csv.gz", 72, 7130),
        ("adbench/6_cardio.npz", 1831, 22),
        ("adbench/4_breastw.npz", 683, 10),
        ("timevae/sine_subsampled_train_perc_20.npz", 2000, 1),
        ("mnist/train-images-idx3-ubyte.gz", 60_000, 2),
        ("frey_faces/freyfaces-idx3-ubyte.gz", 1965, 1),
    ] {
        let batch =
            open(&data.join(file).to_string_lossy(), &ReadOptions::default()).unwrap().collect().unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (rows, columns), "{file}");
        if file == "adult/adult.data.gz" {
            let cells = batch.columns().iter().flat_map(|column| column.as_string::<i32>().iter().flatten());
            assert_eq!(cells.filter(|cell| cell.trim() == "?").count(), 4262);
        }
    }
}
