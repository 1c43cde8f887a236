//! What a data set holds: its columns, as they would be learned.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::data::{InferOptions, ReadOptions, infer, open};

fn main() -> diabolo::Result<()> {
    let input = std::env::args().nth(1).unwrap_or_else(|| "digits".into());
    let rows = open(&input, &ReadOptions::default())?.collect()?;
    let found = infer(&input, &rows, &InferOptions::default())?;
    println!("{input}: {} rows", rows.num_rows());
    for feature in &found.schema.features {
        println!("{}: {}", feature.name, feature.kind.name());
    }
    found.warnings.iter().for_each(|warning| println!("note: {warning}"));
    Ok(())
}
