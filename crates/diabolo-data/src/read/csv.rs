//! Delimited text.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use csv::ByteRecord;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use super::{ReadOptions, Source, sniff};
use crate::input::{Bytes, Input, damaged, read_error};
use crate::names::unnamed_column;
use crate::{Error, Result};

/// Number of bytes used to detect encoding, delimiter and header.
const SAMPLE: usize = 256 << 10;

/// Opens delimited text. Every column is read as text; [`super::sniff`] detects the options.
pub(super) fn open(mut input: Input, options: &ReadOptions, delimiter: Option<u8>) -> Result<Source> {
    let name = input.name.clone();
    let encoding = match &options.encoding {
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::config("encoding", "a label such as utf-8, latin1 or utf-16le", format!("'{label}'"))
        })?,
        None => sniff::encoding(input.head(SAMPLE)?),
    };
    let bom = Encoding::for_bom(input.head(3)?)
        .filter(|(found, _)| *found == encoding)
        .map_or(0, |(_, length)| length);
    let mut text =
        BufReader::new(decoded(input.into_bytes(), encoding, bom).map_err(|e| read_error(&name, e))?);

    let mut sample = Vec::new();
    (&mut text).take(SAMPLE as u64).read_to_end(&mut sample).map_err(|e| read_error(&name, e))?;
    if sample.contains(&0) {
        let help = "give the file the extension of its format, or name the encoding with --encoding";
        return Err(Error::data(name, "text or a known binary format", "binary data", help));
    }
    let complete = sample.len() < SAMPLE;
    let mut text = BufReader::new(Cursor::new(sample.clone()).chain(text));
    let skipped = comment_line(&sample);
    io::copy(&mut (&mut text).take(skipped as u64), &mut io::sink()).map_err(|e| read_error(&name, e))?;

    let sample = &sample[skipped..];
    let asked = options.delimiter.map(ascii).transpose()?;
    let delimiter = asked.or(delimiter).unwrap_or_else(|| sniff::delimiter(sample, complete));
    let records = sniff::records(sample, delimiter, complete);
    let first = records.first().ok_or_else(|| sniff::empty(&name))?;
    let header = options.header.unwrap_or_else(|| sniff::header(&records));
    let names = if header { column_names(&name, first)? } else { numbered(first.len()) };
    let schema =
        Arc::new(Schema::new(names.iter().map(|n| Field::new(n, DataType::Utf8, true)).collect::<Vec<_>>()));

    // With a final newline, every record reads exactly its lines, so that errors can name the line.
    // The \r before a newline is removed from the last cell.
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text.chain(&b"\n"[..]));
    let mut table = Table {
        name: name.clone(),
        schema: schema.clone(),
        reader,
        delimiter,
        batch_rows: options.rows_per_batch(first.len() * 8),
        skipped_lines: u64::from(skipped > 0),
        row: 0,
        record: ByteRecord::new(),
    };
    if header {
        table.read_record()?;
        table.row = 0;
    }
    Ok(Source::new(name, schema, None, table).of_text())
}

/// The length of a first line that is a comment after a `|`, as in `adult.test` of UCI; else 0.
fn comment_line(sample: &[u8]) -> usize {
    let end = sample.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if sample.first() == Some(&b'|') && sample.get(end) != Some(&b'|') { end } else { 0 }
}

/// `column_1`, `column_2`, … for rows without names.
pub(super) fn numbered(width: usize) -> Vec<String> {
    (0..width).map(unnamed_column).collect()
}

fn column_names(file: &str, cells: &[String]) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let names = cells.iter().zip(numbered(cells.len()));
    let names =
        names.map(|(cell, number)| if cell.is_empty() { number } else { cell.clone() }).collect::<Vec<_>>();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Error::data(
            file,
            "unique column names",
            "the same name twice",
            "rename one, or pass --no-header if the first row is data",
        )
        .in_column(twice)),
        None => Ok(names),
    }
}

/// The rows of a text file, batch by batch.
struct Table<R> {
    name: String,
    schema: SchemaRef,
    reader: csv::Reader<R>,
    delimiter: u8,
    batch_rows: usize,
    skipped_lines: u64,
    row: u64,
    record: ByteRecord,
}

impl<R: Read> Table<R> {
    /// Reads the next record that is not blank; false at the end.
    fn read_record(&mut self) -> Result<bool> {
        let width = self.schema.fields().len();
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => {
                    return Err(match error.into_kind() {
                        csv::ErrorKind::Io(error) => read_error(&self.name, error),
                        other => damaged(&self.name, format!("{other:?}")),
                    });
                }
            }
            let found = sniff::cells(&self.record, self.delimiter).count();
            if self.is_blank(found) {
                continue;
            }
            self.row += 1;
            // Blank cells after the last column come from trailing delimiters.
            let blank = |cell: &[u8]| cell.trim_ascii().is_empty();
            if found >= width && sniff::cells(&self.record, self.delimiter).skip(width).all(blank) {
                return Ok(true);
            }
            let line = self.line();
            let help = "fix the row (an unclosed quote is a possible cause), or pass --delimiter";
            let (expected, found) = (format!("{width} cells"), format!("{found} (line {line})"));
            return Err(Error::data(self.name.as_str(), expected, found, help).at_row(self.row));
        }
    }

    /// Whether the record is a blank line; in a single column, an empty quoted cell is a missing
    /// value instead.
    fn is_blank(&self, cells: usize) -> bool {
        let single = self.schema.fields().len() == 1;
        cells == 0
            || cells == 1 && self.record[0].trim_ascii().is_empty() && !(single && self.record[0].is_empty())
    }

    /// The line on which the last record begins.
    fn line(&self) -> u64 {
        let within = self.record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
        (self.reader.position().line() + self.skipped_lines).saturating_sub(within + 1)
    }

    fn read_batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut columns = self.schema.fields().iter().map(|_| StringBuilder::new()).collect::<Vec<_>>();
        let (mut rows, last) = (0, columns.len() - 1);
        while rows < self.batch_rows && self.read_record()? {
            for (index, cell) in sniff::cells(&self.record, self.delimiter).take(last + 1).enumerate() {
                let mut cell = std::str::from_utf8(cell).map_err(|_| self.not_utf8(index, cell))?;
                if index == last {
                    cell = cell.strip_suffix('\r').unwrap_or(cell);
                }
                columns[index].append_option((!cell.is_empty()).then_some(cell));
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        RecordBatch::try_new(self.schema.clone(), columns)
            .map(Some)
            .map_err(|e| super::arrow_error(&self.name, e))
    }

    fn not_utf8(&self, column: usize, cell: &[u8]) -> Error {
        let found = format!("the bytes of '{}'", String::from_utf8_lossy(cell));
        Error::data(self.name.as_str(), "UTF-8 text", found, "pass --encoding, for example --encoding latin1")
            .in_column(self.schema.field(column).name())
            .at_row(self.row)
    }
}

impl<R: Read> Iterator for Table<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_batch().transpose()
    }
}

/// The text as UTF-8, without its byte order mark.
fn decoded(mut bytes: Bytes, encoding: &'static Encoding, bom: usize) -> io::Result<Bytes> {
    io::copy(&mut (&mut bytes).take(bom as u64), &mut io::sink())?;
    if encoding == UTF_8 {
        return Ok(bytes); // Checked per cell, so that an error can name the row and the column.
    }
    Ok(Box::new(Transcoder {
        bytes: BufReader::new(bytes),
        decoder: encoding.new_decoder_without_bom_handling(),
        text: Vec::new(),
        given: 0,
        ended: false,
    }))
}

/// Converts another encoding to UTF-8 while reading.
struct Transcoder {
    bytes: BufReader<Bytes>,
    decoder: Decoder,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Transcoder {
    fn refill(&mut self) -> io::Result<()> {
        let input = self.bytes.fill_buf()?;
        self.ended = input.is_empty();
        self.text.resize(self.decoder.max_utf8_buffer_length(input.len()).unwrap_or(1 << 16), 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, self.ended);
        if let DecoderResult::Malformed(..) = result {
            let problem = format!("bytes that are not {}; pass --encoding", self.decoder.encoding().name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        self.bytes.consume(read);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.refill()?;
        }
        let count = out.len().min(self.text.len() - self.given);
        out[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn ascii(delimiter: char) -> Result<u8> {
    let byte = u8::try_from(delimiter).ok().filter(u8::is_ascii);
    byte.ok_or_else(|| Error::config("delimiter", "one ASCII character", format!("'{delimiter}'")))
}
