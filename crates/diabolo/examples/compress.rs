//! Lossless compression: numbers that belong together, in a file that any machine decodes.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use std::io::Cursor;

use diabolo::codec::{Archive, CodecModel, CompressOptions, compress, zstd_bytes};
use diabolo::data::write::csv_to;
use diabolo::pipeline::matrix;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    // A price of whole cents, a tax of a fifth, and their sum.
    let price = |i: usize| (1000.0 + 800.0 * (i as f64 * 0.37).sin() + (i % 13) as f64).round() / 100.0;
    let tax = |i: usize| (20.0 * price(i)).round() / 100.0;
    let cells = |range: std::ops::Range<usize>| -> Vec<f64> {
        range.flat_map(|i| [price(i), tax(i), ((price(i) + tax(i)) * 100.0).round() / 100.0]).collect()
    };
    let names = ["price", "tax", "sum"];
    let mut config = Config::default();
    Preset::Compress.apply(&mut config);
    config.set("training.epochs=20")?;
    let fitted = FitJob::matrix(&cells(0..2000), &names)?.config(config).run()?;
    let model = CodecModel::from_bytes("model", &fitted.predictor.to_bytes()?)?;

    let rows = matrix(&cells(2000..6000), &names)?;
    let mut file = vec![];
    let options = CompressOptions::default();
    compress(&model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options)?;
    let mut text = vec![];
    csv_to(&mut text, &rows)?;
    let zstd = zstd_bytes(&text[..]).expect("bytes in memory can be read");
    println!("{} bytes of {} as text; zstd -19: {zstd}", file.len(), text.len());

    let mut archive = Archive::open(Cursor::new(file), "rows.dbz")?;
    archive.set_model(&model)?;
    let first = archive.batches(0..5)?.next().expect("a batch")?;
    assert_eq!(first, rows.slice(0, 5));
    csv_to(&mut std::io::stdout(), &first)
}
