//! JSON lines: one object a line.
//!
//! The file is read twice, first for the names and types of its columns: a column may begin with
//! whole numbers and go on with real ones, or appear in the last row only.

mod columns;
mod members;

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use self::columns::{Columns, Found};
pub(crate) use self::members::is_scalar;
use self::members::members;
use super::bad_rows::BadRows;
use super::{ReadOptions, Source, arrow_error, sniff};
use crate::input::{Input, read_error};
use crate::{DataProblem, Error, Result};

/// Opens a file of JSON lines.
pub(super) fn open(input: Input, options: &ReadOptions, bad_rows: BadRows) -> Result<Source> {
    let name = input.name.clone();
    let mut file = input.into_file()?;
    let (mut found, mut first_error) = (Found::default(), None);
    let mut lines = Lines::new(&name, &file);
    while lines.advance()? {
        // The second pass refuses or skips damaged rows.
        let added = lines.row().and_then(|row| found.add(&row).map_err(|twice| lines.wrong(twice)));
        first_error = first_error.or(added.err());
    }
    if found.is_empty() {
        return Err(first_error.unwrap_or_else(|| sniff::empty(&name)));
    }
    file.rewind().map_err(|error| read_error(&name, error))?;
    let schema = found.schema();
    let columns = schema.fields().len();
    let reader = Reader {
        lines: Lines::new(&name, file),
        found,
        schema: schema.clone(),
        batch_rows: options.rows_per_batch(columns * 8),
        bad_rows,
    };
    Ok(Source::new(name, schema, None, reader))
}

/// The lines of a file that are not blank.
struct Lines<R> {
    name: String,
    reader: BufReader<R>,
    bytes: Vec<u8>,
    /// The number of the last line, and of its row.
    line: u64,
    row: u64,
}

impl<R: std::io::Read> Lines<R> {
    fn new(name: &str, reader: R) -> Self {
        let reader = BufReader::with_capacity(1 << 18, reader);
        Lines { name: name.to_string(), reader, bytes: Vec::new(), line: 0, row: 0 }
    }

    /// Reads the next line; false at the end.
    fn advance(&mut self) -> Result<bool> {
        loop {
            self.bytes.clear();
            let read = self.reader.read_until(b'\n', &mut self.bytes);
            if read.map_err(|error| read_error(&self.name, error))? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.line == 1 && self.bytes.starts_with(b"\xef\xbb\xbf") {
                self.bytes.drain(..3);
            }
            if !self.bytes.trim_ascii().is_empty() {
                self.row += 1;
                return Ok(true);
            }
        }
    }

    /// The members of the last line's object.
    fn row(&self) -> Result<Vec<(std::borrow::Cow<'_, str>, members::Value<'_>)>> {
        let text = std::str::from_utf8(self.bytes.trim_ascii_end());
        let text = text.map_err(|_| self.wrong("bytes that are not UTF-8".into()))?;
        members(text).map_err(|found| self.wrong(found))
    }

    fn wrong(&self, found: String) -> Error {
        let found = format!("{found} (line {})", self.line);
        let help = "fix the line; `jq -c .` writes one object a line";
        let error = Error::data(self.name.as_str(), "a JSON object on one line", found, help);
        error.at_row(self.row).because(DataProblem::Damaged)
    }
}

/// The rows, batch by batch.
struct Reader {
    lines: Lines<File>,
    found: Found,
    schema: SchemaRef,
    batch_rows: usize,
    bad_rows: BadRows,
}

impl Reader {
    fn read_batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut columns = Columns::new(&self.found);
        while columns.rows() < self.batch_rows && self.lines.advance()? {
            let row = self
                .lines
                .row()
                .and_then(|row| columns.add(&self.found, row).map_err(|found| self.lines.wrong(found)));
            if let Err(error) = row {
                self.bad_rows.skip(error)?;
            }
        }
        if columns.rows() == 0 {
            self.bad_rows.end();
            return Ok(None);
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns.finish());
        batch.map(Some).map_err(|error| arrow_error(&self.lines.name, error))
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_batch().transpose()
    }
}
