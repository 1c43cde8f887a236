//! Compression: what was written comes back, bit for bit, or is an error.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "formats")]

mod committed;
mod damaged;
mod pictures;
mod tables;

use std::io::Cursor;

use arrow_array::RecordBatch;
use diabolo::codec::{Archive, CodecModel, CompressOptions, Compressed, compress};
use diabolo::{Config, FitJob, Result};

/// A small model of rows.
fn fitted(rows: &RecordBatch, settings: &[&str]) -> CodecModel {
    let mut config = Config::default();
    for setting in ["training.epochs=2", "model.hidden=[8]", "model.latent_dim=2"].iter().chain(settings) {
        config.set(setting).unwrap();
    }
    let fitted = FitJob::new(rows.clone()).config(config).run().unwrap();
    CodecModel::from_bytes("model", &fitted.predictor.to_bytes().unwrap()).unwrap()
}

fn compressed(model: &CodecModel, rows: &RecordBatch, block_rows: usize) -> (Vec<u8>, Compressed) {
    let mut file = vec![];
    let options = CompressOptions { block_rows, ..CompressOptions::default() };
    let done = compress(model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options).unwrap();
    assert_eq!(done.bytes, file.len() as u64);
    (file, done)
}

fn decompressed(model: &CodecModel, file: &[u8], rows: std::ops::Range<u64>) -> Result<RecordBatch> {
    let mut archive = Archive::open(Cursor::new(file), "rows.dbz")?;
    archive.set_model(model)?;
    let schema = archive.info().schema;
    let batches = archive.batches(rows)?.collect::<Result<Vec<_>>>()?;
    Ok(arrow_select::concat::concat_batches(&schema, &batches).unwrap())
}

/// Compresses in blocks of several sizes and compares; returns what the first, the largest, took.
fn returns(model: &CodecModel, rows: &RecordBatch) -> Compressed {
    let all = rows.num_rows() as u64;
    let (file, done) = compressed(model, rows, 1 << 15);
    assert_eq!(&decompressed(model, &file, 0..all).unwrap(), rows);
    let (file, _) = compressed(model, rows, 37);
    assert_eq!(&decompressed(model, &file, 0..all).unwrap(), rows);
    let part = decompressed(model, &file, 30..all.min(90)).unwrap();
    assert_eq!(part, rows.slice(30, all.min(90) as usize - 30));
    done
}
