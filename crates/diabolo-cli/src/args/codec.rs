//! The arguments of compression.

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use diabolo::Error;
use diabolo::codec::CompressOptions;
use diabolo::data::Format;

use super::ReadArgs;

#[derive(Args)]
pub struct CompressArgs {
    /// A run folder or a model file: variational, with a standard normal prior
    pub model: PathBuf,
    /// The rows: any input that `fit` accepts
    pub input: String,
    /// Output file; - is stdout
    #[arg(long, short, value_name = "FILE.dbz")]
    pub out: String,
    /// Put the model into the file, so that nothing else is needed to decompress it
    #[arg(long)]
    pub embed: bool,
    /// Keep every byte of a delimited text file, not only its cells; the file is read into memory
    #[arg(long)]
    pub exact: bool,
    /// Numbers may be wrong by this share of the training range of their column, such as 0.001: the
    /// file is smaller, and every number is checked
    #[arg(long, value_name = "X")]
    pub error: Option<f64>,
    /// Rows per block: larger blocks are smaller in all, and need more memory
    #[arg(long, value_name = "N", default_value_t = CompressOptions::default().block_rows)]
    pub block_rows: usize,
    #[command(flatten)]
    pub read: ReadArgs,
}

#[derive(Args)]
pub struct DecompressArgs {
    /// The file of `diabolo compress`; - is stdin
    pub file: String,
    /// Output file; the extension selects CSV, TSV, Parquet, Arrow or NPY; FOLDER/ writes PNG
    /// images; - is stdout. A file of compress --exact is written as it was
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// Output format, if the extension does not determine it
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// The run folder or the model file of the compression [default: the one in the file]
    #[arg(long, value_name = "RUN")]
    pub model: Option<PathBuf>,
    /// Only the rows A to B − 1, counted from 0
    #[arg(long, value_name = "A..B")]
    pub rows: Option<String>,
    /// Check all blocks and write nothing
    #[arg(long, conflicts_with_all = ["out", "rows"])]
    pub check: bool,
}

impl DecompressArgs {
    /// The range of rows, if one is given.
    pub fn range(&self) -> diabolo::Result<Option<Range<u64>>> {
        let Some(text) = &self.rows else { return Ok(None) };
        let ends = text.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
        let wrong = || Error::invalid_value("--rows", "a range such as 100..200", format!("'{text}'"));
        ends.map(Some).ok_or_else(wrong)
    }
}
