//! The rows of a built-in data set: drawn, embedded or downloaded.

use arrow_array::RecordBatch;

use super::{ReadOptions, Source, amat, idx, slices};
use crate::input::Input;
use crate::{Result, catalog, customers, digits, factors, pumps, taxi};

pub(super) fn open(input: &str, set: &catalog::DataSet, part: &str, options: &ReadOptions) -> Result<Source> {
    let whole = |all: RecordBatch| {
        let (schema, rows) = (all.schema(), all.num_rows());
        Source::new(input, schema, Some(rows), slices(all, options.rows_per_batch(0)).map(Ok))
    };
    let file = |name: &str| {
        let path = catalog::present(&catalog::locate(set.name)?, name);
        let path = path.ok_or_else(|| catalog::missing(set, &catalog::folders(set)))?;
        Input::open(&path.to_string_lossy())
    };
    let mut source = match (set.name, part) {
        ("digits", _) => whole(digits::digits()?),
        ("taxi", _) => whole(taxi::taxi()?),
        ("factors", _) => whole(factors::pictures()?),
        ("customers", _) => whole(customers::customers(part)?),
        ("pumps", _) => whole(pumps::pumps(part)?),
        ("binarized-mnist", _) => {
            let rows = if part == "train" { 50_000 } else { 10_000 };
            amat::open(file(&format!("binarized_mnist_{part}.amat"))?, rows, options)
        }
        (_, "test") => idx::open(file("t10k-images-idx3-ubyte")?, options)?,
        _ => idx::open(file("train-images-idx3-ubyte")?, options)?,
    };
    source.name = input.to_string();
    Ok(source)
}
